/* guard: test inputs that end where memory ends.
 *
 * A copy lies right before a page that may not be touched, so that reading one byte too
 * many faults in every build, not only under a sanitizer. */
#ifndef HC_TESTS_GUARD_H
#define HC_TESTS_GUARD_H

#include <assert.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define GUARD_COPIES 16 /* that stay valid at the same time */

struct guard {
    char *base;  /* NULL: none yet */
    size_t room; /* bytes before the forbidden page */
};

/* Makes @g hold at least @n bytes; what was in it is gone. */
static inline void guard_reserve(struct guard *g, size_t n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t room = (n / page + 1) * page;

    if (g->room >= room)
        return;
    if (g->base)
        munmap(g->base, g->room + page);
    g->base = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                   -1, 0);
    assert(g->base != MAP_FAILED);
    g->room = room;
    assert(mprotect(g->base + room, page, PROT_NONE) == 0);
}

/* Copies @n bytes to the end of @g. Returns the copy, valid until the next call on @g. */
static inline void *guard_put(struct guard *g, const void *bytes, size_t n)
{
    char *at;

    guard_reserve(g, n);
    at = g->base + g->room - n;
    if (n > 0)
        memcpy(at, bytes, n);
    return at;
}

/* The same without an own struct: the copy stays valid for GUARD_COPIES - 1 further calls
 * and belongs to this file. Also good for output buffers: give it what they start with.
 */
static inline void *guard_copy(const void *bytes, size_t n)
{
    static struct guard ring[GUARD_COPIES];
    static unsigned turn;

    return guard_put(&ring[turn++ % GUARD_COPIES], bytes, n);
}

#endif
