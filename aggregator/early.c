/* early: slots by the low bits of the number. All numbers that wait lie in one window, so
 * no two of them share a slot, and a slot in use needs no number of its own as long as
 * nobody asks for one outside the window: what is asked for is compared with `last`. */
#include "early.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

_Static_assert((SENDER_WINDOW & (SENDER_WINDOW - 1)) == 0, "slots are found by a mask");

struct early *early_new(void)
{
    return calloc(1, sizeof(struct early));
}

void early_free(struct early *e)
{
    for (unsigned i = 0; e && i < SENDER_WINDOW; i++)
        free(e->slot[i]);
    free(e);
}

static unsigned slot_of(uint64_t seq)
{
    return seq & (SENDER_WINDOW - 1);
}

bool early_has(const struct early *e, uint64_t seq)
{
    return e->n > 0 && seq <= e->last && e->slot[slot_of(seq)] != NULL;
}

bool early_put(struct early *e, uint64_t seq, const uint8_t *body, size_t n, mono_t sent,
               ms_t at)
{
    struct early_datagram *d = malloc(EARLY_BYTES(n));

    assert(!early_has(e, seq));
    if (!d)
        return false;
    *d = (struct early_datagram){.sent = sent, .at = at, .n = n};
    if (n > 0)
        memcpy(d->body, body, n);
    e->slot[slot_of(seq)] = d;
    if (e->n++ == 0 || seq > e->last)
        e->last = seq;
    return true;
}

struct early_datagram *early_take(struct early *e, uint64_t seq)
{
    struct early_datagram *d = early_has(e, seq) ? e->slot[slot_of(seq)] : NULL;

    if (d) {
        e->slot[slot_of(seq)] = NULL;
        e->n--;
    }
    return d;
}

uint64_t early_bits(const struct early *e, uint64_t first)
{
    uint64_t bits = 0;

    for (unsigned i = 0; i < 64; i++)
        if (first <= UINT64_MAX - i && early_has(e, first + i))
            bits |= UINT64_C(1) << i;
    return bits;
}
