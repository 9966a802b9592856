/* quotas: what one address may do: events, visitors nobody has seen lately, and sites
 * nobody has. Shared by all workers. Pure.
 *
 * Who makes visitors up changes numbers that people look at, and who makes sites up takes
 * the places of those that are; both are dearer than an event. A visitor or site is new
 * when no hit of it counted at this collector within an hour, or it was forgotten since
 * for others, or for the id that it got instead. What is over a limit is not remembered,
 * so that it stays new.
 *
 * Never limited is who shares an address with the collector: it could do anything, and a
 * proxy that is not trusted would otherwise shut everybody out; and an address that
 * nobody knows. */
#ifndef HC_QUOTAS_H
#define HC_QUOTAS_H

#include "../../proto/hit.h"
#include "../counters.h"
#include "limiter.h"
#include "seen.h"

struct quotas {
    struct key key; /* of the hashes of sites */
    struct limiter events, visitors, sites;
    struct seen seen_visitors, seen_sites;
    _Alignas(64) uint64_t visitor_words[VISITORS_SEEN];
    _Alignas(64) uint64_t site_words[SITES_SEEN];
};

struct quota_rates {
    struct rate events, visitors, sites;
};

/* @q is all zero. @keys: random, four of them. */
void quotas_init(struct quotas *q, const struct quota_rates *rates,
                 const struct key keys[4]);

/* Whether the address may have this hit counted; then it has used up what that takes.
 * What had to be forgotten for it is counted in @n. */
bool quotas_allow_hit(struct quotas *q, const struct ip *ip, const struct hit *h,
                      mono_t now, struct counters *n);

/* The same of a connection that stands for a visitor of @site (member.h), which counts as
 * a new one whoever it is. */
bool quotas_allow_join(struct quotas *q, const struct ip *ip, struct slice site,
                       mono_t now, struct counters *n);

#endif
