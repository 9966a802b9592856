/* node_collector: the sending half of a collector: one real sender for each thread, over
 * a real ring in memory of its own.
 *
 * Killed, it is followed by another process: with a spool that one adopts the ring as it
 * was left in that instant; without one it begins anew under another stream, and what was
 * not durable is at risk. */
#ifndef HC_SIM_NODE_COLLECTOR_H
#define HC_SIM_NODE_COLLECTOR_H

#include "../../proto/sender.h"
#include "network.h"

/* The lives of a sender under one stream: hits enter and become durable in order. */
struct flow {
    uint64_t stream;
    uint64_t taken;   /* hits that sender_add took */
    uint64_t durable; /* of them, the first so many are: exact while nothing is lost */
    bool over;        /* its last process is dead and nobody adopted the ring */
};

#define FLOWS_MAX 64 /* of all senders together */

/* Hits, by what became of them. */
struct losses {
    uint64_t refused; /* the ring was full */
    uint64_t restart, expired, poison;
    uint64_t at_risk; /* died with a collector that was killed */
};

struct node_collector;

struct node_sender {
    struct node_collector *home;
    unsigned place;  /* its address */
    unsigned target; /* the aggregator it sends to */
    struct sender *sender;
    void *memory;  /* of the ring */
    unsigned flow; /* index into flows */
    uint64_t wake;
    bool gave_up; /* try the other one at the end of this turn */
};

struct node_collector {
    struct world *world;
    struct network *net;
    const struct secret *secret;
    unsigned nsenders;
    struct node_sender sender[2];
    size_t ring_bytes;
    uint64_t boot; /* its host's monotonic clock at the world's beginning, us */
    ms_t wall;     /* and its wall clock */
    bool alive, spool;
    unsigned aggregators; /* that it knows, 1 or 2 */
    bool pinned;          /* and for now it goes to no other */
    struct flow *flows;   /* of all collectors */
    unsigned *nflows;
    struct losses lost; /* of its dead processes */
    uint64_t kills;
};

void node_collector_init(struct node_collector *c, struct network *net,
                         const struct secret *secret, unsigned place, unsigned senders,
                         size_t ring_bytes, struct flow *flows, unsigned *nflows);
void node_collector_fini(struct node_collector *c);

void node_collector_start(struct node_collector *c);
void node_collector_kill(struct node_collector *c);

/* Takes @h into sender @i at the time that it says, a turn of the loop follows unless
 * @more come in this one. Returns whether it was taken. */
bool node_collector_hit(struct node_collector *c, unsigned i, const struct hit *h,
                        bool more);

/* Its host's monotonic clock, ms. */
mono_t node_collector_mono(const struct node_collector *c);

/* A datagram for the sender at @place. */
void node_collector_deliver(struct node_collector *c, unsigned place,
                            const uint8_t *bytes, size_t n);

/* All its senders go to @target from now on. */
void node_collector_redirect(struct node_collector *c, unsigned target);

/* Brings flows and lost figures up to date, and checks that every hit is accounted for.
 */
void node_collector_measure(struct node_collector *c);

uint64_t node_collector_undurable(const struct node_collector *c);

/* What its senders, dead ones included, count. */
struct losses node_collector_losses(const struct node_collector *c);

#endif
