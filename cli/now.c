/* now: who is on a site at this moment.
 *
 *   shop, 2026-11-22 10:11:12 CET
 *
 *   online  9: 1 writing, 5 reading, 2 idle, 1 in background; 11 tabs
 *   most    12 today, 2026-11-22 09:30:00 CET
 *           41 ever, 2026-11-03 20:15:07 CET
 *   total   5120 views, 1893 visits since 2026-10-01 08:00:00 CET
 *
 *             last 1 min  last 5 min  last 30 min
 *   visitors           3          12           27
 *   ...
 *
 * One read of Redis, one page of text; --json prints the same bytes as the HTTP API. */
#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include "sighting.h"
#include "site_read.h"
#include "table.h"
#include "when.h"

#define PAGES_SHOWN 10 /* of each list; --json has them all */
#define EVENTS_SHOWN 10

struct now_opts {
    struct dial_opts dial;
    long minutes;
    bool json;
};

static const struct opt rows[] = {
    {.name = "minutes",
     .arg = "N",
     .type = OPT_INT,
     .offset = offsetof(struct now_opts, minutes),
     .def = "5",
     .min = 1,
     .max = WINDOW_MAX,
     .help = "The window of visitors and pages, cut to what the site keeps.",
     .group = "Output"},
    {.name = "json",
     .type = OPT_FLAG,
     .offset = offsetof(struct now_opts, json),
     .help = "Print the answer of GET /sites/SITE/realtime, byte for byte."},
    DIAL_OPTS(struct now_opts, dial),
};

static const struct opts_spec spec = {
    .program = "headcount now",
    .usage = "SITE [options]",
    .about = "Shows how many people have SITE open now and what they are doing, how many "
             "were there within the window named (distinct people; the running minute "
             "counts as one), on which pages, and what happened last.",
    .footer = "Exit codes:\n"
              "  0  the site is known\n"
              "  1  nothing is known of it (with --json the empty answer is printed)\n"
              "  2  the command line is wrong\n"
              "  3  Redis does not answer\n"
              "\n"
              "Examples:\n"
              "  headcount now shop --minutes 15\n"
              "  headcount now shop --json | jq .currentVisitors",
    .rows = rows,
    .nrows = sizeof rows / sizeof *rows,
};

/* The windows shown: one minute, the one asked for, all that is kept; each once. Returns
 * how many. */
static size_t windows_of(const struct summary *s, unsigned *window)
{
    const unsigned all[] = {1, s->minutes, s->window};
    size_t n = 0;

    for (size_t i = 0; i < 3; i++)
        if (n == 0 || all[i] > window[n - 1])
            window[n++] = all[i];
    return n;
}

static void write_online(const struct online *o, struct buf *out)
{
    uint64_t total = online_total(o);

    buf_printf(out, "online  %" PRIu64, total);
    if (total > 0)
        buf_printf(out,
                   ": %" PRIu64 " writing, %" PRIu64 " reading, %" PRIu64
                   " idle, %" PRIu64 " in background; %" PRIu64 " tab%s",
                   o->writing, o->reading, o->idle, o->background, o->tabs,
                   o->tabs == 1 ? "" : "s");
    if (o->members > 0)
        buf_printf(out, ", %" PRIu64 " of them connection%s", o->members,
                   o->members == 1 ? "" : "s");
    buf_str(out, "\n");
}

static void write_standing(const struct summary *s, struct buf *out)
{
    if (s->peaks.day > 0)
        buf_printf(out, "most    %" PRIu64 " today, %s\n", s->peaks.day,
                   when_full(s->peaks.day_at).s);
    if (s->peaks.all > 0)
        buf_printf(out, "%s  %" PRIu64 " ever, %s\n",
                   s->peaks.day > 0 ? "      " : "most  ", s->peaks.all,
                   when_full(s->peaks.all_at).s);
    if (s->total.since > 0)
        buf_printf(out, "total   %" PRIu64 " views, %" PRIu64 " visits since %s\n",
                   s->total.views, s->total.visits, when_full(s->total.since).s);
    buf_str(out, "\n");
}

static void write_windows(const struct summary *s, const struct term *term,
                          struct buf *out)
{
    unsigned window[3];
    char head[3][24];
    struct table_column columns[4] = {{"", TABLE_LEFT}};
    struct table t;
    size_t n = windows_of(s, window);
    struct summary_window w[3];

    for (size_t i = 0; i < n; i++) {
        snprintf(head[i], sizeof head[i], "last %u min", window[i]);
        columns[i + 1] = (struct table_column){head[i], TABLE_RIGHT};
        w[i] = summary_window(s, window[i]);
    }
    table_init(&t, columns, n + 1);
    table_text(&t, SLICE("visitors"));
    for (size_t i = 0; i < n; i++)
        table_u64(&t, w[i].visitors);
    table_text(&t, SLICE("views"));
    for (size_t i = 0; i < n; i++)
        table_u64(&t, w[i].views);
    table_text(&t, SLICE("events"));
    for (size_t i = 0; i < n; i++)
        table_u64(&t, w[i].events);
    table_text(&t, SLICE("attention"));
    for (size_t i = 0; i < n; i++)
        table_printf(&t, "%.1f s", summary_attention(&w[i]));
    table_write(&t, term, out);
    table_fini(&t);
}

static void write_rest(size_t all, size_t shown, const char *what, struct buf *out)
{
    if (all > shown)
        buf_printf(out, "and %zu more %s; --json has them\n", all - shown, what);
}

static void write_pages(const struct summary *s, const struct term *term, struct buf *out)
{
    static const struct table_column columns[] = {
        {"online", TABLE_RIGHT}, {"visitors", TABLE_RIGHT}, {"path", TABLE_LEFT}};
    struct table t;

    if (s->npages == 0) {
        buf_printf(out, "\nNo active pages in the last %u min.\n", s->minutes);
        return;
    }
    buf_printf(out, "\nActive pages, last %u min\n", s->minutes);
    table_init(&t, columns, 3);
    for (size_t i = 0; i < s->npages && i < PAGES_SHOWN; i++) {
        table_u64(&t, s->pages[i].online);
        table_u64(&t, s->pages[i].visitors);
        table_text(&t, s->pages[i].path);
    }
    table_write(&t, term, out);
    table_fini(&t);
    write_rest(s->npages, PAGES_SHOWN, "pages", out);
}

static void add_event(struct table *t, struct slice text)
{
    json_t *json = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
    struct sighting e;

    if (sighting_read(&e, json)) {
        table_text(t, slice_of(when_clock(e.at).s));
        table_text(t, e.type);
        table_text(t, e.name);
        table_text(t, e.path);
    }
    json_decref(json);
}

static void write_events(const struct summary *s, const struct term *term,
                         struct buf *out)
{
    static const struct table_column columns[] = {{"time", TABLE_LEFT},
                                                  {"kind", TABLE_LEFT},
                                                  {"name", TABLE_LEFT},
                                                  {"path or text", TABLE_LEFT}};
    struct table t;

    if (s->nrecent == 0)
        return;
    buf_str(out, "\nLast events\n");
    table_init(&t, columns, 4);
    for (size_t i = 0; i < s->nrecent && i < EVENTS_SHOWN; i++)
        add_event(&t, s->recent[i]);
    table_write(&t, term, out);
    table_fini(&t);
    write_rest(s->nrecent, EVENTS_SHOWN, "events", out);
}

static void write_page(const struct site_read *r, const struct term *term,
                       struct buf *out)
{
    const struct summary *s = &r->summary;

    buf_printf(out, "%s%.*s%s, %s\n\n", term_bold(term), (int)r->site.n, r->site.p,
               term_plain(term), when_full(s->as_of).s);
    write_online(&s->online, out);
    write_standing(s, out);
    write_windows(s, term, out);
    if (s->demo)
        buf_str(out, "\nThis is a demo: its visitors are invented.\n");
    if (s->capped)
        buf_str(out, "\nSome visitors beyond the site's bound were not told apart.\n");
    if (s->loading)
        buf_str(out,
                "\nThe site is being read back; the latest hits are not in it yet.\n");
    if (s->warming)
        buf_str(out, "\nThe site was read back just now.\n");
    write_pages(s, term, out);
    write_events(s, term, out);
}

static void print(const struct site_read *r, bool json)
{
    struct term term = term_of(stdout);
    struct buf out;

    buf_init(&out, ANSWER_MAX);
    if (json) {
        summary_json(&r->summary, r->site, &out);
        buf_str(&out, "\n");
    } else {
        write_page(r, &term, &out);
    }
    fwrite(out.p, 1, out.n, stdout);
    buf_fini(&out);
}

int now_run(int argc, char **argv)
{
    struct now_opts opts;
    struct site_read r;
    struct slice site;
    int rest, code;

    if (!command_options(&spec, &opts, argc, argv, &rest, &code))
        return code;
    code = site_argument(argc, argv, rest, &site);
    if (code == EXIT_FINE)
        code = site_read(&r, &opts.dial, site, (unsigned)opts.minutes);
    if (code != EXIT_FINE)
        return code;
    if (r.summary.known || opts.json)
        print(&r, opts.json);
    if (!r.summary.known)
        code = site_unknown(&r);
    site_read_fini(&r);
    return code;
}
