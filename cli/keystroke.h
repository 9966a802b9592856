/* keystroke: what a person typed, from the bytes that a terminal sends. Pure. */
#ifndef HC_KEYSTROKE_H
#define HC_KEYSTROKE_H

#include <stdbool.h>
#include <stddef.h>

/* Printable ASCII stands for itself. */
enum keystroke {
    KEY_NONE = 0, /* nothing that anybody waits for */
    KEY_ENTER = 1,
    KEY_ESCAPE,
    KEY_BACKSPACE,
    KEY_UP,
    KEY_DOWN,
    KEY_PAGE_UP,
    KEY_PAGE_DOWN,
    KEY_HOME,
    KEY_END,
    KEY_REDRAW, /* Ctrl-L */
};

/* A lone ESC is told from the beginning of a sequence by what does not follow within this
 * time, ms. */
#define KEYSTROKE_ESCAPE_MS 40

/* Takes the first key off @bytes. Returns how many bytes it is, with *key; 0 when more
 * are needed, which with @all, nothing more having come in time, is never so. */
size_t keystroke_take(const char *bytes, size_t n, bool all, int *key);

#endif
