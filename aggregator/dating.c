/* dating: its age off the time of arrival, and not before the one before it. */
#include "dating.h"

#include <stddef.h>

/* By so much what came early may have overtaken what it waits for; one that takes longer
 * was lost, and is dated by when it was sent again. */
#define OVERTAKEN_MS 10000

ms_t dating_of(struct dating *d, mono_t hit, mono_t sent, ms_t now)
{
    ms_t age = sent - hit; /* both within the reach of body.h: no overflow */
    ms_t at = age < 0 ? now : age > now ? 0 : now - age;

    if (d == NULL || hit < d->told)
        return at;
    if (at < d->at)
        at = d->at - now > OVERTAKEN_MS ? now : d->at;
    *d = (struct dating){hit, at};
    return at;
}
