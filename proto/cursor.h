/* cursor: reads msgpack in place, without allocating, never past its end.
 *
 * The hot path's reader (msgpack-c's own costs ten times as much and allocates what a
 * hostile count asks for). Every function returns false when the next object is of
 * another type, does not fit the type asked for, or is cut off; the cursor has then
 * failed for good and every later call returns false too, so a caller may check once at
 * the end.
 *
 * Format: the msgpack specification; held against msgpack-c in tests/unit/test_cursor.c
 * and tests/fuzz/fuzz_body.c. */
#ifndef HC_CURSOR_H
#define HC_CURSOR_H

#include <endian.h>
#include <stdint.h>
#include <string.h>
#include "slice.h"

struct cursor {
    const uint8_t *p;   /* next byte */
    const uint8_t *end; /* one past the last */
    bool failed;
};

void cursor_init(struct cursor *c, const void *bytes, size_t n);

/* What is not read inline below: other types, longer ones, what does not fit. */
bool cursor_other_array(struct cursor *c, uint32_t *count);
bool cursor_other_uint(struct cursor *c, uint64_t *v);
bool cursor_other_int(struct cursor *c, int64_t *v);
bool cursor_other_str(struct cursor *c, struct slice *s);

/* Small numbers, hashes, short arrays and texts are nearly all that a datagram has. They
 * are read inline: an event takes half the time. */

/* The element count of an array. A count above the bytes that remain fails: each element
 * takes at least one. */
static inline bool cursor_array(struct cursor *c, uint32_t *count)
{
    uint32_t n;

    if (c->p == c->end || (*c->p & 0xf0) != 0x90)
        return cursor_other_array(c, count);
    n = *c->p & 0x0f;
    if (c->end - c->p <= n)
        return cursor_other_array(c, count);
    c->p++;
    *count = n;
    return true;
}

/* Any msgpack integer that fits; a negative one fails cursor_uint. */
static inline bool cursor_uint(struct cursor *c, uint64_t *v)
{
    uint64_t wide;

    if (c->p < c->end && *c->p <= 0x7f) {
        *v = *c->p++;
        return true;
    }
    if (c->end - c->p < 9 || *c->p != 0xcf)
        return cursor_other_uint(c, v);
    memcpy(&wide, c->p + 1, sizeof wide);
    *v = be64toh(wide);
    c->p += 9;
    return true;
}

static inline bool cursor_int(struct cursor *c, int64_t *v)
{
    if (c->p == c->end || (int8_t)*c->p < -32)
        return cursor_other_int(c, v);
    *v = (int8_t)*c->p++;
    return true;
}

/* A string (not bin), borrowed from the buffer. Its UTF-8 is not checked. */
static inline bool cursor_str(struct cursor *c, struct slice *s)
{
    size_t left = (size_t)(c->end - c->p), head, n;

    if (left < 2 || ((*c->p & 0xe0) != 0xa0 && *c->p != 0xd9))
        return cursor_other_str(c, s);
    head = *c->p == 0xd9 ? 2 : 1;
    n = head == 2 ? c->p[1] : *c->p & 0x1f;
    if (left < head + n)
        return cursor_other_str(c, s);
    *s = (struct slice){(const char *)c->p + head, n};
    c->p += head + n;
    return true;
}

/* Whether the next object is a string; false at the end. Consumes nothing. */
static inline bool cursor_at_str(const struct cursor *c)
{
    if (c->p == c->end)
        return false;
    return (*c->p & 0xe0) == 0xa0 || (*c->p >= 0xd9 && *c->p <= 0xdb);
}

/* Skips one object of any type, at most 8 levels of nesting. */
bool cursor_skip(struct cursor *c);

/* Fails the cursor for a reason of the caller's. Returns false. */
bool cursor_fail(struct cursor *c);

/* True when every byte was read and nothing failed. */
bool cursor_done(const struct cursor *c);

#endif
