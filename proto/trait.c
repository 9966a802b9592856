/* Ranked like the pages of an answer (page_list.c): sorted and merged in n log n,
 * whatever hosts strangers choose. */
#include "trait.h"

#include <stdlib.h>
#include "limits.h"

static const char *const prefixes[TRAIT_KINDS] = {
    [TRAIT_REFERRER] = "r:", [TRAIT_DEVICE] = "d:",   [TRAIT_BROWSER] = "w:",
    [TRAIT_COUNTRY] = "g:",  [TRAIT_CAMPAIGN] = "c:", [TRAIT_TERM] = "k:",
    [TRAIT_GOAL] = "a:",
};

const char *trait_prefix(enum trait_kind kind)
{
    return prefixes[kind];
}

bool trait_field(struct slice field, enum trait_kind *kind, struct slice *value)
{
    for (unsigned k = 0; k < TRAIT_KINDS; k++) {
        if (field.n < 3 || !slice_starts(field, slice_of(prefixes[k])))
            continue;
        *kind = (enum trait_kind)k;
        *value = slice_skip(field, 2);
        return true;
    }
    return false;
}

static int by_name(const void *a, const void *b)
{
    const struct trait_count *x = a, *y = b;

    return x->kind != y->kind ? (x->kind < y->kind ? -1 : 1)
                              : slice_cmp(x->name, y->name);
}

static int by_rank(const void *a, const void *b)
{
    const struct trait_count *x = a, *y = b;

    if (x->kind == y->kind && x->views != y->views)
        return x->views > y->views ? -1 : 1;
    return by_name(a, b);
}

size_t trait_merge(struct trait_count *t, size_t n)
{
    size_t kept = 0;

    if (n > 0)
        qsort(t, n, sizeof *t, by_name);
    for (size_t i = 0; i < n; i++)
        if (kept > 0 && by_name(&t[kept - 1], &t[i]) == 0)
            t[kept - 1].views += t[i].views;
        else
            t[kept++] = t[i];
    return kept;
}

/* The @n of one kind at @from go to @to, which is not behind them. Returns how many are
 * left. An entry that was joined has left its place, so there is one for the others. */
static size_t fold(struct trait_count *to, const struct trait_count *from, size_t n)
{
    struct trait_count others = {.name = SLICE(TRAIT_OTHER), .kind = from->kind};
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (kept == ANSWER_TRAITS_MAX || slice_eq(from[i].name, others.name))
            others.views += from[i].views;
        else
            to[kept++] = from[i];
    if (kept < n)
        to[kept++] = others;
    return kept;
}

size_t trait_rank(struct trait_count *t, size_t n)
{
    size_t kept = 0;

    if (n == 0)
        return 0;
    n = trait_merge(t, n);
    qsort(t, n, sizeof *t, by_rank);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i; end < n && t[end].kind == t[i].kind; end++)
            ;
        kept += fold(t + kept, t + i, end - i);
    }
    return kept;
}
