/* progress: one line on a terminal that says how far a replay is. */
#ifndef HC_PROGRESS_H
#define HC_PROGRESS_H

#include "../proto/buf.h"
#include "../proto/units.h"

#define PROGRESS_EVERY_MS 250

struct progress {
    bool on;        /* standard error is a terminal and nobody asked for quiet */
    bool utf8;      /* draw the bar with blocks */
    uint64_t bytes; /* of the whole file, 0 when nobody knows */
    mono_t started, drawn;
};

/* What there is to say. */
struct progress_state {
    uint64_t bytes, lines, sent, answered;
};

/* Appends the line, without escape sequences, at most 79 columns wide. Pure. */
void progress_text(const struct progress *p, const struct progress_state *s, mono_t now,
                   struct buf *out);

/* Draws it over the one before, at most every PROGRESS_EVERY_MS. */
void progress_draw(struct progress *p, const struct progress_state *s, mono_t now);

/* Draws another text instead, under the same rule; control characters are the caller's
 * care. */
void progress_show(struct progress *p, struct slice text, mono_t now);

/* Wipes it, before something else is written. */
void progress_clear(struct progress *p);

#endif
