/* utf8: takes text apart into characters, whatever its bytes are. */
#ifndef HC_UTF8_H
#define HC_UTF8_H

#include <stdint.h>
#include "slice.h"

#define UTF8_REPLACEMENT 0xfffd

/* Takes the first character off @s, which must not be empty. Returns true and its code
 * point, or false and UTF8_REPLACEMENT when the bytes are not well-formed (overlong, a
 * surrogate, above U+10FFFF, cut off): then as many bytes are taken as one replacement
 * character stands for, so that this agrees with what browsers show. */
bool utf8_next(struct slice *s, uint32_t *code);

#endif
