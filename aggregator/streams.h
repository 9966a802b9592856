/* streams: which datagrams of which sender have been here. Pure.
 *
 * Every sender numbers its datagrams without gaps under a random stream id, so numbers
 * that were skipped are datagrams on their way or lost, and a number seen before is a
 * duplicate. At most STREAMS_MAX streams are remembered. */
#ifndef HC_STREAMS_H
#define HC_STREAMS_H

#include <stddef.h>
#include <stdint.h>
#include "../proto/limits.h"

/* How far behind the highest number one may come and still be told from a duplicate. At
 * full speed the 256 datagrams of a sender span milliseconds; reordering spans less. */
#define STREAM_WINDOW 256

struct stream {
    uint64_t id;
    uint64_t lowest, highest;          /* sequence numbers seen */
    uint64_t seen[STREAM_WINDOW / 64]; /* bit seq mod STREAM_WINDOW, of those in reach */
    uint64_t heard;                    /* the table's turn when the last one came */
    uint16_t next;                     /* in its chain: place + 1, 0 ends it */
};

struct streams {
    struct stream v[STREAMS_MAX];
    size_t n;
    uint16_t chain[STREAMS_MAX]; /* by id: place + 1 of the first, 0: none */
    uint64_t turn;               /* one for each datagram */
    uint64_t missing;            /* numbers skipped that have not come since */
    uint64_t evicted;            /* streams forgotten to make room */
};

enum stream_verdict {
    STREAM_NEW,       /* never seen */
    STREAM_DUPLICATE, /* seen before */
    STREAM_TOO_OLD,   /* STREAM_WINDOW or more behind the highest: nobody knows */
};

void streams_init(struct streams *t);

/* Takes note of number @seq of stream @id. The first one of an unknown stream is NEW
 * whatever its number, and nothing before it is missing until something even lower
 * comes. */
enum stream_verdict streams_check(struct streams *t, uint64_t id, uint64_t seq);

#endif
