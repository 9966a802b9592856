/* tail: every message published about some sites, one line each, until Ctrl-C.
 *
 * A connection that is lost is dialled again (follow.h). What a gap took away is said on
 * stderr: the numbers heal with the next message, the events in it are gone.
 *
 * With a filter a message is only shown for the events in it that pass. A busy site's
 * messages count events that they do not list (delta.h); those cannot be looked at, so in
 * the end it is said how many they were. */
#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "filter.h"
#include "follow.h"
#include "interrupt.h"
#include "news.h"
#include "roster.h"
#include "site_read.h"
#include "tail_print.h"

#define SITE_WIDTH 16 /* of its column when any site may come */

struct tail_opts {
    struct dial_opts dial;
    struct filter filter;
    bool all;
    long count;   /* 0: no end */
    long timeout; /* seconds, 0: none */
    bool json;
};

struct tail {
    struct tail_opts opts;
    struct slice site[SUBSCRIPTION_SITES_MAX];
    size_t nsites;
    struct tail_print print;
    struct follow follow;
    struct roster roster; /* of the sites met, with ... */
    struct sequence *sequence;
    uint64_t shown;
    uint64_t unlisted; /* events that a filter could not look at */
};

static const struct opt rows[] = {
    {.name = "all",
     .type = OPT_FLAG,
     .offset = offsetof(struct tail_opts, all),
     .help = "Follow all sites; then none is named.",
     .group = "Sites"},
    FILTER_OPTS(struct tail_opts, filter),
    {.name = "count",
     .arg = "N",
     .type = OPT_INT,
     .offset = offsetof(struct tail_opts, count),
     .def = "0",
     .max = 1000000000,
     .help = "End after N messages were shown; 0 is without end.",
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
     .help = "Print the messages as they came, one a line; with a filter their events "
             "are only those that pass it."},
    DIAL_OPTS(struct tail_opts, dial),
};

static const struct opts_spec spec = {
    .program = "headcount tail",
    .usage = "SITE... | --all [options]",
    .about = "Follows sites: one line for every change the aggregator publishes, with "
             "the visitors and page views of the last 5 minutes, what came since the "
             "line before, and the new events. A lost connection is dialled again; "
             "that, and messages that are missing, is said on stderr.",
    .footer = "Exit codes:\n"
              "  0    ended by Ctrl-C or SIGTERM, or after --count messages, or by\n"
              "       --timeout with at least one message and no --count\n"
              "  1    --timeout came first: fewer than --count messages, or none\n"
              "  2    the command line is wrong\n"
              "  3    Redis could not be reached at the start\n"
              "\n"
              "Examples:\n"
              "  headcount tail shop\n"
              "  headcount tail shop --kind event --path '/order/*'\n"
              "  headcount tail --all --kind message\n"
              "  headcount tail shop --json --count 1 --timeout 90 | jq .visitors",
    .rows = rows,
    .nrows = sizeof rows / sizeof *rows,
};

/* ---- one message --------------------------------------------------------- */

static bool has_wanted(const struct tail *t, const struct message *m)
{
    struct sighting e;

    if (filter_is_open(&t->opts.filter))
        return true;
    for (size_t i = 0; message_event(m, i, &e); i++)
        if (filter_takes(&t->opts.filter, &e))
            return true;
    return false;
}

/* The place in the sequence of @site; NULL when there are too many sites to keep all. */
static struct sequence *sequence_of(struct tail *t, struct slice site)
{
    size_t cap = t->roster.cap;
    int at = roster_add(&t->roster, site);

    if (t->roster.cap > cap) {
        t->sequence = realloc(t->sequence, t->roster.cap * sizeof *t->sequence);
        if (t->sequence == NULL)
            abort();
        memset(t->sequence + cap, 0, (t->roster.cap - cap) * sizeof *t->sequence);
    }
    return at < 0 ? NULL : &t->sequence[at];
}

static void tell_gap(struct sequence *s, struct slice site, const struct message *m)
{
    uint64_t missing;

    switch (sequence_step(s, m->epoch, m->n, &missing)) {
    case SEQUENCE_FIRST:
    case SEQUENCE_NEXT:
        break;
    case SEQUENCE_GAP:
        complain("%" PRIu64 " message%s missing before n=%" PRIu64 " of %.*s", missing,
                 missing == 1 ? " is" : "s are", m->n, (int)site.n, site.p);
        break;
    case SEQUENCE_RESTART:
        complain("a new epoch of %.*s, e=%" PRIu64 ": messages before it may be missing",
                 (int)site.n, site.p, m->epoch);
        break;
    case SEQUENCE_OLD:
        complain("e=%" PRIu64 " n=%" PRIu64
                 " of %.*s is no later than the message before",
                 m->epoch, m->n, (int)site.n, site.p);
        break;
    }
}

static void on_message(struct tail *t, struct slice site, struct slice text)
{
    struct sequence *sequence = sequence_of(t, site);
    struct news n;

    if (news_parse(&n, text) < 0) {
        complain("a message of %zu bytes was not headcount's and is not shown", text.n);
        return;
    }
    n.delta.site = site; /* where it was published, whatever it says */
    if (sequence)
        tell_gap(sequence, site, &n.message);
    if (!filter_is_open(&t->opts.filter))
        t->unlisted += news_unlisted(&n);
    if (has_wanted(t, &n.message)) {
        tail_print_message(&t->print, &n, text);
        t->shown++;
    }
    news_fini(&n);
}

/* ---- the whole ----------------------------------------------------------- */

static bool is_enough(const struct tail *t)
{
    return t->opts.count > 0 && t->shown >= (uint64_t)t->opts.count;
}

static enum command_exit run(struct tail *t)
{
    struct subscription_sites sites = {.site = t->site, .n = t->nsites};
    enum follow_event what = FOLLOW_AGAIN;
    struct slice site, text;
    enum command_exit code;

    code = follow_open(&t->follow, &t->opts.dial, sites, t->opts.timeout);
    if (code != EXIT_FINE)
        return code;
    tail_print_head(&t->print);
    while (!is_enough(t) && what != FOLLOW_OVER) {
        what = follow_next(&t->follow, &site, &text);
        if (what == FOLLOW_MESSAGE)
            on_message(t, site, text);
    }
    if (t->unlisted > 0)
        complain("%" PRIu64 " events came in messages too full to list them, so no "
                 "filter looked at them",
                 t->unlisted);
    code = interrupt_seen() || (t->shown > 0 && t->shown >= (uint64_t)t->opts.count)
               ? EXIT_FINE
               : EXIT_NO;
    follow_close(&t->follow);
    return code;
}

/* The sites named, or none for --all. Returns EXIT_FINE or EXIT_USAGE. */
static enum command_exit read_sites(struct tail *t, char **argv, int n)
{
    if (t->opts.all ? n > 0 : n == 0) {
        complain("tail takes one or more SITEs, or --all; see `headcount tail --help`");
        return EXIT_USAGE;
    }
    if (n > SUBSCRIPTION_SITES_MAX) {
        complain("tail takes up to %d sites by name; follow --all",
                 SUBSCRIPTION_SITES_MAX);
        return EXIT_USAGE;
    }
    for (int i = 0; i < n; i++)
        if (!site_check(argv[i], &t->site[t->nsites++]))
            return EXIT_USAGE;
    return EXIT_FINE;
}

static int site_width(const struct tail *t)
{
    size_t width = t->nsites ? strlen("site") : SITE_WIDTH;

    for (size_t i = 0; i < t->nsites; i++)
        width = t->site[i].n > width ? t->site[i].n : width;
    return t->nsites == 1 ? 0 : (int)width;
}

int tail_run(int argc, char **argv)
{
    struct tail t = {0};
    char err[256];
    int rest, code;

    if (!command_options(&spec, &t.opts, argc, argv, &rest, &code))
        return code;
    if (filter_check(&t.opts.filter, err, sizeof err) < 0) {
        complain("%s", err);
        return EXIT_USAGE;
    }
    code = read_sites(&t, argv + rest, argc - rest);
    if (code != EXIT_FINE)
        return code;
    t.print = (struct tail_print){.filter = &t.opts.filter,
                                  .json = t.opts.json,
                                  .site_width = site_width(&t),
                                  .term = term_of(stdout)};
    code = run(&t);
    roster_fini(&t.roster);
    free(t.sequence);
    return code;
}
