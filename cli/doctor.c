/* doctor: asks the daemons and Redis, and says what to change.
 *
 *   ok       The collector at 127.0.0.1:9180 answers and is ready.
 *   problem  Redis may drop keys of headcount: ...
 *            Do: CONFIG SET maxmemory-policy noeviction, ...
 *
 * Who cannot be asked is a finding, too; only if nobody can be there is nothing to say.
 */
#include "command.h"

#include <stdio.h>
#include "../proto/json.h"
#include "findings.h"
#include "table.h"

#define PAGE_MAX (1024 * 1024)
#define INDENT "         " /* the width of "problem  " */

struct doctor_opts {
    struct dial_opts dial;
    struct opt_list collectors, aggregators;
    bool json;
};

static const struct opt rows[] = {
    {.name = "json",
     .type = OPT_FLAG,
     .offset = offsetof(struct doctor_opts, json),
     .help = "Print one JSON object: problems, notes, findings.",
     .group = "Output"},
    TOLD_OPTS(struct doctor_opts, collectors, aggregators),
    DIAL_OPTS(struct doctor_opts, dial),
};

static const struct opts_spec spec = {
    .program = "headcount doctor",
    .usage = "[options]",
    .about = "Checks a running installation: that the daemons and Redis answer, are "
             "ready and fit together, that nothing is lost, refused or capped, and that "
             "Redis keeps what it is given. Says what to change. Changes nothing itself.",
    .footer =
        "Exit codes:\n"
        "  0  there is no problem; notes may be\n"
        "  1  there is a problem\n"
        "  2  the command line is wrong\n"
        "  3  neither a daemon nor Redis can be reached\n"
        "\n"
        "Examples:\n"
        "  headcount doctor --redis unix:/run/redis/redis.sock\n"
        "  headcount doctor --json | jq -r '.findings[] | select(.level==\"problem\")"
        ".text'",
    .rows = rows,
    .nrows = sizeof rows / sizeof *rows,
};

static void write_finding(struct buf *out, const struct finding *f,
                          const struct term *term)
{
    bool loud = f->level != FINDING_OK;

    buf_printf(out, "%s%-7s%s  ", loud ? term_bold(term) : "", finding_word(f->level),
               loud ? term_plain(term) : "");
    text_safe(out, slice_of(f->text));
    buf_str(out, "\n");
    if (*f->advice)
        buf_printf(out, INDENT "Do: %s\n", f->advice);
}

static void write_number(struct buf *out, size_t n, const char *what)
{
    buf_printf(out, "%zu %s%s", n, what, n == 1 ? "" : "s");
}

static void write_text(struct buf *out, const struct findings *f)
{
    struct term term = term_of(stdout);

    for (size_t i = 0; i < f->n; i++)
        write_finding(out, &f->v[i], &term);
    buf_str(out, "\n");
    write_number(out, findings_count(f, FINDING_PROBLEM), "problem");
    buf_str(out, ", ");
    write_number(out, findings_count(f, FINDING_NOTE), "note");
    buf_str(out, ".\n");
    if (f->dropped)
        buf_printf(out, "%zu more findings are not shown.\n", f->dropped);
}

static void write_json(struct buf *out, const struct findings *f)
{
    struct json j;

    json_init(&j, out);
    json_begin_object(&j);
    json_key(&j, "problems");
    json_u64(&j, findings_count(f, FINDING_PROBLEM));
    json_key(&j, "notes");
    json_u64(&j, findings_count(f, FINDING_NOTE));
    json_key(&j, "findings");
    json_begin_array(&j);
    for (size_t i = 0; i < f->n; i++) {
        json_begin_object(&j);
        json_key(&j, "level");
        json_str(&j, finding_word(f->v[i].level));
        json_key(&j, "text");
        json_str(&j, f->v[i].text);
        json_key(&j, "advice");
        json_str(&j, f->v[i].advice);
        json_end(&j);
    }
    json_end(&j);
    json_end(&j);
    buf_str(out, "\n");
}

static void print(const struct findings *f, bool json)
{
    struct buf out;

    buf_init(&out, PAGE_MAX);
    if (json)
        write_json(&out, f);
    else
        write_text(&out, f);
    fwrite(out.p, 1, out.n, stdout);
    buf_fini(&out);
}

/* Returns how many answered. */
static size_t ask_all(struct told *t, const struct opt_list *at)
{
    size_t reached = 0;

    for (size_t i = 0; i < at->n; i++) {
        told_ask(&t[i], at->v[i]);
        reached += t[i].json != NULL;
    }
    return reached;
}

static void forget(struct told *t, size_t n)
{
    for (size_t i = 0; i < n; i++)
        told_fini(&t[i]);
}

static int examine(const struct doctor_opts *opts, const struct redis_addr *addr)
{
    static struct told collectors[TOLD_MAX], aggregators[TOLD_MAX];
    static struct findings findings;
    struct redis_facts redis;
    const struct facts facts = {.collectors = collectors,
                                .ncollectors = opts->collectors.n,
                                .aggregators = aggregators,
                                .naggregators = opts->aggregators.n,
                                .redis = &redis};
    size_t reached =
        ask_all(collectors, &opts->collectors) + ask_all(aggregators, &opts->aggregators);

    redis_facts_ask(&redis, addr);
    findings_of(&findings, &facts);
    forget(collectors, opts->collectors.n);
    forget(aggregators, opts->aggregators.n);
    print(&findings, opts->json);
    if (reached == 0 && !redis.reached)
        return EXIT_UNREACHABLE;
    return findings_count(&findings, FINDING_PROBLEM) > 0 ? EXIT_NO : EXIT_FINE;
}

int doctor_run(int argc, char **argv)
{
    struct doctor_opts opts;
    struct redis_addr addr;
    int code;

    if (!command_options(&spec, &opts, argc, argv, NULL, &code))
        return code;
    if (!told_check(&opts.collectors, "--collector-admin") ||
        !told_check(&opts.aggregators, "--aggregator-admin") ||
        dial_address(&addr, &opts.dial) < 0)
        return EXIT_USAGE;
    return examine(&opts, &addr);
}
