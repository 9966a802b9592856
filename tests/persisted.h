/* persisted: of a site in memory, that what a reader sees of it, who is online, what
 * views are told apart by and what is counted for ever lies in Redis (a model of it) just
 * as it is. For sites of which nothing waits for a commit. */
#ifndef HC_TESTS_PERSISTED_H
#define HC_TESTS_PERSISTED_H

#include <inttypes.h>
#include <stdio.h>

#include "../aggregator/site.h"
#include "../proto/keys.h"
#include "fake/redis_model.h"

static inline void expect_field(struct redis_model *m, const char *key, const char *name,
                                uint64_t want)
{
    struct slice has = redis_model_get(m, key, name);
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, want);
    if (!slice_eq(has, slice_of(text)))
        fail_msg("%s %s: has \"%.*s\", not %s", key, name, (int)has.n, has.p, text);
}

/* The counts, and the pages that somebody has open; nothing else. */
static inline void expect_online(struct redis_model *m, const struct site *s)
{
    const struct online *o = &s->presence.online;
    struct key_name key = key_online(site_id(s));
    size_t fields = online_total(o) > 0 ? 6 : 0;
    char name[PATH_MAX_BYTES + 3];

    if (fields > 0) {
        expect_field(m, key.s, "w", o->writing);
        expect_field(m, key.s, "r", o->reading);
        expect_field(m, key.s, "i", o->idle);
        expect_field(m, key.s, "b", o->background);
        expect_field(m, key.s, "tabs", o->tabs);
        expect_field(m, key.s, "m", o->members);
    }
    if (fields > 0 && s->presence.fades) {
        expect_field(m, key.s, "fw", o->fresh.writing);
        expect_field(m, key.s, "fr", o->fresh.reading);
        expect_field(m, key.s, "fi", o->fresh.idle);
        expect_field(m, key.s, "fb", o->fresh.background);
        fields += 4;
    }
    for (size_t id = 0; id < s->pages.ids; id++) {
        const struct page *p = pages_get(&s->pages, id);

        if (!p || p->online == 0)
            continue;
        snprintf(name, sizeof name, FIELD_PAGE "%.*s", p->path_n, p->path);
        expect_field(m, key.s, name, p->online);
        fields++;
    }
    assert_int_equal(redis_model_fields(m, key.s), fields);
}

/* Those of @n pages that somebody visited are moved to the front. Returns how many. */
static inline size_t keep_visited(struct page_count *top, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (top[i].visitors > 0)
            top[kept++] = top[i];
    return kept;
}

static inline void expect_page(const struct page_count *top, size_t n,
                               const struct page_count *page)
{
    size_t i = 0;

    while (i < n && !slice_eq(page->path, top[i].path))
        i++;
    assert_true(i < n);
    assert_int_equal(page->visitors, top[i].visitors);
}

/* The pages of an answer that somebody visited are those of @top. */
static inline void expect_visited(const struct summary *sum, struct page_count *top,
                                  size_t n)
{
    n = keep_visited(top, n);
    assert_int_equal(keep_visited(sum->pages, sum->npages), n);
    for (size_t i = 0; i < n; i++)
        expect_page(top, n, &sum->pages[i]);
}

/* In each minute of the window the values that have views in it and nothing else, for as
 * long as the row. */
static inline void expect_traits(struct redis_model *m, const struct site *s)
{
    char name[TRAIT_NAME_MAX + 3];

    for (minute_t minute = s->now; site_covers(s, minute); minute--) {
        struct key_name key = key_traits(site_id(s), minute);
        struct key_name row = key_minute(site_id(s), minute);
        size_t fields = 0;

        for (size_t i = 0; i < s->traits.n; i++) {
            const struct trait *v = s->traits.trait[i];

            if (v->at[slot_of(s, minute)] == 0)
                continue;
            snprintf(name, sizeof name, "%s%.*s", trait_prefix(v->kind), v->name_n,
                     v->name);
            expect_field(m, key.s, name, v->at[slot_of(s, minute)]);
            fields++;
        }
        assert_int_equal(redis_model_fields(m, key.s), fields);
        if (fields > 0)
            assert_int_equal(redis_model_expiry(m, key.s), redis_model_expiry(m, row.s));
    }
}

static inline void expect_totals(struct redis_model *m, const struct site *s)
{
    struct key_name key = key_totals(site_id(s));
    const struct totals *t = &s->totals;

    if (t->total.since == 0 && t->peaks.all == 0 && t->life == 0)
        return; /* nothing yet */
    expect_field(m, key.s, "pv", t->total.views);
    expect_field(m, key.s, "vis", t->total.visits);
    expect_field(m, key.s, "con", t->total.joins);
    expect_field(m, key.s, "cnt", t->total.counted);
    expect_field(m, key.s, "since", (uint64_t)t->total.since);
    expect_field(m, key.s, "peak", t->peaks.all);
    expect_field(m, key.s, "peak_at", (uint64_t)t->peaks.all_at);
    expect_field(m, key.s, "day", (uint64_t)t->day);
    expect_field(m, key.s, "dpeak", t->peaks.day);
    expect_field(m, key.s, "dpeak_at", (uint64_t)t->peaks.day_at);
    expect_field(m, key.s, "life", (uint64_t)t->life);
    expect_field(m, key.s, "i", s->recent.last);
}

#endif
