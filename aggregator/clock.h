/* clock: the time, as the aggregator is told it. Two clocks: a monotonic one that
 * measures waits, and the wall clock that names minutes, which does not step back.
 *
 * When the host's clock is set back by up to CLOCK_HOLD_MAX_MS, ours stands still until
 * the host's has caught up: what comes meanwhile is filed under the minute it stood in,
 * and no minute is lived through twice. A larger step says that the time before was
 * wrong, and with it everything filed under it: then on_reset is called and the new time
 * holds. Steps ahead are taken as they come; the windows age by them. */
#ifndef HC_CLOCK_H
#define HC_CLOCK_H

#include <stdbool.h>
#include "../proto/units.h"

#define CLOCK_HOLD_MAX_MS (10 * MS_PER_MINUTE)

/* Where time comes from: the host in the daemon, a variable in the simulation. */
struct clock_source {
    ms_t (*wall)(void *arg);        /* ms since 1970 */
    uint64_t (*mono_us)(void *arg); /* never steps */
    void *arg;
};

extern const struct clock_source clock_host; /* CLOCK_REALTIME, CLOCK_BOOTTIME */

struct clock {
    const struct clock_source *source;
    ms_t now;        /* what was read last */
    bool held;       /* stands still at present */
    uint64_t holds;  /* steps back that were waited out */
    uint64_t resets; /* and those that were too large for it */
    void (*on_reset)(void *arg, ms_t now);
    void *arg;
};

enum clock_step { CLOCK_STEADY, CLOCK_HELD, CLOCK_RESET };

/* Starts at the source's time. @on_reset may be NULL; it is called from clock_now. */
void clock_init(struct clock *c, const struct clock_source *source,
                void (*on_reset)(void *arg, ms_t now), void *arg);

/* Takes the host's time @wall into c->now and says what it did to it. Pure. */
enum clock_step clock_take(struct clock *c, ms_t wall);

/* It is at least @now: another host, whose clock was ahead by up to CLOCK_HOLD_MAX_MS,
 * has lived through the time until then. */
void clock_raise(struct clock *c, ms_t now);

/* Reads the wall clock. Callers read before they look at the store, for on_reset may
 * empty it. */
ms_t clock_now(struct clock *c);

/* Reads the monotonic clock. */
uint64_t clock_us(const struct clock *c);
mono_t clock_mono(const struct clock *c);

#endif
