/* told_apart: what views of two sites, or of a site and of the answer made of its keys,
 * are told apart by, that it is the same: traits, queries, titles. */
#ifndef HC_TESTS_TOLD_APART_H
#define HC_TESTS_TOLD_APART_H

#include "../aggregator/site.h"
#include "../proto/summary.h"

static inline const struct trait *trait_of(const struct site *s, enum trait_kind kind,
                                           struct slice name)
{
    for (size_t i = 0; i < s->traits.n; i++)
        if (s->traits.trait[i]->kind == kind &&
            slice_eq(trait_name(s->traits.trait[i]), name))
            return s->traits.trait[i];
    return NULL;
}

/* Each value that @a has views of in the window has as many in @b, minute by minute. */
static inline void expect_traits_of(const struct site *a, const struct site *b)
{
    for (size_t i = 0; i < a->traits.n; i++) {
        const struct trait *x = a->traits.trait[i];
        const struct trait *y = trait_of(b, x->kind, trait_name(x));

        for (unsigned m = 0; x->views > 0 && m < a->window; m++)
            if (x->at[slot_of(a, a->now - m)] != (y ? y->at[slot_of(b, b->now - m)] : 0))
                fail_msg("%s%.*s: %u and %u", trait_prefix(x->kind), x->name_n, x->name,
                         (unsigned)x->at[slot_of(a, a->now - m)],
                         y ? (unsigned)y->at[slot_of(b, b->now - m)] : 0);
    }
}

static inline void expect_same_queries(const struct site *a, const struct site *b)
{
    static const struct spread none;

    for (unsigned m = 0; m < a->window; m++) {
        const struct spread *x = queries_at(&a->queries, slot_of(a, a->now - m));
        const struct spread *y = queries_at(&b->queries, slot_of(b, b->now - m));

        assert_memory_equal(x ? x : &none, y ? y : &none, sizeof none);
    }
}

static inline const struct page *page_at(const struct site *s, struct slice path)
{
    for (size_t id = 0; id < s->pages.ids; id++)
        if (pages_get(&s->pages, id) &&
            slice_eq(page_path(pages_get(&s->pages, id)), path))
            return pages_get(&s->pages, id);
    return NULL;
}

/* Each page of @b that has a title has that in @a or none: the page may have been empty
 * for a moment, and read back, and told of by who names no title. Not the other way: one
 * that was told when the page had another life may be found again. */
static inline void expect_titles_of(const struct site *b, const struct site *a)
{
    for (size_t id = 0; id < b->pages.ids; id++) {
        const struct page *y = pages_get(&b->pages, id), *x;

        if (!y || !y->title || pages_visitors(&b->pages, y) == 0)
            continue;
        x = page_at(a, page_path(y));
        assert_non_null(x);
        if (x->title && !slice_eq(page_title(x), page_title(y)))
            fail_msg("%.*s is called \"%.*s\", not \"%.*s\"", y->path_n, y->path,
                     x->title_n, x->title, y->title_n, y->title);
    }
}

static inline void expect_told_apart_alike(const struct site *a, const struct site *b)
{
    expect_traits_of(a, b);
    expect_traits_of(b, a);
    expect_same_queries(a, b);
    expect_titles_of(b, a);
}

static inline uint64_t views_of(const struct site *s, const struct trait *v,
                                unsigned minutes)
{
    uint64_t sum = 0;

    for (unsigned m = 0; v && m < minutes; m++)
        sum += v->at[slot_of(s, s->now - m)];
    return sum;
}

static inline uint64_t queries_of(const struct site *s, unsigned minutes)
{
    uint64_t sum = 0;

    for (unsigned m = 0; m < minutes; m++) {
        const struct spread *q = queries_at(&s->queries, slot_of(s, s->now - m));

        sum += q ? spread_count(q) : 0;
    }
    return sum;
}

static inline void expect_views(const struct trait_count *t, uint64_t want)
{
    if (t->views != want)
        fail_msg("%s%.*s: %d in the answer, not %d", trait_prefix(t->kind),
                 (int)t->name.n, t->name.p, (int)t->views, (int)want);
}

/* Each view came from somewhere. */
static inline void expect_referred(const struct summary *sum, uint64_t views)
{
    const struct trait_list *l = &sum->trait[TRAIT_REFERRER];

    for (size_t i = 0; i < l->n; i++)
        views -= l->of[i].views;
    assert_int_equal(views, 0);
}

/* What the answer of @minutes minutes tells of @s. */
static inline void expect_told_apart(const struct summary *sum, const struct site *s,
                                     unsigned minutes)
{
    uint64_t rows = 0;

    for (size_t i = 0; i < sum->ntraits; i++) {
        const struct trait_count *t = &sum->traits[i];
        struct slice name =
            slice_eq(t->name, SLICE(TRAIT_INTERNAL)) ? SLICE("-") : t->name;

        if (t->kind != TRAIT_REFERRER || !slice_eq(name, SLICE(TRAIT_DIRECT)))
            expect_views(t, views_of(s, trait_of(s, t->kind, name), minutes));
    }
    assert_int_equal(sum->queries.count, queries_of(s, minutes));
    for (unsigned m = 0; m < minutes; m++)
        rows += sum->row[m].queries;
    assert_int_equal(rows, sum->queries.count);
    for (size_t i = 0; i < sum->npages; i++) {
        const struct page *p = page_at(s, sum->pages[i].path);

        if (p && p->title && sum->title[i].n > 0) /* see expect_titles_of */
            assert_true(slice_eq(sum->title[i], page_title(p)));
    }
}

#endif
