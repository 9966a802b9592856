/* hex: bytes in tests as readable text. */
#ifndef HC_TESTS_HEX_H
#define HC_TESTS_HEX_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Writes the bytes that "dc00 02 'shop' 00" stands for: pairs of hex digits, and text in
 * single quotes as it is; spaces are for the eye. Returns how many; asserts <= @max. */
static inline size_t hex_bytes(const char *hex, uint8_t *out, size_t max)
{
    static const char digits[] = "0123456789abcdef";
    size_t n = 0;

    while (*hex) {
        assert(n < max || *hex == ' ');
        if (*hex == ' ') {
            hex++;
        } else if (*hex == '\'') {
            const char *close = strchr(hex + 1, '\'');
            assert(close && (size_t)(close - hex - 1) <= max - n);
            memcpy(out + n, hex + 1, (size_t)(close - hex - 1));
            n += (size_t)(close - hex - 1);
            hex = close + 1;
        } else {
            const char *high = strchr(digits, hex[0]), *low = strchr(digits, hex[1]);
            assert(high && low && hex[1]);
            out[n++] = (uint8_t)((high - digits) << 4 | (low - digits));
            hex += 2;
        }
    }
    return n;
}

#endif
