/* sieve: hits of those who are no audience: robots, browsers that only fetch ahead, the
 * site's own people, and spammers whose referrer wants to be seen in statistics. Pure but
 * for the cache. */
#ifndef HC_SIEVE_H
#define HC_SIEVE_H

#include "admission.h"
#include "../beacon.h"
#include "domains.h"

struct sieve {
    struct agent_cache *agents; /* knows robots */
    const struct trusted *excluded;
    const struct domains *spam; /* NULL: nobody is one */
};

/* Why @h does not count, or ADMITTED. A hit without a User-Agent is no robot's: programs
 * send such hits. What a program that is vouched for is itself, its own User-Agent and
 * address, does not matter; what it tells of a visitor does. */
enum admission sieve_judge(const struct sieve *s, const struct beacon_sender *from,
                           const struct hit *h);

#endif
