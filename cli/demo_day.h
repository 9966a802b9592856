/* demo_day: a day of the demo's shop, beacon after beacon. Pure: the same seed and
 * settings give the same beacons on every machine.
 *
 * Two clocks. Beacons are due in ms since the beginning, and people live by that: they
 * read, write, beat and leave as fast as people do, because the collector that counts
 * them has a real clock, and every number it gives is of real minutes. The clock of the
 * day goes `speed` times faster and decides only how many come, and when the newsletter
 * is sent. So at any speed the numbers are those of such a shop at that time of day; at a
 * speed of 60 a day is over in 24 minutes, in which a sixtieth of its visitors come. */
#ifndef HC_DEMO_DAY_H
#define HC_DEMO_DAY_H

#include "../proto/limits.h"
#include "demo_visitor.h"

struct demo_plan {
    uint64_t seed;
    double speed;  /* of the clock of the day, above 0 */
    ms_t from;     /* time of day at the beginning, ms since midnight */
    long visitors; /* a day */
};

struct demo_day {
    struct demo_plan plan;
    struct chance chance;
    double rate_max;      /* visitors per ms, never more */
    ms_t next;            /* when somebody may come; DEMO_NEVER: the shop is closed */
    ms_t closed;          /* since then, if it is */
    ms_t now;             /* of the latest beacon */
    size_t here;          /* visitors in the heap */
    uint64_t visitors;    /* who came */
    uint64_t turned_away; /* who did not, because DEMO_PEOPLE_MAX were here */
    struct demo_visitor visitor[DEMO_PEOPLE_MAX]; /* a heap, the first due on top */
};

/* On the heap: the struct has some megabytes. Those who would be there already come in
 * the first few seconds. */
void demo_day_open(struct demo_day *d, const struct demo_plan *plan);

/* When the next beacon is due; DEMO_NEVER: there will be none. */
ms_t demo_day_due(struct demo_day *d);

/* Takes it. Asserts that there is one. */
void demo_day_take(struct demo_day *d, struct demo_beacon *b);

/* Everybody leaves at @at: what is left are their goodbyes. Beacons that were due before
 * it and not taken are dropped. */
void demo_day_close(struct demo_day *d, ms_t at);

/* The time of day at @at, ms since midnight. */
ms_t demo_day_clock(const struct demo_day *d, ms_t at);

#endif
