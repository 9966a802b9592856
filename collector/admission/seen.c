/* Seconds of 20 bits come round after twelve days. What was added longer ago than half of
 * that looks young: it says truly that it was there, and makes room later than it should.
 */
#include "seen.h"

#include <assert.h>

#define STAMP_BITS 20
#define STAMP_MASK ((UINT64_C(1) << STAMP_BITS) - 1)

/* A word that is younger than this is left alone, s: others have its line of cache, too.
 */
#define RESTAMP_S 60

_Static_assert(SEEN_S < STAMP_MASK / 2, "ages do not come round within it");

void seen_init(struct seen *s, uint64_t *words, size_t n)
{
    assert(n >= SEEN_WAYS && (n & (n - 1)) == 0);
    s->words = words;
    s->sets = n / SEEN_WAYS;
}

static uint64_t word_of(uint64_t id, mono_t now)
{
    uint64_t hash = id >> STAMP_BITS;

    return (hash ? hash : 1) << STAMP_BITS | ((uint64_t)(now / 1000) & STAMP_MASK);
}

static uint64_t *set_of(const struct seen *s, uint64_t id)
{
    return &s->words[(id & (s->sets - 1)) * SEEN_WAYS];
}

static bool is_same(uint64_t a, uint64_t b)
{
    return a >> STAMP_BITS == b >> STAMP_BITS;
}

/* How long @word was there when @now was made, s. The clocks of two workers differ a
 * little. */
static int age(uint64_t word, uint64_t now)
{
    uint64_t s = (now - word) & STAMP_MASK;

    return s <= STAMP_MASK / 2 ? (int)s : 0;
}

/* Where @word is, or NULL if it is not, or was too long ago. @was is what is there. */
static uint64_t *find(uint64_t *set, uint64_t word, uint64_t *was)
{
    for (size_t i = 0; i < SEEN_WAYS; i++) {
        *was = __atomic_load_n(&set[i], __ATOMIC_RELAXED);
        if (is_same(*was, word))
            return age(*was, word) < SEEN_S ? &set[i] : NULL;
    }
    return NULL;
}

bool seen_has(const struct seen *s, uint64_t id, mono_t now)
{
    uint64_t was;

    return find(set_of(s, id), word_of(id, now), &was);
}

/* Where @word is or may be: its own place, a free one, or that of the oldest. @was is
 * what is there. Of places that are as old the hash chooses, so that many of one second
 * do not all take the first. */
static uint64_t *place_for(uint64_t *set, uint64_t word, uint64_t *was)
{
    uint64_t *best = NULL;

    for (size_t n = 0; n < SEEN_WAYS; n++) {
        uint64_t *place = &set[((word >> STAMP_BITS) + n) % SEEN_WAYS];
        uint64_t one = __atomic_load_n(place, __ATOMIC_RELAXED);

        if (is_same(one, word)) {
            *was = one;
            return place;
        }
        if (best == NULL || (*was && (!one || age(one, word) > age(*was, word)))) {
            best = place;
            *was = one;
        }
    }
    return best;
}

static bool replace(uint64_t *place, uint64_t was, uint64_t word)
{
    return __atomic_compare_exchange_n(place, &was, word, false, __ATOMIC_RELAXED,
                                       __ATOMIC_RELAXED);
}

enum added seen_add(struct seen *s, uint64_t id, mono_t now)
{
    uint64_t *set = set_of(s, id), word = word_of(id, now), was = 0, *place;
    bool is_young;

    for (;;) {
        place = place_for(set, word, &was);
        is_young = was && age(was, word) < SEEN_S;
        if (is_young && is_same(was, word)) {
            if (age(was, word) >= RESTAMP_S)
                replace(place, was, word); /* best effort: somebody else did it */
            return SEEN_BEFORE;
        }
        if (replace(place, was, word))
            return is_young ? SEEN_DISPLACED : SEEN_NEW;
    }
}

/* When another thread changes the word at that moment, the other's turn was the earlier:
 * it forgot it, or added it anew. */
bool seen_forget(struct seen *s, uint64_t id, mono_t now)
{
    uint64_t was, *place = find(set_of(s, id), word_of(id, now), &was);

    return place && replace(place, was, 0);
}
