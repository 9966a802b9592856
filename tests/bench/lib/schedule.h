/* schedule: when each request is due.
 *
 * In a closed loop (rate 0) the next one is due as soon as somebody is free to ask. In an
 * open loop request i is due i / rate after the begin, whether or not earlier ones were
 * answered: who measures from then on does not leave out the time that a request waited
 * because the server was late ("coordinated omission"). Pure. Times are nanoseconds of
 * one clock. */
#ifndef HC_BENCH_SCHEDULE_H
#define HC_BENCH_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>
#include "histogram.h"

struct schedule {
    double rate; /* a second; 0: closed loop */
    uint64_t begin,
        end;        /* from when to when requests become due; late ones begin later */
    uint64_t most;  /* and no more than these */
    uint64_t begun; /* of them */
};

/* Whether one is due at @now, which is then begun; @since: from when it is measured. */
bool schedule_take(struct schedule *s, uint64_t now, uint64_t *since);

/* When the next one is due, which may have been long ago; UINT64_MAX: none will be. */
uint64_t schedule_next(const struct schedule *s, uint64_t now);

/* At the end of an open loop: those that were due and not begun, into @h with the time
 * that they had waited at @now. Returns how many. */
uint64_t schedule_overdue(struct schedule *s, uint64_t now, struct histogram *h);

#endif
