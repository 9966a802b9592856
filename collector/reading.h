/* reading: whether a request may read its site: one that is public, or that it has a
 * token of.
 *
 * Of a site whose numbers are read from Redis anyway its visibility comes with them
 * (summary.closed), so that a public site costs nothing more; only who brings a token
 * waits until the site's settings are here, as does who wants a stream. They are kept for
 * SETTINGS_CACHE_MS. Refusals can be read from any page, so that it may ask for a token.
 */
#ifndef HC_READING_H
#define HC_READING_H

#include "exchange.h"

enum reading {
    READING_OPEN,    /* it brought no token that counts: for what is not closed */
    READING_GRANTED, /* it brought one of the site */
    READING_REFUSED, /* it was answered: return ANSWERED */
    READING_ASKED,   /* it is to be served once more: return AGAIN */
};

/* Of a request for the valid site x->at.id: looks at its token only. What is READING_OPEN
 * is to be answered with reading_closed if the site's summary says that it is closed. */
enum reading reading_by_token(struct exchange *x);

/* The same, and looks whether the site is closed if there is none. READING_OPEN: it was
 * not when it was looked at last, or while Redis is away nothing is known of it. */
enum reading reading_by_site(struct exchange *x);

/* 401 for who brought no token. */
extern const struct reply reading_closed;

#endif
