/* standing: rows in one allocation: sums, counters, bits, bits. */
#include "standing.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static size_t words_of(size_t room)
{
    return (room + 63) / 64;
}

static size_t bytes_of(const struct standing *t, size_t room)
{
    return 2 * (t->slots + 1) * words_of(room) * sizeof(uint64_t) +
           (t->slots + 1) * room * sizeof(uint32_t);
}

/* The bits first, for they want the alignment. */
static void lay_out(struct standing *t, uint64_t *memory, size_t room)
{
    t->room = room;
    t->dirty = memory;
    t->inflight = memory + (t->slots + 1) * words_of(room);
    t->sum = (uint32_t *)(memory + 2 * (t->slots + 1) * words_of(room));
    t->at = t->sum + room;
}

void standing_init(struct standing *t, unsigned slots)
{
    *t = (struct standing){.slots = slots};
}

void standing_fini(struct standing *t)
{
    free(t->dirty);
    standing_init(t, t->slots);
}

/* Of a row of bits the places below @n. */
static void copy_bits(uint64_t *to, const uint64_t *from, size_t n)
{
    memcpy(to, from, n / 64 * sizeof *to);
    if (n % 64)
        to[n / 64] = from[n / 64] & (UINT64_MAX >> (64 - n % 64));
}

bool standing_resize(struct standing *t, size_t room, size_t n)
{
    struct standing new = {.slots = t->slots};
    uint64_t *memory = calloc(1, bytes_of(t, room));

    assert(n <= room && n <= t->room);
    if (!memory)
        return false;
    lay_out(&new, memory, room);
    for (unsigned slot = 0; n > 0 && slot < t->slots; slot++)
        memcpy(standing_at(&new, 0, slot), standing_at(t, 0, slot), n * sizeof *t->at);
    for (unsigned slot = 0; n > 0 && slot <= t->slots; slot++) {
        copy_bits(standing_bits(&new, new.dirty, 0, slot),
                  standing_bits(t, t->dirty, 0, slot), n);
        copy_bits(standing_bits(&new, new.inflight, 0, slot),
                  standing_bits(t, t->inflight, 0, slot), n);
    }
    if (n > 0)
        memcpy(new.sum, t->sum, n * sizeof *t->sum);
    free(t->dirty);
    *t = new;
    return true;
}

bool standing_is_told(const struct standing *t, size_t place)
{
    uint64_t bit = 0;

    for (unsigned slot = 0; slot <= t->slots; slot++)
        bit |= *standing_bits(t, t->dirty, place, slot) |
               *standing_bits(t, t->inflight, place, slot);
    return !(bit >> place % 64 & 1);
}

static void set_bit(uint64_t *word, size_t place, bool on)
{
    uint64_t bit = UINT64_C(1) << place % 64;

    *word = on ? *word | bit : *word & ~bit;
}

static void move_bit(const struct standing *t, uint64_t *rows, size_t from, size_t to,
                     unsigned slot)
{
    uint64_t *word = standing_bits(t, rows, from, slot);

    set_bit(standing_bits(t, rows, to, slot), to, *word >> from % 64 & 1);
    set_bit(word, from, false);
}

void standing_move(struct standing *t, size_t from, size_t to)
{
    for (unsigned slot = 0; slot < t->slots; slot++) {
        *standing_at(t, to, slot) = *standing_at(t, from, slot);
        *standing_at(t, from, slot) = 0;
    }
    for (unsigned slot = 0; slot <= t->slots; slot++) {
        move_bit(t, t->dirty, from, to, slot);
        move_bit(t, t->inflight, from, to, slot);
    }
    t->sum[to] = t->sum[from];
    t->sum[from] = 0;
}

void standing_clear_slot(struct standing *t, unsigned slot)
{
    size_t bytes = standing_words(t) * sizeof *t->dirty;

    if (t->room == 0)
        return;
    for (size_t i = 0; i < t->room; i++) {
        assert(t->sum[i] >= *standing_at(t, i, slot));
        t->sum[i] -= *standing_at(t, i, slot);
    }
    memset(standing_at(t, 0, slot), 0, t->room * sizeof *t->at);
    memset(standing_bits(t, t->dirty, 0, slot), 0, bytes);
    memset(standing_bits(t, t->inflight, 0, slot), 0, bytes);
}

void standing_mark_all(struct standing *t)
{
    for (unsigned slot = 0; slot < t->slots; slot++)
        for (size_t i = 0; i < t->room; i++)
            set_bit(standing_bits(t, t->dirty, i, slot), i, *standing_at(t, i, slot));
}

void standing_clear_open(struct standing *t)
{
    if (t->room > 0)
        memset(standing_bits(t, t->dirty, 0, standing_open(t)), 0,
               standing_words(t) * sizeof *t->dirty);
}

void standing_send(struct standing *t)
{
    size_t bytes = (t->slots + 1) * standing_words(t) * sizeof *t->dirty;

    if (t->room == 0)
        return;
    memcpy(t->inflight, t->dirty, bytes);
    memset(t->dirty, 0, bytes);
}

void standing_end(struct standing *t, bool done)
{
    size_t words = (t->slots + 1) * standing_words(t);

    for (size_t i = 0; i < words; i++) {
        t->dirty[i] |= done ? 0 : t->inflight[i];
        t->inflight[i] = 0;
    }
}

size_t standing_bytes(const struct standing *t)
{
    return t->room ? bytes_of(t, t->room) : 0;
}
