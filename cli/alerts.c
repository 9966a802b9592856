/* alerts: what goes on and off, one line each, until Ctrl-C; and programs run for it.
 *
 * First the channel is followed, then it is read how all alerts stand: so nothing falls
 * between, and what comes twice is told once (alert_change.h). Those that are on by then
 * are told as if they had just gone on. After the connection was lost the same is done
 * again, and what changed meanwhile is told as far as it still stands. It is also done
 * again a little later, while it fails, as when Redis is still loading, or finds some
 * gone: Redis may have gone back in time, and be told soon.
 *
 * At the end hooks that run or wait are waited for; a second signal ends them, too. */
#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include "../proto/hit.h"
#include "alert_reading.h"
#include "follow.h"
#include "hooks.h"
#include "interrupt.h"
#include "site_read.h"
#include "when.h"

#define READ_AGAIN_MS 5000
#define STRANGE_EVERY_MS 60000

struct alerts_opts {
    struct dial_opts dial;
    const char *exec, *webhook;
    long timeout; /* seconds, of a hook */
    long count;   /* 0: no end */
    bool json;
};

struct alerts {
    struct alerts_opts opts;
    struct slice site[SUBSCRIPTION_SITES_MAX]; /* none: all */
    size_t nsites;
    struct follow follow;
    struct alert_book book;
    struct hooks hooks;
    uint64_t shown;
    mono_t read_at;    /* when to read how all stand once more, negative: not */
    bool unread;       /* the last reading failed, and that was said */
    uint64_t strange;  /* messages that were not ours */
    mono_t strange_at; /* when to say so again */
};

static const struct opt rows[] = {
    {.name = "exec",
     .arg = "PROGRAM",
     .type = OPT_TEXT,
     .offset = offsetof(struct alerts_opts, exec),
     .help = "Run this for each change, without a shell and without arguments: the "
             "change is its standard input, one line of JSON, and in HEADCOUNT_SITE, "
             "HEADCOUNT_ALERT, HEADCOUNT_ON (1 or 0), HEADCOUNT_KIND, HEADCOUNT_OF, "
             "HEADCOUNT_VALUE, HEADCOUNT_LIMIT, HEADCOUNT_SINCE and HEADCOUNT_AT.",
     .group = "Hooks"},
    {.name = "webhook",
     .arg = "URL",
     .type = OPT_TEXT,
     .offset = offsetof(struct alerts_opts, webhook),
     .help = "Post the JSON there, by curl(1)."},
    {.name = "timeout",
     .arg = "SECONDS",
     .type = OPT_INT,
     .offset = offsetof(struct alerts_opts, timeout),
     .def = "10",
     .min = 1,
     .max = 3600,
     .help = "Kill a hook that takes longer."},
    {.name = "count",
     .arg = "N",
     .type = OPT_INT,
     .offset = offsetof(struct alerts_opts, count),
     .def = "0",
     .max = 1000000000,
     .help = "End after N changes; 0 is without end.",
     .group = "Output"},
    {.name = "json",
     .type = OPT_FLAG,
     .offset = offsetof(struct alerts_opts, json),
     .help = "Print the JSON, one object a line."},
    DIAL_OPTS(struct alerts_opts, dial),
};

static const struct opts_spec spec = {
    .program = "headcount alerts",
    .usage = "[SITE...] [options]",
    .about = "Follows the alerts of sites, or of all: one line whenever one goes on or "
             "off. Those that are on at the start are told first. Alerts are set by "
             "`headcount site alert SITE add`.",
    .footer = "Exit codes:\n"
              "  0  ended by Ctrl-C, or after --count changes\n"
              "  2  the command line is wrong\n"
              "  3  Redis cannot be reached at the start\n"
              "\n"
              "Examples:\n"
              "  headcount alerts\n"
              "  headcount alerts shop --exec /usr/local/bin/page-me\n"
              "  headcount alerts --webhook https://chat.example.com/hook",
    .rows = rows,
    .nrows = sizeof rows / sizeof *rows,
};

/* ---- one change ---------------------------------------------------------- */

static bool is_wanted(const struct alerts *a, const char *site)
{
    for (size_t i = 0; i < a->nsites; i++)
        if (slice_eq(a->site[i], slice_of(site)))
            return true;
    return a->nsites == 0;
}

static void print_json(const struct alert_change *c)
{
    struct buf line;

    buf_init(&line, MESSAGE_MAX);
    alert_json(&line, slice_of(c->site), slice_of(c->name), &c->state);
    printf("%.*s\n", (int)line.n, line.p);
    buf_fini(&line);
}

static void print_text(const struct alert_change *c)
{
    const struct alert_state *s = &c->state;

    printf("%s  %s  %s  %-3s  %" PRIu64 " %s, %s %" PRIu32 "\n", when_clock(s->at).s,
           c->site, c->name, s->on ? "on" : "off", s->value, alert_what_name(s->what),
           s->below ? "below" : "above", s->limit);
}

static bool is_enough(const struct alerts *a)
{
    return a->opts.count > 0 && a->shown >= (uint64_t)a->opts.count;
}

static void tell(struct alerts *a, const struct alert_change *c)
{
    if (is_enough(a))
        return;
    if (a->opts.json)
        print_json(c);
    else
        print_text(c);
    fflush(stdout);
    hooks_add(&a->hooks, c);
    a->shown++;
    if (is_enough(a))
        a->follow.deadline = mono_now();
}

static void on_news(void *arg, const struct alert_change *c)
{
    tell(arg, c);
}

/* Anybody may publish anything, as often as they like. */
static void note_strange(struct alerts *a, size_t n)
{
    a->strange++;
    if (mono_now() < a->strange_at)
        return;
    a->strange_at = mono_now() + STRANGE_EVERY_MS;
    complain("a message of %zu bytes was not headcount's and is not shown, %" PRIu64
             " so far",
             n, a->strange);
}

static void on_message(struct alerts *a, struct slice text)
{
    struct alert_change c;

    if (alert_change_parse(&c, text) < 0)
        note_strange(a, text.n);
    else if (is_wanted(a, c.site) && alert_book_hear(&a->book, &c))
        tell(a, &c);
}

/* Tells what was missed, as far as it can be read. */
static void catch_up(struct alerts *a)
{
    struct alert_reading r = {.book = &a->book,
                              .site = a->site,
                              .nsites = a->nsites,
                              .tell = on_news,
                              .arg = a};
    bool read = alert_reading_run(&r, &a->follow.addr);

    if (!read && !a->unread)
        complain("how alerts stand cannot be read yet: %s", r.err);
    a->unread = !read;
    a->read_at = read && !a->book.doubtful ? -1 : mono_now() + READ_AGAIN_MS;
}

/* ---- the whole ----------------------------------------------------------- */

/* How long until it is to be read again how all stand, negative: for ever. */
static mono_t until_reading(const struct alerts *a)
{
    mono_t left = a->read_at - mono_now();

    if (a->read_at < 0 || !a->follow.subscription.redis)
        return -1;
    return left > 0 ? left : 0;
}

static mono_t tend(void *arg)
{
    struct alerts *a = arg;
    mono_t wait, left;

    if (until_reading(a) == 0)
        catch_up(a);
    wait = hooks_tend(&a->hooks);
    left = until_reading(a);
    return left >= 0 && (wait < 0 || left < wait) ? left : wait;
}

/* Until all hooks have ended, or somebody does not want to wait. */
static void finish(struct alerts *a)
{
    int seen = interrupt_seen();
    mono_t wait;

    for (;;) {
        wait = hooks_tend(&a->hooks);
        if (a->hooks.n == 0 || interrupt_seen() > seen)
            break;
        interrupt_poll(NULL, 0, wait);
    }
    hooks_kill(&a->hooks);
    if (a->hooks.dropped + a->hooks.failed > 0)
        complain("%" PRIu64 " hooks failed, %" PRIu64 " were not run", a->hooks.failed,
                 a->hooks.dropped);
}

static enum command_exit run(struct alerts *a)
{
    struct subscription_sites sites = {.channel = CHANNEL_ALERTS};
    enum follow_event what = FOLLOW_AGAIN;
    struct slice site, text;
    enum command_exit code;

    code = follow_open(&a->follow, &a->opts.dial, sites, 0);
    if (code != EXIT_FINE)
        return code;
    interrupt_children();
    a->follow.tend = tend;
    a->follow.tend_arg = a;
    while (what != FOLLOW_OVER) {
        if (what == FOLLOW_AGAIN)
            catch_up(a);
        else
            on_message(a, text);
        what = follow_next(&a->follow, &site, &text);
    }
    finish(a);
    follow_close(&a->follow);
    return EXIT_FINE;
}

static bool is_url(const char *url)
{
    struct slice s = slice_of(url);

    return slice_starts(s, SLICE("http://")) || slice_starts(s, SLICE("https://"));
}

/* Everything that can be wrong without Redis. Returns 0, or -1 after a sentence. */
static int prepare(struct alerts *a, char **argv, int n)
{
    if (n > SUBSCRIPTION_SITES_MAX) {
        complain("alerts takes up to %d sites by name, or none for all",
                 SUBSCRIPTION_SITES_MAX);
        return -1;
    }
    for (int i = 0; i < n; i++)
        if (!site_check(argv[i], &a->site[a->nsites++]))
            return -1;
    if (a->opts.webhook && !is_url(a->opts.webhook)) {
        complain("--webhook \"%s\" begins with neither http:// nor https://",
                 a->opts.webhook);
        return -1;
    }
    a->hooks.program = a->opts.exec;
    a->hooks.url = a->opts.webhook;
    a->hooks.timeout = a->opts.timeout * 1000;
    return 0;
}

int alerts_run(int argc, char **argv)
{
    static struct alerts a;
    int rest, code;

    if (!command_options(&spec, &a.opts, argc, argv, &rest, &code))
        return code;
    if (prepare(&a, argv + rest, argc - rest) < 0)
        return EXIT_USAGE;
    code = run(&a);
    alert_book_fini(&a.book);
    return code;
}
