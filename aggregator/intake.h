/* intake: one datagram as it came -> hits in the store, or a counted reason why not.
 * Pure.
 *
 * All or nothing: a body is read to its end before its first hit is folded. One that was
 * written by somebody with the secret and still cannot be read is counted and passed over
 * as if it had been folded: it would never become readable, and its sender would send it
 * for ever. */
#ifndef HC_INTAKE_H
#define HC_INTAKE_H

#include "../proto/body.h"
#include "../proto/wire.h"
#include "counters.h"
#include "fold.h"
#include "receiver.h"

struct intake {
    const struct secret *secret;
    struct store *store;
    struct receiver *receiver;
    struct aggregator_counters *counters;
    struct fold_counts folded; /* what became of the hits, since intake_init */
    void (*send)(void *arg, const struct peer *to, const uint8_t *bytes, size_t n);
    void *arg;
    struct body_reader body;
    struct fold_queue *queue;
};

/* The pointers must outlive @in, which must not move. @send sends an ACK; its bytes end
 * with the call. Nothing is taken until in->receiver has been given an epoch. Aborts when
 * out of memory. */
void intake_init(struct intake *in, const struct secret *secret, struct store *store,
                 struct aggregator_counters *counters,
                 void (*send)(void *arg, const struct peer *to, const uint8_t *bytes,
                              size_t n),
                 void *arg);
void intake_fini(struct intake *in);

/* Takes one datagram that came from @from at @wall and @now. What it tells may be folded
 * later, until when its bytes must stay: intake_settle folds all that was taken. Call
 * that after every batch, before the store is used for anything else. Returns what the
 * frame was; on WIRE_OK it may still have been a duplicate, early or malformed, which is
 * counted.
 * *@what tells what the caller has to do, also when it was refused: then nothing. */
enum wire_verdict intake_datagram(struct intake *in, const uint8_t *bytes, size_t n,
                                  const struct peer *from, ms_t wall, mono_t now,
                                  enum receiver_verdict *what);
void intake_settle(struct intake *in);

#endif
