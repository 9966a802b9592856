/* term: what the other end of an output stream can show. */
#ifndef HC_TERM_H
#define HC_TERM_H

#include <stdbool.h>
#include <stdio.h>

struct term {
    bool tty;       /* a person watches: animation and cutting to the width make sense */
    bool colors;    /* a tty, TERM is not "dumb", and NO_COLOR is not set */
    bool utf8;      /* the locale's character set */
    unsigned width; /* columns of a tty, 80 if it does not say; 0 when there is no tty */
};

/* Looks at @f, the environment and the locale; setlocale must have been called. */
struct term term_of(FILE *f);

/* Escape sequences, or "" where colours are off. */
const char *term_bold(const struct term *t);
const char *term_dim(const struct term *t);
const char *term_plain(const struct term *t);

#endif
