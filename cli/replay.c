/* replay: feeds an access log, or beacons that were recorded, to a collector.
 *
 * What happened on a site is played again with its real spacing, faster, or as fast as
 * the collector answers; to try headcount on one's own traffic, to load it, or to repeat
 * what went wrong. The work is done by player.c; here are the options, the file and the
 * report.
 */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../proto/hit.h"
#include "interrupt.h"
#include "player.h"
#include "term.h"

struct replay_opts {
    const char *collector;
    const char *site;
    const char *speed;
    long connections;
    bool all;
    bool json;
    bool quiet;
};

static const struct opt rows[] = {
    {.name = "collector",
     .arg = "URL",
     .type = OPT_TEXT,
     .offset = offsetof(struct replay_opts, collector),
     .def = "http://127.0.0.1:8080",
     .help = "Where the collector is: http://HOST[:PORT][/BASE].",
     .group = "Replay"},
    {.name = "site",
     .arg = "SITE",
     .type = OPT_TEXT,
     .offset = offsetof(struct replay_opts, site),
     .help = "The site that page views belong to; beacons say theirs themselves."},
    {.name = "speed",
     .arg = "N|max",
     .type = OPT_TEXT,
     .offset = offsetof(struct replay_opts, speed),
     .def = "1",
     .help = "Times faster than it happened, 0.001 to 1000000; max is as fast as the "
             "collector answers."},
    {.name = "connections",
     .arg = "C",
     .type = OPT_INT,
     .offset = offsetof(struct replay_opts, connections),
     .def = "4",
     .min = 1,
     .max = REPLAY_CONNECTIONS_MAX,
     .help = "Keep-alive connections; a visitor stays on one of them."},
    {.name = "all",
     .type = OPT_FLAG,
     .offset = offsetof(struct replay_opts, all),
     .help = "Do not skip assets: css js png jpg jpeg gif svg ico webp avif woff woff2 "
             "ttf map xml txt json mp4 webm."},
    {.name = "json",
     .type = OPT_FLAG,
     .offset = offsetof(struct replay_opts, json),
     .help = "Print the report as one JSON object.",
     .group = "Output"},
    {.name = "quiet",
     .type = OPT_FLAG,
     .offset = offsetof(struct replay_opts, quiet),
     .help = "No progress and no report; the exit code tells."},
};

static const struct opts_spec spec = {
    .program = "headcount replay",
    .usage = "FILE|- [options]",
    .about = "Feeds a log to a collector as beacons. Each line of FILE or standard input "
             "is a line of an access log in combined format (nginx, Apache) or a "
             "recorded beacon: unix milliseconds, a blank, and the query string. The "
             "lines of one second of an access log are spread evenly over it.",
    .footer =
        "Of an access log, GET requests answered 200 or 304 are replayed, except for\n"
        "assets: as page views of their path, the query cut off. GET /hc.gif?... is\n"
        "replayed as the beacon that it was. A visitor is told by a hash of address and\n"
        "User-Agent, sent as u=...; neither of them leaves this program.\n"
        "\n"
        "The report counts lines read, lines skipped by reason (garbage, too_long,\n"
        "method, status, asset), beacons sent, and answers by status. Lines may have\n"
        "64 KiB. Compressed logs are not read: zcat FILE | headcount replay -\n"
        "\n"
        "Exit codes:\n"
        "  0    all beacons were answered 2xx\n"
        "  1    not all were, or there was nothing to send\n"
        "  2    the command line is wrong, or FILE cannot be read\n"
        "  3    the collector cannot be reached\n"
        "  130  ended by Ctrl-C or SIGTERM, after the answers to what was sent\n"
        "\n"
        "Examples:\n"
        "  headcount replay access.log --site shop --speed 60\n"
        "  tail -n 0 -F access.log | headcount replay - --site shop\n"
        "  headcount replay beacons.txt --speed max --connections 16 --json",
    .rows = rows,
    .nrows = sizeof rows / sizeof *rows,
};

/* Fills what the options say of the player. Returns 0, or -1 after a complaint. */
static int configure(struct player *p, const struct replay_opts *opts)
{
    p->rules = (struct replay_rules){slice_of(opts->site), opts->all};
    if (opts->site && !site_valid(p->rules.site)) {
        complain("--site \"%s\" is no site id: 1 to %d of A-Z a-z 0-9 . _ -", opts->site,
                 SITE_MAX);
        return -1;
    }
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
    struct term term = term_of(stderr);
    enum player_end end;
    enum command_exit code;

    p->progress.on = term.tty && !opts->quiet;
    p->progress.utf8 = term.utf8;
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
    struct collector_url url;
    enum command_exit code;
    char err[512];
    int fd;

    if (configure(p, opts) < 0)
        return EXIT_USAGE;
    if (collector_url_parse(&url, opts->collector, err, sizeof err) < 0) {
        complain("%s", err);
        return EXIT_USAGE;
    }
    fd = open_log(path, &p->progress.bytes);
    if (fd < 0)
        return EXIT_USAGE;
    interrupt_open();
    p->tally = &tally;
    p->lanes = lanes_new(&url, (unsigned)opts->connections, &tally, err, sizeof err);
    if (p->lanes == NULL) {
        complain("cannot reach %s: %s", opts->collector, err);
        return EXIT_UNREACHABLE;
    }
    player_init(p, fd);
    code = play(p, opts, path);
    lanes_free(p->lanes);
    if (fd != STDIN_FILENO)
        close(fd);
    return code;
}

int replay_run(int argc, char **argv)
{
    struct replay_opts opts;
    struct player *p;
    int rest, code;

    if (!command_options(&spec, &opts, argc, argv, &rest, &code))
        return code;
    if (argc - rest != 1) {
        complain("replay takes one FILE, or - for standard input; see "
                 "`headcount replay --help`");
        return EXIT_USAGE;
    }
    p = calloc(1, sizeof *p);
    if (p == NULL)
        abort();
    code = replay(p, &opts, argv[rest]);
    free(p);
    return code;
}
