/* origin: where a page is from, as browsers say it: scheme, host and port (RFC
 * 6454, 6.1).
 *
 * Read from an Origin header, from the address of a page, or from what an operator wrote,
 * in which the host *.shop.example stands for all names below shop.example, though not
 * for that itself. Pure. */
#ifndef HC_ORIGIN_H
#define HC_ORIGIN_H

#include <stdint.h>
#include "limits.h"
#include "slice.h"

/* In the settings of a site, the field of an origin is this prefix and its text. */
#define FIELD_ORIGIN "o:"

struct origin {
    struct slice scheme, host; /* in lower case; of a wildcard what is below "*." */
    uint16_t port;             /* 0: the scheme's own */
    bool is_wild;
};

/* Reads @text, of which nothing may be left over, a wildcard among it. Writes it to @out
 * as browsers write it, its length to @n, and makes @o point there. False: it is none, or
 * longer than ORIGIN_MAX; a name in other letters than ASCII is none. */
bool origin_read(struct origin *o, struct slice text, char out[ORIGIN_MAX], size_t *n);

/* The origin's part of a page's address: up to the first / ? or # behind the host. */
struct slice origin_of_url(struct slice url);

/* Whether @pattern is @o, or a wildcard that stands for it. A wildcard @o is nobody's. */
bool origin_matches(const struct origin *pattern, const struct origin *o);

#endif
