/* outlet: writes to a socket at once, and keeps what the socket does not take. */
#ifndef HC_OUTLET_H
#define HC_OUTLET_H

#include "carry.h"

struct rest;

/* All zero: keeps nothing. */
struct outlet {
    struct rest *rest;
};

/* Writes @bytes to @fd, while nothing is kept. Returns 0 when the socket took them all; 1
 * when it did not: then a copy of the rest, taken from @budget, is kept; else a negative
 * errno, -ENOMEM if the budget forbids it. */
int outlet_write(struct outlet *o, int fd, struct budget *budget, const char *bytes,
                 size_t n);

/* The socket may have room: writes what is kept. Returns the same. */
int outlet_resume(struct outlet *o, int fd, struct budget *budget);

/* Drops what is kept. */
void outlet_fini(struct outlet *o, struct budget *budget);

#endif
