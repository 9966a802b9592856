/* seldom: lets a log line through once a minute, for what could otherwise flood the log.
 */
#ifndef HC_SELDOM_H
#define HC_SELDOM_H

#include <stdbool.h>
#include "../proto/units.h"

#define SELDOM_MS 60000

/* Zeroed memory lets the first one through. */
struct seldom {
    mono_t from; /* no earlier than this */
};

/* Whether to log at @now; if so, the next minute is taken. */
static inline bool seldom(struct seldom *s, mono_t now)
{
    if (now < s->from)
        return false;
    s->from = now + SELDOM_MS;
    return true;
}

#endif
