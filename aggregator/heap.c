/* heap: glibc's, which grows by brk. Elsewhere it stays as it is. */
#include "heap.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef __GLIBC__
#include <malloc.h>

/* Far more than is allocated from one call of heap_follow to the next. */
#define STEP_BYTES (64 << 20)

/* Allocations from this size on are mapped one by one: the most that glibc takes. It
 * would go there by itself as tables grow. */
#define APART_BYTES (32 << 20)

static char *begin, *end;

void heap_init(void)
{
    mallopt(M_TOP_PAD, STEP_BYTES);
    mallopt(M_MMAP_THRESHOLD, APART_BYTES);
    begin = end = sbrk(0);
}

/* Best effort: without huge pages it works as well. */
void heap_follow(void)
{
    size_t page, skip;

    if (!begin || sbrk(0) == end)
        return;
    end = sbrk(0);
    page = (size_t)sysconf(_SC_PAGESIZE);
    skip = -(uintptr_t)begin & (page - 1);
    if (end > begin + skip)
        madvise(begin + skip, (size_t)(end - begin) - skip, MADV_HUGEPAGE);
}
#else
void heap_init(void) {}

void heap_follow(void) {}
#endif
