/* world: virtual time, chance, and a memory of what happened last.
 *
 * All that happens is an event in one queue, in order of time and then of making; all
 * chance comes from one seed; nothing else moves. So a seed is a history, and running it
 * again is watching it again: world_digest of the two is the same. */
#ifndef HC_SIM_WORLD_H
#define HC_SIM_WORLD_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "../dice.h"

typedef int64_t us_t; /* microseconds since the world began */

#define MS ((us_t)1000)
#define SECOND ((us_t)1000000)
#define NEVER INT64_MAX

/* More than any world needs: whoever gets here turns in circles. */
#define WORLD_EVENTS_MAX 3000000

#define NOTES 64

/* @token is the maker's; it tells whether the event still means anything. */
typedef void (*event_fn)(void *arg, uint64_t token);

struct event {
    us_t at;
    uint64_t order;
    event_fn fn;
    void *arg;
    uint64_t token;
};

/* A line of the trace, not yet printed: printf's format and numbers for it. */
struct note {
    us_t at;
    const char *format;
    long v[4];
};

struct world {
    uint64_t seed;
    struct dice dice;
    us_t now;
    struct event *queue; /* a heap, the next first */
    size_t n, cap;
    uint64_t order; /* of the event made last */
    uint64_t events;
    struct note note[NOTES];
    uint64_t notes;
    uint64_t digest;
    char failure[256]; /* what world_fail was told */
    bool loud;         /* notes are printed as they come; set it after world_init */
    sigjmp_buf failed; /* where it goes */
};

void world_init(struct world *w, uint64_t seed);
void world_fini(struct world *w);

/* Has @fn called at @at, or now if that is over. */
void world_at(struct world *w, us_t at, event_fn fn, void *arg, uint64_t token);

/* Lets everything happen that is due until @until, and it is @until. */
void world_run(struct world *w, us_t until);

/* A number of 0..n - 1; of from..to; whether the dice says yes with @permille; one of the
 * @n numbers of @v. */
uint64_t draw(struct world *w, uint64_t n);
int64_t draw_from(struct world *w, int64_t from, int64_t to);
bool draw_yes(struct world *w, unsigned permille);
us_t draw_one(struct world *w, const us_t *v, size_t n);
#define DRAW_ONE(w, ...)                     \
    draw_one(w, (const us_t[]){__VA_ARGS__}, \
             sizeof((const us_t[]){__VA_ARGS__}) / sizeof(us_t))

/* Remembers a line: @format takes longs, up to four, and lives on. */
void world_note(struct world *w, const char *format, long a, long b, long c, long d);

/* Of all notes so far. */
uint64_t world_digest(const struct world *w);

/* The history is wrong: says so and jumps to w->failed. */
void world_fail(struct world *w, const char *format, ...)
    __attribute__((noreturn, format(printf, 2, 3)));

/* Prints the last notes. */
void world_print(const struct world *w, FILE *out);

#endif
