/* buf: a growing run of bytes with a ceiling.
 *
 * Owns its memory: buf_fini frees it. Appending past the ceiling sets `full` and writes
 * nothing more, so a writer checks once at its end. Running out of memory aborts: these
 * buffers are small, and a daemon that cannot have 16 KiB cannot do anything else either.
 */
#ifndef HC_BUF_H
#define HC_BUF_H

#include "slice.h"

struct buf {
    char *p;
    size_t n;   /* bytes used */
    size_t cap; /* bytes allocated */
    size_t max; /* ceiling */
    bool full;  /* something did not fit */
};

void buf_init(struct buf *b, size_t max);
void buf_fini(struct buf *b);

/* Forgets the contents and the full mark, keeps the memory. */
void buf_clear(struct buf *b);

/* What buf_room does where memory or the ceiling is met. */
char *buf_grow(struct buf *b, size_t n);

/* Appends @n bytes that the caller is to write, all of them. NULL: they do not fit. */
static inline char *buf_room(struct buf *b, size_t n)
{
    char *p = b->p + b->n;

    if (b->full || b->cap - b->n <= n)
        return buf_grow(b, n);
    b->n += n;
    return p;
}

static inline void buf_add(struct buf *b, const void *bytes, size_t n)
{
    char *p;

    if (n > 0 && (p = buf_room(b, n)) != NULL)
        memcpy(p, bytes, n);
}

static inline void buf_str(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

static inline void buf_slice(struct buf *b, struct slice s)
{
    buf_add(b, s.p, s.n);
}

/* printf into the buffer. */
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The contents; valid until the next call on @b. */
struct slice buf_get(const struct buf *b);

#endif
