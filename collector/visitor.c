/* visitor: site and client, hashed under the key of the day. */
#include "visitor.h"

#include <assert.h>

#include "../proto/limits.h"

#define USER_AGENT_BYTES 512 /* of it that tell clients apart; real ones are shorter */

static void turn_day(struct day_keys *keys, const struct secret *secret, int64_t day)
{
    if (keys->day == day)
        return;
    keys->today = secret_day_key(secret, day);
    keys->yesterday = secret_day_key(secret, day - 1);
    keys->day = day;
}

/* site 0x00 client, into @out. Returns its length. */
static size_t describe(char *out, struct slice site, struct slice client_id,
                       const struct ip *ip, struct slice user_agent)
{
    size_t n = site.n;

    memcpy(out, site.p, site.n);
    out[n++] = 0;
    if (client_id.n > 0) {
        out[n++] = 'u';
        memcpy(out + n, client_id.p, client_id.n);
        return n + client_id.n;
    }
    out[n++] = 'a';
    memcpy(out + n, ip->b, ip->n == 4 ? 4 : 8); /* of IPv6 the network: /64 */
    n += ip->n == 4 ? 4 : 8;
    if (user_agent.n > USER_AGENT_BYTES)
        user_agent.n = USER_AGENT_BYTES;
    if (user_agent.n > 0)
        memcpy(out + n, user_agent.p, user_agent.n);
    return n + user_agent.n;
}

static uint64_t id_under(const struct key *key, const char *text, size_t n)
{
    uint64_t id = siphash(key, text, n);

    return id ? id : 1; /* 0 means nobody */
}

struct visitor_ids visitor_identify(struct day_keys *keys, const struct secret *secret,
                                    ms_t now, struct slice site, struct slice client_id,
                                    const struct ip *ip, struct slice user_agent)
{
    char text[SITE_MAX + CLIENT_ID_MAX + 16 + USER_AGENT_BYTES];
    struct visitor_ids ids = {0};
    size_t n;

    assert(site.n <= SITE_MAX && client_id.n <= CLIENT_ID_MAX);
    turn_day(keys, secret, now / MS_PER_DAY);
    n = describe(text, site, client_id, ip, user_agent);
    ids.visitor = id_under(&keys->today, text, n);
    if (now % MS_PER_DAY < WINDOW_MAX * MS_PER_MINUTE)
        ids.previous = id_under(&keys->yesterday, text, n);
    return ids;
}
