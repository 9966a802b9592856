/* pace: when the next round of commits may begin. Pure.
 *
 * After a pause at once; in a stream of changes twice the duration of the last round
 * after it began, so that Redis spends at most half its time on rounds whatever its
 * speed, within PACE_GAP_MIN_MS and PACE_GAP_MAX_MS. When Redis could not take a round,
 * after a wait that doubles from one failure to the next.
 *
 * Between two rounds a few sites may go ahead (round.h), PACE_AHEAD_MS after whatever was
 * before, and after no less than three times as long as those took that went ahead before
 * them: so they have at most a quarter of what the rounds leave. */
#ifndef HC_PACE_H
#define HC_PACE_H

#include "../proto/units.h"

#define PACE_GAP_MIN_MS 20 /* 50 messages a second of one site are enough for any eye */
#define PACE_GAP_MAX_MS 1000
#define PACE_AHEAD_MS 4 /* a fifth of the gap, so that the calls still come together */
#define PACE_BACKOFF_MIN_MS 100
#define PACE_BACKOFF_MAX_MS 5000

struct pace {
    mono_t began;     /* the round under way, or the part of one that went ahead */
    mono_t due;       /* the earliest begin of the next */
    mono_t ahead_due; /* and of a part that goes ahead of it */
    mono_t backoff;   /* the last wait after a failure, 0: none */
};

/* The first round may begin at once: zeroed memory is a pace. */

void pace_begin(struct pace *p, mono_t now);

/* The round that began last has ended well. */
void pace_end(struct pace *p, mono_t now);

/* The same of sites that go ahead. */
void pace_begin_ahead(struct pace *p, mono_t now);
void pace_end_ahead(struct pace *p, mono_t now);

/* Redis could not take it; also without a pace_begin before. */
void pace_fail(struct pace *p, mono_t now);

/* Milliseconds until a round may begin, 0: now; and until some may go ahead. */
mono_t pace_wait(const struct pace *p, mono_t now);
mono_t pace_wait_ahead(const struct pace *p, mono_t now);

#endif
