/* flight: a window of entries over the ring's numbers, and a cursor behind it.
 *
 * Losses are found as RACK does (RFC 8985): by the time at which a datagram that has come
 * was sent, not by counting numbers, so that a datagram lost again is found again. What
 * is found lost waits in its entry until it is within the limit.
 *
 * An aggregator may die of a datagram. Then the first in line is blamed, often wrongly:
 * others went out with it. When one was blamed SENDER_ALONE times, everything that was on
 * its way goes alone for once, and only the culprit is blamed again. */
#include "flight.h"

#include <assert.h>

static void start(struct flight *f)
{
    f->cum = ring_base(f->ring) - 1;
    f->next = f->cum + 1;
    f->unsent = ring_first(f->ring);
    f->hits = 0;
    f->echo_us = 0;
    f->cwnd = SENDER_CWND_FIRST;
    f->credit = f->window = f->nlost = 0;
}

void flight_init(struct flight *f, struct ring *ring)
{
    f->ring = ring;
    f->suspects = 0;
    start(f);
}

/* The first in line was on its way when its aggregator died. */
static void blame(struct flight *f)
{
    struct ring_record *rec = flight_head(f);

    if (!rec || flight_out(f) == 0)
        return;
    if (rec->tries < SENDER_TRIES)
        rec->tries++;
    if (rec->tries >= SENDER_ALONE && f->suspects < f->next - 1)
        f->suspects = f->next - 1;
}

void flight_restart(struct flight *f, bool died)
{
    if (died)
        blame(f);
    start(f);
}

void flight_sealed(struct flight *f, struct ring_record *rec)
{
    if (!f->unsent)
        f->unsent = rec;
}

void flight_sent(struct flight *f, uint64_t seq, struct ring_record *rec, uint64_t now_us)
{
    struct flight_entry *e = &f->entry[seq % SENDER_WINDOW];

    if (seq == f->next) {
        assert(seq - f->cum <= SENDER_WINDOW && rec == f->unsent);
        f->next++;
        f->unsent = ring_after(f->ring, rec);
    } else if (e->lost) {
        f->nlost--;
    }
    *e = (struct flight_entry){.rec = rec, .sent_us = now_us};
}

/* Moves the window over the first in line, which leaves the flight. Returns its record.
 */
static struct ring_record *advance(struct flight *f)
{
    struct ring_record *rec = flight_head(f);

    if (flight_out(f) == 0) { /* not sent by this process */
        f->next++;
        f->unsent = ring_after(f->ring, rec);
    } else if (flight_entry(f, f->cum + 1)->lost) {
        f->nlost--;
    }
    f->cum++;
    return rec;
}

/* All up to @cum came. */
static unsigned come_in_order(struct flight *f, uint64_t cum)
{
    unsigned news = 0;

    while (f->cum < cum) {
        struct ring_record *rec;

        news += flight_out(f) == 0 || !flight_entry(f, f->cum + 1)->came;
        rec = advance(f);
        rec->tries = 0;
        f->hits += rec->hits;
    }
    return news;
}

/* Whether @seq came, as an ACK says; it may say otherwise later. */
static unsigned come_out_of_order(struct flight *f, uint64_t seq, bool came)
{
    struct flight_entry *e = flight_entry(f, seq);
    bool news = came && !e->came;

    e->came = came;
    if (came && e->lost) {
        e->lost = false;
        f->nlost--;
    }
    return news;
}

unsigned flight_came(struct flight *f, uint64_t cum, uint64_t sack)
{
    unsigned news = come_in_order(f, cum);

    assert(cum < ring_next(f->ring));
    for (unsigned i = 0; i < 64; i++) {
        uint64_t seq = cum + 2 + i;

        if (seq >= f->next)
            break;
        if (seq > f->cum)
            news += come_out_of_order(f, seq, sack >> i & 1);
    }
    f->credit += news;
    if (f->credit >= f->cwnd) { /* a window's worth */
        f->credit = 0;
        f->cwnd += f->cwnd < SENDER_WINDOW;
    }
    return news;
}

unsigned flight_overtaken(struct flight *f, uint64_t echo_us, uint64_t reorder_us)
{
    unsigned before = f->nlost;

    if (f->echo_us < echo_us)
        f->echo_us = echo_us;
    if (f->echo_us < reorder_us)
        return 0;
    for (uint64_t seq = f->cum + 1; seq < f->next; seq++) {
        struct flight_entry *e = flight_entry(f, seq);

        if (!e->came && !e->lost && e->sent_us < f->echo_us - reorder_us) {
            e->lost = true;
            f->nlost++;
        }
    }
    return f->nlost - before;
}

uint64_t flight_limit(struct flight *f)
{
    const struct ring_record *head = flight_head(f);
    uint64_t limit = f->cum + (f->window < f->cwnd ? f->window : f->cwnd);

    if (head && head->tries >= SENDER_TRIES)
        return f->cum;
    if (limit > f->cum + 1 &&
        (f->cum < f->suspects || (head && head->tries >= SENDER_ALONE)))
        return f->cum + 1;
    return limit;
}

void flight_slow_down(struct flight *f)
{
    f->cwnd = f->cwnd / 2 > SENDER_CWND_MIN ? f->cwnd / 2 : SENDER_CWND_MIN;
    f->credit = 0;
}

unsigned flight_out(const struct flight *f)
{
    return (unsigned)(f->next - f->cum - 1);
}

struct flight_entry *flight_entry(struct flight *f, uint64_t seq)
{
    assert(seq > f->cum && seq < f->next);
    return &f->entry[seq % SENDER_WINDOW];
}

struct ring_record *flight_head(struct flight *f)
{
    return flight_out(f) > 0 ? flight_entry(f, f->cum + 1)->rec : f->unsent;
}

bool flight_has_first(const struct flight *f)
{
    return f->cum >= ring_base(f->ring);
}

void flight_drop_first(struct flight *f)
{
    if (flight_has_first(f))
        f->hits -= ring_first(f->ring)->hits;
    else
        advance(f);
    ring_drop(f->ring);
}
