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

/* Whether a terminal should not be shown it: C0, DEL and C1 control it; U+061C, U+200E/F,
 * U+202A-E and U+2066-9 reorder text, U+2028/9 end a line. */
bool utf8_is_unsafe(uint32_t code);

/* Text that comes in pieces, judged byte by byte. All zero: between two characters. */
struct utf8_check {
    uint8_t more;      /* continuation bytes to come; 0: a character is complete */
    uint8_t low, high; /* what the next of them may be */
};

/* Takes the next byte. Returns false if nothing that follows can make it well-formed. */
bool utf8_check_take(struct utf8_check *c, uint8_t byte);

#endif
