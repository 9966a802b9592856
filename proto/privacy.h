/* privacy: whether a site heeds the wish of browsers not to be counted (DNT, Sec-GPC), as
 * its setting `privacy` says. Pure. */
#ifndef HC_PRIVACY_H
#define HC_PRIVACY_H

#include "slice.h"

#define FIELD_PRIVACY "privacy"
#define PRIVACY_OFF "off" /* as good as absent */
#define PRIVACY_HEED "heed"

/* A word that is not understood heeds it, too: somebody wanted something else than the
 * default. */
static inline bool privacy_is_heeded(struct slice value)
{
    return !slice_eq(value, SLICE(PRIVACY_OFF));
}

#endif
