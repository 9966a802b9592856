/* watch: the numbers of one site, a line whenever one of them changes.
 *
 * It subscribes first and reads the site then, so nothing falls between; the first line
 * is what is there already, and messages that are no later than that are passed over.
 * After a lost connection the site is read again: numbers need no history.
 *
 * With --events the feed is printed too, in front of the numbers it led to; what a gap
 * took of it is said on stderr. */
#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "follow.h"
#include "interrupt.h"
#include "news.h"
#include "site_read.h"
#include "table.h"
#include "when.h"

#define LINE_MAX_BYTES (64 * 1024) /* a line of numbers with every path of a message */

struct watch_opts {
    struct dial_opts dial;
    long count;   /* 0: no end */
    long timeout; /* seconds, 0: none */
    bool events;
    bool json;
};

struct watch {
    struct watch_opts opts;
    struct slice site;
    struct term term;
    struct follow follow;
    struct sequence sequence;
    struct buf before; /* the numbers printed last */
    uint64_t lines;    /* of numbers */
};

static const struct opt rows[] = {
    {.name = "events",
     .type = OPT_FLAG,
     .offset = offsetof(struct watch_opts, events),
     .help = "Print views, events and messages of the feed, too.",
     .group = "Output"},
    {.name = "count",
     .arg = "N",
     .type = OPT_INT,
     .offset = offsetof(struct watch_opts, count),
     .def = "0",
     .max = 1000000000,
     .help = "End after N lines of numbers, the first included; 0 is without end."},
    {.name = "timeout",
     .arg = "SECONDS",
     .type = OPT_INT,
     .offset = offsetof(struct watch_opts, timeout),
     .def = "0",
     .max = 1000000,
     .help = "End after so long; 0 is without end."},
    {.name = "json",
     .type = OPT_FLAG,
     .offset = offsetof(struct watch_opts, json),
     .help = "Print states as the messages on hc:SITE have them, without their "
             "\"events\", one a line; with --events each event is a line before."},
    DIAL_OPTS(struct watch_opts, dial),
};

static const struct opts_spec spec = {
    .program = "headcount watch",
    .usage = "SITE [options]",
    .about = "Watches the numbers of SITE: one line now, and one whenever they change: "
             "who is online (a tab is open) and how, visitors and page views of the "
             "last 5 minutes, and the pages with the most visitors, with how many are "
             "on them now. A lost connection is dialled again.",
    .footer = "Exit codes:\n"
              "  0    ended by Ctrl-C or SIGTERM, or after --count lines, or by\n"
              "       --timeout without --count\n"
              "  1    --timeout came first: fewer than --count lines\n"
              "  2    the command line is wrong\n"
              "  3    Redis could not be reached at the start\n"
              "\n"
              "Examples:\n"
              "  headcount watch shop\n"
              "  headcount watch shop --json | jq .online.total",
    .rows = rows,
    .nrows = sizeof rows / sizeof *rows,
};

/* ---- lines --------------------------------------------------------------- */

static void print_head(const struct watch *w)
{
    if (!w->opts.json)
        printf("%s%-8s  %6s  %7s  %7s  %5s  %10s  %11s  %8s  %s%s\n", term_bold(&w->term),
               "time", "online", "writing", "reading", "idle", "background",
               "visitors/5m", "views/5m", "pages (online)", term_plain(&w->term));
    fflush(stdout);
}

/* All but the time: what makes a line another one. */
static void write_numbers(const struct delta *d, struct buf *out)
{
    size_t five = news_window(d, MINUTES_DEFAULT);

    buf_printf(out,
               "%6" PRIu64 "  %7" PRIu64 "  %7" PRIu64 "  %5" PRIu64 "  %10" PRIu64
               "  %11" PRIu64 "  %8" PRIu64 " ",
               online_total(&d->online), d->online.writing, d->online.reading,
               d->online.idle, d->online.background, d->window[five].visitors,
               d->window[five].views);
    for (size_t i = 0; i < d->npages; i++) {
        buf_str(out, i ? ", " : " ");
        buf_slice(out, d->pages[i].path);
        buf_printf(out, " %" PRIu64 " (%" PRIu64 ")", d->pages[i].visitors,
                   d->pages[i].online);
    }
}

static void print_text(const struct watch *w, ms_t at, struct slice numbers)
{
    struct buf line, shown;

    buf_init(&line, 2 * LINE_MAX_BYTES);
    buf_init(&shown, 8 * LINE_MAX_BYTES);
    buf_printf(&line, "%-8s  ", when_clock(at).s);
    buf_slice(&line, numbers);
    text_cut(&shown, buf_get(&line), w->term.width, w->term.utf8);
    printf("%.*s\n", (int)shown.n, shown.p);
    buf_fini(&shown);
    buf_fini(&line);
}

static void print_json(struct slice message)
{
    struct buf state;

    buf_init(&state, LINE_MAX_BYTES);
    news_state(message, &state);
    text_json(buf_get(&state));
    buf_fini(&state);
}

/* Prints @d, which stands in @message, if it differs from the line before. */
static void print_state(struct watch *w, const struct delta *d, struct slice message)
{
    struct buf numbers;

    buf_init(&numbers, LINE_MAX_BYTES);
    write_numbers(d, &numbers);
    if (w->lines == 0 || !slice_eq(buf_get(&numbers), buf_get(&w->before))) {
        if (w->opts.json)
            print_json(message);
        else
            print_text(w, d->at, buf_get(&numbers));
        fflush(stdout);
        w->lines++;
        buf_clear(&w->before);
        buf_slice(&w->before, buf_get(&numbers));
    }
    buf_fini(&numbers);
}

static void print_event(const struct watch *w, const struct sighting *e)
{
    struct buf line, shown;

    buf_init(&line, LINE_MAX_BYTES);
    buf_init(&shown, 4 * LINE_MAX_BYTES);
    buf_printf(&line, "%-8s  ", when_clock(e->at).s);
    buf_slice(&line, e->type);
    if (sighting_is_query(e))
        buf_printf(&line, " %" PRId64 " ms", e->ms);
    buf_str(&line, e->name.n ? " " : "");
    buf_slice(&line, e->name);
    buf_str(&line, sighting_is_message(e) ? ": " : " ");
    buf_slice(&line, e->path);
    text_cut(&shown, buf_get(&line), w->term.width, w->term.utf8);
    printf("%.*s\n", (int)shown.n, shown.p);
    buf_fini(&shown);
    buf_fini(&line);
}

static void print_json_event(const json_t *event)
{
    char *text = json_dumps(event, JSON_COMPACT);

    if (text)
        text_json(slice_of(text));
    free(text);
}

static void print_events(const struct watch *w, const struct news *n)
{
    struct sighting e;

    for (size_t i = 0; message_event(&n->message, i, &e); i++) {
        if (w->opts.json)
            print_json_event(json_array_get(n->message.events, i));
        else
            print_event(w, &e);
    }
    if (news_unlisted(n) > 0)
        complain("%" PRIu64 " events are not listed in n=%" PRIu64, news_unlisted(n),
                 n->message.n);
    fflush(stdout);
}

/* ---- the two sources ----------------------------------------------------- */

/* What is in Redis now. */
static enum command_exit show_present(struct watch *w)
{
    struct site_read r;
    struct buf message;
    struct delta d;
    enum command_exit code = site_read(&r, &w->opts.dial, w->site, MINUTES_DEFAULT);

    if (code != EXIT_FINE)
        return code;
    d = summary_delta(&r.summary, w->site);
    w->sequence = (struct sequence){r.summary.known, d.epoch, d.n};
    buf_init(&message, MESSAGE_MAX);
    delta_encode(&d, &message);
    print_state(w, &d, buf_get(&message));
    buf_fini(&message);
    site_read_fini(&r);
    return EXIT_FINE;
}

static void tell_gap(const struct watch *w, enum sequence_step step, uint64_t missing)
{
    if (!w->opts.events)
        return;
    if (step == SEQUENCE_GAP)
        complain("%" PRIu64 " message%s missing, with events in %s", missing,
                 missing == 1 ? " is" : "s are", missing == 1 ? "it" : "them");
    if (step == SEQUENCE_RESTART)
        complain("a new epoch: messages before it may be missing");
}

static void on_message(struct watch *w, struct slice text)
{
    struct news n;
    enum sequence_step step;
    uint64_t missing;

    if (news_parse(&n, text) < 0) {
        complain("a message of %zu bytes was not headcount's and is not shown", text.n);
        return;
    }
    step = sequence_step(&w->sequence, n.message.epoch, n.message.n, &missing);
    if (step != SEQUENCE_OLD) {
        tell_gap(w, step, missing);
        if (w->opts.events)
            print_events(w, &n);
        print_state(w, &n.delta, text);
    }
    news_fini(&n);
}

/* ---- the whole ----------------------------------------------------------- */

static bool is_enough(const struct watch *w)
{
    return w->opts.count > 0 && w->lines >= (uint64_t)w->opts.count;
}

static enum command_exit run(struct watch *w)
{
    struct subscription_sites sites = {.site = &w->site, .n = 1};
    enum follow_event what = FOLLOW_AGAIN;
    enum command_exit code;
    struct slice site, text;

    code = follow_open(&w->follow, &w->opts.dial, sites, w->opts.timeout);
    if (code != EXIT_FINE)
        return code;
    print_head(w);
    code = show_present(w);
    while (code == EXIT_FINE && !is_enough(w) && what != FOLLOW_OVER) {
        what = follow_next(&w->follow, &site, &text);
        if (what == FOLLOW_MESSAGE)
            on_message(w, text);
        else if (what == FOLLOW_AGAIN)
            show_present(w); /* if it is away already, the next wait tells */
    }
    follow_close(&w->follow);
    if (code != EXIT_FINE)
        return code;
    return interrupt_seen() || w->lines >= (uint64_t)w->opts.count ? EXIT_FINE : EXIT_NO;
}

int watch_run(int argc, char **argv)
{
    struct watch w = {0};
    int rest, code;

    if (!command_options(&spec, &w.opts, argc, argv, &rest, &code))
        return code;
    code = site_argument(argc, argv, rest, &w.site);
    if (code != EXIT_FINE)
        return code;
    w.term = term_of(stdout);
    buf_init(&w.before, LINE_MAX_BYTES);
    code = run(&w);
    buf_fini(&w.before);
    return code;
}
