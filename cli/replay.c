/* replay: feeds an access log, or beacons that were recorded, to a collector; or a day of
 * a shop that does not exist.
 *
 * What happened on a site is played again with its real spacing, faster, or as fast as
 * the collector answers; to try headcount on one's own traffic, to load it, or to repeat
 * what went wrong. Here are the options and the way to the collector; the work is done by
 * player.c, of the demo by demo.c.
 */
#include "replay.h"

#include <stddef.h>
#include "../proto/hit.h"
#include "interrupt.h"
#include "term.h"

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
    DEMO_OPTS(struct replay_opts, demo),
    DIAL_OPTS(struct replay_opts, demo.dial),
};

static const struct opts_spec spec = {
    .program = "headcount replay",
    .usage = "FILE|- [options]\n"
             "       headcount replay --demo [options]",
    .about = "Feeds a log to a collector as beacons. Each line of FILE or standard input "
             "is a line of an access log in combined format (nginx, Apache) or a "
             "recorded beacon: unix milliseconds, a blank, and the query string. The "
             "lines of one second of an access log are spread evenly over it. With "
             "--demo it plays visitors of a shop that does not exist, until Ctrl-C.",
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
        "The people of the demo live in real time, at any speed: the collector's clock "
        "is\n"
        "real, so all numbers are what such a shop has at that time of day. A day at\n"
        "--speed 60 is over in 24 minutes, and a sixtieth of its visitors come.\n"
        "\n"
        "Exit codes:\n"
        "  0    all beacons were answered 2xx\n"
        "  1    not all were, or there was nothing to send\n"
        "  2    the command line is wrong, or FILE cannot be read\n"
        "  3    the collector cannot be reached; of --demo, or Redis\n"
        "  130  ended by Ctrl-C or SIGTERM, after the answers to what was sent\n"
        "\n"
        "Examples:\n"
        "  headcount replay access.log --site shop --speed 60\n"
        "  tail -n 0 -F access.log | headcount replay - --site shop\n"
        "  headcount replay beacons.txt --speed max --connections 16 --json\n"
        "  headcount replay --demo --speed 20 --redis unix:/run/redis.sock",
    .rows = rows,
    .nrows = sizeof rows / sizeof *rows,
};

bool replay_site_valid(const char *site)
{
    if (site_valid(slice_of(site)))
        return true;
    complain("--site \"%s\" is no site id: 1 to %d of A-Z a-z 0-9 . _ -", site, SITE_MAX);
    return false;
}

struct lanes *replay_reach(const struct replay_opts *opts, struct tally *tally,
                           enum command_exit *code)
{
    struct collector_url url;
    struct lanes *lanes;
    char err[512];

    *code = EXIT_USAGE;
    if (collector_url_parse(&url, opts->collector, err, sizeof err) < 0) {
        complain("%s", err);
        return NULL;
    }
    *code = EXIT_UNREACHABLE;
    interrupt_open();
    lanes = lanes_new(&url, (unsigned)opts->connections, tally, err, sizeof err);
    if (lanes == NULL)
        complain("cannot reach %s: %s", opts->collector, err);
    return lanes;
}

struct progress replay_progress(const struct replay_opts *opts)
{
    struct term term = term_of(stderr);

    return (struct progress){.on = term.tty && !opts->quiet, .utf8 = term.utf8};
}

int replay_run(int argc, char **argv)
{
    struct replay_opts opts;
    int rest, code;

    if (!command_options(&spec, &opts, argc, argv, &rest, &code))
        return code;
    if (argc - rest != !opts.demo.on) {
        complain(opts.demo.on ? "replay --demo takes no FILE"
                              : "replay takes one FILE, or - for standard input; see "
                                "`headcount replay --help`");
        return EXIT_USAGE;
    }
    return opts.demo.on ? replay_demo(&opts) : replay_log(&opts, argv[rest]);
}
