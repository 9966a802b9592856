/* etag: entity tags, so that who has an answer already is told 304 (RFC 9110, 8.8.3). */
#ifndef HC_ETAG_H
#define HC_ETAG_H

#include "../proto/slice.h"

#define ETAG_LEN 18 /* with its quotes */

struct etag {
    char s[ETAG_LEN + 1];
};

/* Of the bytes of an answer. */
struct etag etag_of(struct slice bytes);

/* Whether an If-None-Match header names it. Compared weakly (13.1.2): a proxy may have
 * made it weak. */
bool etag_is_listed(const struct etag *tag, struct slice if_none_match);

#endif
