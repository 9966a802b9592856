/* receiver: the datagrams of each stream once, in order, acknowledged. Pure.
 *
 * A stream is one sender; its datagrams are numbered without gaps. What comes in order is
 * folded at once, what comes early waits in a slot of the stream, up to SENDER_WINDOW
 * ahead, what came before is counted as duplicate. A sender's `base` says that it will
 * never send anything lower: what is missing below is skipped. Nothing of another epoch
 * is folded: its sender is told ours. An ACK says up to where all has come (cum), what
 * has come beyond (sack), and what is safe for good (durable; see maturity.h).
 *
 * Within an epoch no stream is forgotten, or else an old datagram, sent again by somebody
 * who recorded it, would be new. So at STREAMS_MAX the only way out is another epoch. */
#ifndef HC_RECEIVER_H
#define HC_RECEIVER_H

#include "../proto/wire.h"
#include "maturity.h"
#include "peer.h"

/* A datagram whose turn has come. */
struct arrival {
    uint64_t stream, seq;
    const uint8_t *body;
    size_t body_n;
    bool was_held; /* it had to wait, and its bytes end with the call; else they stay as
                      long as what receiver_take was given */
    mono_t sent;   /* the sender's clock when it was sent, ms */
    ms_t at;       /* our wall clock when it came */
    struct dating *dating; /* the stream's; for the call */
};

/* Calls into the world. They may ask the receiver things, but not change it. */
struct receiver_env {
    void (*fold)(void *arg, const struct arrival *a);
    void (*send)(void *arg, const struct peer *to, const uint8_t *bytes, size_t n);
    /* Lowers marks below what was given to fold and is not yet in its site (store_bar);
     * NULL: there is no such thing. */
    void (*bar)(void *arg, struct barrier *b);
    void *arg;
};

struct receiver_counts {
    uint64_t folded; /* datagrams, in order */
    uint64_t early;  /* of them, those that had to wait */
    uint64_t duplicate;
    uint64_t skipped;      /* numbers given up by their sender */
    uint64_t stale_epoch;  /* made for another aggregator, answered and not folded */
    uint64_t not_ready;    /* came before we had an epoch: dropped, unanswered */
    uint64_t window_drops; /* too far ahead, no room to hold them, or no more wanted */
    uint64_t pings, acks;
};

struct receiver; /* laid out in receiver.c */

/* What the shell has to do about a datagram. */
enum receiver_verdict {
    RECEIVER_TAKEN,
    RECEIVER_SUPERSEDED, /* its sender has met a higher epoch: take one above that */
    RECEIVER_FULL,       /* STREAMS_MAX: a new epoch is needed */
};

/* Not ready until the first receiver_reset. @secret must outlive it, @env is copied.
 * Returns NULL when out of memory. */
struct receiver *receiver_new(const struct secret *secret,
                              const struct receiver_env *env);
void receiver_free(struct receiver *r);

/* Forgets every stream. @epoch 0: not ready, nothing is taken or answered until the next
 * reset gives one. */
void receiver_reset(struct receiver *r, uint64_t epoch);

/* Takes a datagram that wire_open found right. May call fold, several times, and send.
 * What else it owes is sent by receiver_acks: call that after every batch. */
enum receiver_verdict receiver_take(struct receiver *r, const struct wire_head *h,
                                    const uint8_t *body, size_t body_n,
                                    const struct peer *from, ms_t wall, mono_t now);

/* How many datagrams all senders together may have on their way: what the socket's buffer
 * holds; SENDER_WINDOW until told otherwise. 0: no more for now (parked hits fill their
 * memory); then data is dropped as if the network had, and PINGs are answered. So is now
 * and then what was dropped: else its sender would take us for dead. */
void receiver_limit(struct receiver *r, size_t datagrams);

/* Sends the ACKs that are due. Returns when the next is, INT64_MAX when none is owed. */
mono_t receiver_acks(struct receiver *r, mono_t now);

/* Adds to @b a mark for every stream that has come further than the barriers before: all
 * of it up to the mark is in its sites. env.bar has been asked: a stream that it holds
 * back is marked as far as it may, and again by the next call. */
void receiver_mark(struct receiver *r, struct barrier *b);

/* The barrier was given up (a connection broke): its streams are to be marked again. */
void receiver_unmark(struct receiver *r);

/* What @b marks is safe for good; ACKs will say so. */
void receiver_mature(struct receiver *r, const struct barrier *b, mono_t now);

/* The highest base that the stream @id has told, 0 if unknown; how many streams there
 * are; numbers that have not come while later ones have (looks at all streams); what it
 * has done. */
uint64_t receiver_base(const struct receiver *r, uint64_t id);
size_t receiver_streams(const struct receiver *r);
uint64_t receiver_missing(const struct receiver *r);
const struct receiver_counts *receiver_counts(struct receiver *r);

/* When a sender last said something new that was meant for this epoch; INT64_MIN: none
 * has. What is repeated to us, or was meant for another aggregator, does not count. */
mono_t receiver_heard(const struct receiver *r);

#endif
