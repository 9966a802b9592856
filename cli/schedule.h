/* schedule: when each line of a log is due. Pure: the clock is a parameter.
 *
 * tempo turns the log's time into the replay's; second spreads the lines of one second,
 * which an access log does not tell apart, evenly over it. */
#ifndef HC_SCHEDULE_H
#define HC_SCHEDULE_H

#include "replay_line.h"

/* ---- tempo --------------------------------------------------------------- */

#define TEMPO_SPEED_MIN 0.001
#define TEMPO_SPEED_MAX 1000000.0

struct tempo {
    double speed; /* log time per real time; 0: everything is due at once */
    bool started;
    ms_t origin;  /* this log time ... */
    mono_t start; /* ... is due at this moment */
};

/* Reads "max" or a decimal number from TEMPO_SPEED_MIN to TEMPO_SPEED_MAX. Returns false
 * and leaves @p alone when it is neither. */
bool tempo_parse(struct tempo *p, const char *text);

/* Sets the origin: log time @at is due @now. Later calls do nothing. */
void tempo_start(struct tempo *p, ms_t at, mono_t now);

/* When log time @at is due. Times before the origin are due at the start. */
mono_t tempo_due(const struct tempo *p, ms_t at);

/* ---- second -------------------------------------------------------------- */

struct second_line {
    ms_t at;
    bool is_second;
    uint64_t who;
    struct slice query; /* points into the second */
};

/* The lines of one second of the log, first gathered, then given out. On the heap: it
 * holds REPLAY_SECOND_BYTES. */
struct second {
    int64_t number; /* which second, since 1970 */
    bool closed;    /* being given out */
    bool cut;       /* closed because it was full: more lines of it will follow */
    unsigned from;  /* the part of it, in ms, that earlier lines were spread over */
    size_t n, next; /* lines held, lines given out */
    size_t bytes;
    struct second_line line[REPLAY_SECOND_LINES];
    char text[REPLAY_SECOND_BYTES];
};

void second_init(struct second *s);

/* Adds a line while gathering. Returns false when it belongs to another second or does
 * not fit: then close, give out everything, and add it again. */
bool second_add(struct second *s, const struct replay_line *l);

/* Ends the gathering: lines known to the second are spread over it. A second that was cut
 * uses half of what is left of it, so that the rest finds its place behind. */
void second_close(struct second *s);

/* The next line to give out, NULL when there is none; second_pop goes on to the one after
 * it. Behind the last, gathering begins again. */
const struct second_line *second_next(const struct second *s);
void second_pop(struct second *s);

/* The log time at which the second is over. */
ms_t second_end(const struct second *s);

#endif
