/* text_list: a list of strings, as a Redis reply becomes one, and lines as input of it.
 */
#ifndef HC_TESTS_TEXT_LIST_H
#define HC_TESTS_TEXT_LIST_H

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/slice.h"

/* Each string is a heap block of just its size, so that a sanitizer notices one byte too
 * many. */
struct text_list {
    struct slice *v;
    size_t n;
};

/* Appends a copy. An empty list is {NULL, 0}. */
static inline void text_list_add(struct text_list *l, const void *bytes, size_t n)
{
    char *copy = malloc(n + (n == 0));

    assert(copy);
    if (n > 0)
        memcpy(copy, bytes, n);
    l->v = realloc(l->v, (l->n + 1) * sizeof *l->v);
    assert(l->v);
    l->v[l->n++] = (struct slice){copy, n};
}

static inline void text_list_free(struct text_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free((char *)l->v[i].p);
    free(l->v);
}

/* Takes a line, without its end, off @rest; the last one may lack its end. */
static inline struct slice take_line(struct slice *rest)
{
    const char *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
    struct slice line = {rest->p, end ? (size_t)(end - rest->p) : rest->n};

    *rest = slice_skip(*rest, line.n + (end != NULL));
    return line;
}

#endif
