/* clock: compares what the host says with what it said before. */
#include "clock.h"

#include <time.h>

static ms_t host_wall(void *arg)
{
    struct timespec t;

    (void)arg;
    clock_gettime(CLOCK_REALTIME, &t); /* cannot fail with a valid pointer */
    return (ms_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static uint64_t host_mono_us(void *arg)
{
    struct timespec t;

    (void)arg;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

const struct clock_source clock_host = {.wall = host_wall, .mono_us = host_mono_us};

void clock_init(struct clock *c, const struct clock_source *source,
                void (*on_reset)(void *arg, ms_t now), void *arg)
{
    *c = (struct clock){.source = source, .on_reset = on_reset, .arg = arg};
    c->now = source->wall(source->arg);
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

/* Ours stands still then like after a step back, but it was none. */
void clock_raise(struct clock *c, ms_t now)
{
    if (now <= c->now || now - c->now > CLOCK_HOLD_MAX_MS)
        return;
    c->now = now;
    c->held = true;
}

ms_t clock_now(struct clock *c)
{
    if (clock_take(c, c->source->wall(c->source->arg)) == CLOCK_RESET && c->on_reset)
        c->on_reset(c->arg, c->now);
    return c->now;
}

uint64_t clock_us(const struct clock *c)
{
    return c->source->mono_us(c->source->arg);
}

mono_t clock_mono(const struct clock *c)
{
    return (mono_t)(clock_us(c) / 1000);
}
