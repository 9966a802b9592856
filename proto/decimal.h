/* decimal: whole numbers as text, without printf's way round. */
#ifndef HC_DECIMAL_H
#define HC_DECIMAL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define DECIMAL_MAX 20 /* bytes of the longest one */

/* How many bytes @v takes. */
static inline size_t decimal_length(uint64_t v)
{
    size_t n = 1;

    for (; v >= 10000; v /= 10000)
        n += 4;
    return n + (v >= 10) + (v >= 100) + (v >= 1000);
}

/* Writes @v, which takes @n bytes, to @out. No NUL. */
static inline void decimal_put(char *out, uint64_t v, size_t n)
{
    do {
        out[--n] = (char)('0' + v % 10);
        v /= 10;
    } while (n > 0);
}

/* Writes @v into @out, DECIMAL_MAX bytes. Returns how many bytes it took. */
static inline size_t decimal_write(char *out, uint64_t v)
{
    size_t n = decimal_length(v);

    decimal_put(out, v, n);
    return n;
}

#endif
