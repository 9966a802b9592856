/* config: a text of `key = value` lines, taken apart in place.
 *
 *   # A comment has its line to itself.
 *   listen = 0.0.0.0:8080
 *
 * Strict, so that a slip is found at start and not at night: no quotes, no continuation,
 * no sections, keys of [a-z0-9-] only, no control characters but tabs. */
#ifndef HC_CONFIG_H
#define HC_CONFIG_H

#include "slice.h"

struct config {
    struct slice rest; /* lines not read yet */
    unsigned line;     /* number of the line read last, from 1 */
    const char *why;   /* after -1: what is wrong with it; a static string */
};

/* Starts at the first line of @n bytes, which stay the caller's. */
void config_init(struct config *c, const void *bytes, size_t n);

/* Reads on to the next line that is neither blank nor a comment. Returns 1 with @key and
 * @value as slices of the text, blanks around them cut (the value may be empty); 0 at the
 * end; -1 when the line is malformed: c->line and c->why say where and what. */
int config_next(struct config *c, struct slice *key, struct slice *value);

#endif
