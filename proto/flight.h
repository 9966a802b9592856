/* flight: what is on its way to the aggregator in this epoch: what came, what was lost,
 * and how much may be sent. Pure.
 *
 *   base .. cum         came, in order; kept until they are durable
 *   cum + 1 .. next - 1 sent; some of them came out of order
 *   next ..             not sent in this epoch, the first of them is `unsent`
 *
 * base - 1 <= cum < next <= ring_next, and next - cum - 1 <= SENDER_WINDOW. */
#ifndef HC_FLIGHT_H
#define HC_FLIGHT_H

#include "ring.h"

struct flight_entry {
    struct ring_record *rec;
    uint64_t sent_us; /* at last */
    bool came;        /* out of order */
    bool lost;        /* and to be sent again */
};

struct flight {
    struct ring *ring;
    uint64_t cum, next;
    struct ring_record *unsent; /* numbered next; NULL: not sealed yet */
    uint64_t hits;              /* of records kept that came in order */
    uint64_t echo_us;           /* when the newest datagram that came was sent */
    uint64_t suspects;          /* up to this number one at a time: see flight_limit */
    unsigned cwnd, credit;      /* datagrams, and those that came since it grew */
    unsigned window;            /* the aggregator's */
    unsigned nlost;             /* entries to be sent again */
    struct flight_entry entry[SENDER_WINDOW]; /* of cum + 1 .. next - 1, by number */
};

/* Nothing of what @ring holds is on its way or has come. */
void flight_init(struct flight *f, struct ring *ring);

/* The same, for an aggregator that began anew. If the one before has @died, the first in
 * line of what was on its way is noted as having been there. */
void flight_restart(struct flight *f, bool died);

/* A record was sealed. */
void flight_sealed(struct flight *f, struct ring_record *rec);

/* The record of number @seq, above cum, was sent. It is the next one, or one on its way.
 */
void flight_sent(struct flight *f, uint64_t seq, struct ring_record *rec,
                 uint64_t now_us);

/* All up to @cum < ring_next came; and above it those of @sack: bit i is cum + 2 + i.
 * Numbers never sent are passed over, and so is what came in order already. Returns how
 * many of what was sent are newly known to have come. */
unsigned flight_came(struct flight *f, uint64_t cum, uint64_t sack);

/* What was sent at @echo_us has come: what was sent more than @reorder_us before it and
 * has not is lost. Returns how many are newly lost. */
unsigned flight_overtaken(struct flight *f, uint64_t echo_us, uint64_t reorder_us);

/* The highest number that may be sent, at least cum. It is cum + 1 while suspects are
 * sent one at a time: at the first of them aggregators died in SENDER_ALONE epochs. It is
 * cum when nothing may be: the first in line is poison. */
uint64_t flight_limit(struct flight *f);

/* The probe timeout struck. */
void flight_slow_down(struct flight *f);

/* Numbers on their way. */
unsigned flight_out(const struct flight *f);

/* The entry of @seq, which is on its way. */
struct flight_entry *flight_entry(struct flight *f, uint64_t seq);

/* The first in line, and not yet come; NULL if there is none. */
struct ring_record *flight_head(struct flight *f);

/* Whether the first record of the ring, which must be there, came. */
bool flight_has_first(const struct flight *f);

/* Takes the first record out of the ring, come or not. */
void flight_drop_first(struct flight *f);

#endif
