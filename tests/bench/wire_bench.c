/* What a hit costs on its way through a datagram, in nanoseconds of this machine and in
 * bytes, and what msgpack-c takes to unpack the same bytes. Each time is the best of
 * ROUNDS, since whatever disturbs only adds; bytes are the mean of BODIES datagrams. No
 * verdict: compare figures of the same run. A line each: a name, the figure
 * (rows/wire.mjs reads these), what it is. */
#include <msgpack.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../../proto/body.h"
#include "../../proto/wire.h"
#include "../dice.h"

#define ROUNDS 200
#define TIMES 200 /* in one round */
#define BODIES 1000
#define START 1000000
#define ZONE_BYTES 16384

static struct secret secret;
static struct hit hits[DATAGRAM_HITS_MAX + 1];
static struct body_writer writer;
static uint8_t datagram[DATAGRAM_MAX];
static size_t datagram_n;
static msgpack_zone zone;
static volatile uint64_t sink; /* keeps results from being optimized away */

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Best nanoseconds of one call of @run, TIMES calls a round. */
static double best_of(void (*run)(void))
{
    double best = 1e18;

    for (int round = 0; round < ROUNDS; round++) {
        uint64_t start = now_ns(), took;
        for (int i = 0; i < TIMES; i++)
            run();
        took = now_ns() - start;
        if ((double)took / TIMES < best)
            best = (double)took / TIMES;
    }
    return best;
}

static void must(bool claim, const char *what)
{
    if (claim)
        return;
    fprintf(stderr, "wire_bench: %s\n", what);
    exit(1);
}

static void fill_body(void)
{
    body_begin(&writer, START);
    for (unsigned i = 0; body_add(&writer, &hits[i]); i++)
        ;
}

static void read_body(void)
{
    static struct body_reader r;
    struct hit h;

    must(body_open(&r, writer.bytes, writer.n) == 0, "the body does not open");
    while (body_next(&r, &h) == 1)
        sink += h.visitor + h.path.n;
    must(r.hits == writer.hits, "the body is not read to its end");
}

static void unpack_body(void)
{
    msgpack_object root;
    size_t at = 0;

    msgpack_zone_clear(&zone);
    must(msgpack_unpack((const char *)writer.bytes, writer.n, &at, &zone, &root) ==
             MSGPACK_UNPACK_SUCCESS,
         "msgpack-c does not take the body");
    sink += root.via.array.size;
}

static void frame(void)
{
    static const struct wire_head head = {
        .type = WIRE_DATA, .nshards = 1, .seq = 1, .base = 1};

    datagram_n = wire_frame(datagram, &head, writer.bytes, writer.n, &secret);
}

static void open_frame(void)
{
    struct wire_head h;
    const uint8_t *body;
    size_t n;

    must(wire_open(datagram, datagram_n, &secret, &h, &body, &n) == WIRE_OK,
         "the datagram is refused");
    sink += n;
}

static void normalize(void)
{
    char out[PATH_MAX_BYTES];

    sink += path_normalize(hits[0].path, out).n;
}

static void copy_whole(void)
{
    static uint8_t copy[DATAGRAM_MAX];

    memcpy(copy, datagram, sizeof copy);
    sink += copy[sink % sizeof copy];
}

/* Hits of one site and of random visitors; @pages different paths of @length bytes, 0:
 * one for each hit. */
static void make_hits(struct dice *d, unsigned pages, int length)
{
    static char path[DATAGRAM_HITS_MAX + 1][64];

    for (unsigned i = 0; i <= DATAGRAM_HITS_MAX; i++) {
        unsigned page = pages ? (unsigned)dice_below(d, pages) : i;
        snprintf(path[i], sizeof path[i], "/articles/%0*u", length - 10, page);
        hits[i] = (struct hit){.site = SLICE("shop.example"),
                               .path = slice_of(path[i]),
                               .visitor = dice_u64(d) | 1ull << 63,
                               .at = START,
                               .kind = HIT_VIEW,
                               .state = STATE_READING};
    }
}

/* Bytes of a datagram for each hit in it. */
static double bytes_of(unsigned pages, int length)
{
    struct dice d = {1};
    size_t bytes = 0, n = 0;

    for (int i = 0; i < BODIES; i++) {
        make_hits(&d, pages, length);
        fill_body();
        bytes += WIRE_HEADER + writer.n + WIRE_TAG;
        n += writer.hits;
    }
    return (double)bytes / (double)n;
}

static void tell(const char *name, double figure, const char *what)
{
    printf("%-12s %7.1f  %s\n", name, figure, what);
}

int main(void)
{
    secret_init(&secret, "the bench's secret", 18);
    must(msgpack_zone_init(&zone, ZONE_BYTES), "no memory");
    tell("bytes_live", bytes_of(100, 20), "bytes a hit: 100 live paths of 20 bytes");
    tell("bytes_one", bytes_of(1, 20), "bytes a hit: one path");
    tell("bytes_new", bytes_of(0, 40), "bytes a hit: new paths of 40 bytes");
    frame(); /* of the last of these */
    tell("add", best_of(fill_body) / writer.hits, "ns a hit: body_add");
    tell("next", best_of(read_body) / writer.hits, "ns a hit: body_next");
    tell("unpack", best_of(unpack_body) / writer.hits, "ns a hit: msgpack_unpack");
    tell("frame", best_of(frame), "ns: wire_frame of such a datagram");
    tell("open", best_of(open_frame), "ns: wire_open of it");
    tell("copy", best_of(copy_whole), "ns: memcpy of it");
    tell("normalize", best_of(normalize), "ns: path_normalize of 40 bytes");
    return 0;
}
