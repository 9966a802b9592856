/* heap: what the process' heap grows by is asked for in huge pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../aggregator/heap.h"

#define MIB ((size_t)1 << 20)

static bool has_huge_pages(void)
{
    return access("/sys/kernel/mm/transparent_hugepage/enabled", R_OK) == 0;
}

/* Whether the mapping that @at lies in is to have huge pages ("hg"). */
static bool is_huge(const void *at)
{
    FILE *maps = fopen("/proc/self/smaps", "r");
    unsigned long from, to;
    bool inside = false, huge = false;
    char line[4096];

    assert_non_null(maps);
    while (fgets(line, sizeof line, maps)) {
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            inside = (uintptr_t)at >= from && (uintptr_t)at < to;
        if (inside && strncmp(line, "VmFlags:", 8) == 0)
            huge = strstr(line, " hg") != NULL;
    }
    fclose(maps);
    return huge;
}

/* Allocates until the heap has grown, and returns what lies in what is new. */
static char *grow(void)
{
    const char *end = sbrk(0);
    char *p = NULL;

    for (int i = 0; i < 300 && p < end; i++) {
        p = malloc(MIB);
        assert_non_null(p);
    }
    assert_true(p >= end - MIB && (const char *)sbrk(0) > end);
    return p + MIB / 2;
}

static void what_the_heap_grows_by_is_of_huge_pages(void **state)
{
    (void)state;
    if (!has_huge_pages())
        skip();
    for (int i = 0; i < 3; i++) {
        char *p = grow();

        heap_follow();
        assert_true(is_huge(p));
    }
}

/* Bytes of the process. */
static size_t resident(void)
{
    FILE *statm = fopen("/proc/self/statm", "r");
    unsigned long pages = 0;

    assert_non_null(statm);
    assert_int_equal(fscanf(statm, "%*u %lu", &pages), 1);
    fclose(statm);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* But for a huge page where the length of each allocation is written. */
static void it_is_not_there_before_it_is_used(void **state)
{
    const char *end = sbrk(0);
    size_t before = resident();

    (void)state;
    for (int i = 0; i < 8; i++) {
        assert_non_null(malloc(31 * MIB));
        heap_follow();
    }
    assert_true((const char *)sbrk(0) >= end + 160 * MIB);
    assert_true(resident() < before + 32 * MIB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_heap_grows_by_is_of_huge_pages),
        cmocka_unit_test(it_is_not_there_before_it_is_used),
    };

#if defined __SANITIZE_ADDRESS__ || !defined __GLIBC__
    return 0; /* the heap is another's */
#endif
    heap_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
