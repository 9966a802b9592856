/* The demo: its site marked, its day played, and reported on. */
#include "replay.h"

#include <stdio.h>
#include <stdlib.h>
#include "demo_mark.h"
#include "interrupt.h"

static void report(const struct demo *d, const struct replay_opts *opts)
{
    mono_t ms = mono_now() - d->progress.started;
    struct buf out;

    buf_init(&out, 4096);
    if (opts->json)
        demo_json(d, ms, &out);
    else
        demo_text(d, ms, &out);
    if (!opts->quiet)
        fwrite(out.p, 1, out.n, stdout);
    buf_fini(&out);
}

/* Nothing is sent before the site is marked. */
static enum command_exit replay(struct demo *d, const struct replay_opts *opts)
{
    static struct tally tally;
    struct demo_plan plan;
    enum command_exit code;

    d->site = slice_of(opts->site ? opts->site : DEMO_SITE);
    if ((opts->site && !replay_site_valid(opts->site)) ||
        !demo_plan(&plan, &opts->demo, opts->speed))
        return EXIT_USAGE;
    d->tally = &tally;
    d->lanes = replay_reach(opts, &tally, &code);
    if (d->lanes == NULL)
        return code;
    code = demo_mark(&opts->demo.dial, d->site);
    if (code == EXIT_FINE) {
        d->progress = replay_progress(opts);
        code = demo_run(d, &plan, opts->demo.seconds);
        report(d, opts);
    }
    lanes_free(d->lanes);
    return code;
}

enum command_exit replay_demo(const struct replay_opts *opts)
{
    struct demo *d = calloc(1, sizeof *d);
    enum command_exit code;

    if (d == NULL)
        abort();
    code = replay(d, opts);
    free(d);
    return code;
}
