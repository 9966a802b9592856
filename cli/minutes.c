/* minutes: what a site did, minute by minute, the oldest first so that the newest stands
 * next to the prompt. Visitors are distinct within their minute: one who stays for three
 * minutes is in three rows. The running minute is marked, because it is not over. */
#include "command.h"

#include <jansson.h>
#include <stdio.h>
#include "site_read.h"
#include "table.h"
#include "when.h"

#define BAR_COLUMNS 32 /* of the busiest minute; the table then fits 80 columns */

struct minutes_opts {
    struct dial_opts dial;
    bool json;
};

static const struct opt rows[] = {
    {.name = "json",
     .type = OPT_FLAG,
     .offset = offsetof(struct minutes_opts, json),
     .help = "Print \"series\" of GET /sites/SITE/realtime: one array, oldest first, "
             "minutes as unix milliseconds.",
     .group = "Output"},
    DIAL_OPTS(struct minutes_opts, dial),
};

static const struct opts_spec spec = {
    .program = "headcount minutes",
    .usage = "SITE [options]",
    .about = "Prints one row for each minute that SITE keeps: page views, distinct "
             "visitors, events. Times are local and the zone is named; the last row is "
             "the running minute.",
    .footer = "Exit codes:\n"
              "  0  the site is known\n"
              "  1  nothing is known of it (with --json the empty series is printed)\n"
              "  2  the command line is wrong\n"
              "  3  Redis does not answer\n"
              "\n"
              "Examples:\n"
              "  headcount minutes shop\n"
              "  TZ=UTC headcount minutes shop\n"
              "  headcount minutes shop --json | jq 'map(.pageViews) | add'",
    .rows = rows,
    .nrows = sizeof rows / sizeof *rows,
};

/* @v of @most as blocks, to an eighth of a column; without UTF-8 as whole #. What is not
 * nothing shows at least the smallest piece. */
static void write_bar(struct buf *out, uint64_t v, uint64_t most, bool utf8)
{
    uint64_t eighths = most ? v * BAR_COLUMNS * 8 / most : 0;

    if (v > 0 && eighths == 0)
        eighths = 1;
    if (!utf8) {
        for (uint64_t i = 0; i < (eighths + 7) / 8; i++)
            buf_str(out, "#");
        return;
    }
    for (; eighths >= 8; eighths -= 8)
        buf_str(out, "\xe2\x96\x88"); /* U+2588 full block */
    if (eighths > 0) {
        char part[] = "\xe2\x96\x88";

        part[2] = (char)(0x90 - eighths); /* U+2589 seven eighths .. U+258F one */
        buf_str(out, part);
    }
}

static uint64_t most_visitors(const struct summary *s)
{
    uint64_t most = 0;

    for (unsigned i = 0; i < s->window; i++)
        if (s->row[i].uniques > most)
            most = s->row[i].uniques;
    return most;
}

static void add_row(struct table *t, const struct summary_row *row, bool running,
                    uint64_t most, bool utf8)
{
    struct buf bar;

    buf_init(&bar, BAR_COLUMNS * 3 + 8);
    write_bar(&bar, row->uniques, most, utf8);
    table_printf(t, "%s%s", when_minute(minute_start(row->minute)).s, running ? "+" : "");
    table_u64(t, row->views);
    table_u64(t, row->uniques);
    table_u64(t, row->events);
    table_text(t, buf_get(&bar));
    buf_fini(&bar);
}

static void write_table(const struct site_read *r, const struct term *term,
                        struct buf *out)
{
    static const struct table_column columns[] = {{"time", TABLE_LEFT},
                                                  {"views", TABLE_RIGHT},
                                                  {"visitors", TABLE_RIGHT},
                                                  {"events", TABLE_RIGHT},
                                                  {"", TABLE_LEFT}};
    const struct summary *s = &r->summary;
    struct table t;

    buf_printf(out, "%s%.*s%s, the last %u min, times in %s; + is still running\n\n",
               term_bold(term), (int)r->site.n, r->site.p, term_plain(term), s->window,
               when_zone(s->as_of).s);
    table_init(&t, columns, 5);
    for (unsigned i = s->window; i-- > 0;)
        add_row(&t, &s->row[i], i == 0, most_visitors(s), term->utf8);
    table_write(&t, term, out);
    table_fini(&t);
}

/* Cut out of the one document that says it already. */
static void write_series(const struct site_read *r, struct buf *out)
{
    struct buf whole;
    json_t *answer;
    char *series;

    buf_init(&whole, ANSWER_MAX);
    summary_json(&r->summary, r->site, &whole);
    answer = json_loadb(whole.p, whole.n, 0, NULL);
    series = json_dumps(json_object_get(answer, "series"), JSON_COMPACT);
    buf_str(out, series ? series : "[]");
    buf_str(out, "\n");
    free(series);
    json_decref(answer);
    buf_fini(&whole);
}

static void print(const struct site_read *r, bool json)
{
    struct term term = term_of(stdout);
    struct buf out;

    buf_init(&out, ANSWER_MAX);
    if (json)
        write_series(r, &out);
    else
        write_table(r, &term, &out);
    fwrite(out.p, 1, out.n, stdout);
    buf_fini(&out);
}

int minutes_run(int argc, char **argv)
{
    struct minutes_opts opts;
    struct site_read r;
    struct slice site;
    int rest, code;

    if (!command_options(&spec, &opts, argc, argv, &rest, &code))
        return code;
    code = site_argument(argc, argv, rest, &site);
    if (code == EXIT_FINE)
        code = site_read(&r, &opts.dial, site, MINUTES_DEFAULT);
    if (code != EXIT_FINE)
        return code;
    if (r.summary.known || opts.json)
        print(&r, opts.json);
    if (!r.summary.known)
        code = site_unknown(&r);
    site_read_fini(&r);
    return code;
}
