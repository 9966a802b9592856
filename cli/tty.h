/* tty: the terminal as a screen: keys come one by one, and what was there before comes
 * back on every way out, a crash included.
 *
 * Call interrupt_open first. Signals arrive only inside interrupt_poll, which they end.
 * One process has one terminal, so there is no struct. */
#ifndef HC_TTY_H
#define HC_TTY_H

#include <stdbool.h>
#include <sys/types.h>
#include "../proto/slice.h"

/* Whether standard input and output are one terminal that can be a screen. */
bool tty_usable(void);

/* Takes it. Returns 0, or -1 with errno set. */
int tty_open(void);

/* Gives it back; also when it is not taken. */
void tty_close(void);

/* Columns and lines; 80 and 24 when it does not say. */
void tty_size(unsigned *width, unsigned *height);

/* What was typed, at most @n bytes. Returns 0 when nothing was, -1 when the terminal is
 * gone. */
ssize_t tty_read(char *bytes, size_t n);

/* Draws lines over all that is there. Line ends in @text go to the next line of the
 * screen. Returns -1 when the terminal is gone. */
int tty_draw(struct slice text);

/* Whether the size has changed, or the screen was lost (somebody stopped the program and
 * went on with it), since the last call. Does the stopping when Ctrl-Z was pressed. */
bool tty_disturbed(void);

/* Whether the terminal hung up. */
bool tty_is_gone(void);

#endif
