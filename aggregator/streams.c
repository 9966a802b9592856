/* streams: a window of bits behind the highest number of each stream.
 *
 * `missing` is kept up to date by difference: a jump ahead adds what it skips, a late
 * arrival inside the window takes itself off. What arrives behind the window stays
 * missing, for it is not counted either. A stream that is forgotten leaves its missing
 * numbers in the sum; coming back, it begins anew.
 *
 * Streams are chained by id. Ids come out of datagrams whose MAC was right, so whoever
 * could make them collide has the secret. */
#include "streams.h"

#include <string.h>

void streams_init(struct streams *t)
{
    memset(t, 0, sizeof *t);
}

static uint16_t *chain_of(struct streams *t, uint64_t id)
{
    return &t->chain[id % STREAMS_MAX];
}

static struct stream *find(struct streams *t, uint64_t id)
{
    uint16_t place = *chain_of(t, id);

    while (place && t->v[place - 1].id != id)
        place = t->v[place - 1].next;
    return place ? &t->v[place - 1] : NULL;
}

static struct stream *silent_for_longest(struct streams *t)
{
    struct stream *oldest = &t->v[0];

    for (size_t i = 1; i < t->n; i++)
        if (t->v[i].heard < oldest->heard)
            oldest = &t->v[i];
    return oldest;
}

static void unchain(struct streams *t, const struct stream *s)
{
    uint16_t *link = chain_of(t, s->id);

    while (&t->v[*link - 1] != s)
        link = &t->v[*link - 1].next;
    *link = s->next;
}

/* An entry for a new stream: a fresh one, or the one silent for longest. */
static struct stream *make_room(struct streams *t)
{
    struct stream *s;

    if (t->n < STREAMS_MAX)
        return &t->v[t->n++];
    s = silent_for_longest(t);
    unchain(t, s);
    t->evicted++;
    return s;
}

static uint64_t *word_of(struct stream *s, uint64_t seq)
{
    return &s->seen[seq % STREAM_WINDOW / 64];
}

static uint64_t bit_of(uint64_t seq)
{
    return UINT64_C(1) << seq % 64;
}

static void add(struct streams *t, uint64_t id, uint64_t seq)
{
    struct stream *s = make_room(t);

    *s = (struct stream){.id = id, .lowest = seq, .highest = seq, .heard = t->turn};
    s->next = *chain_of(t, id);
    *chain_of(t, id) = (uint16_t)(s - t->v + 1);
    *word_of(s, seq) |= bit_of(seq);
}

/* Moves the window so that it ends at @seq, which is above the highest. */
static void advance(struct stream *s, uint64_t seq)
{
    if (seq - s->highest >= STREAM_WINDOW) {
        memset(s->seen, 0, sizeof s->seen);
        s->highest = seq;
    }
    while (s->highest != seq) {
        s->highest++;
        *word_of(s, s->highest) &= ~bit_of(s->highest);
    }
}

/* @seq is inside the window and was not seen. */
static void arrive_late(struct streams *t, struct stream *s, uint64_t seq)
{
    if (seq > s->lowest) {
        t->missing--;
        return;
    }
    t->missing += s->lowest - seq - 1;
    s->lowest = seq;
}

enum stream_verdict streams_check(struct streams *t, uint64_t id, uint64_t seq)
{
    struct stream *s = find(t, id);

    t->turn++;
    if (!s) {
        add(t, id, seq);
        return STREAM_NEW;
    }
    s->heard = t->turn;
    if (seq > s->highest) {
        t->missing += seq - s->highest - 1;
        advance(s, seq);
    } else if (s->highest - seq >= STREAM_WINDOW) {
        return STREAM_TOO_OLD;
    } else if (*word_of(s, seq) & bit_of(seq)) {
        return STREAM_DUPLICATE;
    } else {
        arrive_late(t, s, seq);
    }
    *word_of(s, seq) |= bit_of(seq);
    return STREAM_NEW;
}
