/* Grows by doubling, never beyond the ceiling. One byte more than is promised is always
 * allocated, because vsnprintf wants room for its NUL; it is never part of the contents.
 * What does not fit is left out as a whole, and so is everything after it. */
#include "buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_SIZE 256 /* bytes; most answers fit after few doublings */

/* Makes room for @n more bytes and a NUL. Returns false, and marks the buffer full, when
 * the ceiling forbids it. */
static bool reserve(struct buf *b, size_t n)
{
    size_t size = b->cap ? b->cap : FIRST_SIZE;

    if (b->full || n > b->max - b->n) {
        b->full = true;
        return false;
    }
    if (b->n + n < b->cap)
        return true;
    while (size <= b->n + n)
        size *= 2;
    if (size > b->max + 1)
        size = b->max + 1;
    b->p = realloc(b->p, size);
    if (b->p == NULL)
        abort();
    b->cap = size;
    return true;
}

void buf_init(struct buf *b, size_t max)
{
    assert(max < SIZE_MAX / 4); /* so that neither doubling nor the NUL overflows */
    *b = (struct buf){.max = max};
}

void buf_fini(struct buf *b)
{
    free(b->p);
    b->p = NULL;
    b->n = b->cap = 0;
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    b->full = false;
}

char *buf_grow(struct buf *b, size_t n)
{
    if (!reserve(b, n))
        return NULL;
    b->n += n;
    return b->p + b->n - n;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    size_t room = b->cap - b->n;
    va_list ap;
    int n;

    if (b->full)
        return;
    va_start(ap, fmt);
    n = vsnprintf(room > 0 ? b->p + b->n : NULL, room, fmt, ap);
    va_end(ap);
    assert(n >= 0); /* only a bad format or a text of 2 GiB fails */
    if ((size_t)n >= room) {
        if (n == 0 || !reserve(b, (size_t)n))
            return;
        va_start(ap, fmt);
        vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
        va_end(ap);
    }
    b->n += (size_t)n;
}

struct slice buf_get(const struct buf *b)
{
    return (struct slice){b->p, b->n};
}
