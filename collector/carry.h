/* carry: the bytes of a request that is not whole yet, and the bound on all of them.
 *
 * Most connections never need one: their requests come in one piece and are served out of
 * the worker's read buffer. */
#ifndef HC_CARRY_H
#define HC_CARRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What all connections of a worker may hold together, bytes. */
struct budget {
    size_t used, max;
};

/* Takes @n more. Returns false, and takes nothing, if they are not there. */
bool budget_take(struct budget *b, size_t n);
void budget_give(struct budget *b, size_t n);

/* All zero: empty, owns nothing. */
struct carry {
    char *p;       /* NULL when empty */
    uint32_t n;    /* bytes */
    uint32_t size; /* allocated, as taken from the budget */
};

/* Makes it hold @size bytes. Returns false if the budget forbids it. */
bool carry_reserve(struct carry *c, struct budget *b, size_t size);

/* Makes @bytes the contents; they may be the end of the present ones. None: frees it.
 * Returns false, with the contents as they were, if the budget forbids it. */
bool carry_keep(struct carry *c, struct budget *b, const char *bytes, size_t n);

/* Frees what it owns. */
void carry_fini(struct carry *c, struct budget *b);

#endif
