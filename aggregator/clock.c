/* clock: compares what the host says with what it said before. */
#include "clock.h"

#include <time.h>

static ms_t wall_clock(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t); /* cannot fail with a valid pointer */
    return (ms_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void clock_init(struct clock *c, void (*on_reset)(void *arg, ms_t now), void *arg)
{
    *c = (struct clock){.now = wall_clock(), .on_reset = on_reset, .arg = arg};
}

enum clock_step clock_take(struct clock *c, ms_t wall)
{
    if (wall < c->now && c->now - wall <= CLOCK_HOLD_MAX_MS) {
        c->holds += !c->held;
        c->held = true;
        return CLOCK_HELD;
    }
    c->held = false;
    if (wall >= c->now) {
        c->now = wall;
        return CLOCK_STEADY;
    }
    c->now = wall;
    c->resets++;
    return CLOCK_RESET;
}

ms_t clock_now(struct clock *c)
{
    if (clock_take(c, wall_clock()) == CLOCK_RESET && c->on_reset)
        c->on_reset(c->arg, c->now);
    return c->now;
}
