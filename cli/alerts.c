/* alerts: what goes on and off, one line each, until Ctrl-C; and programs run for it.
 *
 * First the channel is followed, then it is read how all alerts stand: so nothing falls
 * between, and what comes twice is told once (alert_change.h). Those that are on by then
 * are told as if they had just gone on. After the connection was lost the same is done
 * again, and what changed meanwhile is told as far as it still stands.
 *
 * At the end hooks that run or wait are waited for; a second signal ends them, too. */
#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include "../proto/hit.h"
#include "follow.h"
#include "hooks.h"
#include "interrupt.h"
#include "roster.h"
#include "site_read.h"
#include "when.h"

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
}

static void on_message(struct alerts *a, struct slice text)
{
    struct alert_change c;

    if (alert_change_parse(&c, text) < 0)
        complain("a message of %zu bytes was not headcount's and is not shown", text.n);
    else if (is_wanted(a, c.site) && alert_book_hear(&a->book, &c))
        tell(a, &c);
}

/* ---- how all alerts stand ------------------------------------------------- */

/* Returns -1 when the connection is lost. A reply of another kind is as good as empty. */
static int take_names(redisContext *c, struct roster *sites)
{
    redisReply *r;

    if (redisGetReply(c, (void **)&r) != REDIS_OK)
        return -1;
    for (size_t i = 0; r->type == REDIS_REPLY_ARRAY && i < r->elements; i++)
        if (r->element[i]->type == REDIS_REPLY_STRING)
            roster_add(sites, (struct slice){r->element[i]->str, r->element[i]->len});
    freeReplyObject(r);
    return 0;
}

static int list_sites(const struct alerts *a, redisContext *c, struct roster *sites)
{
    for (size_t i = 0; i < a->nsites; i++)
        roster_add(sites, a->site[i]);
    if (a->nsites > 0)
        return 0;
    redisAppendCommand(c, "SMEMBERS " KEY_SITES);
    redisAppendCommand(c, "ZRANGE " KEY_LIVE " 0 -1");
    return take_names(c, sites) < 0 || take_names(c, sites) < 0 ? -1 : 0;
}

static void take_states(struct alerts *a, struct slice site, const redisReply *r)
{
    struct alert_change c;
    struct timespec t;

    if (r->type != REDIS_REPLY_ARRAY)
        return;
    for (size_t i = 0; i + 1 < r->elements; i += 2) {
        struct slice name = {r->element[i]->str, r->element[i]->len};
        struct slice state = {r->element[i + 1]->str, r->element[i + 1]->len};

        if (alert_change_read(&c, site, name, state) == 0 &&
            alert_book_found(&a->book, &c))
            tell(a, &c);
    }
    clock_gettime(CLOCK_REALTIME, &t);
    while (alert_book_missing(&a->book, site, t.tv_sec * INT64_C(1000), &c))
        tell(a, &c);
}

/* All are asked for before the first answer is read. */
static int read_states(struct alerts *a, redisContext *c, const struct roster *sites)
{
    redisReply *r;

    alert_book_begin(&a->book);
    for (size_t i = 0; i < sites->n; i++)
        redisAppendCommand(c, "HGETALL %s", key_alerts(roster_name(sites, i)).s);
    for (size_t i = 0; i < sites->n; i++) {
        if (redisGetReply(c, (void **)&r) != REDIS_OK)
            return -1;
        take_states(a, roster_name(sites, i), r);
        freeReplyObject(r);
    }
    return 0;
}

/* If Redis goes away meanwhile, the connection that follows the channel is lost, too, and
 * when it is back all is read again. */
static void catch_up(struct alerts *a)
{
    struct roster sites = {0};
    char err[512];
    redisContext *c = dial_open(&a->follow.addr, err, sizeof err);

    if (c && (list_sites(a, c, &sites) < 0 || read_states(a, c, &sites) < 0))
        snprintf(err, sizeof err, "%s", c->errstr);
    else if (c)
        err[0] = '\0';
    if (err[0])
        complain("how alerts stand cannot be read: %s", err);
    if (c)
        redisFree(c);
    roster_fini(&sites);
}

/* ---- the whole ----------------------------------------------------------- */

static mono_t tend(void *arg)
{
    struct alerts *a = arg;

    return hooks_tend(&a->hooks);
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
        if (is_enough(a))
            break;
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
