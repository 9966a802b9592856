/* traffic: counts in spans. Busy is known as soon as the span has enough; quiet, when it
 * has ended without. */
#include "traffic.h"

bool traffic_note(struct traffic *t, unsigned n, mono_t now)
{
    if (now - t->since >= TRAFFIC_SPAN_MS) {
        t->busy = t->busy && t->count >= TRAFFIC_BUSY_TO;
        t->since = now;
        t->count = 0;
    }
    t->count += n;
    if (t->count >= TRAFFIC_BUSY_FROM)
        t->busy = true;
    return t->busy;
}
