/* patience: how long a sender waits for an answer, and what is due when none comes: a
 * probe, a ping, another aggregator. Pure. */
#ifndef HC_PATIENCE_H
#define HC_PATIENCE_H

#include <stdbool.h>
#include "limits.h"
#include "rtt.h"
#include "units.h"

#define PATIENCE_NEVER INT64_MAX

struct patience {
    struct rtt rtt;
    uint64_t sampled_us; /* the newest echo that was measured */
    mono_t heard_at;     /* an ACK was taken */
    mono_t pinged_at;
    mono_t asked_at; /* the first datagram sent that nothing was heard since, or NEVER */
    mono_t probe_at; /* unless something new is heard */
};

/* Nothing sent, nothing heard: a ping is due. */
void patience_init(struct patience *p, mono_t now);

/* Something was sent that will be answered; it was a ping. */
void patience_asked(struct patience *p, mono_t now);
void patience_pinged(struct patience *p, mono_t now);

/* The probe timeout begins; it struck, so the next one is twice as long. */
void patience_wait(struct patience *p, mono_t now);
void patience_probed(struct patience *p, mono_t now);

/* An ACK was taken: it answers what was sent at @echo_us (0: nothing in particular), and
 * tells something new or does not. */
void patience_measure(struct patience *p, uint64_t echo_us, uint64_t now_us);
void patience_heard(struct patience *p, mono_t now, bool news);

/* The way is another now: what was measured and waited for is forgotten. */
void patience_redirect(struct patience *p);

/* The process comes @late ms after it wanted to. When that is long it, or its host, slept
 * and did not listen: the silence until @now was its own. */
void patience_slept(struct patience *p, mono_t late, mono_t now);

/* When silence has lasted too long, NEVER while it is none; and it begins anew. */
mono_t patience_silence_due(const struct patience *p);
void patience_gave_up(struct patience *p, mono_t now);

/* When to ping, if nothing is heard until then. */
mono_t patience_ping_due(const struct patience *p);

#endif
