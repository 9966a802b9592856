/* replay_line: one line of a log -> the beacon that it stands for, or why it is skipped.
 *
 * Told apart by each line itself:
 *   1763776800123 i=shop&p=/cart&u=abc     recorded: unix milliseconds, a beacon's query
 *   203.0.113.7 - - [22/Nov/2026:...       combined format (combined.h)
 *
 * Of a combined line, GET /hc.gif?... is a beacon and keeps its query; what it lacks of
 * page and visitor is completed from the line's referrer, address and User-Agent. Any
 * other GET answered 200 or 304 that is no asset is a view of its path.
 *
 * The visitor of a combined line is a keyed hash of address and User-Agent, so that
 * neither leaves this program. The key is the same in every run: replaying in two halves
 * counts nobody twice. */
#ifndef HC_REPLAY_LINE_H
#define HC_REPLAY_LINE_H

#include <stdbool.h>
#include <stdint.h>
#include "../proto/limits.h"
#include "../proto/slice.h"
#include "../proto/units.h"

/* Leaves room for method, base path and protocol in the collector's request line. */
#define REPLAY_QUERY_MAX (HTTP_REQUEST_LINE_MAX - 256)

struct replay_rules {
    struct slice site; /* of views; empty: a view is an error */
    bool assets;       /* replay assets too */
};

struct replay_line {
    ms_t at;
    bool is_second; /* at is only known to the second */
    uint64_t who;   /* the same for all beacons of one visitor */
    size_t n;
    char query[REPLAY_QUERY_MAX]; /* n bytes, fit for a request line: visible ASCII */
};

/* Why a line was skipped; also the names in the report. */
enum replay_skip {
    REPLAY_TAKEN,
    REPLAY_GARBAGE,  /* neither format */
    REPLAY_TOO_LONG, /* beyond ACCESS_LINE_MAX, or a beacon beyond REPLAY_QUERY_MAX */
    REPLAY_METHOD,   /* not GET */
    REPLAY_STATUS,   /* not 200 or 304; of a beacon, not 2xx or 304 */
    REPLAY_ASSET,    /* the path ends like a stylesheet, an image, a font ... */
    REPLAY_NO_SITE,  /* a view, and the rules name no site */
};
#define REPLAY_SKIPS 7

/* "garbage", "too_long", ... Static strings. */
const char *replay_skip_name(enum replay_skip why);

/* Reads @line (without its end, at most ACCESS_LINE_MAX bytes). Fills @out on
 * REPLAY_TAKEN.
 */
enum replay_skip replay_line_read(struct replay_line *out, struct slice line,
                                  const struct replay_rules *rules);

#endif
