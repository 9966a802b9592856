/* The cheapest and surest reasons first: what is no visitor at all costs nobody a place
 * in a table. */
#include "admission.h"

#include "worker.h"

const char *admission_name(enum admission a)
{
    static const char *const names[] = {
        [UNCOUNTED_BOT] = "bot",
        [UNCOUNTED_AHEAD] = "prefetch",
        [UNCOUNTED_EXCLUDED] = "excluded",
        [UNCOUNTED_SPAM] = "spam",
        [UNCOUNTED_OPTED_OUT] = "opted_out",
        [UNCOUNTED_LIMITED] = "ratelimited",
        [UNCOUNTED_REPLAYED] = "replayed",
        [REFUSED_SITE] = "unknown_site",
        [REFUSED_ORIGIN] = "foreign_origin",
    };

    return names[a];
}

static void count(struct counters *c, enum admission a)
{
    switch (a) {
    case ADMITTED:
        COUNT(c, hits);
        break;
    case UNCOUNTED_BOT:
        COUNT(c, bots);
        break;
    case UNCOUNTED_AHEAD:
        COUNT(c, prefetched);
        break;
    case UNCOUNTED_EXCLUDED:
        COUNT(c, excluded);
        break;
    case UNCOUNTED_SPAM:
        COUNT(c, spam);
        break;
    case UNCOUNTED_OPTED_OUT:
        COUNT(c, opted_out);
        break;
    case UNCOUNTED_LIMITED:
        COUNT(c, ratelimited);
        break;
    case UNCOUNTED_REPLAYED:
        COUNT(c, replayed);
        break;
    case REFUSED_SITE:
        COUNT(c, unknown_site);
        break;
    case REFUSED_ORIGIN:
        COUNT(c, foreign_origin);
        break;
    }
}

enum admission admission_judge(struct worker *w, const struct beacon *b,
                               const struct beacon_sender *from, const struct hit *h)
{
    enum admission a = ADMITTED;

    (void)b;
    (void)h;
    if (from->ahead)
        a = UNCOUNTED_AHEAD;
    count(&w->counters, a);
    return a;
}
