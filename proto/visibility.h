/* visibility: who may read a site, as its setting `read` says. Pure. */
#ifndef HC_VISIBILITY_H
#define HC_VISIBILITY_H

#include "slice.h"

#define FIELD_READ "read"
#define READ_PUBLIC "public" /* as good as absent */
#define READ_TOKEN "token"

/* Whether @value keeps out who has no token. A word that is not understood does so, too:
 * somebody wanted something else than the default. */
static inline bool visibility_is_closed(struct slice value)
{
    return !slice_eq(value, SLICE(READ_PUBLIC));
}

#endif
