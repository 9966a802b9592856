/* stats: the counters of running daemons, a table each, and whether they add up.
 *
 * One GET of /counters for each; who cannot be reached is complained of, and the others
 * are shown all the same. */
#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include "../proto/json.h"
#include "balance.h"
#include "table.h"
#include "told.h"

#define PAGE_MAX (4 * 1024 * 1024) /* all daemons' counters as text or JSON */

struct stats_opts {
    struct opt_list collectors, aggregators;
    bool json, all;
};

static const struct opt rows[] = {
    {.name = "all",
     .type = OPT_FLAG,
     .offset = offsetof(struct stats_opts, all),
     .help = "Show counters that are zero, too.",
     .group = "Output"},
    {.name = "json",
     .type = OPT_FLAG,
     .offset = offsetof(struct stats_opts, json),
     .help =
         "Print one JSON object: daemons, each as GET /counters answers, and balance."},
    TOLD_OPTS(struct stats_opts, collectors, aggregators),
};

static const struct opts_spec spec = {
    .program = "headcount stats",
    .usage = "[options]",
    .about = "Prints what running daemons have counted since they started, and whether "
             "every hit that the collectors accepted is accounted for. What a counter "
             "means stands in headcount-collector(8) and headcount-aggregator(8).",
    .footer = "Exit codes:\n"
              "  0  all daemons answered\n"
              "  2  the command line is wrong\n"
              "  3  one of them cannot be reached\n"
              "\n"
              "Examples:\n"
              "  headcount stats --collector-admin 10.0.0.4:9180 --collector-admin "
              "10.0.0.5:9180\n"
              "  headcount stats --json | jq .balance.balanced",
    .rows = rows,
    .nrows = sizeof rows / sizeof *rows,
};

static void write_uptime(struct buf *out, uint64_t s)
{
    if (s >= 86400)
        buf_printf(out, "%" PRIu64 " d %" PRIu64 " h", s / 86400, s / 3600 % 24);
    else if (s >= 3600)
        buf_printf(out, "%" PRIu64 " h %" PRIu64 " min", s / 3600, s / 60 % 60);
    else if (s >= 60)
        buf_printf(out, "%" PRIu64 " min %" PRIu64 " s", s / 60, s % 60);
    else
        buf_printf(out, "%" PRIu64 " s", s);
}

static void write_head(const struct told *t, const struct term *term, struct buf *out)
{
    buf_str(out, term_bold(term));
    text_safe(out, slice_of(told_program(t)));
    buf_str(out, term_plain(term));
    buf_str(out, " ");
    text_safe(out, slice_of(told_version(t)));
    buf_printf(out, " at %s, up ", t->at);
    write_uptime(out, told_uptime(t));
    buf_str(out, "\n\n");
}

static void write_counters(const struct told *t, bool all, const struct term *term,
                           struct buf *out)
{
    static const struct table_column columns[] = {{"value", TABLE_RIGHT},
                                                  {"counter", TABLE_LEFT}};
    struct table table;
    const char *name;
    json_t *value;
    bool any = false;

    table_init(&table, columns, 2);
    json_object_foreach(json_object_get(t->json, "counters"), name, value)
    {
        if (!all && told_counter(t, name) == 0)
            continue;
        table_u64(&table, told_counter(t, name));
        table_text(&table, slice_of(name));
        any = true;
    }
    if (any)
        table_write(&table, term, out);
    else
        buf_str(out, "All counters are zero.\n");
    buf_str(out, "\n");
    table_fini(&table);
}

static void write_text(const struct told *t, size_t n, const struct balance *balance,
                       bool all, struct buf *out)
{
    struct term term = term_of(stdout);

    for (size_t i = 0; i < n; i++) {
        if (!t[i].json)
            continue;
        write_head(&t[i], &term, out);
        write_counters(&t[i], all, &term, out);
    }
    if (balance)
        balance_text(balance, out);
}

/* {"at":"...", and what it told or "error":"..."} */
static void write_one(struct json *j, const struct told *t)
{
    char *text;

    json_begin_object(j);
    json_key(j, "at");
    json_str(j, t->at);
    if (t->json) {
        text = json_dumps(t->json, JSON_COMPACT);
        json_key(j, "told");
        json_raw(j, slice_of(text));
        free(text);
    } else {
        json_key(j, "error");
        json_str(j, t->why);
    }
    json_end(j);
}

static void write_json(const struct told *t, size_t n, const struct balance *balance,
                       struct buf *out)
{
    struct buf sum;
    struct json j;

    buf_init(&sum, 1024);
    json_init(&j, out);
    json_begin_object(&j);
    json_key(&j, "daemons");
    json_begin_array(&j);
    for (size_t i = 0; i < n; i++)
        write_one(&j, &t[i]);
    json_end(&j);
    json_key(&j, "balance");
    if (balance) {
        balance_json(balance, &sum);
        json_raw(&j, buf_get(&sum));
    } else {
        json_none(&j);
    }
    json_end(&j);
    buf_str(out, "\n");
    buf_fini(&sum);
}

/* All of both lists. Returns whether every one answered. */
static bool ask_all(struct told *t, const struct stats_opts *opts)
{
    const struct opt_list *lists[] = {&opts->collectors, &opts->aggregators};
    static const char *const kinds[] = {"collector", "aggregator"};
    bool all = true;

    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < lists[k]->n; i++, t++) {
            told_ask(t, lists[k]->v[i]);
            if (t->json)
                continue;
            complain("cannot ask the %s at %s: %s", kinds[k], t->at, t->why);
            all = false;
        }
    }
    return all;
}

static int show(struct told *t, const struct stats_opts *opts)
{
    size_t ncollectors = opts->collectors.n, n = ncollectors + opts->aggregators.n;
    bool all = ask_all(t, opts);
    struct balance balance;
    const struct balance *known =
        balance_of(&balance, t, ncollectors) && all ? &balance : NULL;
    struct buf out;

    buf_init(&out, PAGE_MAX);
    if (opts->json)
        write_json(t, n, known, &out);
    else
        write_text(t, n, known, opts->all, &out);
    fwrite(out.p, 1, out.n, stdout);
    buf_fini(&out);
    for (size_t i = 0; i < n; i++)
        told_fini(&t[i]);
    return all ? EXIT_FINE : EXIT_UNREACHABLE;
}

int stats_run(int argc, char **argv)
{
    static struct told told[2 * TOLD_MAX];
    struct stats_opts opts;
    int code;

    if (!command_options(&spec, &opts, argc, argv, NULL, &code))
        return code;
    if (!told_check(&opts.collectors, "--collector-admin") ||
        !told_check(&opts.aggregators, "--aggregator-admin"))
        return EXIT_USAGE;
    return show(told, &opts);
}
