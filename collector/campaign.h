/* campaign: what led to a page, as those who made the link to it say in its query:
 * utm_campaign, utm_term and utm_source. Everything else of a query stays unread. Pure.
 */
#ifndef HC_CAMPAIGN_H
#define HC_CAMPAIGN_H

#include "../proto/limits.h"
#include "../proto/slice.h"

struct campaign {
    struct slice name, term, source; /* cleaned; p is NULL for what nobody said */
};

/* Where the texts lie. */
struct campaign_texts {
    char name[CAMPAIGN_MAX], term[CAMPAIGN_MAX];
    char source[REFERRER_MAX];
};

/* What a value may have before decoding: escapes take three bytes for one, and blanks and
 * control characters may stand before what is left. More is cut. */
#define CAMPAIGN_RAW_MAX (8 * CAMPAIGN_MAX)

/* The query of a page's address, between the first '?' and '#', if there may be a
 * campaign in it; else empty. */
struct slice campaign_query(struct slice page);

/* Adds to @c what it does not have yet of @query, a query string with or without its '?',
 * still encoded. @texts must outlive @c. A source is a host or a word that might be one,
 * in lower case; others are empty. */
void campaign_read(struct campaign *c, struct slice query, struct campaign_texts *texts);

/* The same of values that are decoded already, each of which may be empty. */
void campaign_take(struct campaign *c, struct slice name, struct slice term,
                   struct slice source, struct campaign_texts *texts);

#endif
