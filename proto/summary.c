/* The list is read front to back by a cursor that never passes its end: every count in it
 * is checked against what remains, every number against a bound. Then the pages of the
 * rows asked for, which stand there once per minute, become one sorted table.
 *
 * Sorting merges in n log n whatever the paths are; a hash table would need a key to be
 * safe from strangers who choose them. Sums cannot outgrow what JSON carries: a list of
 * at most LIST_MAX strings has fewer than 2^21 counts, each below 2^32.
 *
 * On a malformed list everything is freed again and nothing of it is used. */
#include "summary.h"

#include <assert.h>
#include <stdlib.h>
#include "keys.h"

#define SCHEMA 1            /* of the keys; others are refused */
#define LIST_MAX (1u << 21) /* strings; WINDOW_MAX full rows take some 130,000 */
#define COUNT_MAX UINT32_MAX

/* The last millisecond whose minute is a minute_t. */
#define MS_MAX ((UINT64_C(1) << 32) * MS_PER_MINUTE - 1)

/* What is left of the list, and what is known on the way. */
struct reader {
    const struct slice *next;
    size_t left;
    struct slice name, value; /* the pair taken last */
    uint64_t before;          /* rows of this minute and later were already there */
};

/* A hash field whose value is a number. */
struct field {
    const char *name;
    uint64_t max;
};

enum {
    META_EPOCH,
    META_COMMIT,
    META_TIME,
    META_SCHEMA,
    META_WINDOW,
    META_CAPPED,
    META_LOADING,
    META_WARMING,
    METAS
};

static const struct field meta_fields[METAS] = {
    [META_EPOCH] = {"e", JSON_INTEGER_MAX},
    [META_COMMIT] = {"q", JSON_INTEGER_MAX},
    [META_TIME] = {"t", MS_MAX},
    [META_SCHEMA] = {"v", SCHEMA},
    [META_WINDOW] = {"W", COUNT_MAX},
    [META_CAPPED] = {"c", 1},
    [META_LOADING] = {"l", 1},
    [META_WARMING] = {"warm", MS_MAX},
};

enum { ROW_VIEWS, ROW_EVENTS, ROW_UNIQUES, ROW_LAST, ROWS };

static const struct field row_fields[ROWS] = {
    [ROW_VIEWS] = {"pv", COUNT_MAX},
    [ROW_EVENTS] = {"ev", COUNT_MAX},
    [ROW_UNIQUES] = {"uniq", COUNT_MAX},
    [ROW_LAST] = {"last", COUNT_MAX},
};

static bool parse_number(struct slice text, uint64_t max, uint64_t *v)
{
    if (text.n == 0 || text.n > 18) /* 18 digits cannot overflow */
        return false;
    *v = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        *v = *v * 10 + (uint64_t)(text.p[i] - '0');
    }
    return *v <= max;
}

static bool next_text(struct reader *r, struct slice *text)
{
    if (r->left == 0)
        return false;
    *text = *r->next++;
    r->left--;
    return true;
}

static bool next_number(struct reader *r, uint64_t max, uint64_t *v)
{
    struct slice text;

    return next_text(r, &text) && parse_number(text, max, v);
}

/* Takes the next string if it is this one. */
static bool next_is(struct reader *r, struct slice tag)
{
    struct slice text;

    return r->left > 0 && slice_eq(*r->next, tag) && next_text(r, &text);
}

static bool next_pair(struct reader *r)
{
    return next_text(r, &r->name) && next_text(r, &r->value);
}

/* Puts the pair's number at its field's place in @v. Fields of other names are for later
 * versions and pass. */
static bool store_pair(const struct reader *r, const struct field *fields, size_t n,
                       uint64_t *v)
{
    for (size_t i = 0; i < n; i++)
        if (slice_eq(r->name, slice_of(fields[i].name)))
            return parse_number(r->value, fields[i].max, &v[i]);
    return true;
}

static bool read_clock(struct reader *r, struct summary *s)
{
    uint64_t sec, usec;

    if (!next_is(r, SLICE("T")) || !next_number(r, MS_MAX / 1000 - 1, &sec) ||
        !next_number(r, 999999, &usec))
        return false;
    s->as_of = (ms_t)(sec * 1000 + usec / 1000);
    return true;
}

static unsigned clamp(uint64_t v, unsigned low, unsigned high)
{
    return v < low ? low : v > high ? high : (unsigned)v;
}

static bool read_meta(struct reader *r, struct summary *s)
{
    uint64_t v[METAS] = {[META_SCHEMA] = SCHEMA, [META_WINDOW] = WINDOW_DEFAULT};
    uint64_t pairs;

    if (!next_is(r, SLICE("M")) || !next_number(r, r->left / 2, &pairs))
        return false;
    s->known = pairs > 0;
    for (; pairs > 0; pairs--)
        if (!next_pair(r) || !store_pair(r, meta_fields, METAS, v))
            return false;
    s->epoch = v[META_EPOCH];
    s->commit = v[META_COMMIT];
    s->capped = v[META_CAPPED];
    s->loading = v[META_LOADING];
    s->warming = (ms_t)v[META_WARMING] > s->as_of;
    s->window = clamp(v[META_WINDOW], 1, WINDOW_MAX);
    s->now = minute_of((ms_t)v[META_TIME]);
    if (s->now < minute_of(s->as_of))
        s->now = minute_of(s->as_of);
    return v[META_SCHEMA] == SCHEMA && s->now >= WINDOW_MAX; /* so now - i is a minute */
}

/* Takes the pairs of a row: counts go to @v, pages to the summary when they are @wanted.
 */
static bool read_pairs(struct reader *r, struct summary *s, bool wanted, uint64_t *v)
{
    uint64_t pairs, visitors;

    if (!next_number(r, r->left / 2, &pairs))
        return false;
    for (; pairs > 0; pairs--) {
        if (!next_pair(r))
            return false;
        if (!slice_starts(r->name, SLICE(FIELD_PAGE))) {
            if (!store_pair(r, row_fields, ROWS, v))
                return false;
            continue;
        }
        if (!parse_number(r->value, COUNT_MAX, &visitors))
            return false;
        if (wanted && visitors > 0)
            s->pages[s->npages++] =
                (struct page_count){slice_skip(r->name, strlen(FIELD_PAGE)), visitors};
    }
    return true;
}

/* A row outside the window, or of a site without meta, is checked but not kept. */
static bool read_row(struct reader *r, struct summary *s)
{
    uint64_t minute, v[ROWS] = {0};
    unsigned limit = s->known ? s->window : 0;
    struct summary_row *row;

    if (r->before == 0 || !next_number(r, r->before - 1, &minute))
        return false;
    r->before = minute;
    if (!read_pairs(r, s, s->known && s->now - minute < s->minutes, v))
        return false;
    if (s->now - minute >= limit)
        return true;
    row = &s->row[s->now - minute];
    row->views = v[ROW_VIEWS];
    row->events = v[ROW_EVENTS];
    row->uniques = v[ROW_UNIQUES];
    row->last = v[ROW_LAST];
    return true;
}

static bool read_rows(struct reader *r, struct summary *s)
{
    for (unsigned i = 0; i < s->window; i++)
        s->row[i].minute = s->now - i;
    r->before = (uint64_t)s->now + 1;
    while (next_is(r, SLICE("B")))
        if (!read_row(r, s))
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
static bool read_recent(struct reader *r, struct summary *s)
{
    ms_t oldest = minute_start(s->now - s->window + 1), at;
    uint64_t ids[RECENT_MAX], id, n;
    struct slice json;

    if (!next_is(r, SLICE("R")) || !next_number(r, r->left - 1, &n))
        return false;
    while (n-- > 0 && next_text(r, &json))
        if (s->known && recent_event_check(json, &id, &at) && at >= oldest)
            add_recent(s, ids, id, json);
    return r->left == 0;
}

static int by_path(const void *a, const void *b)
{
    const struct page_count *x = a, *y = b;

    return slice_cmp(x->path, y->path);
}

static int by_visitors(const void *a, const void *b)
{
    const struct page_count *x = a, *y = b;

    if (x->visitors != y->visitors)
        return x->visitors > y->visitors ? -1 : 1;
    return slice_cmp(x->path, y->path);
}

/* Adds up neighbours of the same path. */
static void merge_pages(struct summary *s)
{
    size_t kept = 0;

    for (size_t i = 0; i < s->npages; i++) {
        s->pages_visitors += s->pages[i].visitors;
        if (kept > 0 && slice_eq(s->pages[kept - 1].path, s->pages[i].path))
            s->pages[kept - 1].visitors += s->pages[i].visitors;
        else
            s->pages[kept++] = s->pages[i];
    }
    s->npages = kept;
}

/* What stands for others already and what is too much become one entry, the last. */
static void fold_pages(struct summary *s)
{
    uint64_t others = 0;
    size_t kept = 0;

    for (size_t i = 0; i < s->npages; i++)
        if (kept == ANSWER_PAGES_MAX || slice_eq(s->pages[i].path, SLICE(PAGE_OTHER)))
            others += s->pages[i].visitors;
        else
            s->pages[kept++] = s->pages[i];
    if (others > 0) /* so at least one place became free */
        s->pages[kept++] = (struct page_count){SLICE(PAGE_OTHER), others};
    s->npages = kept;
}

static void sort_pages(struct summary *s)
{
    if (s->npages == 0)
        return;
    qsort(s->pages, s->npages, sizeof *s->pages, by_path);
    merge_pages(s);
    qsort(s->pages, s->npages, sizeof *s->pages, by_visitors);
    fold_pages(s);
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
    struct reader r = {.next = v, .left = n};

    assert(minutes > 0);
    *s = (struct summary){0};
    if (n > LIST_MAX || !read_clock(&r, s) || !read_meta(&r, s))
        return -1;
    s->minutes = clamp(minutes, 1, s->window);
    s->pages = malloc((r.left / 2 + 1) * sizeof *s->pages); /* a page takes two strings */
    if (s->pages == NULL)
        abort();
    if (!read_rows(&r, s) || !read_recent(&r, s)) {
        summary_fini(s);
        return -1;
    }
    sort_pages(s);
    return 0;
}

void summary_fini(struct summary *s)
{
    free(s->pages);
    s->pages = NULL;
    s->npages = 0;
}

struct summary_window summary_window(const struct summary *s, unsigned minutes)
{
    struct summary_window w = {0};

    for (unsigned i = 0; i < minutes && i < s->window; i++) {
        w.visitors += s->row[i].last;
        w.views += s->row[i].views;
        w.events += s->row[i].events;
    }
    return w;
}
