/* flat: reads the flat list of strings that a script returns, and never past its end.
 *
 * A list is a row of entries: a tag, perhaps a number, a count n, then n strings or n
 * pairs of a field and its value. Every function takes what it names off the front and
 * returns whether it was there; numbers are whole, of digits alone, within the bound
 * given. After false the list is not to be read on, but for flat_is. */
#ifndef HC_FLAT_H
#define HC_FLAT_H

#include <stdint.h>
#include "slice.h"

struct flat {
    const struct slice *next;
    size_t left;
    struct slice name, value; /* the pair taken last */
};

/* A field whose value is a number. */
struct flat_field {
    const char *name;
    uint64_t max;
};

bool flat_text(struct flat *f, struct slice *text);
bool flat_number(struct flat *f, uint64_t max, uint64_t *v);
bool flat_pair(struct flat *f);

/* Takes the next string only if it is @tag. */
bool flat_is(struct flat *f, struct slice tag);

/* Puts the pair's number at its field's place in @v, which has @n like @fields. False
 * when it is no such number. Fields of other names are for later versions and pass. */
bool flat_store(const struct flat *f, const struct flat_field *fields, size_t n,
                uint64_t *v);

/* A number alone. */
bool flat_parse(struct slice text, uint64_t max, uint64_t *v);

#endif
