/* What a pixel request costs from its bytes to its place in a datagram, in nanoseconds of
 * this machine, and how often it asks for memory (never). Each figure is the best of
 * ROUNDS, since whatever disturbs only adds. No verdict: compare figures of the same run;
 * memchr over the lines is the yardstick for the machine's mood. A line each: a name, the
 * nanoseconds, requests for memory (rows/parse.mjs reads these), what it is. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../../collector/beacon.h"
#include "../../proto/body.h"
#include "lib/chrome.h"

#define ROUNDS 400
#define TIMES 1000 /* in one round */
#define WALL 1763812800000
#define START 1000000

/* What Chrome sends for an image from another origin. */
static const char request[] =
    "GET /hc.gif?i=shop.example&p=%2Fproducts%2Fshoes%2Frunning%3Fcolour%3Dred"
    "&t=Running%20shoes&r=https%3A%2F%2Fwww.google.com%2F&s=1920,1080,1&u=x7k2m9q4w1"
    "&v=k3j5h2g9&k=v&a=r&n=1&d=0&_ HTTP/1.1\r\n"
    "Host: stats.example.com\r\n"
    "Connection: keep-alive\r\n" CHROME_HEADERS(
        "124", "https://shop.example/products/shoes/") "\r\n";
#define REQUEST_BYTES (sizeof request - 1)

static struct secret secret;
static struct day_keys keys = {.day = -1};
static struct agent_cache agents;
static const struct beacon_tools tools = {&secret, &keys, &agents};
static struct http_request parsed;
static struct body_writer body;
static uint64_t mallocs;
static volatile uint64_t sink; /* keeps results from being optimized away */

/* glibc's own, under the names it keeps for those who count. */
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);

void *malloc(size_t n)
{
    mallocs++;
    return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    mallocs++;
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    mallocs++;
    return __libc_realloc(p, n);
}

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void walk_lines(void)
{
    const char *p = request, *end = request + REQUEST_BYTES, *lf;

    while ((lf = memchr(p, '\n', (size_t)(end - p)))) {
        sink += (uint8_t)*p;
        p = lf + 1;
    }
}

static void parse(void)
{
    sink += (uint64_t)http_parse(&parsed, request, REQUEST_BYTES);
}

static void fields(void)
{
    struct beacon b;

    parse();
    sink += beacon_from_query(&b, parsed.query) + b.site.n;
}

static bool make_hit(struct beacon *b, struct hit *h, struct beacon_texts *texts)
{
    struct beacon_sender from = {.ip = {{192, 0, 2, 7}, 4},
                                 .user_agent = parsed.user_agent,
                                 .referer = parsed.referer};

    return beacon_from_query(b, parsed.query) == BEACON_OK &&
           beacon_hit(b, &from, &tools, WALL, START, h, texts) == BEACON_OK;
}

static void read_query(void)
{
    struct beacon b;

    sink += beacon_from_query(&b, parsed.query) + b.site.n;
}

static void beacon(void)
{
    struct beacon_texts texts;
    struct beacon b;
    struct hit h;

    if (make_hit(&b, &h, &texts))
        sink += h.visitor;
}

static void whole(void)
{
    struct beacon_texts texts;
    struct beacon b;
    struct hit h;

    parse();
    if (make_hit(&b, &h, &texts) && !body_add(&body, &h)) {
        sink += body.n;
        body_begin(&body, START);
        body_add(&body, &h);
    }
}

static void report(const char *name, void (*run)(void), const char *what)
{
    uint64_t mallocs_before = mallocs;
    double best = 1e18;

    for (int round = 0; round < ROUNDS; round++) {
        uint64_t start = now_ns(), took;

        for (int i = 0; i < TIMES; i++)
            run();
        took = now_ns() - start;
        if ((double)took / TIMES < best)
            best = (double)took / TIMES;
    }
    printf("%-8s %7.1f %5.2f  %s\n", name, best,
           (double)(mallocs - mallocs_before) / ROUNDS / TIMES, what);
}

int main(void)
{
    secret_init(&secret, "the bench's secret", 18);
    body_begin(&body, START);
    free(malloc(1));
    parse();
    if (mallocs == 0 || parsed.query.n == 0)
        return 1; /* nothing would be counted, or measured */
    report("lines", walk_lines, "the lines of the request by memchr alone");
    report("parse", parse, "http_parse");
    report("query", read_query, "beacon_from_query");
    report("fields", fields, "both");
    report("hit", beacon, "beacon_from_query, beacon_hit");
    report("whole", whole, "all of it and body_add");
    printf("bytes    %7zu\n", REQUEST_BYTES);
    return 0;
}
