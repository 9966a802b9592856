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

#include <stdint.h>
#include "slice.h"

struct cursor {
    const uint8_t *p;   /* next byte */
    const uint8_t *end; /* one past the last */
    bool failed;
};

void cursor_init(struct cursor *c, const void *bytes, size_t n);

/* The element count of an array. A count above the bytes that remain fails: each element
 * takes at least one. */
bool cursor_array(struct cursor *c, uint32_t *count);

/* Integers of more than the lead byte, and what is none: behind the two below. */
bool cursor_wide_uint(struct cursor *c, uint64_t *v);
bool cursor_wide_int(struct cursor *c, int64_t *v);

/* Any msgpack integer that fits; a negative one fails cursor_uint. The small ones, which
 * are most, are read inline: that is a third of the time an event takes. */
static inline bool cursor_uint(struct cursor *c, uint64_t *v)
{
    if (c->p == c->end || *c->p > 0x7f)
        return cursor_wide_uint(c, v);
    *v = *c->p++;
    return true;
}

static inline bool cursor_int(struct cursor *c, int64_t *v)
{
    if (c->p == c->end || (int8_t)*c->p < -32)
        return cursor_wide_int(c, v);
    *v = (int8_t)*c->p++;
    return true;
}

/* A string (not bin), borrowed from the buffer. Its UTF-8 is not checked. */
bool cursor_str(struct cursor *c, struct slice *s);

/* Whether the next object is a string; false at the end. Consumes nothing. */
bool cursor_at_str(const struct cursor *c);

/* Skips one object of any type, at most 8 levels of nesting. */
bool cursor_skip(struct cursor *c);

/* Fails the cursor for a reason of the caller's. Returns false. */
bool cursor_fail(struct cursor *c);

/* True when every byte was read and nothing failed. */
bool cursor_done(const struct cursor *c);

#endif
