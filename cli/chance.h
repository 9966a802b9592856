/* chance: what happens by chance, and the same again for the same seed. Pure.
 *
 * Only whole numbers and the four operations, so that every machine plays the same. */
#ifndef HC_CHANCE_H
#define HC_CHANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../proto/units.h"

struct chance {
    uint64_t state; /* the seed; any number */
};

/* 64 random bits. */
uint64_t chance_u64(struct chance *c);

/* 0 <= x < 1, in steps of 2^-53. */
double chance_unit(struct chance *c);

/* Whether something happens that does so @percent times in a hundred. */
bool chance_percent(struct chance *c, unsigned percent);

/* 0 to n - 1, each as likely; n above 0. */
uint64_t chance_below(struct chance *c, uint64_t n);

/* From @from to @to, both included. */
ms_t chance_between(struct chance *c, ms_t from, ms_t to);

/* How long one waits for what comes on average each @mean ms and has no memory, at most
 * ten times as long. */
ms_t chance_wait(struct chance *c, double mean);

/* Which of @n: i with the share @weight[i] of all. Some weight is above 0. */
size_t chance_pick(struct chance *c, const uint16_t *weight, size_t n);

#endif
