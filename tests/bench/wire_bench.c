/* What a hit costs on its way through a datagram, in nanoseconds of this machine. Each
 * figure is the best of ROUNDS, since whatever disturbs only adds. No verdict: compare
 * figures of the same run. */
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "../../proto/body.h"
#include "../../proto/wire.h"
#include "../dice.h"

#define ROUNDS 200
#define TIMES 200 /* in one round */
#define START 1000000

static struct secret secret;
static struct hit hits[DATAGRAM_HITS_MAX + 1];
static struct body_writer writer;
static uint8_t datagram[DATAGRAM_MAX];
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

    body_open(&r, writer.bytes, writer.n);
    while (body_next(&r, &h) == 1)
        sink += h.visitor + h.path.n;
}

static void frame(void)
{
    static const struct wire_head head = {.type = WIRE_DATA, .nshards = 1};

    sink += wire_frame(datagram, &head, writer.bytes, BODY_MAX, &secret);
}

static void open_frame(void)
{
    struct wire_head h;
    const uint8_t *body;
    size_t n;

    sink += wire_open(datagram, DATAGRAM_MAX, &secret, &h, &body, &n);
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

/* Hits of one site; @pages different paths of @length bytes. */
static void make_hits(unsigned pages, int length)
{
    static char path[DATAGRAM_HITS_MAX + 1][64];
    struct dice d = {1};

    for (unsigned i = 0; i <= DATAGRAM_HITS_MAX; i++) {
        unsigned page = pages ? (unsigned)dice_below(&d, pages) : i;
        snprintf(path[i], sizeof path[i], "/articles/%0*u", length - 10, page);
        hits[i] = (struct hit){.site = SLICE("shop.example"),
                               .path = slice_of(path[i]),
                               .visitor = dice_u64(&d) | 1,
                               .at = START,
                               .state = STATE_READING};
    }
}

static void report_bodies(const char *what)
{
    double add, next;

    fill_body();
    add = best_of(fill_body) / writer.hits;
    next = best_of(read_body) / writer.hits;
    printf("%-28s %3u hits, %4zu bytes: body_add %5.1f ns, body_next %5.1f ns\n", what,
           writer.hits, WIRE_HEADER + writer.n + WIRE_TAG, add, next);
}

int main(void)
{
    secret_init(&secret, "the bench's secret", 18);
    make_hits(100, 20);
    report_bodies("100 live paths of 20 bytes");
    make_hits(1, 20);
    report_bodies("one path");
    make_hits(0, 40);
    report_bodies("new paths of 40 bytes");
    frame();
    printf("%d-byte datagram: wire_frame %.0f ns, wire_open %.0f ns, memcpy %.0f ns\n",
           DATAGRAM_MAX, best_of(frame), best_of(open_frame), best_of(copy_whole));
    printf("path_normalize of 40 bytes: %.0f ns\n", best_of(normalize));
    return 0;
}
