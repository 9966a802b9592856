/* umami: POST /api/send as Umami's script and its clients send it. */
#ifndef HC_DIALECTS_UMAMI_H
#define HC_DIALECTS_UMAMI_H

#include <jansson.h>
#include "../beacon.h"

enum umami_verdict {
    UMAMI_HIT,
    UMAMI_IGNORED, /* tells who somebody is, or how fast a page was: counts nothing */
    UMAMI_BAD_BODY,
    UMAMI_BAD_TYPE,
    UMAMI_NO_SITE,
};

/* Makes a beacon of @message, its slices borrowed from there. */
enum umami_verdict umami_read(struct beacon *b, const json_t *message);

/* A UUID that stands for somebody: the same for the same @name and visitor, and of no use
 * to anybody without @key. Into @out, 36 characters and a NUL. */
void umami_uuid(const struct key *key, const char *name, uint64_t visitor, char *out);

#endif
