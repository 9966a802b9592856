/* The list is read front to back by a cursor that never passes its end: every count in it
 * is checked against what remains, every number against a bound. Then the pages of the
 * rows asked for, which stand there once per minute, and those that are online become one
 * ranked list.
 *
 * Sums cannot outgrow what JSON carries: a list of at most LIST_MAX strings has fewer
 * than 2^21 counts, each below 2^32; and attention is bounded so that WINDOW_MAX rows of
 * it stay below 2^53.
 *
 * On a malformed list everything is freed again and nothing of it is used. */
#include "summary.h"

#include <assert.h>
#include <stdlib.h>
#include "flat.h"
#include "keys.h"
#include "page_list.h"
#include "summary_traits.h"
#include "visibility.h"

#define SCHEMA 1            /* of the keys; others are refused */
#define LIST_MAX (1u << 21) /* strings; WINDOW_MAX full rows take some 130,000 */
#define COUNT_MAX UINT32_MAX

#define ENGAGED_ROW_MAX (JSON_INTEGER_MAX / WINDOW_MAX)

/* The last millisecond whose minute is a minute_t. */
#define MS_MAX ((UINT64_C(1) << 32) * MS_PER_MINUTE - 1)

enum {
    META_EPOCH,
    META_COMMIT,
    META_MESSAGE,
    META_TIME,
    META_SCHEMA,
    META_WINDOW,
    META_CAPPED,
    META_LOADING,
    META_WARMING,
    METAS
};

static const struct flat_field meta_fields[METAS] = {
    [META_EPOCH] = {"e", JSON_INTEGER_MAX},
    [META_COMMIT] = {"q", JSON_INTEGER_MAX},
    [META_MESSAGE] = {"n", JSON_INTEGER_MAX},
    [META_TIME] = {"t", MS_MAX},
    [META_SCHEMA] = {"v", SCHEMA},
    [META_WINDOW] = {"W", COUNT_MAX},
    [META_CAPPED] = {"c", 1},
    [META_LOADING] = {"l", 1},
    [META_WARMING] = {"warm", MS_MAX},
};

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
    [ONLINE_WRITING] = {"w", COUNT_MAX},
    [ONLINE_READING] = {"r", COUNT_MAX},
    [ONLINE_IDLE] = {"i", COUNT_MAX},
    [ONLINE_BACKGROUND] = {"b", COUNT_MAX},
    [ONLINE_TABS] = {"tabs", COUNT_MAX},
    [ONLINE_MEMBERS] = {"m", COUNT_MAX},
    [ONLINE_FRESH_WRITING] = {"fw", COUNT_MAX},
    [ONLINE_FRESH_READING] = {"fr", COUNT_MAX},
    [ONLINE_FRESH_IDLE] = {"fi", COUNT_MAX},
    [ONLINE_FRESH_BACKGROUND] = {"fb", COUNT_MAX},
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
    [TOTAL_SINCE] = {"since", MS_MAX},
    [TOTAL_PEAK] = {"peak", JSON_INTEGER_MAX},
    [TOTAL_PEAK_AT] = {"peak_at", MS_MAX},
    [TOTAL_DAY] = {"day", MS_MAX / MS_PER_DAY},
    [TOTAL_DAY_PEAK] = {"dpeak", JSON_INTEGER_MAX},
    [TOTAL_DAY_PEAK_AT] = {"dpeak_at", MS_MAX},
    [TOTAL_LIFE] = {"life", MS_MAX},
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
    [ROW_VIEWS] = {"pv", COUNT_MAX},          [ROW_EVENTS] = {"ev", COUNT_MAX},
    [ROW_UNIQUES] = {"uniq", COUNT_MAX},      [ROW_LAST] = {"last", COUNT_MAX},
    [ROW_ENGAGED] = {"eng", ENGAGED_ROW_MAX}, [ROW_QUERIES] = {"q", JSON_INTEGER_MAX},
    [ROW_QUERY_P50] = {"q50", COUNT_MAX},     [ROW_QUERY_P95] = {"q95", COUNT_MAX},
};

static bool read_clock(struct flat *r, struct summary *s)
{
    uint64_t sec, usec;

    if (!flat_is(r, SLICE("T")) || !flat_number(r, MS_MAX / 1000 - 1, &sec) ||
        !flat_number(r, 999999, &usec))
        return false;
    s->as_of = (ms_t)(sec * 1000 + usec / 1000);
    return true;
}

static unsigned clamp(uint64_t v, unsigned low, unsigned high)
{
    return v < low ? low : v > high ? high : (unsigned)v;
}

static bool read_meta(struct flat *r, struct summary *s)
{
    uint64_t v[METAS] = {[META_SCHEMA] = SCHEMA, [META_WINDOW] = WINDOW_DEFAULT};
    uint64_t pairs;

    if (!flat_is(r, SLICE("M")) || !flat_number(r, r->left / 2, &pairs))
        return false;
    s->known = pairs > 0;
    for (; pairs > 0; pairs--)
        if (!flat_pair(r) || !flat_store(r, meta_fields, METAS, v))
            return false;
    s->epoch = v[META_EPOCH];
    s->commit = v[META_COMMIT];
    s->n = v[META_MESSAGE];
    s->capped = v[META_CAPPED];
    s->loading = v[META_LOADING];
    s->warming = (ms_t)v[META_WARMING] > s->as_of;
    s->window = clamp(v[META_WINDOW], 1, WINDOW_MAX);
    s->at = (ms_t)v[META_TIME];
    s->now = minute_of(s->at);
    if (s->now < minute_of(s->as_of))
        s->now = minute_of(s->as_of);
    return v[META_SCHEMA] == SCHEMA && s->now >= WINDOW_MAX; /* so now - i is a minute */
}

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
        if (!flat_parse(r->value, COUNT_MAX, &count))
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
static bool read_online(struct flat *r, struct summary *s)
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
static bool read_totals(struct flat *r, struct summary *s)
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

/* Keeps it among those that are on, by name, if it is. */
static void add_alert(struct summary *s, struct slice name, struct slice text)
{
    struct alert_state state;
    size_t i = s->nalerts;

    s->has_alerts = true;
    if (!alert_state_read(&state, text) || !state.on || s->nalerts == ALERTS_MAX)
        return;
    for (; i > 0 && slice_cmp(s->alert[i - 1].name, name) > 0; i--)
        s->alert[i] = s->alert[i - 1];
    s->alert[i] = (struct alert_on){name, state};
    s->nalerts++;
}

/* An operator writes these by hand: what is not understood is as good as absent. */
static bool read_settings(struct flat *r, struct summary *s)
{
    uint64_t pairs;

    if (!flat_is(r, SLICE("C")))
        return true;
    if (!flat_number(r, r->left / 2, &pairs))
        return false;
    for (; pairs > 0; pairs--) {
        if (!flat_pair(r))
            return false;
        if (slice_eq(r->name, SLICE("badge")))
            s->badge = slice_eq(r->value, SLICE("1"));
        else if (slice_eq(r->name, SLICE("demo")))
            s->demo = slice_eq(r->value, SLICE("1"));
        else if (slice_eq(r->name, SLICE(FIELD_READ)))
            s->closed = visibility_is_closed(r->value);
        else if (slice_starts(r->name, SLICE("g:")))
            summary_goal(s, slice_skip(r->name, strlen("g:")));
        else if (slice_starts(r->name, SLICE(FIELD_ALERT)))
            add_alert(s, slice_skip(r->name, strlen(FIELD_ALERT)), r->value);
    }
    return true;
}

/* Pairs of path and title: *@titles, @n of them. */
static bool read_titles(struct flat *r, const struct slice **titles, size_t *n)
{
    uint64_t pairs;

    *n = 0;
    if (!flat_is(r, SLICE("N")))
        return true;
    if (!flat_number(r, r->left / 2, &pairs))
        return false;
    *titles = r->next;
    for (*n = pairs; pairs > 0; pairs--)
        if (!flat_pair(r))
            return false;
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

static bool read_rows(struct flat *r, struct summary *s)
{
    uint64_t before = (uint64_t)s->now + 1; /* rows descend */

    for (unsigned i = 0; i < s->window; i++)
        s->row[i].minute = s->now - i;
    while (flat_is(r, SLICE("B")))
        if (!read_row(r, s, &before))
            return false;
    return true;
}

/* Keeps @json among the RECENT_MAX with the highest ids, which stand in front. */
static void add_recent(struct summary *s, uint64_t *ids, uint64_t id, struct slice json)
{
    size_t i = s->nrecent;

    if (i == RECENT_MAX && ids[--i] >= id)
        return;
    for (; i > 0 && ids[i - 1] < id; i--) {
        ids[i] = ids[i - 1];
        s->recent[i] = s->recent[i - 1];
    }
    ids[i] = id;
    s->recent[i] = json;
    if (s->nrecent < RECENT_MAX)
        s->nrecent++;
}

/* Values of a shape that this version does not know are skipped: they are only shown. */
static bool read_recent(struct flat *r, struct summary *s)
{
    ms_t oldest = minute_start(s->now - s->window + 1), at;
    uint64_t ids[RECENT_MAX], id, n;
    struct slice json;

    if (!flat_is(r, SLICE("R")) || !flat_number(r, r->left - 1, &n))
        return false;
    while (n-- > 0 && flat_text(r, &json))
        if (s->known && recent_event_check(json, &id, &at) && at >= oldest)
            add_recent(s, ids, id, json);
    return r->left == 0;
}

unsigned minutes_parse(struct slice text)
{
    unsigned minutes = 0;

    if (text.n == 0)
        return MINUTES_DEFAULT;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return 0;
        minutes = clamp(minutes * 10 + (unsigned)(text.p[i] - '0'), 0, WINDOW_MAX);
    }
    return minutes;
}

int summary_parse(struct summary *s, const struct slice *v, size_t n, unsigned minutes)
{
    struct flat r = {.next = v, .left = n};
    const struct slice *titles = NULL;
    size_t ntitles;

    assert(minutes > 0);
    *s = (struct summary){0};
    if (n > LIST_MAX || !read_clock(&r, s) || !read_meta(&r, s))
        return -1;
    s->minutes = clamp(minutes, 1, s->window);
    s->pages = malloc((r.left / 2 + 1) * sizeof *s->pages); /* a page takes two strings */
    if (s->pages == NULL)
        abort();
    if (!read_online(&r, s) || !read_totals(&r, s) || !read_settings(&r, s) ||
        !read_titles(&r, &titles, &ntitles) || !read_rows(&r, s) || !read_recent(&r, s)) {
        summary_fini(s);
        return -1;
    }
    for (size_t i = 0; i < s->npages; i++)
        s->pages_visitors += s->pages[i].visitors;
    s->npages = page_list_rank(s->pages, s->npages);
    summary_give_titles(s, titles, ntitles);
    summary_rank_traits(s);
    return 0;
}

void summary_fini(struct summary *s)
{
    free(s->pages);
    free(s->traits);
    s->pages = NULL;
    s->traits = NULL;
    s->npages = s->ntraits = s->traits_cap = 0;
}

struct summary_window summary_window(const struct summary *s, unsigned minutes)
{
    struct summary_window w = {0};

    for (unsigned i = 0; i < minutes && i < s->window; i++) {
        w.visitors += s->row[i].last;
        w.views += s->row[i].views;
        w.events += s->row[i].events;
        w.engaged += s->row[i].engaged;
    }
    return w;
}

double summary_attention(const struct summary_window *w)
{
    return w->visitors ? (double)w->engaged / 1000 / (double)w->visitors : 0;
}

struct delta summary_delta(const struct summary *s, struct slice site)
{
    const unsigned windows[DELTA_WINDOWS] = {
        1, s->window < MINUTES_DEFAULT ? s->window : MINUTES_DEFAULT, s->window};
    struct delta d = {
        .site = site,
        .epoch = s->epoch,
        .commit = s->commit,
        .n = s->n,
        .at = s->as_of,
        .online = s->online,
        .peaks = s->peaks,
        .total = s->total,
        .life = s->life,
        .last = s->last,
        .pages = s->pages,
        .npages = s->npages < MESSAGE_PAGES_MAX ? s->npages : MESSAGE_PAGES_MAX,
        .flags = (s->capped ? DELTA_CAPPED : 0) | (s->loading ? DELTA_LOADING : 0) |
                 (s->warming ? DELTA_WARMING : 0),
        .alerts = s->has_alerts ? s->alert : NULL,
        .nalerts = s->nalerts,
    };

    for (size_t i = 0; i < DELTA_WINDOWS; i++) {
        struct summary_window w = summary_window(s, windows[i]);

        d.window[i].minutes = windows[i];
        d.window[i].visitors = w.visitors;
        d.window[i].views = w.views;
        d.window[i].engaged = w.engaged;
    }
    return d;
}
