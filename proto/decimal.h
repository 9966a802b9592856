/* decimal: whole numbers as text, without printf's way round. */
#ifndef HC_DECIMAL_H
#define HC_DECIMAL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define DECIMAL_MAX 20 /* bytes of the longest one */

/* Writes @v into @out, DECIMAL_MAX bytes, without a NUL. Returns how many bytes it took.
 */
static inline size_t decimal_write(char *out, uint64_t v)
{
    char text[DECIMAL_MAX];
    size_t at = DECIMAL_MAX;

    do {
        text[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    memcpy(out, text + at, DECIMAL_MAX - at);
    return DECIMAL_MAX - at;
}

#endif
