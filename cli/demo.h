/* demo: plays the demo's day to a collector, as `headcount replay --demo` does. */
#ifndef HC_DEMO_H
#define HC_DEMO_H

#include "command.h"
#include "demo_day.h"
#include "dial.h"
#include "lanes.h"
#include "progress.h"

#define DEMO_SITE "shop" /* when none is given */

/* Member of a command's options struct; DEMO_OPTS are its rows. */
struct demo_opts {
    bool on;
    const char *from;
    long visitors;
    long seconds; /* 0: until it is interrupted */
    long seed;
    struct dial_opts dial;
};

#define DEMO_OPTS(opts_type, member)                                                    \
    {.name = "demo",                                                                    \
     .type = OPT_FLAG,                                                                  \
     .offset = offsetof(opts_type, member.on),                                          \
     .help = "Play a day of a small shop instead of a FILE. Its site, \"" DEMO_SITE     \
             "\" unless --site says another, is marked in Redis as a demo. --speed is " \
             "that of the clock of the day.",                                           \
     .group = "Demo"},                                                                  \
        {.name = "day-from",                                                            \
         .arg = "HH:MM",                                                                \
         .type = OPT_TEXT,                                                              \
         .offset = offsetof(opts_type, member.from),                                    \
         .def = "09:40",                                                                \
         .help = "The time of day at the beginning. A newsletter goes out at 10:00."},  \
        {.name = "visitors",                                                            \
         .arg = "N",                                                                    \
         .type = OPT_INT,                                                               \
         .offset = offsetof(opts_type, member.visitors),                                \
         .def = "5000",                                                                 \
         .min = 1,                                                                      \
         .max = 1000000,                                                                \
         .help = "Visitors that the shop has in a day."},                               \
        {.name = "for",                                                                 \
         .arg = "SECONDS",                                                              \
         .type = OPT_INT,                                                               \
         .offset = offsetof(opts_type, member.seconds),                                 \
         .def = "0",                                                                    \
         .min = 0,                                                                      \
         .max = 1000000000,                                                             \
         .help = "Close the shop after so long; 0: with Ctrl-C."},                      \
    {                                                                                   \
        .name = "seed", .arg = "N", .type = OPT_INT,                                    \
        .offset = offsetof(opts_type, member.seed), .def = "1", .min = 0,               \
        .max = 1000000000,                                                              \
        .help = "Another number, another day; the same number, the same day."           \
    }

struct demo {
    struct lanes *lanes; /* the caller's, like all else that is pointed to */
    struct tally *tally;
    struct progress progress;
    struct slice site;
    mono_t start; /* when ms 0 of the day was */
    mono_t until; /* when to close; DEMO_NEVER: not by itself */
    bool holding; /* beacon is taken and not sent yet */
    bool closed;
    struct demo_beacon beacon;
    uint64_t visitors, views, events, heartbeats, leaves; /* sent */
    struct demo_day day;
};

/* Fills the plan from the options, @speed as --speed has it. Returns false after a
 * complaint. */
bool demo_plan(struct demo_plan *plan, const struct demo_opts *opts, const char *speed);

/* Plays. Set the members before `start` first, all others 0. Returns an exit code, after
 * a sentence when it is not good. */
enum command_exit demo_run(struct demo *d, const struct demo_plan *plan, long seconds);

/* Appends the report after @ms of work. */
void demo_text(const struct demo *d, mono_t ms, struct buf *out);
void demo_json(const struct demo *d, mono_t ms, struct buf *out);

#endif
