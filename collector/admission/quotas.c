/* Each limit is asked only if those before it let pass, and what is new is remembered
 * when all did. */
#include "quotas.h"

void quotas_init(struct quotas *q, const struct quota_rates *rates,
                 const struct key keys[4])
{
    q->key = keys[0];
    limiter_init(&q->events, &keys[1], rates->events);
    limiter_init(&q->visitors, &keys[2], rates->visitors);
    limiter_init(&q->sites, &keys[3], rates->sites);
    seen_init(&q->seen_visitors, q->visitor_words, VISITORS_SEEN);
    seen_init(&q->seen_sites, q->site_words, SITES_SEEN);
}

static bool is_exempt(const struct ip *ip)
{
    return ip->n == 0 || ip_is_loopback(ip);
}

static bool take(struct limiter *l, const struct ip *ip, mono_t now, struct counters *n)
{
    enum limited limited = limiter_take(l, ip, now);

    if (limited == LIMITER_DISPLACED)
        COUNT(n, limiter_displaced);
    return limited != LIMITER_OVER;
}

static void remember(struct seen *s, uint64_t id, mono_t now, struct counters *n)
{
    if (seen_add(s, id, now) == SEEN_DISPLACED)
        COUNT(n, seen_displaced);
}

/* Whoever got another id at midnight, or by a name, is not new for that. An id is good
 * for one other: anybody can make up names, and say that all were his. */
static bool knows_visitor(struct quotas *q, const struct hit *h, mono_t now)
{
    return seen_has(&q->seen_visitors, h->visitor, now) ||
           (h->previous && seen_forget(&q->seen_visitors, h->previous, now));
}

static uint64_t site_id(const struct quotas *q, struct slice site)
{
    return siphash(&q->key, site.p, site.n);
}

bool quotas_allow_hit(struct quotas *q, const struct ip *ip, const struct hit *h,
                      mono_t now, struct counters *n)
{
    uint64_t site;

    if (is_exempt(ip))
        return true;
    site = site_id(q, h->site);
    if (!take(&q->events, ip, now, n) ||
        (!knows_visitor(q, h, now) && !take(&q->visitors, ip, now, n)) ||
        (!seen_has(&q->seen_sites, site, now) && !take(&q->sites, ip, now, n)))
        return false;
    remember(&q->seen_visitors, h->visitor, now, n);
    remember(&q->seen_sites, site, now, n);
    return true;
}

bool quotas_allow_join(struct quotas *q, const struct ip *ip, struct slice site,
                       mono_t now, struct counters *n)
{
    uint64_t id;

    if (is_exempt(ip))
        return true;
    id = site_id(q, site);
    if (!take(&q->visitors, ip, now, n) ||
        (!seen_has(&q->seen_sites, id, now) && !take(&q->sites, ip, now, n)))
        return false;
    remember(&q->seen_sites, id, now, n);
    return true;
}
