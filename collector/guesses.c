/* A minute begins with the first wrong guess; after TOKEN_GUESSES_MAX in it the others
 * are too many. */
#include "guesses.h"

#include <string.h>

#define SETS (GUESSERS_MAX / GUESSES_WAYS)

_Static_assert((SETS & (SETS - 1)) == 0, "a power of two");

void guesses_init(struct guesses *g, const struct key *key)
{
    memset(g, 0, sizeof *g);
    g->key = *key;
}

static size_t length_of(const struct ip *ip)
{
    return ip->n > 8 ? 8 : ip->n;
}

/* The first of the places that the address may have. */
static size_t set_of(const struct guesses *g, const struct ip *ip)
{
    return (siphash(&g->key, ip->b, length_of(ip)) & (SETS - 1)) * GUESSES_WAYS;
}

static bool is_over(const struct guesser *one, mono_t now)
{
    return one->ip_n == 0 || now - one->since >= TOKEN_GUESSES_MS;
}

static bool is(const struct guesser *one, const struct ip *ip)
{
    return one->ip_n > 0 && one->ip_n == length_of(ip) &&
           memcmp(one->ip, ip->b, one->ip_n) == 0;
}

ms_t guesses_wait(const struct guesses *g, const struct ip *ip, mono_t now)
{
    const struct guesser *set = &g->v[set_of(g, ip)];

    for (size_t i = 0; i < GUESSES_WAYS; i++)
        if (is(&set[i], ip) && !is_over(&set[i], now))
            return set[i].wrong < TOKEN_GUESSES_MAX
                       ? 0
                       : set[i].since + TOKEN_GUESSES_MS - now;
    return 0;
}

/* The address' own place, or one that is free or over, or the oldest. */
static struct guesser *place_for(struct guesses *g, const struct ip *ip, mono_t now)
{
    struct guesser *set = &g->v[set_of(g, ip)], *best = set;

    for (size_t i = 0; i < GUESSES_WAYS; i++)
        if (is(&set[i], ip))
            return &set[i];
    for (size_t i = 0; i < GUESSES_WAYS; i++) {
        if (is_over(&set[i], now))
            return &set[i];
        if (set[i].since < best->since)
            best = &set[i];
    }
    return best;
}

bool guesses_add(struct guesses *g, const struct ip *ip, mono_t now)
{
    struct guesser *one = place_for(g, ip, now);
    bool displaced = !is_over(one, now) && !is(one, ip);

    if (!is(one, ip) || is_over(one, now)) {
        *one = (struct guesser){.ip_n = (uint8_t)length_of(ip), .since = now};
        memcpy(one->ip, ip->b, one->ip_n);
    }
    if (one->wrong < TOKEN_GUESSES_MAX)
        one->wrong++;
    return displaced;
}
