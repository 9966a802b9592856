/* hex: what a hexadecimal digit stands for. */
#ifndef HC_HEX_H
#define HC_HEX_H

#include <stdint.h>

/* One more than that; 0 for what is no digit. */
static const uint8_t hex_digits[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,
    ['6'] = 7,  ['7'] = 8,  ['8'] = 9,  ['9'] = 10, ['A'] = 11, ['B'] = 12,
    ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16, ['a'] = 11, ['b'] = 12,
    ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

/* 0 to 15, of either case; -1 for what is no digit. */
static inline int hex_digit(char c)
{
    return hex_digits[(uint8_t)c] - 1;
}

#endif
