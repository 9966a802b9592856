/* ESC [ parameters final and ESC O final, as ECMA-48 and the VT220 have them; ESC and
 * another byte is Alt and a key, which means nothing here. What is unknown is taken
 * whole, so that its last byte is not mistaken for a key. */
#include "keystroke.h"

#include <string.h>

#define ESC '\033'
#define SEQUENCE_MAX 32 /* bytes; longer ones are no keys */

static int plain(unsigned char c)
{
    switch (c) {
    case '\r':
    case '\n':
        return KEY_ENTER;
    case '\b':
    case 0x7f:
        return KEY_BACKSPACE;
    case '\f':
        return KEY_REDRAW;
    default:
        return c >= ' ' && c < 0x7f ? c : KEY_NONE;
    }
}

/* ESC [ 5 ~ and its like. */
static int numbered(char digit)
{
    switch (digit) {
    case '1':
    case '7':
        return KEY_HOME;
    case '4':
    case '8':
        return KEY_END;
    case '5':
        return KEY_PAGE_UP;
    case '6':
        return KEY_PAGE_DOWN;
    default:
        return KEY_NONE;
    }
}

static int sequence(const char *p, size_t n)
{
    switch (p[n - 1]) {
    case 'A':
        return KEY_UP;
    case 'B':
        return KEY_DOWN;
    case 'H':
        return KEY_HOME;
    case 'F':
        return KEY_END;
    case 'M':
        return KEY_ENTER; /* of the keypad */
    case '~':
        return n == 4 ? numbered(p[2]) : KEY_NONE;
    default:
        return KEY_NONE;
    }
}

/* The length of the sequence at @p, which begins with ESC; 0 when it is not complete. */
static size_t sequence_length(const char *p, size_t n)
{
    if (n < 2)
        return 0;
    if (p[1] == 'O')
        return n >= 3 ? 3 : 0;
    if (p[1] != '[')
        return 2;
    for (size_t i = 2; i < n; i++)
        if ((p[i] >= 0x40 && p[i] <= 0x7e) || i == SEQUENCE_MAX)
            return i + 1;
    return 0;
}

size_t keystroke_take(const char *bytes, size_t n, bool all, int *key)
{
    size_t length;

    *key = KEY_NONE;
    if (n == 0)
        return 0;
    if (bytes[0] != ESC) {
        *key = plain((unsigned char)bytes[0]);
        return 1;
    }
    if (n >= 2 && bytes[1] == ESC) { /* the first one stands alone */
        *key = KEY_ESCAPE;
        return 1;
    }
    length = sequence_length(bytes, n);
    if (length > 2)
        *key = sequence(bytes, length);
    if (length > 0 || !all)
        return length;
    *key = n == 1 ? KEY_ESCAPE : KEY_NONE;
    return n;
}
