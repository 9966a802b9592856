/* allocations: a library to preload that counts what a program asks of malloc, calloc and
 * realloc, as a 64-bit number at the start of the file that ALLOCATIONS names: whoever
 * reads it disturbs nobody. */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

static atomic_uint_fast64_t before_begin, *count = &before_begin;

__attribute__((constructor)) static void begin(void)
{
    const char *name = getenv("ALLOCATIONS");
    int fd = name ? open(name, O_RDWR) : -1;
    void *at = MAP_FAILED;

    if (fd >= 0)
        at = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        abort();
    close(fd);
    count = at;
}

void *malloc(size_t n)
{
    atomic_fetch_add(count, 1);
    return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    atomic_fetch_add(count, 1);
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    atomic_fetch_add(count, 1);
    return __libc_realloc(p, n);
}
