/* Each of the three is a list of counted pairs, in which pages and traits
 * (summary_traits.h) are told by how their names begin, and the rest by name.
 *
 * Sums cannot outgrow what JSON carries: a list of at most SUMMARY_LIST_MAX strings has
 * fewer than 2^21 counts, each below 2^32; and attention is bounded so that WINDOW_MAX
 * rows of it stay below 2^53. */
#include "summary_counts.h"

#include "keys.h"
#include "summary_traits.h"

#define ENGAGED_ROW_MAX (JSON_INTEGER_MAX / WINDOW_MAX)

enum {
    ONLINE_WRITING,
    ONLINE_READING,
    ONLINE_IDLE,
    ONLINE_BACKGROUND,
    ONLINE_TABS,
    ONLINE_MEMBERS,
    ONLINE_FRESH_WRITING,
    ONLINE_FRESH_READING,
    ONLINE_FRESH_IDLE,
    ONLINE_FRESH_BACKGROUND,
    ONLINES
};

static const struct flat_field online_fields[ONLINES] = {
    [ONLINE_WRITING] = {"w", SUMMARY_COUNT_MAX},
    [ONLINE_READING] = {"r", SUMMARY_COUNT_MAX},
    [ONLINE_IDLE] = {"i", SUMMARY_COUNT_MAX},
    [ONLINE_BACKGROUND] = {"b", SUMMARY_COUNT_MAX},
    [ONLINE_TABS] = {"tabs", SUMMARY_COUNT_MAX},
    [ONLINE_MEMBERS] = {"m", SUMMARY_COUNT_MAX},
    [ONLINE_FRESH_WRITING] = {"fw", SUMMARY_COUNT_MAX},
    [ONLINE_FRESH_READING] = {"fr", SUMMARY_COUNT_MAX},
    [ONLINE_FRESH_IDLE] = {"fi", SUMMARY_COUNT_MAX},
    [ONLINE_FRESH_BACKGROUND] = {"fb", SUMMARY_COUNT_MAX},
};

enum {
    TOTAL_VIEWS,
    TOTAL_VISITS,
    TOTAL_SINCE,
    TOTAL_PEAK,
    TOTAL_PEAK_AT,
    TOTAL_DAY,
    TOTAL_DAY_PEAK,
    TOTAL_DAY_PEAK_AT,
    TOTAL_LIFE,
    TOTAL_LAST,
    TOTAL_JOINS,
    TOTAL_COUNTED,
    TOTALS
};

static const struct flat_field total_fields[TOTALS] = {
    [TOTAL_VIEWS] = {"pv", JSON_INTEGER_MAX},
    [TOTAL_VISITS] = {"vis", JSON_INTEGER_MAX},
    [TOTAL_SINCE] = {"since", SUMMARY_MS_MAX},
    [TOTAL_PEAK] = {"peak", JSON_INTEGER_MAX},
    [TOTAL_PEAK_AT] = {"peak_at", SUMMARY_MS_MAX},
    [TOTAL_DAY] = {"day", SUMMARY_MS_MAX / MS_PER_DAY},
    [TOTAL_DAY_PEAK] = {"dpeak", JSON_INTEGER_MAX},
    [TOTAL_DAY_PEAK_AT] = {"dpeak_at", SUMMARY_MS_MAX},
    [TOTAL_LIFE] = {"life", SUMMARY_MS_MAX},
    [TOTAL_LAST] = {"i", JSON_INTEGER_MAX},
    [TOTAL_JOINS] = {"con", JSON_INTEGER_MAX},
    [TOTAL_COUNTED] = {"cnt", JSON_INTEGER_MAX},
};

enum {
    ROW_VIEWS,
    ROW_EVENTS,
    ROW_UNIQUES,
    ROW_LAST,
    ROW_ENGAGED,
    ROW_QUERIES,
    ROW_QUERY_P50,
    ROW_QUERY_P95,
    ROWS
};

static const struct flat_field row_fields[ROWS] = {
    [ROW_VIEWS] = {"pv", SUMMARY_COUNT_MAX},
    [ROW_EVENTS] = {"ev", SUMMARY_COUNT_MAX},
    [ROW_UNIQUES] = {"uniq", SUMMARY_COUNT_MAX},
    [ROW_LAST] = {"last", SUMMARY_COUNT_MAX},
    [ROW_ENGAGED] = {"eng", ENGAGED_ROW_MAX},
    [ROW_QUERIES] = {"q", JSON_INTEGER_MAX},
    [ROW_QUERY_P50] = {"q50", SUMMARY_COUNT_MAX},
    [ROW_QUERY_P95] = {"q95", SUMMARY_COUNT_MAX},
};

/* What the pages of an entry tell. */
enum pages { PAGES_UNWANTED, PAGES_VISITED, PAGES_ONLINE };

/* Keeps a page for the list, which has room for as many as there are pairs. */
static void add_page(struct summary *s, struct slice field, uint64_t count,
                     enum pages pages)
{
    struct page_count p = {.path = slice_skip(field, strlen(FIELD_PAGE))};

    if (count == 0 || pages == PAGES_UNWANTED)
        return;
    if (pages == PAGES_ONLINE)
        p.online = count;
    else
        p.visitors = count;
    s->pages[s->npages++] = p;
}

/* Takes counted pairs: pages and traits go to the summary, the @n @fields to @v. */
static bool read_pairs(struct flat *r, struct summary *s, enum pages pages,
                       const struct flat_field *fields, size_t n, uint64_t *v)
{
    uint64_t pairs, count;

    if (!flat_number(r, r->left / 2, &pairs))
        return false;
    for (; pairs > 0; pairs--) {
        if (!flat_pair(r))
            return false;
        if (!slice_starts(r->name, SLICE(FIELD_PAGE))) {
            int trait = summary_trait(s, r->name, r->value, pages == PAGES_VISITED);

            if (trait < 0 || (trait == 0 && !flat_store(r, fields, n, v)))
                return false;
            continue;
        }
        if (!flat_parse(r->value, SUMMARY_COUNT_MAX, &count))
            return false;
        add_page(s, r->name, count, pages);
    }
    return true;
}

static struct online online_of(const uint64_t *v)
{
    struct online o = {.writing = v[ONLINE_WRITING],
                       .reading = v[ONLINE_READING],
                       .idle = v[ONLINE_IDLE],
                       .background = v[ONLINE_BACKGROUND],
                       .tabs = v[ONLINE_TABS],
                       .members = v[ONLINE_MEMBERS]};

    online_all_fresh(&o);
    if (v[ONLINE_FRESH_WRITING] == UINT64_MAX) /* it is only there where it differs */
        return o;
    o.fresh.writing = v[ONLINE_FRESH_WRITING];
    o.fresh.reading = v[ONLINE_FRESH_READING];
    o.fresh.idle = v[ONLINE_FRESH_IDLE];
    o.fresh.background = v[ONLINE_FRESH_BACKGROUND];
    return o;
}

/* Of a site without meta nobody is online. */
bool summary_online(struct flat *r, struct summary *s)
{
    enum pages pages = s->known ? PAGES_ONLINE : PAGES_UNWANTED;
    uint64_t v[ONLINES] = {[ONLINE_FRESH_WRITING] = UINT64_MAX};

    if (!flat_is(r, SLICE("O")))
        return true;
    if (!read_pairs(r, s, pages, online_fields, ONLINES, v))
        return false;
    if (s->known)
        s->online = online_of(v);
    return true;
}

/* These outlive the window, so they are told of unknown sites too. */
bool summary_totals(struct flat *r, struct summary *s)
{
    uint64_t v[TOTALS] = {0};

    if (!flat_is(r, SLICE("A")))
        return true;
    if (!read_pairs(r, s, PAGES_UNWANTED, total_fields, TOTALS, v))
        return false;
    s->total = (struct total){.views = v[TOTAL_VIEWS],
                              .visits = v[TOTAL_VISITS],
                              .joins = v[TOTAL_JOINS],
                              .counted = v[TOTAL_COUNTED],
                              .since = (ms_t)v[TOTAL_SINCE]};
    s->peaks.all = v[TOTAL_PEAK];
    s->peaks.all_at = (ms_t)v[TOTAL_PEAK_AT];
    if ((ms_t)v[TOTAL_DAY] >= s->as_of / MS_PER_DAY) {
        s->peaks.day = v[TOTAL_DAY_PEAK];
        s->peaks.day_at = (ms_t)v[TOTAL_DAY_PEAK_AT];
    }
    s->life = (ms_t)v[TOTAL_LIFE];
    s->last = v[TOTAL_LAST];
    return true;
}

/* A row outside the window, or of a site without meta, is checked but not kept. */
static bool read_row(struct flat *r, struct summary *s, uint64_t *before)
{
    uint64_t minute, v[ROWS] = {0};
    unsigned limit = s->known ? s->window : 0;
    enum pages pages = PAGES_UNWANTED;
    struct summary_row *row;

    if (*before == 0 || !flat_number(r, *before - 1, &minute))
        return false;
    *before = minute;
    if (s->known && s->now - minute < s->minutes)
        pages = PAGES_VISITED;
    if (!read_pairs(r, s, pages, row_fields, ROWS, v))
        return false;
    if (s->now - minute >= limit)
        return true;
    row = &s->row[s->now - minute];
    row->views = v[ROW_VIEWS];
    row->events = v[ROW_EVENTS];
    row->uniques = v[ROW_UNIQUES];
    row->last = v[ROW_LAST];
    row->engaged = v[ROW_ENGAGED];
    row->queries = v[ROW_QUERIES];
    row->query_p50 = v[ROW_QUERY_P50];
    row->query_p95 = v[ROW_QUERY_P95];
    return true;
}

bool summary_rows(struct flat *r, struct summary *s)
{
    uint64_t before = (uint64_t)s->now + 1; /* rows descend */

    for (unsigned i = 0; i < s->window; i++)
        s->row[i].minute = s->now - i;
    while (flat_is(r, SLICE("B")))
        if (!read_row(r, s, &before))
            return false;
    return true;
}
