/* The commonest reason first: a robot that also fetches ahead is a robot. */
#include "sieve.h"

enum admission sieve_judge(const struct sieve *s, const struct beacon_sender *from,
                           const struct hit *h)
{
    bool has_agent = !from->vouched || from->tells_agent;
    bool has_ip = !from->vouched || from->tells_ip;

    if (has_agent && agent_cache_read(s->agents, from->user_agent).is_robot)
        return UNCOUNTED_BOT;
    if (from->ahead)
        return UNCOUNTED_AHEAD;
    if (has_ip && trusted_has(s->excluded, &from->ip))
        return UNCOUNTED_EXCLUDED;
    if (h->referrer.n > 0 && domains_have(s->spam, h->referrer))
        return UNCOUNTED_SPAM;
    return ADMITTED;
}
