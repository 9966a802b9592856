/* guesses: how many wrong tokens an address has tried lately. Pure.
 *
 * A table of fixed size that strangers fill: four places for each value of a keyed hash.
 * When all four are taken, the address whose minute began first is forgotten. IPv6
 * addresses of one /64 are one. */
#ifndef HC_GUESSES_H
#define HC_GUESSES_H

#include "../proto/limits.h"
#include "../proto/secret.h"
#include "../proto/units.h"
#include "client.h"

#define GUESSES_WAYS 4

struct guesser {
    uint8_t ip[8];
    uint8_t ip_n;  /* 0: a free place */
    uint8_t wrong; /* at most TOKEN_GUESSES_MAX */
    mono_t since;  /* the first of them */
};

struct guesses {
    struct key key;
    struct guesser v[GUESSERS_MAX];
};

/* @key: random, so that nobody can choose whose places he shares. */
void guesses_init(struct guesses *g, const struct key *key);

/* How long the address is to be told of each wrong one that there were too many, ms; 0:
 * there were not. */
ms_t guesses_wait(const struct guesses *g, const struct ip *ip, mono_t now);

/* It tried a wrong one. Returns whether another address was forgotten for it. */
bool guesses_add(struct guesses *g, const struct ip *ip, mono_t now);

#endif
