/* pace: arithmetic on the times of rounds. */
#include "pace.h"

static mono_t within(mono_t v, mono_t min, mono_t max)
{
    if (v < min)
        return min;
    return v > max ? max : v;
}

void pace_begin(struct pace *p, mono_t now)
{
    p->began = now;
    p->due = now + PACE_GAP_MIN_MS;
}

/* @rest: until some may go ahead. */
static void end(struct pace *p, mono_t now, mono_t rest)
{
    p->ahead_due = now + within(rest, PACE_AHEAD_MS, PACE_GAP_MAX_MS);
    p->backoff = 0;
}

void pace_end(struct pace *p, mono_t now)
{
    mono_t took = now - p->began;

    p->due = p->began + within(2 * took, PACE_GAP_MIN_MS, PACE_GAP_MAX_MS);
    end(p, now, PACE_AHEAD_MS);
}

void pace_begin_ahead(struct pace *p, mono_t now)
{
    p->began = now;
}

void pace_end_ahead(struct pace *p, mono_t now)
{
    mono_t took = within(now - p->began, 0, PACE_GAP_MAX_MS);

    if (p->due < now + took)
        p->due = now + took;
    end(p, now, 3 * took);
}

void pace_fail(struct pace *p, mono_t now)
{
    p->backoff = within(2 * p->backoff, PACE_BACKOFF_MIN_MS, PACE_BACKOFF_MAX_MS);
    p->due = p->ahead_due = now + p->backoff;
}

mono_t pace_wait(const struct pace *p, mono_t now)
{
    return p->due > now ? p->due - now : 0;
}

mono_t pace_wait_ahead(const struct pace *p, mono_t now)
{
    return p->ahead_due > now ? p->ahead_due - now : 0;
}
