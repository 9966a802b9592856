/* oracle: what was told to the cluster, and whether Redis says just that.
 *
 * In the plain sites each hit is the only one of its visitor and of its path, /i, so that
 * a row of Redis names the hits that it counts: one that is missing, doubled or was never
 * taken shows, and so does a number that does not match its hits, or what views are told
 * apart by (origin.h). In the crowd's site the
 * same people come again to the same pages, in all the ways there are. */
#ifndef HC_SIM_ORACLE_H
#define HC_SIM_ORACLE_H

#include "../../aggregator/store.h"
#include "alarm.h"
#include "node_collector.h"
#include "node_redis.h"
#include "operator.h"

#define SITES 6      /* the last one used is the crowd's */
#define HITS_MAX 990 /* of one site: below PAGES_MAX, so that no path is (other) */
#define PEOPLE 24

struct told {
    uint8_t kind;
    bool taken;      /* by its sender */
    uint8_t found;   /* rows that have it */
    minute_t minute; /* the row */
    uint16_t person;
    unsigned flow;
    uint64_t index; /* in the flow, from 0 */
};

struct told_site {
    char name[16];
    struct told hit[HITS_MAX];
    unsigned n;
    /* The latest message. */
    uint64_t epoch, message, life;
    uint64_t gone; /* reached a goal that nobody counts any more: oracle_note_goals */
};

struct oracle {
    struct world *world;
    struct node_redis *redis;
    const struct flow *flows;
    unsigned nsites;
    bool crowd;     /* the last site is the crowd's */
    bool midnights; /* people may be counted twice: their days overlapped */
    bool long_paths;
    bool clocks;        /* rows may be given up, for they are ahead of who reads them */
    bool still;         /* the crowd opens no tabs any more, but for the audience's */
    bool there[PEOPLE]; /* of the audience */
    bool at_rest; /* every commit has come to its end: nothing half written is excused */
    struct told_site site[SITES];
    struct alarms alarms[SITES];
    struct operator operator;
    uint64_t hits, messages, stale_ticks, alerts;
    uint64_t missing; /* in the plain sites, as of the last check of the whole */
};

void oracle_init(struct oracle *o, struct world *w, struct node_redis *redis,
                 const struct flow *flows, unsigned nsites, bool crowd);

/* Makes up the next hit of site @i at the sender's time @at; @day: its collector's. Texts
 * are the oracle's until the next call. False: the site has had enough. */
bool oracle_make(struct oracle *o, unsigned i, mono_t at, int64_t day,
                 bool after_midnight, struct hit *h);

/* A hit of one of the crowd, all but its kind and time; what it says of the person is
 * told by it. */
void oracle_crowd_hit(struct oracle *o, unsigned person, unsigned page, int64_t day,
                      bool after_midnight, struct hit *h);
struct slice oracle_crowd(const struct oracle *o);

/* The hit made last for site @i was given to the sender of @flow, and taken or not. */
void oracle_tell(struct oracle *o, unsigned i, unsigned flow, bool taken);

/* Redis has just published: messages of a site are in order, and say what its keys say;
 * an alert goes on and off in turns. */
void oracle_hear(struct oracle *o);

/* Redis has just lost something. */
void oracle_lost(struct oracle *o);

/* Nothing in Redis is doubled, strange or contradicts itself; the totals are those of the
 * rows, of which none is over in a world's life. */
void oracle_check_sound(struct oracle *o);

/* Everything that its sender calls durable is there: call oracle_check_sound before. */
void oracle_check_durable(struct oracle *o);

/* Everything is there but for at most @lost hits, and the logs say the same; likewise. */
void oracle_check_whole(struct oracle *o, uint64_t lost);

/* By now everybody has heard of the operator's change: what was counted for the goal that
 * was taken out is noted, and must be the same whenever it is checked. */
void oracle_note_goals(struct oracle *o);
void oracle_check_goals(struct oracle *o);

/* The aggregator that has @st and @epoch knows of each site that it owns what Redis has.
 */
void oracle_check_store(struct oracle *o, const struct store *st, uint64_t epoch);

/* Alerts stand as the numbers of @st say: call it each second while nothing happens. */
void oracle_watch(struct oracle *o, const struct store *st);

#endif
