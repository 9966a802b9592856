/* Sorting merges in n log n whatever the paths are; a hash table would need a key to be
 * safe from strangers who choose them. */
#include "page_list.h"

#include <stdlib.h>
#include "keys.h"

static int by_path(const void *a, const void *b)
{
    const struct page_count *x = a, *y = b;

    return slice_cmp(x->path, y->path);
}

static int by_rank(const void *a, const void *b)
{
    const struct page_count *x = a, *y = b;

    if (x->visitors != y->visitors)
        return x->visitors > y->visitors ? -1 : 1;
    if (x->online != y->online)
        return x->online > y->online ? -1 : 1;
    return slice_cmp(x->path, y->path);
}

static void join(struct page_count *into, const struct page_count *p)
{
    into->visitors += p->visitors;
    into->online += p->online;
}

/* Adds up neighbours of the same path. */
static size_t merge(struct page_count *pages, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (kept > 0 && slice_eq(pages[kept - 1].path, pages[i].path))
            join(&pages[kept - 1], &pages[i]);
        else
            pages[kept++] = pages[i];
    return kept;
}

/* An entry that was joined has left its place, so there is one for the others. */
static size_t fold(struct page_count *pages, size_t n)
{
    struct page_count others = {.path = SLICE(PAGE_OTHER)};
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (kept == ANSWER_PAGES_MAX || slice_eq(pages[i].path, others.path))
            join(&others, &pages[i]);
        else
            pages[kept++] = pages[i];
    if (kept < n)
        pages[kept++] = others;
    return kept;
}

size_t page_list_rank(struct page_count *pages, size_t n)
{
    if (n == 0)
        return 0;
    qsort(pages, n, sizeof *pages, by_path);
    n = merge(pages, n);
    qsort(pages, n, sizeof *pages, by_rank);
    return fold(pages, n);
}
