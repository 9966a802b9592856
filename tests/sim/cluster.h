/* cluster: collectors, aggregators and Redis of one seed, what befalls them, and the end:
 * when all that went wrong is over, all must have become right. */
#ifndef HC_SIM_CLUSTER_H
#define HC_SIM_CLUSTER_H

#include "audience.h"
#include "breaks.h"
#include "node_aggregator.h"
#include "node_collector.h"

#define COLLECTORS 3

/* What kind of world it is. */
struct plan {
    enum broken broken;
    us_t traffic; /* hits come so long */
    us_t gap;     /* between two of them, on average */
    unsigned faults;
    bool rough;        /* 40 % of the datagrams are lost */
    bool long_outages; /* of minutes */
    bool full_rings;   /* one collector, long paths and a long outage fill the rings */
    bool clocks;       /* the hosts' clocks differ and are set */
    bool midnight;
    bool amnesia;      /* collectors without spool are killed */
    bool flush;        /* FLUSHALL happens: what was durable may go */
    bool waves;        /* sites are visited one after the other */
    bool pair;         /* two aggregators to choose from */
    size_t part_bytes; /* of commits; few: commits have many parts */
};

struct cluster {
    struct world *world;
    struct plan plan;
    struct secret secret;
    ms_t wall; /* true time at the world's beginning */
    struct network net;
    struct node_redis redis;
    struct node_aggregator aggregator[AGGREGATORS];
    struct node_collector collector[COLLECTORS];
    unsigned ncollectors;
    struct flow flows[FLOWS_MAX];
    unsigned nflows;
    struct oracle oracle;
    struct audience audience;
    bool calm;   /* no more faults */
    us_t rested; /* how long the end took */
};

/* Lives one world from its first hit to its end; world_fail when it went wrong. */
void cluster_live(struct cluster *c, struct world *w, enum broken broken);
void cluster_fini(struct cluster *c);

struct losses cluster_losses(const struct cluster *c);

/* Hits that may be missing: counted as lost after they were taken. */
uint64_t cluster_lost(const struct cluster *c);

/* Asks the oracle about this instant: what Redis has now is all there is if the
 * aggregators die too. */
void cluster_look(struct cluster *c);

/* How the world was, in one line. */
void cluster_print(const struct cluster *c, FILE *out);

#endif
