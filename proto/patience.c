/* patience: four times and the round trip. Timers count whole milliseconds of the loop's
 * clock, the round trip is measured in microseconds of the clock in the datagrams. */
#include "patience.h"

#define LONG_AGO (INT64_MIN / 2)

void patience_init(struct patience *p, mono_t now)
{
    *p = (struct patience){
        .heard_at = LONG_AGO, .pinged_at = LONG_AGO, .asked_at = PATIENCE_NEVER};
    patience_wait(p, now);
}

void patience_asked(struct patience *p, mono_t now)
{
    if (p->asked_at == PATIENCE_NEVER)
        p->asked_at = now;
}

void patience_pinged(struct patience *p, mono_t now)
{
    p->pinged_at = now;
}

void patience_wait(struct patience *p, mono_t now)
{
    p->probe_at = now + (mono_t)((rtt_pto(&p->rtt) + 999) / 1000);
}

void patience_probed(struct patience *p, mono_t now)
{
    p->rtt.backoff++;
    patience_wait(p, now);
}

void patience_measure(struct patience *p, uint64_t echo_us, uint64_t now_us)
{
    if (echo_us <= p->sampled_us)
        return;
    p->sampled_us = echo_us;
    rtt_sample(&p->rtt, now_us - echo_us);
}

void patience_heard(struct patience *p, mono_t now, bool news)
{
    p->heard_at = now;
    p->asked_at = PATIENCE_NEVER;
    if (!news)
        return;
    p->rtt.backoff = 0;
    patience_wait(p, now);
}

void patience_redirect(struct patience *p)
{
    p->rtt = (struct rtt){0};
    p->asked_at = PATIENCE_NEVER;
}

void patience_slept(struct patience *p, mono_t late, mono_t now)
{
    if (p->asked_at != PATIENCE_NEVER && late > SENDER_PING_MS)
        p->asked_at = now;
}

mono_t patience_silence_due(const struct patience *p)
{
    if (p->asked_at == PATIENCE_NEVER)
        return PATIENCE_NEVER;
    return p->asked_at + SENDER_SILENCE_MS;
}

void patience_gave_up(struct patience *p, mono_t now)
{
    p->asked_at = now;
}

mono_t patience_ping_due(const struct patience *p)
{
    mono_t last = p->heard_at > p->pinged_at ? p->heard_at : p->pinged_at;

    return last + SENDER_PING_MS;
}
