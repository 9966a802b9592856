/* The list is read front to back by a cursor that never passes its end: every count in it
 * is checked against what remains, every number against a bound. Then the pages of the
 * rows asked for, which stand there once per minute, and those that are online become one
 * ranked list.
 *
 * On a malformed list everything is freed again and nothing of it is used. */
#include "summary.h"

#include <assert.h>
#include <stdlib.h>
#include "flat.h"
#include "keys.h"
#include "page_list.h"
#include "summary_counts.h"
#include "summary_traits.h"
#include "visibility.h"

#define SCHEMA 1 /* of the keys; others are refused */

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
    [META_TIME] = {"t", SUMMARY_MS_MAX},
    [META_SCHEMA] = {"v", SCHEMA},
    [META_WINDOW] = {"W", SUMMARY_COUNT_MAX},
    [META_CAPPED] = {"c", 1},
    [META_LOADING] = {"l", 1},
    [META_WARMING] = {"warm", SUMMARY_MS_MAX},
};

static bool read_clock(struct flat *r, struct summary *s)
{
    uint64_t sec, usec;

    if (!flat_is(r, SLICE("T")) || !flat_number(r, SUMMARY_MS_MAX / 1000 - 1, &sec) ||
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
    uint64_t ids[RECENT_MAX] = {0}, id, n;
    struct slice json;

    if (!flat_is(r, SLICE("R")) || !flat_number(r, r->left - 1, &n))
        return false;
    while (n-- > 0 && flat_text(r, &json))
        if (s->known && recent_event_check(json, &id, &at) && at >= oldest)
            add_recent(s, ids, id, json);
    return r->left == 0;
}

int summary_parse(struct summary *s, const struct slice *v, size_t n, unsigned minutes)
{
    struct flat r = {.next = v, .left = n};
    const struct slice *titles = NULL;
    size_t ntitles;

    assert(minutes > 0);
    *s = (struct summary){0};
    if (n > SUMMARY_LIST_MAX || !read_clock(&r, s) || !read_meta(&r, s))
        return -1;
    s->minutes = clamp(minutes, 1, s->window);
    s->pages = malloc((r.left / 2 + 1) * sizeof *s->pages); /* a page takes two strings */
    if (s->pages == NULL)
        abort();
    if (!summary_online(&r, s) || !summary_totals(&r, s) || !read_settings(&r, s) ||
        !read_titles(&r, &titles, &ntitles) || !summary_rows(&r, s) ||
        !read_recent(&r, s)) {
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
