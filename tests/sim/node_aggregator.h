/* node_aggregator: a host with at most one aggregator process on it: the real engine over
 * a virtual socket, virtual links to Redis and virtual clocks.
 *
 * The process is started, killed, stopped and let go on. While it is stopped datagrams
 * pile up in a socket buffer of some size and those beyond it are lost. The host's wall
 * clock may be wrong and be set; its monotonic clock lives through restarts. */
#ifndef HC_SIM_NODE_AGGREGATOR_H
#define HC_SIM_NODE_AGGREGATOR_H

#include "../../aggregator/engine.h"
#include "network.h"
#include "node_redis.h"

#define SOCKET_MAX 256

struct waiting {
    struct peer from;
    uint16_t n;
    uint8_t bytes[DATAGRAM_MAX];
};

struct node_aggregator {
    struct world *world;
    struct network *net;
    struct node_redis *redis;
    unsigned place; /* its address, and its host's number */
    struct clock_source source;
    ms_t wall;     /* the host's wall clock at the world's beginning, steps included */
    uint64_t boot; /* its monotonic clock then, us */
    size_t room;   /* datagrams that the socket holds, at most SOCKET_MAX */
    struct engine_config config;
    size_t part_bytes; /* of commits: store.h */
    bool alive, stopped;
    struct engine engine;
    struct redis_link *commits, *loads;
    uint64_t life; /* counts its processes */
    uint64_t wake; /* the latest; older events mean nothing */
    struct waiting *socket;
    size_t nsocket;
    uint64_t starts, reboots, unprotected, drops;
    struct aggregator_counters sum; /* of the processes that are no more */
};

/* @hold_ms, @window: as in engine_config. Commits have parts of the usual size, until
 * a->part_bytes is set. */
void node_aggregator_init(struct node_aggregator *a, struct network *net,
                          struct node_redis *redis, unsigned place,
                          const struct secret *secret, ms_t wall, mono_t hold_ms,
                          unsigned window);
void node_aggregator_fini(struct node_aggregator *a);

void node_aggregator_start(struct node_aggregator *a);
void node_aggregator_kill(struct node_aggregator *a);
void node_aggregator_stop(struct node_aggregator *a);
void node_aggregator_go_on(struct node_aggregator *a);

/* A datagram has come over the network from @from. */
void node_aggregator_deliver(struct node_aggregator *a, unsigned from,
                             const uint8_t *bytes, size_t n);

/* Everything it knows is confirmed by Redis. */
bool node_aggregator_is_idle(const struct node_aggregator *a);

#endif
