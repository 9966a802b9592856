/* alarm: what was published of the alerts of a site, and whether they stand like that.
 *
 * Whoever reads all that is published hears of each alert on, off, on, off: nothing twice
 * and nothing left out, but for what Redis has forgotten that it published. */
#ifndef HC_SIM_ALARM_H
#define HC_SIM_ALARM_H

#include "../../aggregator/site.h"
#include "node_redis.h"

#define ALARMS 3 /* names that an operator gives (operator.h) */

struct alarm {
    char name[8];
    bool on;
    bool forgotten; /* Redis does not know any more that it told so */
    ms_t at;        /* the world's time when it was told */
    unsigned wrong; /* looks in a row at which it should have stood otherwise */
};

struct alarms {
    struct alarm alarm[ALARMS];
};

/* Redis has just published: each line of CHANNEL_ALERTS is of one of the @n sites of @of,
 * called site-0 and so on. Returns how many there were. */
size_t alarms_hear(struct alarms *of, unsigned n, struct node_redis *redis);

/* Redis has just lost something. */
void alarms_lost(struct alarms *of, unsigned n, const struct node_redis *redis);

/* The aggregator that has @s has told Redis everything: that is what lies there, and what
 * was published. */
void alarms_check(struct alarms *a, struct node_redis *redis, const struct site *s);

/* Call it each second in which nothing happens: alerts are on if the numbers of @s, at
 * @clock of its store, are beyond their bounds and off if they are within, some seconds
 * later at most. */
void alarms_watch(struct alarms *a, struct world *w, const struct site *s, ms_t clock);

#endif
