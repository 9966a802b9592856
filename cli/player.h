/* player: plays a log to a collector, line after line, each when it is due. */
#ifndef HC_PLAYER_H
#define HC_PLAYER_H

#include "lanes.h"
#include "lines.h"
#include "progress.h"
#include "schedule.h"

struct player {
    int input;
    bool input_ended;
    struct replay_rules rules;
    struct tempo tempo;
    struct progress progress;
    struct lanes *lanes; /* the caller's, like all else that is pointed to */
    struct tally *tally;
    bool holding;            /* line was read but not gathered yet */
    struct replay_line line; /* the one read last */
    struct second second;
    struct lines lines;
};

enum player_end {
    PLAYER_DONE,        /* all lines are sent, and answered or given up */
    PLAYER_INTERRUPTED, /* by a signal; what was sent is answered or given up */
    PLAYER_NO_SITE,     /* a line is a view and the rules name no site */
    PLAYER_INPUT,       /* reading failed: errno */
    PLAYER_UNREACHABLE, /* the collector is gone for good: lanes_why */
};

/* On the heap: the struct holds some megabytes. Set the first members before. */
void player_init(struct player *p, int input);

/* Plays until one of the ends. */
enum player_end player_run(struct player *p);

#endif
