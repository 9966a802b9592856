/* fold_bench: what the aggregator pays for a datagram, and how many bytes a visitor
 * takes.
 *
 * Datagrams as a collector makes them (full, random visitors, 100 paths a site) are made
 * beforehand and then given to the intake in order, as the engine does, without the
 * socket: MAC, receive rules, decoding, folding, and an ACK now and then. "fold" is all
 * of it without MAC and decoding. Figures are CPU seconds of this process; three rounds
 * each, the median is printed.
 *
 * The second table is of heartbeats of open tabs, one tab of each visitor, every 15 s:
 * folding, already decoded, and what time makes due.
 *
 *   fold_bench [VISITORS_MAX]      default 1000000; 10000000 needs some 2 GB */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../../aggregator/intake.h"

#define NOON INT64_C(1763812800000)
#define PATHS 100
#define DATAGRAMS 20000
#define EPOCH 1
#define BATCH 64 /* datagrams to a recvmmsg */

struct datagram {
    uint16_t n;
    uint8_t bytes[DATAGRAM_MAX];
};

struct figure {
    double all_ns, fold_ns, datagram_ns, bytes;
};

static uint64_t rng_state = 1;

static uint64_t rng(void)
{
    uint64_t z = (rng_state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static double cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static uint64_t visitor(uint64_t i)
{
    uint64_t z = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    return z ^ (z >> 32) ? z ^ (z >> 32) : 1;
}

/* One site a datagram, as a busy collector's mostly are. Returns the events made. */
static size_t make(struct datagram *d, const struct secret *secret, size_t sites,
                   uint64_t visitors)
{
    static char path[PATHS][64];
    size_t events = 0;

    for (int i = 0; i < PATHS; i++)
        snprintf(path[i], sizeof path[i], "/articles/2025/a-path-of-forty-bytes-%03d", i);
    for (size_t k = 0; k < DATAGRAMS; k++) {
        static struct body_writer w;
        struct wire_head head = {.type = WIRE_DATA,
                                 .nshards = 1,
                                 .stream = 1,
                                 .epoch = EPOCH,
                                 .seq = k + 1,
                                 .base = 1,
                                 .ts_us = 5000000 + k};
        char site[32];
        struct hit h = {.kind = HIT_VIEW, .state = STATE_READING, .at = 5000};

        h.site = (struct slice){site,
                                (size_t)sprintf(site, "site-%zu", (size_t)rng() % sites)};
        body_begin(&w, 5000);
        do {
            h.visitor = visitor(rng() % visitors);
            h.path = slice_of(path[rng() % PATHS]);
        } while (body_add(&w, &h));
        events += w.hits;
        d[k].n = (uint16_t)wire_frame(d[k].bytes, &head, w.bytes, w.n, secret);
    }
    return events;
}

static size_t read_hits(const struct datagram *d, const struct secret *secret,
                        struct hit *hits)
{
    struct wire_head head;
    struct body_reader r;
    const uint8_t *body;
    size_t body_n, n = 0;

    if (wire_open(d->bytes, d->n, secret, &head, &body, &body_n) != WIRE_OK ||
        body_open(&r, body, body_n) < 0)
        abort();
    while (body_next(&r, &hits[n]) > 0)
        n++;
    return n;
}

static void on_send(void *arg, const struct peer *to, const uint8_t *bytes, size_t n)
{
    (void)to;
    *(uint64_t *)arg += bytes[n - 1];
}

/* Everybody has been here before: a warm table, as in any minute but the first. */
static void warm(struct store *st, uint64_t visitors, size_t sites)
{
    struct fold_origin from = {.at = NOON};
    struct fold_counts counts = {0};

    for (uint64_t v = 0; v < visitors; v++) {
        char site[32];
        struct hit h = {.kind = HIT_HEARTBEAT, .path = SLICE("/"), .visitor = visitor(v)};

        h.site =
            (struct slice){site, (size_t)sprintf(site, "site-%zu", (size_t)(v % sites))};
        fold_hits(st, &h, 1, &from, &counts);
    }
}

/* Takes all datagrams, ten ms from one to the next. */
static void take_all(struct intake *in, const struct datagram *d)
{
    static const struct peer from = {.in = {.sin_family = AF_INET}};
    enum receiver_verdict what;

    for (size_t k = 0; k < DATAGRAMS; k++) {
        mono_t now = (mono_t)k * 10;

        intake_datagram(in, d[k].bytes, d[k].n, &from, NOON + now, now, &what);
        if (k % BATCH == BATCH - 1)
            receiver_acks(in->receiver, now);
    }
    if (in->counters->folded != DATAGRAMS)
        abort();
}

static struct figure measure(const struct datagram *d, const struct secret *secret,
                             size_t events, uint64_t visitors, size_t sites)
{
    static const struct key key = {{1}};
    static struct hit hits[DATAGRAM_HITS_MAX + 1];
    static struct intake in;
    struct aggregator_counters counters = {0};
    struct figure f = {0};
    struct store st;
    double t0, t1, t2;
    uint64_t sink = 0;
    size_t bytes = 0, known = 0;

    store_init(&st, 30, &key, NOON);
    warm(&st, visitors, sites);
    intake_init(&in, secret, &st, &counters, on_send, &sink);
    receiver_reset(in.receiver, EPOCH);
    t0 = cpu_ns();
    for (size_t k = 0; k < DATAGRAMS; k++)
        sink += read_hits(&d[k], secret, hits);
    t1 = cpu_ns();
    take_all(&in, d);
    t2 = cpu_ns();
    f.all_ns = (t2 - t1) / (double)events;
    f.fold_ns = (t2 - t1 - (t1 - t0)) / (double)events;
    f.datagram_ns = (t2 - t1) / DATAGRAMS;
    for (size_t i = 0; i < st.nsites; i++) {
        bytes += visitors_bytes(&st.site[i]->visitors);
        known += st.site[i]->visitors.n;
    }
    f.bytes = (double)bytes / (double)known;
    intake_fini(&in);
    store_fini(&st);
    return f;
}

/* Heartbeats of 15 seconds. */
#define BEATS_MS 15000

static double beat_all(struct store *st, uint64_t tabs, ms_t from)
{
    static const struct slice path = SLICE("/");
    struct fold_counts counts = {0};
    struct hit hits[DATAGRAM_HITS_MAX];
    double began = cpu_ns();
    ms_t tick_at = from;

    for (uint64_t t = 0; t < tabs;) {
        ms_t now = from + (ms_t)(t * BEATS_MS / tabs);
        size_t n = 0;

        for (; n < 40 && t < tabs; n++, t++)
            hits[n] = (struct hit){.site = SLICE("site"),
                                   .path = path,
                                   .visitor = visitor(t * 7919 % tabs),
                                   .tab = 1,
                                   .kind = HIT_HEARTBEAT,
                                   .state = STATE_READING};
        fold_hits(st, hits, n, &(struct fold_origin){.at = now}, &counts);
        if (now >= tick_at)
            tick_at = fold_tick(st, now);
    }
    return (cpu_ns() - began) / (double)tabs;
}

static void measure_tabs(uint64_t tabs)
{
    static const struct key key = {{1}};
    struct store st;
    double ns[3], first;

    store_init(&st, 30, &key, NOON);
    first = beat_all(&st, tabs, NOON);
    for (int i = 0; i < 3; i++)
        ns[i] = beat_all(&st, tabs, NOON + BEATS_MS * (i + 1));
    if (st.site[0]->presence.online.reading != tabs)
        abort();
    printf("%9llu %15.1f %14.1f %11.1f\n", (unsigned long long)tabs, first,
           (ns[0] + ns[1] + ns[2]) / 3,
           (double)presence_bytes(&st.site[0]->presence) / (double)tabs);
    store_fini(&st);
}

static int by_cost(const void *a, const void *b)
{
    double x = ((const struct figure *)a)->all_ns;
    double y = ((const struct figure *)b)->all_ns;

    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    static const struct {
        size_t sites;
        uint64_t visitors;
    } rows[] = {{1, 100000},  {100, 100000},    {10000, 100000},
                {1, 1000000}, {10000, 1000000}, {10000, 7500000}};
    uint64_t most = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    struct datagram *d = malloc(DATAGRAMS * sizeof *d);
    struct secret secret;

    if (!d)
        return 1;
    secret_init(&secret, "a secret for the benchmark", 26);
    printf("%8s %9s %10s %14s %9s %12s %13s\n", "sites", "visitors", "events/dg",
           "all ns/event", "fold", "ns/datagram", "bytes/visitor");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct figure f[3];
        size_t events;

        if (rows[i].visitors > most)
            continue;
        events = make(d, &secret, rows[i].sites, rows[i].visitors);
        for (int k = 0; k < 3; k++)
            f[k] = measure(d, &secret, events, rows[i].visitors, rows[i].sites);
        qsort(f, 3, sizeof *f, by_cost);
        printf("%8zu %9llu %10.1f %14.1f %9.1f %12.0f %13.1f\n", rows[i].sites,
               (unsigned long long)rows[i].visitors, (double)events / DATAGRAMS,
               f[1].all_ns, f[1].fold_ns, f[1].datagram_ns, f[1].bytes);
    }
    free(d);
    printf("\n%9s %15s %14s %11s\n", "tabs", "ns/first beat", "ns/beat", "bytes/tab");
    for (uint64_t tabs = 100000; tabs <= 1000000; tabs *= 10)
        measure_tabs(tabs);
    return 0;
}
