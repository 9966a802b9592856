/* replay: what the two sources of beacons, a log and the demo, share: the options, and
 * the way to the collector. */
#ifndef HC_REPLAY_H
#define HC_REPLAY_H

#include "command.h"
#include "demo.h"
#include "lanes.h"
#include "progress.h"

struct replay_opts {
    const char *collector;
    const char *site;
    const char *speed;
    long connections;
    bool all;
    bool json;
    bool quiet;
    struct demo_opts demo;
};

/* Whether it is a site id; complains if not. */
bool replay_site_valid(const char *site);

/* Connects to the collector, after which signals are a flag (interrupt.h). Returns NULL
 * after a complaint, *@code saying which. Answers are counted in @tally. */
struct lanes *replay_reach(const struct replay_opts *opts, struct tally *tally,
                           enum command_exit *code);

/* Progress as the options and the terminal have it. */
struct progress replay_progress(const struct replay_opts *opts);

/* The two sources. Each returns the exit code, after its report. */
enum command_exit replay_log(const struct replay_opts *opts, const char *path);
enum command_exit replay_demo(const struct replay_opts *opts);

#endif
