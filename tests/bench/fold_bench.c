/* fold_bench: what the aggregator pays for a datagram, and how many bytes a visitor
 * takes.
 *
 * Datagrams as a collector makes them (full, random visitors, 100 paths of 40 bytes a
 * site) are made beforehand and then given to the intake in order, as the engine does,
 * without the socket: MAC, receive rules, decoding, folding, and an ACK now and then.
 * "fold" is all of it without MAC and decoding. Everybody has been here before, on every
 * page: nothing grows. A datagram is of one site, or mixed: each event of any. Figures
 * are CPU seconds of this process; three rounds each, the median is printed.
 *
 * The second table is of heartbeats of open tabs, one tab of each visitor, every 15 s:
 * folding, already decoded, and what time makes due.
 *
 *   fold_bench                            both tables
 *   fold_bench SITES VISITORS [mixed]     of one line of the first, for each round: ns an
 *                                         event, fold alone, bytes a visitor. 10000
 *                                         10000000 needs some 2 GB
 *   fold_bench tabs TABS                  one of the second */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../aggregator/heap.h"
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

static struct slice path(uint64_t i)
{
    static char text[PATHS][64];

    if (!text[0][0])
        for (unsigned k = 0; k < PATHS; k++)
            snprintf(text[k], sizeof text[k], "/articles/2025/a-path-of-forty-bytes-%03u",
                     k);
    return slice_of(text[i % PATHS]);
}

/* What is to be measured. */
struct load {
    size_t sites;
    uint64_t visitors; /* in all; number i is of site i % sites */
    bool mixed;
};

/* A view of a random visitor of site @site. */
static struct hit random_view(const struct load *l, size_t site)
{
    static char name[32];
    uint64_t i = rng() % (l->visitors / l->sites) * l->sites + site;

    return (struct hit){.kind = HIT_VIEW,
                        .state = STATE_READING,
                        .at = 5000,
                        .site = {name, (size_t)sprintf(name, "site-%zu", site)},
                        .visitor = visitor(i),
                        .path = path(rng())};
}

/* Returns the events made. */
static size_t make(struct datagram *d, const struct secret *secret, const struct load *l)
{
    size_t events = 0;

    for (size_t k = 0; k < DATAGRAMS; k++) {
        static struct body_writer w;
        struct wire_head head = {.type = WIRE_DATA,
                                 .nshards = 1,
                                 .stream = 1,
                                 .epoch = EPOCH,
                                 .seq = k + 1,
                                 .base = 1,
                                 .ts_us = 5000000 + k};
        size_t site = rng() % l->sites;
        struct hit h;

        body_begin(&w, 5000);
        do
            h = random_view(l, l->mixed ? rng() % l->sites : site);
        while (body_add(&w, &h));
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

/* Everybody has been here before, and somebody on every page. */
static void warm(struct store *st, const struct load *l)
{
    struct fold_origin from = {.at = NOON};
    struct fold_counts counts = {0};
    uint64_t n = l->sites * PATHS > l->visitors ? l->sites * PATHS : l->visitors;

    for (uint64_t i = 0; i < n; i++) {
        struct hit h = random_view(l, i % l->sites);

        h.visitor = visitor(i % l->visitors);
        h.path = path(i / l->sites);
        fold_hits(st, &h, 1, &from, &counts);
        heap_follow();
    }
}

/* Takes all datagrams, five in a ms: some 100,000 events a second. */
static void take_all(struct intake *in, const struct datagram *d)
{
    static const struct peer from = {.in = {.sin_family = AF_INET}};
    enum receiver_verdict what;

    for (size_t k = 0; k < DATAGRAMS; k++) {
        mono_t now = (mono_t)k / 5;

        intake_datagram(in, d[k].bytes, d[k].n, &from, NOON + now, now, &what);
        if (k % BATCH < BATCH - 1)
            continue;
        intake_settle(in);
        receiver_acks(in->receiver, now);
    }
    intake_settle(in);
    if (in->counters->folded != DATAGRAMS)
        abort();
}

static struct figure measure(const struct datagram *d, const struct secret *secret,
                             size_t events, const struct load *l)
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
    warm(&st, l);
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

/* Three rounds. */
static void measure_load(const struct load *l, struct figure f[3], size_t *events)
{
    struct datagram *d = malloc(DATAGRAMS * sizeof *d);
    struct secret secret;

    if (!d)
        abort();
    secret_init(&secret, "a secret for the benchmark", 26);
    *events = make(d, &secret, l);
    for (int k = 0; k < 3; k++)
        f[k] = measure(d, &secret, *events, l);
    free(d);
}

static void print_load(const struct load *l)
{
    struct figure f[3];
    size_t events;

    measure_load(l, f, &events);
    qsort(f, 3, sizeof *f, by_cost);
    printf("%8zu %9llu %6s %10.1f %14.1f %9.1f %12.0f %13.1f\n", l->sites,
           (unsigned long long)l->visitors, l->mixed ? "mixed" : "one",
           (double)events / DATAGRAMS, f[1].all_ns, f[1].fold_ns, f[1].datagram_ns,
           f[1].bytes);
}

static void print_rounds(const struct load *l)
{
    struct figure f[3];
    size_t events;

    measure_load(l, f, &events);
    for (int k = 0; k < 3; k++)
        printf("%.1f %.1f %.1f\n", f[k].all_ns, f[k].fold_ns, f[k].bytes);
}

static void print_all(void)
{
    static const struct load loads[] = {
        {1, 100000, false},     {1, 1000000, false},      {1, 10000000, false},
        {100, 100000, false},   {100, 100000, true},      {10000, 1000000, false},
        {10000, 1000000, true}, {10000, 10000000, false}, {10000, 10000000, true},
    };

    printf("%8s %9s %6s %10s %14s %9s %12s %13s\n", "sites", "visitors", "", "events/dg",
           "all ns/event", "fold", "ns/datagram", "bytes/visitor");
    for (size_t i = 0; i < sizeof loads / sizeof *loads; i++)
        print_load(&loads[i]);
    printf("\n%9s %15s %14s %11s\n", "tabs", "ns/first beat", "ns/beat", "bytes/tab");
    for (uint64_t tabs = 100000; tabs <= 1000000; tabs *= 10)
        measure_tabs(tabs);
}

int main(int argc, char **argv)
{
    heap_init();
    if (argc == 1)
        print_all();
    else if (argc == 3 && strcmp(argv[1], "tabs") == 0)
        measure_tabs(strtoull(argv[2], NULL, 10));
    else if (argc == 3 || argc == 4)
        print_rounds(&(struct load){strtoull(argv[1], NULL, 10),
                                    strtoull(argv[2], NULL, 10), argc == 4});
    else
        return 2;
    return 0;
}
