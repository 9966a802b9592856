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

/* Writes @v, which takes @n bytes, to @out. No NUL. Two digits at a time: nearly all that
 * is written are small counts, which are done with one step. */
static inline void decimal_put(char *out, uint64_t v, size_t n)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324252627"
                                "28293031323334353637383940"
                                "41424344454647484950515253545556575859606162636465666768"
                                "69707172737475767778798081"
                                "828384858687888990919293949596979899";

    for (; n >= 2; v /= 100) {
        n -= 2;
        memcpy(out + n, pairs + v % 100 * 2, 2);
    }
    if (n > 0)
        out[0] = (char)('0' + v);
}

/* Writes @v into @out, DECIMAL_MAX bytes. Returns how many bytes it took. */
static inline size_t decimal_write(char *out, uint64_t v)
{
    size_t n = decimal_length(v);

    decimal_put(out, v, n);
    return n;
}

#endif
