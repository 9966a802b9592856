/* agent_cache: a place for each header, told by its length and by where browsers differ.
 *
 * The place holds whoever asked last, and it is a hit only if all bytes are the same. So
 * strangers who send headers of one place cost each other the reading and a copy, and
 * never a wrong verdict; that is why no key is needed. A header that is longer than the
 * room of a place is read each time. */
#include "agent_cache.h"

#include <byteswap.h>

_Static_assert((AGENT_CACHE_MAX & (AGENT_CACHE_MAX - 1)) == 0, "a mask makes the place");
_Static_assert(AGENT_CACHE_MAX <= UINT16_MAX, "a place fits");
_Static_assert(AGENT_CACHE_TEXT <= UINT16_MAX && AGENT_CACHE_TEXT <= AGENT_BYTES,
               "the length fits, and all of the text counts");

/* Behind "Mozilla/5.0 (iPhone; CPU" and its like stands which system it is. */
#define SYSTEM_AT 24

/* The eight bytes of @s from @at on, or its last ones; s.n >= 8. */
static uint64_t word_at(struct slice s, size_t at)
{
    uint64_t word;

    memcpy(&word, s.p + (at < s.n - 8 ? at : s.n - 8), 8);
    return word;
}

/* A product's upper bits depend on all of its factor, so they become the lower ones. */
static uint64_t mix(uint64_t hash, uint64_t word)
{
    return bswap_64((hash ^ word) * UINT64_C(0x9e3779b97f4a7c15));
}

/* 16 bytes of the system, and the last 40: there are the versions. */
static size_t place_of(struct slice s)
{
    uint64_t hash = s.n;

    if (s.n < 8)
        return s.n;
    hash = mix(hash, word_at(s, SYSTEM_AT));
    hash = mix(hash, word_at(s, SYSTEM_AT + 8));
    for (size_t back = 40; back > 0; back -= 8)
        hash = mix(hash, word_at(s, s.n - back)); /* wraps in a short one: its end */
    return hash & (AGENT_CACHE_MAX - 1);
}

static struct agent read_now(const struct agent_cache *c, struct slice user_agent)
{
    struct agent agent = agent_read(user_agent);

    if (user_agent.n > AGENT_BYTES)
        user_agent.n = AGENT_BYTES;
    agent.is_robot = words_in(c->robots, user_agent);
    return agent;
}

void agent_cache_reset(struct agent_cache *c, const struct words *robots)
{
    for (size_t i = 0; i < AGENT_CACHE_MAX; i++)
        c->entries[i].n = 0;
    c->robots = robots;
}

static bool is_of(const struct agent_entry *e, struct slice user_agent)
{
    return slice_eq(user_agent, (struct slice){e->text, e->n});
}

struct agent agent_cache_read(struct agent_cache *c, struct slice user_agent)
{
    struct agent_entry *e = &c->entries[c->last];

    if (user_agent.n == 0 || user_agent.n > AGENT_CACHE_TEXT)
        return read_now(c, user_agent);
    if (is_of(e, user_agent))
        return e->agent;
    c->last = (uint16_t)place_of(user_agent);
    e = &c->entries[c->last];
    if (is_of(e, user_agent))
        return e->agent;
    e->n = (uint16_t)user_agent.n;
    e->agent = read_now(c, user_agent);
    memcpy(e->text, user_agent.p, user_agent.n);
    return e->agent;
}
