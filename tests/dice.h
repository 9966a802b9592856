/* dice: random numbers for tests, the same ones in every run. */
#ifndef HC_TESTS_DICE_H
#define HC_TESTS_DICE_H

#include <stddef.h>
#include <stdint.h>

struct dice {
    uint64_t state; /* the seed; any number, print it when a test fails */
};

/* 64 random bits (SplitMix64). */
static inline uint64_t dice_u64(struct dice *d)
{
    uint64_t x = d->state += 0x9e3779b97f4a7c15;

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

/* A number in 0..n - 1. */
static inline uint64_t dice_below(struct dice *d, uint64_t n)
{
    return dice_u64(d) % n;
}

static inline void dice_bytes(struct dice *d, void *out, size_t n)
{
    uint8_t *p = out;

    while (n-- > 0)
        *p++ = (uint8_t)dice_u64(d);
}

#endif
