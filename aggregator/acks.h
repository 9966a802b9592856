/* acks: what is owed to senders, when, and how much more is wanted of them. Pure.
 *
 * What a sender is owed waits until the end of a batch or RECEIVER_ACK_DELAY_MS, so that
 * many datagrams share one ACK, which tells the state of its stream at that moment. */
#ifndef HC_ACKS_H
#define HC_ACKS_H

#include "../proto/wire.h"
#include "streams.h"

/* Strangers share RECEIVER_ACKS_STRANGERS by their streams' ids, so that whoever sends a
 * recording of some streams over and over takes nothing from most others. */
#define ACKS_SHARES 64

struct acks {
    const struct secret *secret;
    struct streams *streams;
    void (*send)(void *arg, const struct peer *to, const uint8_t *bytes, size_t n);
    void *arg;
    uint64_t epoch;
    bool served, renewed;  /* there was an epoch; and one before the present one */
    uint64_t sent;         /* so many; also the number of the last one */
    size_t limit;          /* datagrams that all senders may have on their way */
    uint32_t owing;        /* list of the streams that are owed one */
    mono_t second;         /* when the present second began */
    uint32_t heard;        /* streams heard in it */
    uint32_t heard_before; /* and in the one before */
    uint16_t strangers[ACKS_SHARES]; /* answered in it, by stream */
};

/* The pointers must outlive @a. The first epoch is 0. */
void acks_init(struct acks *a, const struct secret *secret, struct streams *streams,
               void (*send)(void *arg, const struct peer *to, const uint8_t *bytes,
                            size_t n),
               void *arg);

/* Nothing is owed to anybody. Call it when the streams are dropped. */
void acks_reset(struct acks *a, uint64_t epoch);

/* The stream @s is heard at @now: it wants its share of the window. */
void acks_hear(struct acks *a, struct stream *s, mono_t now);

/* Something came that tells of another epoch: tells @from ours at once, if any more may
 * be told in this second. */
void acks_stranger(struct acks *a, const struct wire_head *h, const struct peer *from,
                   mono_t now);

/* @s is owed an ACK at @due or before. */
void acks_owe(struct acks *a, struct stream *s, mono_t due);

/* The same at once for what may have been recorded and sent again by anybody, but only
 * RECEIVER_ACKS_DUPLICATE times a second. */
void acks_owe_repeat(struct acks *a, struct stream *s, mono_t now);

/* Sends one now; nothing more is owed then. */
void acks_send(struct acks *a, struct stream *s);

/* Sends those that are due. Returns when the next is, INT64_MAX when none is owed. */
mono_t acks_send_due(struct acks *a, mono_t now);

#endif
