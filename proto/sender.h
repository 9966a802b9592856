/* sender: hits in, datagrams out, until the aggregator says that they are safe. Pure.
 *
 * Hits are gathered into a body; a hit after a pause leaves at the end of the loop turn,
 * in a stream of hits a body leaves when it is full or SENDER_LINGER_MS old. A body that
 * leaves is sealed into the ring under the next number and stays there until an ACK calls
 * it durable. It goes out when the window allows, and again when it is lost: when one
 * sent clearly later has come (RACK, RFC 8985), or when nothing is heard for a probe
 * timeout (RFC 9002). An ACK with a higher epoch comes from an aggregator that knows
 * nothing of what it was sent before: everything that is not durable goes out again.
 *
 * What it costs to keep hits is bounded by the ring. At the bound, in this order:
 *   1. bodies the aggregator has received are let go before they are durable, the oldest
 *      first: `unprotected`, and lost only if that aggregator dies (`lost_restart`);
 *   2. from SENDER_FULL of the ring on heartbeats are refused (`lost_heartbeat`), as the
 *      next one says the same;
 *   3. new hits are refused (`lost_full`).
 * Bodies older than SENDER_RETENTION_MS go (`lost_expired`), and one at which the
 * aggregator has died SENDER_TRIES times is set aside (`lost_poison`).
 *
 * Nothing is ever lost but under one of these names:
 *   accepted = durable + in_ring + open + unprotected + lost_*      (in hits, always) */
#ifndef HC_SENDER_H
#define HC_SENDER_H

#include "counters.h"
#include "ring.h"
#include "rtt.h"
#include "wire.h"

/* Calls into the world. The bytes given are the sender's and end with the call. None of
 * them may call the sender, but give_up, which may call sender_redirect. */
struct sender_env {
    void (*emit)(void *arg, const uint8_t *bytes, size_t n);
    uint64_t (*clock_us)(void *arg); /* CLOCK_BOOTTIME at the moment of sending */
    /* A body is given up as poison: @bytes is its last datagram. */
    void (*set_aside)(void *arg, const uint8_t *bytes, size_t n);
    /* Nobody has answered for SENDER_SILENCE_MS: try the next aggregator. */
    void (*give_up)(void *arg);
    void *arg;
};

#define SENDER_COUNTERS(X)                                                               \
    X(accepted, COUNTER, "hits taken, to be folded once or counted as lost",             \
      "events_accepted_total")                                                           \
    X(durable, COUNTER, "hits that Redis holds for good", "events_durable_total")        \
    X(in_ring, GAUGE, "hits kept until they are durable", "events_held{where=\"ring\"}") \
    X(open, GAUGE, "hits in the datagram being filled", "events_held{where=\"open\"}")   \
    X(unprotected, GAUGE, "hits received, let go for want of room, not yet durable",     \
      "events_held{where=\"unprotected\"}")                                              \
    X(lost_full, COUNTER, "hits refused: the ring was full",                             \
      "events_lost_total{reason=\"full\"}")                                              \
    X(lost_heartbeat, COUNTER, "heartbeats refused: the ring was nearly full",           \
      "events_lost_total{reason=\"heartbeat\"}")                                         \
    X(lost_restart, COUNTER, "unprotected hits of an aggregator that died; at most",     \
      "events_lost_total{reason=\"restart\"}")                                           \
    X(lost_expired, COUNTER, "hits that could not be delivered for an hour",             \
      "events_lost_total{reason=\"expired\"}")                                           \
    X(lost_poison, COUNTER, "hits set aside because the aggregator died of them",        \
      "events_lost_total{reason=\"poison\"}")                                            \
    X(datagrams_sent, COUNTER, "datagrams sent, pings and repetitions included",         \
      "udp_datagrams_sent_total")                                                        \
    X(datagrams_resent, COUNTER, "datagrams sent again", "udp_datagrams_resent_total")   \
    X(datagrams_found_lost, COUNTER, "datagrams that later ones overtook",               \
      "udp_datagrams_lost_total")                                                        \
    X(probes, COUNTER, "probe timeouts: nothing was heard for a round trip and more",    \
      "udp_probes_total")                                                                \
    X(pings, COUNTER, "datagrams sent only to be answered", "udp_pings_total")           \
    X(acks, COUNTER, "acknowledgements taken", "udp_acks_total")                         \
    X(acks_refused, COUNTER, "acknowledgements that were stale, damaged or forged",      \
      "udp_acks_refused_total")                                                          \
    X(epochs, COUNTER, "times the aggregator began anew", "aggregator_epochs_total")     \
    X(failovers, COUNTER, "times the next aggregator was tried",                         \
      "aggregator_failovers_total")                                                      \
    X(ring_bytes, GAUGE, "bytes of the ring in use", "ring_used_bytes")                  \
    X(ring_limit, GAUGE, "bytes of the ring", "ring_limit_bytes")                        \
    X(rtt_us, GAUGE, "smoothed round trip to the aggregator, microseconds",              \
      "aggregator_rtt_seconds")

COUNTERS_STRUCT(sender_counters, SENDER_COUNTERS);

struct sender;

/* @ring is fresh or adopted, and the sender's from now on until sender_free. The pointers
 * must outlive the sender; @env is copied. Hits found in an adopted ring count as
 * accepted. Emits nothing yet: the first sender_tick, due at once, asks who is there.
 * Returns NULL when out of memory. */
struct sender *sender_new(const struct secret *secret, struct ring *ring,
                          const struct sender_env *env, mono_t now);
void sender_free(struct sender *s);

/* Takes one hit; the texts are copied. May emit. Returns false when it was refused, which
 * is counted. */
bool sender_add(struct sender *s, const struct hit *h, mono_t now);

/* Takes a datagram that came from the aggregator. May emit. */
void sender_ack(struct sender *s, const uint8_t *bytes, size_t n, mono_t now);

/* Does everything that is due: seals, sends, repeats, pings, gives up. Returns when it
 * wants to be called at the latest. Call it at the end of a turn of the loop in which
 * something was added or acknowledged, and at that time. sender_add alone seals and emits
 * only what is full, sender_ack emits what was lost and what the window now allows.
 * @force seals the open body though it is young. */
mono_t sender_tick(struct sender *s, mono_t now, bool force);

/* The way to the aggregator is another now: asks at once who is there. */
void sender_redirect(struct sender *s, mono_t now);

/* Hits not yet received by the aggregator that lives now, open ones included; and hits
 * not yet durable. For a process that wants to end. */
uint64_t sender_unreceived(const struct sender *s);
uint64_t sender_undurable(const struct sender *s);

/* Whether an ACK came within SENDER_FRESH_MS. */
bool sender_is_heard(const struct sender *s, mono_t now);

/* Its counters, gauges up to date; borrowed, changes with every call. */
const struct sender_counters *sender_counters(struct sender *s);

#endif
