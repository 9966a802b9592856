/* snapshot: one site's numbers as they lie in Redis, asked for over the worker's link.
 *
 * Embedded in who asks, who asks one question at a time. The text of proto/snapshot.lua
 * goes over once for each connection, its hash afterwards. */
#ifndef HC_SNAPSHOT_H
#define HC_SNAPSHOT_H

#include "../proto/loop/redis_link.h"
#include "../proto/summary.h"

struct snapshot;

/* @summary ends with the call; NULL: Redis went away, or gave an error or nonsense. */
typedef void (*snapshot_fn)(struct snapshot *q, const struct summary *summary);

/* What all questions of one worker share. All zero: there is no link yet. */
struct snapshots {
    struct redis_link *link;
    char sha[41]; /* of the script as Redis has it; "": not known to be there */
};

struct snapshot {
    struct snapshots *all;
    snapshot_fn done;
    char site[SITE_MAX];
    size_t site_n;
    unsigned minutes; /* 0: only the numbers are wanted */
    bool asked;       /* an answer is awaited: the struct must stay where it is */
    bool in_full;     /* with the script's text, not its hash */
};

/* @link was made, or made again: gives it the script. */
void snapshots_up(struct snapshots *all, struct redis_link *link);

/* Asks for @site, at most SITE_MAX bytes, copied. Returns 0, and @done is called exactly
 * once, later; or -1 when the link is not up or full. What was asked for stays in @q.
 * @minutes 0: a summary of MINUTES_DEFAULT without pages, titles, traits and events,
 * which costs Redis a fraction. */
int snapshot_ask(struct snapshot *q, struct snapshots *all, struct slice site,
                 unsigned minutes, snapshot_fn done);

#endif
