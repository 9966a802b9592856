/* tail: every message published about a site, one line each, until Ctrl-C.
 *
 * A connection that is lost is dialled again for ever, with growing pauses. What a gap
 * took away is said on stderr: the numbers heal with the next message, the events in it
 * are gone.
 *
 * Never reached at the start, Redis is an error (3): a wrong address should not wait. */
#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include "interrupt.h"
#include "message.h"
#include "site_read.h"
#include "subscription.h"
#include "table.h"
#include "when.h"

#define PAUSE_FIRST_MS 100 /* between dials, doubled up to the last */
#define PAUSE_LAST_MS 5000
#define LINE_MAX_BYTES (256 * 1024) /* a message with every byte escaped stays below */

struct tail_opts {
    struct dial_opts dial;
    long count;   /* 0: no end */
    long timeout; /* seconds, 0: none */
    bool json;
};

struct tail {
    struct tail_opts opts;
    struct redis_addr addr;
    char at[512]; /* the address as text */
    struct slice site;
    struct term term;
    struct subscription subscription;
    struct sequence sequence;
    uint64_t shown;
    mono_t deadline; /* if --timeout is given */
};

static const struct opt rows[] = {
    {.name = "count",
     .arg = "N",
     .type = OPT_INT,
     .offset = offsetof(struct tail_opts, count),
     .def = "0",
     .max = 1000000000,
     .help = "End after N messages; 0 is without end.",
     .group = "Output"},
    {.name = "timeout",
     .arg = "SECONDS",
     .type = OPT_INT,
     .offset = offsetof(struct tail_opts, timeout),
     .def = "0",
     .max = 1000000,
     .help = "End after so long; 0 is without end."},
    {.name = "json",
     .type = OPT_FLAG,
     .offset = offsetof(struct tail_opts, json),
     .help = "Print the messages as they came, one a line."},
    DIAL_OPTS(struct tail_opts, dial),
};

static const struct opts_spec spec = {
    .program = "headcount tail",
    .usage = "SITE [options]",
    .about = "Follows SITE: one line for every change the aggregator publishes, with the "
             "visitors and page views of the last 5 minutes, what came since the line "
             "before, and the new events. A lost connection is dialled again; that, and "
             "messages that are missing, is said on stderr.",
    .footer = "Exit codes:\n"
              "  0    ended by Ctrl-C or SIGTERM, or after --count messages, or by\n"
              "       --timeout with at least one message and no --count\n"
              "  1    --timeout came first: fewer than --count messages, or none\n"
              "  2    the command line is wrong\n"
              "  3    Redis could not be reached at the start\n"
              "\n"
              "Examples:\n"
              "  headcount tail shop\n"
              "  headcount tail shop --json --count 1 --timeout 90 | jq .visitors",
    .rows = rows,
    .nrows = sizeof rows / sizeof *rows,
};

/* ---- one message --------------------------------------------------------- */

static void write_change(struct buf *out, uint64_t n, int width)
{
    char text[32] = ".";

    if (n > 0)
        snprintf(text, sizeof text, "+%" PRIu64, n);
    buf_printf(out, "  %*s", width, text);
}

/* "/cart", or "buy on /cart" for an event. */
static void write_sighting(struct buf *out, const struct sighting *e, bool first)
{
    buf_str(out, first ? "  " : ", ");
    if (e->name.n > 0) {
        buf_slice(out, e->name);
        buf_str(out, " on ");
    }
    buf_slice(out, e->path);
}

static void write_line(struct buf *out, const struct message *m)
{
    struct sighting e;

    buf_printf(out, "%-8s  %11" PRIu64 "  %8" PRIu64, when_clock(m->at).s, m->visitors,
               m->views);
    write_change(out, m->new_visitors, 6);
    write_change(out, m->new_views, 6);
    write_change(out, m->new_events, 7);
    for (size_t i = 0; message_event(m, i, &e); i++)
        write_sighting(out, &e, i == 0);
    if (m->tick)
        buf_str(out, "  (the minute turned)");
}

static void print_head(const struct tail *t)
{
    if (!t->opts.json)
        printf("%s%-8s  %11s  %8s  %6s  %6s  %7s  %s%s\n", term_bold(&t->term), "time",
               "visitors/5m", "views/5m", "+new", "+views", "+events", "what",
               term_plain(&t->term));
    fflush(stdout);
}

static void print_message(const struct tail *t, const struct message *m,
                          struct slice text)
{
    struct buf line, shown;

    if (t->opts.json) {
        printf("%.*s\n", (int)text.n, text.p);
    } else {
        buf_init(&line, LINE_MAX_BYTES);
        buf_init(&shown, 4 * LINE_MAX_BYTES);
        write_line(&line, m);
        text_cut(&shown, buf_get(&line), t->term.width, t->term.utf8);
        printf("%.*s\n", (int)shown.n, shown.p);
        buf_fini(&shown);
        buf_fini(&line);
    }
    fflush(stdout);
}

static void tell_gap(struct tail *t, const struct message *m)
{
    uint64_t missing;

    switch (sequence_step(&t->sequence, m->epoch, m->n, &missing)) {
    case SEQUENCE_FIRST:
    case SEQUENCE_NEXT:
        break;
    case SEQUENCE_GAP:
        complain("%" PRIu64 " message%s missing before n=%" PRIu64, missing,
                 missing == 1 ? " is" : "s are", m->n);
        break;
    case SEQUENCE_RESTART:
        complain("a new epoch, e=%" PRIu64 ": messages before it may be missing",
                 m->epoch);
        break;
    case SEQUENCE_OLD:
        complain("e=%" PRIu64 " n=%" PRIu64 " is no later than the message before",
                 m->epoch, m->n);
        break;
    }
}

/* A text with a line end inside would be two lines for whoever reads --json. */
static void on_message(struct tail *t, struct slice text)
{
    struct message m;

    if (memchr(text.p, '\n', text.n) || message_parse(&m, text) < 0) {
        complain("a message of %zu bytes was not headcount's and is not shown", text.n);
        return;
    }
    tell_gap(t, &m);
    print_message(t, &m, text);
    message_fini(&m);
    t->shown++;
}

/* ---- the loop ------------------------------------------------------------ */

/* Also when nobody reads any more: SIGPIPE is ignored, so printing fails instead. */
static bool is_over(const struct tail *t)
{
    return interrupt_seen() || ferror(stdout) ||
           (t->opts.count > 0 && t->shown >= (uint64_t)t->opts.count) ||
           (t->opts.timeout > 0 && mono_now() >= t->deadline);
}

/* @ms, or less when --timeout ends sooner. */
static mono_t until_deadline(const struct tail *t, mono_t ms)
{
    mono_t left = t->deadline - mono_now();

    if (t->opts.timeout == 0 || left > ms)
        return ms;
    return left > 0 ? left : 0;
}

/* Shows what has come and waits once for more. Returns -1 when the connection is lost. */
static int follow(struct tail *t)
{
    struct slice text;
    int rc = 0;

    while (!is_over(t) && (rc = subscription_next(&t->subscription, &text)) > 0)
        on_message(t, text);
    if (rc == 0 && !is_over(t))
        rc = subscription_wait(&t->subscription, until_deadline(t, PING_AFTER_MS));
    return rc;
}

static void subscribe_again(struct tail *t)
{
    mono_t pause = PAUSE_FIRST_MS;

    complain("lost %s: %s; dialling again", t->at, t->subscription.why);
    while (!is_over(t)) {
        interrupt_poll(NULL, 0, until_deadline(t, pause));
        if (!is_over(t) && subscription_open(&t->subscription, &t->addr, t->site) == 0) {
            complain("following %s again; what was published meanwhile is not shown",
                     t->subscription.channel.s);
            return;
        }
        pause = pause * 2 < PAUSE_LAST_MS ? pause * 2 : PAUSE_LAST_MS;
    }
}

static enum command_exit run(struct tail *t)
{
    struct subscription *s = &t->subscription;

    redis_addr_text(&t->addr, t->at, sizeof t->at);
    if (subscription_open(s, &t->addr, t->site) < 0) {
        complain("cannot follow %s at %s: %s", s->channel.s, t->at, s->why);
        return EXIT_UNREACHABLE;
    }
    complain("following %s at %s", s->channel.s, t->at);
    print_head(t);
    while (!is_over(t))
        if (follow(t) < 0)
            subscribe_again(t);
    subscription_close(s);
    if (interrupt_seen())
        return EXIT_FINE;
    return t->shown > 0 && t->shown >= (uint64_t)t->opts.count ? EXIT_FINE : EXIT_NO;
}

int tail_run(int argc, char **argv)
{
    struct tail t = {0};
    int rest, code;

    if (!command_options(&spec, &t.opts, argc, argv, &rest, &code))
        return code;
    code = site_argument(argc, argv, rest, &t.site);
    if (code != EXIT_FINE)
        return code;
    if (dial_address(&t.addr, &t.opts.dial) < 0)
        return EXIT_USAGE;
    t.term = term_of(stdout);
    interrupt_open();
    t.deadline = mono_now() + (mono_t)t.opts.timeout * 1000;
    return run(&t);
}
