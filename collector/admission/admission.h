/* admission: whether a hit that is well formed counts.
 *
 * What does not count because of who sent it is answered as if it did: a bot, a browser
 * that only fetches ahead, somebody beyond a limit learn nothing, and no page shows a
 * broken image. Each is counted by its reason. Only what an operator can mend is refused
 * aloud: a site that was not added, a page that is not the site's. */
#ifndef HC_ADMISSION_H
#define HC_ADMISSION_H

#include "../../proto/hit.h"

struct worker;
struct beacon;
struct beacon_sender;

enum admission {
    ADMITTED,
    /* answered as if they counted: */
    UNCOUNTED_BOT,
    UNCOUNTED_AHEAD,     /* prefetched, prerendered or previewed: nobody looks at it */
    UNCOUNTED_EXCLUDED,  /* the site's own people */
    UNCOUNTED_SPAM,      /* a referrer that only wants to be seen in statistics */
    UNCOUNTED_OPTED_OUT, /* DNT or Sec-GPC, where the site heeds them */
    UNCOUNTED_LIMITED,   /* too many from one address */
    UNCOUNTED_REPLAYED,  /* the same beacon was counted before */
    /* refused: */
    REFUSED_SITE,   /* it was not added */
    REFUSED_ORIGIN, /* a page of another origin than the site's */
};

/* "bot", "ratelimited", ...: the X-Headcount header and the counter. ADMITTED has none:
 * NULL. */
const char *admission_name(enum admission a);

static inline bool admission_refuses(enum admission a)
{
    return a >= REFUSED_SITE;
}

/* Judges the hit made of @b, and counts why not. */
enum admission admission_judge(struct worker *w, const struct beacon *b,
                               const struct beacon_sender *from, const struct hit *h);

/* The same of what counts at @site without being a beacon, a connection or a message, but
 * for limits; counts why not. @from: NULL for what no page has sent, of which the site
 * alone is looked at (register.h). */
enum admission admission_judge_site(struct worker *w, struct slice site,
                                    const struct beacon_sender *from);

/* The same with limits, of a visitor who is named without a beacon: @visitor tells the
 * site and the visitor. */
enum admission admission_judge_visitor(struct worker *w, const struct hit *visitor,
                                       const struct beacon_sender *from);

/* What would become of a view of @site, as far as that can be told without counting it:
 * limits and replays are left out. */
enum admission admission_foretell(struct worker *w, struct slice site,
                                  const struct beacon_sender *from);

#endif
