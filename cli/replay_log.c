/* The log: opened, given to the player, and reported on. */
#include "replay.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../proto/hit.h"
#include "interrupt.h"
#include "player.h"

/* Fills what the options say of the player. Returns 0, or -1 after a complaint. */
static int configure(struct player *p, const struct replay_opts *opts)
{
    p->rules = (struct replay_rules){slice_of(opts->site), opts->all};
    if (opts->site && !replay_site_valid(opts->site))
        return -1;
    if (!tempo_parse(&p->tempo, opts->speed)) {
        complain("--speed must be max or a number from 0.001 to 1000000, not \"%s\"",
                 opts->speed);
        return -1;
    }
    return 0;
}

/* Returns a descriptor, or -1 after a complaint. @bytes is the size of a plain file. */
static int open_log(const char *path, uint64_t *bytes)
{
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    unsigned char magic[2];
    struct stat st;

    *bytes = 0;
    if (fd < 0 || fstat(fd, &st) < 0) {
        complain("cannot read %s: %s", path, strerror(errno));
        return -1;
    }
    if (!S_ISREG(st.st_mode))
        return fd;
    *bytes = (uint64_t)st.st_size;
    if (pread(fd, magic, 2, 0) == 2 && magic[0] == 0x1f && magic[1] == 0x8b) {
        complain("%s is compressed; use: zcat %s | headcount replay -", path, path);
        close(fd);
        return -1;
    }
    return fd;
}

static void report(const struct player *p, const struct replay_opts *opts)
{
    mono_t ms = mono_now() - p->progress.started;
    struct buf out;

    buf_init(&out, 4096);
    if (opts->json)
        tally_json(p->tally, ms, &out);
    else
        tally_text(p->tally, ms, &out);
    if (!opts->quiet)
        fwrite(out.p, 1, out.n, stdout);
    buf_fini(&out);
}

/* Says what went wrong, if something did, and gives the exit code. */
static enum command_exit conclude(const struct player *p, enum player_end end,
                                  const char *path)
{
    switch (end) {
    case PLAYER_DONE:
        if (strcmp(p->tally->reason, "unknown_site") == 0)
            complain("the collector counts only sites that were added: headcount site "
                     "add SITE");
        return tally_is_good(p->tally) ? EXIT_FINE : EXIT_NO;
    case PLAYER_INTERRUPTED:
        return EXIT_INTERRUPTED;
    case PLAYER_NO_SITE:
        complain("line %" PRIu64 " of %s is a page view: give --site",
                 p->tally->lines + 1, path);
        return EXIT_USAGE;
    case PLAYER_INPUT:
        complain("cannot read %s: %s", path, strerror(errno));
        return EXIT_USAGE;
    case PLAYER_UNREACHABLE:
        complain("the collector is gone: %s", lanes_why(p->lanes));
        return EXIT_UNREACHABLE;
    }
    abort();
}

static enum command_exit play(struct player *p, const struct replay_opts *opts,
                              const char *path)
{
    enum player_end end;
    enum command_exit code;

    p->progress.started = mono_now();
    end = player_run(p);
    progress_clear(&p->progress);
    code = conclude(p, end, path);
    if (end != PLAYER_NO_SITE && end != PLAYER_INPUT)
        report(p, opts);
    return code;
}

static enum command_exit replay(struct player *p, const struct replay_opts *opts,
                                const char *path)
{
    static struct tally tally;
    enum command_exit code = EXIT_USAGE;
    int fd;

    if (configure(p, opts) < 0)
        return EXIT_USAGE;
    p->progress = replay_progress(opts);
    fd = open_log(path, &p->progress.bytes);
    if (fd < 0)
        return EXIT_USAGE;
    p->tally = &tally;
    p->lanes = replay_reach(opts, &tally, &code);
    if (p->lanes) {
        player_init(p, fd);
        code = play(p, opts, path);
        lanes_free(p->lanes);
    }
    if (fd != STDIN_FILENO)
        close(fd);
    return code;
}

enum command_exit replay_log(const struct replay_opts *opts, const char *path)
{
    struct player *p = calloc(1, sizeof *p);
    enum command_exit code;

    if (p == NULL)
        abort();
    code = replay(p, opts, path);
    free(p);
    return code;
}
