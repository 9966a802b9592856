/* The collector whole: its workers in this process, real sockets around them, a real
 * Redis behind them, and a UDP socket that answers as the aggregator does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#include "../../collector/collector.h"
#include "../../collector/worker.h"
#include "../../proto/delta.h"
#include "../../proto/keys.h"
#include "../redis_server.h"
#include "../udp_aggregator.h"

#define PATIENCE_MS 20000 /* until a test gives up; far beyond what anything takes */

static struct redis_server redis;

/* ---- a collector ---- */

struct rig {
    struct setup setup;
    struct collector collector;
    struct udp_aggregator aggregator; /* it sends to; turned by who waits for it */
};

/* A setup with one worker, without deadlines, that stops at once; tests change it before
 * rig_start. */
static void rig_init(struct rig *r)
{
    struct naming naming;
    char err[256];

    memset(r, 0, sizeof *r);
    r->setup = (struct setup){
        .listen_text = "127.0.0.1:0", .workers = 1, .conns_max = 64, .open_sites = true};
    address_parse(&r->setup.listen, "127.0.0.1:0", "--listen", err, sizeof err);
    secret_init(&r->setup.files.secret, "a secret of the tests", 21);
    r->setup.redis.is_unix = true;
    snprintf(r->setup.redis.host, sizeof r->setup.redis.host, "%s", redis.socket);
    udp_aggregator_open(&r->aggregator, "127.0.0.1:0", &r->setup.files.secret);
    r->setup.aggregator[0] = r->aggregator.at;
    r->setup.naggregators = 1;
    r->setup.ring_bytes = RING_BYTES_MIN;
    naming_init(&naming, NULL, NULL, NULL, NULL, err, sizeof err);
    routing_init(&r->setup.routing, &naming);
    for (int i = 0; i < DEADLINE_CLASSES; i++)
        r->setup.deadline_ms[i] = PATIENCE_MS;
    r->setup.deadline_ms[DEADLINE_REPORT] = REPORT_CACHE_MS;
}

static void rig_start(struct rig *r)
{
    char err[256] = "";

    if (collector_open(&r->collector, &r->setup, NULL, NULL, err, sizeof err) < 0 ||
        collector_start(&r->collector, err, sizeof err) < 0)
        fail_msg("%s", err);
}

static void rig_open(struct rig *r)
{
    rig_init(r);
    rig_start(r);
}

/* The workers assert that their loops are empty. */
static void rig_fini(struct rig *r)
{
    udp_aggregator_close(&r->aggregator);
    routing_fini(&r->setup.routing);
}

static void rig_close(struct rig *r)
{
    collector_stop(&r->collector);
    collector_join(&r->collector);
    collector_close(&r->collector);
    rig_fini(r);
}

static struct counters counters_of(struct rig *r)
{
    struct counters sum;

    collector_sum(&r->collector, &sum);
    return sum;
}

/* Whether counter @offset reaches @n in time. */
static void await_count(struct rig *r, size_t offset, uint64_t n)
{
    const struct timespec nap = {.tv_nsec = 1000000};

    for (int ms = 0; ms < PATIENCE_MS; ms++) {
        struct counters sum = counters_of(r);
        uint64_t have;

        memcpy(&have, (const char *)&sum + offset, sizeof have);
        if (have >= n)
            return;
        nanosleep(&nap, NULL);
    }
    fail_msg("the counter did not reach %d", (int)n);
}
#define AWAIT(rig, row, n) await_count(rig, offsetof(struct counters, row), n)

/* ---- a client ---- */

static int dial(const struct rig *r)
{
    struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(connect(fd, &r->collector.bound.sa, r->collector.bound.n), 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    return fd;
}

static void must_send(int fd, const char *text)
{
    size_t n = strlen(text);

    assert_int_equal(send(fd, text, n, MSG_NOSIGNAL), n);
}

struct answer {
    int status;
    char head[2048];
    char body[64 * 1024];
    size_t body_n;
};

static size_t length_of(const char *head)
{
    const char *line = strstr(head, "Content-Length: ");

    return line ? strtoul(line + 16, NULL, 10) : 0;
}

/* Reads exactly @n bytes. */
static void must_read(int fd, char *out, size_t n)
{
    while (n > 0) {
        ssize_t r = recv(fd, out, n, 0);

        if (r <= 0)
            fail_msg("the answer ends too early");
        out += r;
        n -= (size_t)r;
    }
}

/* Reads one answer, byte by byte as far as its head goes. */
static void must_answer(int fd, struct answer *a)
{
    size_t n = 0;

    memset(a, 0, sizeof *a);
    do {
        assert_true(n < sizeof a->head - 1);
        must_read(fd, a->head + n++, 1);
    } while (n < 4 || memcmp(a->head + n - 4, "\r\n\r\n", 4) != 0);
    assert_int_equal(sscanf(a->head, "HTTP/1.1 %d ", &a->status), 1);
    a->body_n = length_of(a->head);
    assert_true(a->body_n < sizeof a->body);
    must_read(fd, a->body, a->body_n);
}

static void must_ask(int fd, const char *request, struct answer *a)
{
    must_send(fd, request);
    must_answer(fd, a);
}

static void must_ask_status(int fd, const char *request, int status)
{
    struct answer a;

    must_ask(fd, request, &a);
    if (a.status != status)
        fail_msg("%.60s: %d, not %d", request, a.status, status);
}

static bool at_end(int fd)
{
    char byte;

    return recv(fd, &byte, 1, 0) == 0;
}

static void has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("no %s in:\n%s", part, text);
}

/* Gone without a farewell: the other side gets a reset. */
static void vanish(int fd)
{
    struct linger at_once = {.l_onoff = 1};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}

/* Until the workers have Redis and its script. */
static void await_redis(struct rig *r)
{
    AWAIT(r, redis_ups, r->setup.workers);
}

/* ---- the aggregator's side ---- */

struct heard {
    struct hit last;
    char path[PATH_MAX_BYTES + 1], site[SITE_MAX + 1];
};

static void note(void *arg, const struct hit *hit)
{
    struct heard *h = arg;

    h->last = *hit;
    snprintf(h->site, sizeof h->site, "%.*s", (int)hit->site.n, hit->site.p);
    snprintf(h->path, sizeof h->path, "%.*s", (int)hit->path.n, hit->path.p);
}

/* Whether counter @offset has reached @n. */
static bool has_counted(struct rig *r, size_t offset, uint64_t n)
{
    struct counters sum = counters_of(r);
    uint64_t have;

    memcpy(&have, (const char *)&sum + offset, sizeof have);
    return have >= n;
}

/* Is the aggregator until counter @offset reaches @n. */
static void serve_count(struct rig *r, size_t offset, uint64_t n)
{
    for (int64_t until = udp_clock_ms() + PATIENCE_MS; udp_clock_ms() < until;) {
        if (has_counted(r, offset, n))
            return;
        udp_aggregator_turn(&r->aggregator, 1);
    }
    fail_msg("the counter did not reach %d", (int)n);
}
#define SERVE(rig, row, n) serve_count(rig, offsetof(struct counters, row), n)

/* Is the aggregator until @n hits have come in all and the collector knows it. */
static void hear(struct rig *r, struct heard *h, unsigned n)
{
    r->aggregator.fold = note;
    r->aggregator.arg = h;
    SERVE(r, durable, n);
    assert_int_equal(r->aggregator.hits, n);
}

/* ---- beacons ---- */

#define HOST "Host: t\r\n"
#define PIXEL "GET /hc.gif?i=shop&p=/a&u=alice HTTP/1.1\r\n" HOST "\r\n"

static void a_pixel_is_answered_and_its_hit_arrives(void **state)
{
    struct heard h = {0};
    struct answer a;
    struct rig r;
    int fd;

    (void)state;
    rig_open(&r);
    fd = dial(&r);
    must_ask(fd, PIXEL, &a);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.body_n, 43);
    assert_memory_equal(a.body, "GIF89a", 6);
    has(a.head, "Content-Type: image/gif\r\n");
    has(a.head, "Cache-Control: no-store\r\n");
    has(a.head, "Access-Control-Allow-Origin: *\r\n");
    hear(&r, &h, 1);
    assert_string_equal(h.site, "shop");
    assert_string_equal(h.path, "/a");
    assert_int_equal(h.last.kind, HIT_VIEW);
    close(fd);
    rig_close(&r);
}

static void a_request_may_come_byte_by_byte(void **state)
{
    struct heard h = {0};
    struct rig r;
    struct answer a;
    int fd;

    (void)state;
    rig_open(&r);
    fd = dial(&r);
    for (const char *p = PIXEL; *p; p++)
        must_send(fd, (char[]){*p, '\0'});
    must_answer(fd, &a);
    assert_int_equal(a.status, 200);
    must_ask_status(fd, PIXEL, 200);
    hear(&r, &h, 2);
    close(fd);
    rig_close(&r);
}

static void a_hundred_pipelined_pixels_get_a_hundred_answers_and_hits(void **state)
{
    char all[100 * sizeof PIXEL] = "";
    struct heard h = {0};
    struct rig r;
    int fd;

    (void)state;
    rig_open(&r);
    fd = dial(&r);
    for (int i = 0; i < 100; i++)
        strcat(all, PIXEL);
    must_send(fd, all);
    for (int i = 0; i < 100; i++)
        must_ask_status(fd, "", 200);
    hear(&r, &h, 100);
    assert_int_equal(counters_of(&r).hits, 100);
    close(fd);
    rig_close(&r);
}

static void what_is_no_beacon_is_told_why_and_still_gets_an_image(void **state)
{
    struct answer a;
    struct rig r;
    int fd;

    (void)state;
    rig_open(&r);
    fd = dial(&r);
    must_ask(fd, "GET /hc.gif?i=a/b HTTP/1.1\r\n" HOST "\r\n", &a);
    assert_int_equal(a.status, 400);
    assert_int_equal(a.body_n, 43);
    has(a.head, "X-Headcount: bad_site\r\n");
    must_ask(fd, "GET /hc.gif HTTP/1.1\r\n" HOST "\r\n", &a);
    has(a.head, "X-Headcount: no_site\r\n");
    must_ask(fd, "GET /hc.gif?i=shop&send_image=0 HTTP/1.1\r\n" HOST "\r\n", &a);
    assert_int_equal(a.status, 204);
    assert_int_equal(counters_of(&r).hits, 1);
    assert_int_equal(counters_of(&r).bad_site, 1);
    close(fd);
    rig_close(&r);
}

static void head_is_answered_and_counts_nothing(void **state)
{
    char head[512];
    struct rig r;
    int fd;

    (void)state;
    rig_open(&r);
    fd = dial(&r);
    must_send(fd, "HEAD /hc.gif?i=shop HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    memset(head, 0, sizeof head);
    for (ssize_t n = 0, got;
         (got = recv(fd, head + n, sizeof head - 1 - (size_t)n, 0)) > 0;)
        n += got;
    has(head, "Content-Length: 43\r\n");
    assert_string_equal(head + strlen(head) - 4, "\r\n\r\n");
    assert_int_equal(counters_of(&r).hits, 0);
    close(fd);
    rig_close(&r);
}

/* ---- POST ---- */

static void a_batch_is_taken_and_its_refusals_are_named(void **state)
{
    static const char body[] = "[{\"i\":\"shop\",\"p\":\"/x\"},{\"i\":\"no "
                               "way\"},{\"i\":\"shop\",\"p\":\"/y\"}]";
    struct heard h = {0};
    char request[512];
    struct answer a;
    struct rig r;
    int fd;

    (void)state;
    rig_open(&r);
    fd = dial(&r);
    snprintf(request, sizeof request,
             "POST /e HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n%s", strlen(body),
             body);
    must_ask(fd, request, &a);
    assert_int_equal(a.status, 202);
    assert_string_equal(
        a.body,
        "{\"accepted\":2,\"rejected\":[{\"index\":1,\"reason\":\"bad_site\"}]}\n");
    hear(&r, &h, 2);
    must_ask(fd,
             "POST /e HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n"
             "{}",
             &a);
    assert_int_equal(a.status, 400);
    has(a.body, "\"error\":\"no_site\"");
    must_ask_status(
        fd, "POST /e HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\ni=shop&p=/", 204);
    hear(&r, &h, 3);
    close(fd);
    rig_close(&r);
}

static void a_body_may_come_in_pieces_after_100_continue(void **state)
{
    struct heard h = {0};
    struct answer a;
    struct rig r;
    int fd;

    (void)state;
    rig_open(&r);
    fd = dial(&r);
    must_ask(fd,
             "POST /e HTTP/1.1\r\n" HOST
             "Content-Length: 10\r\nExpect: 100-continue\r\n\r\n",
             &a);
    assert_int_equal(a.status, 100);
    for (const char *p = "i=shop&p=/"; *p; p++)
        must_send(fd, (char[]){*p, '\0'});
    must_answer(fd, &a);
    assert_int_equal(a.status, 204);
    hear(&r, &h, 1);
    close(fd);
    rig_close(&r);
}

static void a_large_body_is_carried_whole(void **state)
{
    struct answer a;
    struct rig r;
    size_t n = 60000;
    char *request = malloc(n + 256);
    int fd, head;

    (void)state;
    rig_open(&r);
    fd = dial(&r);
    head =
        sprintf(request,
                "POST /hc.gif?i=shop HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n", n);
    memset(request + head, 'x', n);
    strcpy(request + head + n, PIXEL);
    must_ask(fd, request, &a);
    assert_int_equal(a.status, 200);
    must_answer(fd, &a);
    assert_int_equal(a.status, 200);
    free(request);
    close(fd);
    rig_close(&r);
}

/* ---- refusals and limits ---- */

/* The client is still sending when it is refused; a reset would take the answer away. */
static void an_oversized_head_is_refused_and_the_answer_arrives(void **state)
{
    size_t n = HTTP_DRAIN_MAX - 1;
    char *request = malloc(n + 1);
    struct answer a;
    struct rig r;
    int fd;

    (void)state;
    rig_open(&r);
    fd = dial(&r);
    memset(request, 'x', n);
    memcpy(request, "GET / HTTP/1.1\r\nX: ", 19);
    request[n] = '\0';
    must_ask(fd, request, &a);
    assert_int_equal(a.status, 431);
    has(a.head, "Connection: close\r\n");
    assert_true(at_end(fd));
    assert_int_equal(counters_of(&r).conns_open, 1); /* it still listens */
    free(request);
    close(fd);
    rig_close(&r);
}

static void after_garbage_nothing_is_served(void **state)
{
    struct answer a;
    struct rig r;
    int fd;

    (void)state;
    rig_open(&r);
    fd = dial(&r);
    must_ask(fd, "GET / HTTP/1.1\r\nbad header\r\n\r\n" PIXEL, &a);
    assert_int_equal(a.status, 400);
    assert_true(at_end(fd));
    assert_int_equal(counters_of(&r).hits, 0);
    close(fd);
    rig_close(&r);
}

static void close_is_honoured_and_http_1_0_stays_when_it_asks(void **state)
{
    struct answer a;
    struct rig r;
    int fd;

    (void)state;
    rig_open(&r);
    fd = dial(&r);
    must_ask(fd, "GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", &a);
    has(a.head, "Connection: keep-alive\r\n");
    must_ask(fd, "GET /livez HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n" PIXEL, &a);
    has(a.head, "Connection: close\r\n");
    assert_true(at_end(fd));
    assert_int_equal(counters_of(&r).hits, 0);
    close(fd);
    rig_close(&r);
}

static void a_slow_head_is_cut_off(void **state)
{
    struct answer a;
    struct rig r;
    int fd;

    (void)state;
    rig_init(&r);
    r.setup.deadline_ms[DEADLINE_HEAD] = 30;
    rig_start(&r);
    fd = dial(&r);
    must_ask(fd, PIXEL "GET / HTT", &a);
    assert_int_equal(a.status, 200);
    must_answer(fd, &a);
    assert_int_equal(a.status, 408);
    assert_true(at_end(fd));
    assert_int_equal(counters_of(&r).timeouts_head, 1);
    close(fd);
    rig_close(&r);
}

static void dribbling_does_not_extend_the_head(void **state)
{
    struct pollfd p = {.events = POLLIN};
    struct answer a;
    struct rig r;

    (void)state;
    rig_init(&r);
    r.setup.deadline_ms[DEADLINE_HEAD] = 200;
    rig_start(&r);
    p.fd = dial(&r);
    must_send(p.fd, "GET / HTTP/1.1\r\nX: ");
    for (int i = 0; poll(&p, 1, 10) == 0; i++) {
        assert_true(i < 300); /* three seconds */
        send(p.fd, "x", 1, MSG_NOSIGNAL);
    }
    must_answer(p.fd, &a);
    assert_int_equal(a.status, 408);
    close(p.fd);
    rig_close(&r);
}

static void a_slow_body_and_a_long_silence_end_too(void **state)
{
    struct answer a;
    struct rig r;
    int fd, silent;

    (void)state;
    rig_init(&r);
    r.setup.deadline_ms[DEADLINE_BODY] = 30;
    r.setup.deadline_ms[DEADLINE_IDLE] = 60;
    rig_start(&r);
    fd = dial(&r);
    silent = dial(&r);
    must_ask(fd, "POST /e HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\ni=", &a);
    assert_int_equal(a.status, 408);
    must_ask_status(silent, PIXEL, 200);
    assert_true(at_end(silent));
    assert_int_equal(counters_of(&r).timeouts_body, 1);
    assert_int_equal(counters_of(&r).timeouts_idle, 1);
    close(silent);
    close(fd);
    rig_close(&r);
}

static void at_the_cap_the_longest_idle_makes_room(void **state)
{
    int fd[3];
    struct rig r;

    (void)state;
    rig_init(&r);
    r.setup.conns_max = 2;
    rig_start(&r);
    for (int i = 0; i < 2; i++) {
        fd[i] = dial(&r);
        must_ask_status(fd[i], PIXEL, 200);
    }
    must_ask_status(fd[0], PIXEL, 200); /* now the second one is idle longest */
    fd[2] = dial(&r);
    must_ask_status(fd[2], PIXEL, 200);
    assert_true(at_end(fd[1]));
    must_ask_status(fd[0], PIXEL, 200);
    assert_int_equal(counters_of(&r).conns_displaced, 1);
    assert_int_equal(counters_of(&r).conns_open, 2);
    for (int i = 0; i < 3; i++)
        close(fd[i]);
    rig_close(&r);
}

/* A pixel, and the beginning of another request. */
static const char *const slow[] = {
    PIXEL "GET / HTT",
    PIXEL "POST /e HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\ni=",
};

static void when_nobody_is_idle_who_is_slow_makes_room(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof slow / sizeof *slow; i++) {
        int fd, newcomer;
        struct rig r;

        rig_init(&r);
        r.setup.conns_max = 1;
        rig_start(&r);
        fd = dial(&r);
        must_ask_status(fd, slow[i], 200);
        newcomer = dial(&r);
        must_ask_status(newcomer, PIXEL, 200);
        assert_true(at_end(fd));
        assert_int_equal(counters_of(&r).conns_displaced, 1);
        assert_int_equal(counters_of(&r).conns_refused, 0);
        close(newcomer);
        close(fd);
        rig_close(&r);
    }
}

static void when_all_are_served_the_newcomer_goes(void **state)
{
    static const char stream[] = "GET /sites/shop/stream HTTP/1.1\r\n" HOST "\r\n";
    int busy, newcomer;
    char byte;
    struct rig r;

    (void)state;
    rig_init(&r);
    r.setup.conns_max = 1;
    r.setup.streams_max = 1;
    r.setup.stream_life_ms = PATIENCE_MS;
    rig_start(&r);
    await_redis(&r);
    busy = dial(&r);
    send(busy, stream, sizeof stream - 1, MSG_NOSIGNAL);
    assert_int_equal(recv(busy, &byte, 1, 0), 1);
    newcomer = dial(&r);
    send(newcomer, PIXEL, sizeof PIXEL - 1, MSG_NOSIGNAL);
    assert_true(recv(newcomer, &byte, 1, 0) <= 0);
    assert_int_equal(counters_of(&r).conns_refused, 1);
    assert_int_equal(recv(busy, &byte, 1, 0), 1);
    close(newcomer);
    close(busy);
    rig_close(&r);
}

/* Some twenty megabytes of answers: pages, and reports between them. */
#define GROUPS 200
#define PAGES 20 /* of one group; more than fit the worker's output buffer */

/* All requests of a client that only sends. */
static char *greedy_requests(void)
{
    char *all = malloc(GROUPS * (PAGES + 1) * 64), *p = all;

    for (int i = 0; i < GROUPS; i++) {
        for (int k = 0; k < PAGES; k++)
            p += sprintf(p, "GET /demo HTTP/1.1\r\n" HOST "\r\n");
        p += sprintf(p, "GET /sites/s%d/realtime HTTP/1.1\r\n" HOST "\r\n", i);
    }
    return all;
}

/* Sends what the socket takes now. */
static void send_some(int fd, const char *all, size_t *sent)
{
    ssize_t n = send(fd, all + *sent, strlen(all + *sent), MSG_DONTWAIT | MSG_NOSIGNAL);

    *sent += n > 0 ? (size_t)n : 0;
}

/* The worker stops reading, holds little, serves others, and goes on when the client
 * does. */
static void who_does_not_read_answers_gets_no_more_of_them_made(void **state)
{
    char *all = greedy_requests(), site[32];
    struct answer *a = malloc(sizeof *a);
    size_t sent = 0, before;
    int greedy, other;
    struct rig r;

    (void)state;
    rig_open(&r);
    await_redis(&r);
    greedy = dial(&r);
    other = dial(&r);
    do {
        before = sent;
        send_some(greedy, all, &sent);
        must_ask_status(other, PIXEL, 200);
    } while (sent > before);
    assert_true(counters_of(&r).requests < GROUPS * (PAGES + 1));
    for (int i = 0; i < GROUPS; i++) {
        send_some(greedy, all, &sent);
        for (int k = 0; k < PAGES; k++) {
            must_answer(greedy, a);
            has(a->head, "text/html");
        }
        must_answer(greedy, a);
        snprintf(site, sizeof site, "{\"site\":\"s%d\",", i);
        has(a->body, site);
    }
    close(greedy);
    close(other);
    rig_close(&r);
    free(a);
    free(all);
}

/* ---- other paths ---- */

static void paths_and_methods_that_are_not_there_are_told_so(void **state)
{
    struct answer a;
    struct rig r;
    int fd;

    (void)state;
    rig_open(&r);
    fd = dial(&r);
    must_ask_status(fd, "GET /nothing HTTP/1.1\r\n" HOST "\r\n", 404);
    must_ask(fd, "GET /e HTTP/1.1\r\n" HOST "\r\n", &a);
    assert_int_equal(a.status, 405);
    has(a.head, "Allow: POST, OPTIONS\r\n");
    must_ask(fd, "OPTIONS /e HTTP/1.1\r\n" HOST "\r\n", &a);
    assert_int_equal(a.status, 204);
    has(a.head, "Access-Control-Allow-Headers: Content-Type, Authorization, "
                "Last-Event-ID\r\n");
    has(a.head, "Access-Control-Max-Age: 86400\r\n");
    must_ask(fd, "GET / HTTP/1.1\r\n" HOST "\r\n", &a);
    assert_int_equal(a.status, 302);
    has(a.head, "HTTP/1.1 302 Found\r\n");
    has(a.head, "Location: /demo\r\n");
    must_ask(fd, "GET /demo/docs HTTP/1.1\r\n" HOST "\r\n", &a);
    assert_int_equal(a.status, 200);
    has(a.head, "Content-Security-Policy: default-src 'none'; script-src 'self'");
    must_ask_status(fd, "GET /robots.txt HTTP/1.1\r\n" HOST "\r\n", 200);
    close(fd);
    rig_close(&r);
}

static void readiness_follows_redis(void **state)
{
    struct answer a;
    struct rig r;
    int fd;

    (void)state;
    rig_init(&r);
    strcpy(r.setup.redis.host, "/nowhere/redis.sock");
    rig_start(&r);
    fd = dial(&r);
    AWAIT(&r, redis_downs, 1);
    must_ask(fd, "GET /readyz HTTP/1.1\r\n" HOST "\r\n", &a);
    assert_int_equal(a.status, 503);
    has(a.body, "redis");
    must_ask_status(fd, "GET /livez HTTP/1.1\r\n" HOST "\r\n", 200);
    must_ask(fd, "GET /sites/shop/realtime HTTP/1.1\r\n" HOST "\r\n", &a);
    assert_int_equal(a.status, 503);
    has(a.head, "Retry-After: 1\r\n");
    assert_string_equal(a.body, "{\"error\":\"redis_unavailable\"}\n");
    close(fd);
    rig_close(&r);
    rig_open(&r);
    fd = dial(&r);
    await_redis(&r);
    SERVE(&r, aggregator_up, 1);
    must_ask_status(fd, "GET /readyz HTTP/1.1\r\n" HOST "\r\n", 200);
    close(fd);
    rig_close(&r);
}

static void an_aggregator_that_is_not_there_keeps_nothing_from_pages(void **state)
{
    struct heard h = {0};
    struct answer a;
    struct rig r;
    int fd;

    (void)state;
    rig_init(&r);
    udp_aggregator_close(&r.aggregator);
    rig_start(&r);
    await_redis(&r);
    fd = dial(&r);
    must_ask_status(fd, PIXEL, 200);
    AWAIT(&r, aggregator_refused, 1);
    must_ask(fd, "GET /readyz HTTP/1.1\r\n" HOST "\r\n", &a);
    assert_int_equal(a.status, 503);
    assert_string_equal(a.body, "aggregator: does not answer\n");
    udp_aggregator_bind(&r.aggregator);
    hear(&r, &h, 1);
    must_ask_status(fd, "GET /readyz HTTP/1.1\r\n" HOST "\r\n", 200);
    close(fd);
    rig_close(&r);
}

#define TEN(s) s s s s s s s s s s
#define LONG_PIXEL \
    "GET /hc.gif?i=shop&u=alice&p=/" TEN(TEN("long")) " HTTP/1.1\r\n" HOST "\r\n"

/* More pixels than the ring has room for, each answered. */
static void a_hit_without_room_is_counted_and_its_page_served(void **state)
{
    struct counters sum;
    struct heard h = {0};
    struct rig r;
    int fd;

    (void)state;
    rig_open(&r);
    SERVE(&r, aggregator_up, 1);
    fd = dial(&r);
    do {
        must_send(fd, TEN(LONG_PIXEL));
        for (int i = 0; i < 10; i++)
            must_ask_status(fd, "", 200);
        sum = counters_of(&r);
    } while (sum.lost_full == 0);
    hear(&r, &h, (unsigned)(sum.accepted - sum.lost_full));
    sum = counters_of(&r);
    assert_int_equal(sum.hits, sum.accepted);
    assert_int_equal(sum.accepted, sum.durable + sum.lost_full);
    close(fd);
    rig_close(&r);
}

/* ---- reports ---- */

#define REPORT "GET /sites/shop/realtime HTTP/1.1\r\n" HOST "\r\n"

static void an_unknown_site_has_nobody_on_it(void **state)
{
    struct answer a;
    struct rig r;
    int fd;

    (void)state;
    rig_open(&r);
    await_redis(&r);
    fd = dial(&r);
    must_ask(fd, REPORT, &a);
    assert_int_equal(a.status, 200);
    has(a.head, "Content-Type: application/json\r\n");
    has(a.body, "\"site\":\"shop\"");
    has(a.body, "\"minutes\":5,");
    has(a.body, "\"flags\":[\"unknown\"]");
    must_ask(fd,
             "GET /api/analytics/sites/shop/realtime?minutes=2 HTTP/1.1\r\n" HOST "\r\n",
             &a);
    has(a.body, "\"minutes\":2,");
    must_ask(fd, "GET /sites/shop/realtime?minutes=0 HTTP/1.1\r\n" HOST "\r\n", &a);
    assert_int_equal(a.status, 400);
    assert_string_equal(a.body,
                        "{\"error\":\"minutes must be a whole number of at least 1\"}\n");
    must_ask(fd, "GET /sites/a%20b/realtime HTTP/1.1\r\n" HOST "\r\n", &a);
    assert_int_equal(a.status, 400);
    assert_string_equal(a.body, "{\"error\":\"bad_site\"}\n");
    close(fd);
    rig_close(&r);
}

static void a_report_shows_what_redis_holds(void **state)
{
    redisContext *c = redis_server_connect(&redis);
    ms_t now = (ms_t)time(NULL) * 1000;
    struct key_name meta = key_meta(SLICE("seen"));
    struct key_name row = key_minute(SLICE("seen"), minute_of(now));
    struct answer a;
    struct rig r;
    int fd;

    (void)state;
    freeReplyObject(
        redisCommand(c, "HSET %s e 1 q 2 t %lld v 1 W 30", meta.s, (long long)now));
    freeReplyObject(redisCommand(c, "HSET %s pv 7 ev 1 uniq 3 last 3 p:/x 3", row.s));
    rig_open(&r);
    await_redis(&r);
    fd = dial(&r);
    must_ask(fd, "GET /sites/seen/realtime HTTP/1.1\r\n" HOST "\r\n", &a);
    assert_int_equal(a.status, 200);
    has(a.body, "\"rev\":\"1.2\"");
    has(a.body, "\"currentVisitors\":3,\"pageViews\":7,");
    has(a.body, "\"activePages\":[{\"path\":\"/x\",\"visitors\":3,\"online\":0}]");
    close(fd);
    rig_close(&r);
    redisFree(c);
}

static void a_forgotten_script_is_given_again(void **state)
{
    redisContext *c = redis_server_connect(&redis);
    struct answer a;
    struct rig r;
    int fd;

    (void)state;
    rig_open(&r);
    await_redis(&r);
    fd = dial(&r);
    must_ask_status(fd, REPORT, 200);
    freeReplyObject(redisCommand(c, "SCRIPT FLUSH"));
    must_ask(fd, "GET /sites/other/realtime HTTP/1.1\r\n" HOST "\r\n", &a);
    assert_int_equal(a.status, 200);
    close(fd);
    rig_close(&r);
    redisFree(c);
}

/* While Redis stands still, nothing is answered; SIGCONT lets it go on. */
static void equal_requests_share_one_question(void **state)
{
    struct counters before, after;
    int fd[3];
    struct rig r;
    struct answer a;

    (void)state;
    rig_open(&r);
    await_redis(&r);
    before = counters_of(&r);
    kill(redis.pid, SIGSTOP);
    for (int i = 0; i < 3; i++) {
        fd[i] = dial(&r);
        must_send(fd[i], REPORT);
    }
    AWAIT(&r, requests, before.requests + 3);
    kill(redis.pid, SIGCONT);
    for (int i = 0; i < 3; i++) {
        must_answer(fd[i], &a);
        assert_int_equal(a.status, 200);
        close(fd[i]);
    }
    after = counters_of(&r);
    assert_int_equal(after.reports - before.reports, 1);
    assert_int_equal(after.reports_shared - before.reports_shared, 2);
    rig_close(&r);
}

static void answers_keep_the_order_of_requests(void **state)
{
    struct answer a;
    struct rig r;
    int fd;

    (void)state;
    rig_open(&r);
    await_redis(&r);
    fd = dial(&r);
    must_send(fd, PIXEL REPORT PIXEL REPORT "GET /sites/b/realtime HTTP/1.1\r\n" HOST
                                            "\r\n" PIXEL);
    must_ask_status(fd, "", 200);
    must_answer(fd, &a);
    has(a.body, "\"site\":\"shop\"");
    must_ask_status(fd, "", 200);
    must_answer(fd, &a);
    has(a.body, "\"site\":\"shop\"");
    must_answer(fd, &a);
    has(a.body, "\"site\":\"b\"");
    must_answer(fd, &a);
    assert_int_equal(a.body_n, 43);
    close(fd);
    rig_close(&r);
}

static void a_client_that_vanishes_while_redis_thinks_leaves_nothing_behind(void **state)
{
    int gone, stays;
    struct rig r;
    struct answer a;

    (void)state;
    rig_open(&r);
    await_redis(&r);
    kill(redis.pid, SIGSTOP);
    gone = dial(&r);
    stays = dial(&r);
    must_send(gone, REPORT PIXEL);
    must_send(stays, REPORT);
    AWAIT(&r, requests, 2);
    vanish(gone);
    while (counters_of(&r).conns_open > 1)
        ;
    kill(redis.pid, SIGCONT);
    must_answer(stays, &a);
    assert_int_equal(a.status, 200);
    assert_int_equal(counters_of(&r).hits, 0);
    close(stays);
    rig_close(&r);
}

static void when_redis_dies_who_waits_is_told_and_the_next_one_asks_anew(void **state)
{
    struct answer a;
    struct rig r;
    int fd;

    (void)state;
    rig_open(&r);
    await_redis(&r);
    kill(redis.pid, SIGSTOP);
    fd = dial(&r);
    must_send(fd, REPORT);
    AWAIT(&r, requests, 1);
    redis_server_kill(&redis);
    must_answer(fd, &a);
    assert_int_equal(a.status, 503);
    assert_string_equal(a.body, "{\"error\":\"redis_unavailable\"}\n");
    assert_int_equal(counters_of(&r).reports_failed, 1);
    unlink(redis.socket);
    redis_server_restart(&redis);
    AWAIT(&r, redis_ups, 2);
    must_ask_status(fd, REPORT, 200);
    close(fd);
    rig_close(&r);
}

static void who_has_said_all_still_gets_the_answer(void **state)
{
    struct answer a;
    struct rig r;
    int fd;

    (void)state;
    rig_open(&r);
    await_redis(&r);
    kill(redis.pid, SIGSTOP);
    fd = dial(&r);
    must_send(fd, REPORT);
    shutdown(fd, SHUT_WR);
    AWAIT(&r, requests, 1);
    kill(redis.pid, SIGCONT);
    must_answer(fd, &a);
    assert_int_equal(a.status, 200);
    assert_true(at_end(fd));
    close(fd);
    rig_close(&r);
}

/* ---- the end ---- */

static void stopping_answers_who_waits_and_sends_what_is_gathered(void **state)
{
    struct heard h = {0};
    struct answer a;
    struct rig r;
    int waits, idle;

    (void)state;
    rig_init(&r);
    r.setup.stop_ms = PATIENCE_MS;
    rig_start(&r);
    await_redis(&r);
    idle = dial(&r);
    must_ask_status(idle, PIXEL, 200);
    waits = dial(&r);
    kill(redis.pid, SIGSTOP);
    must_send(waits, PIXEL REPORT);
    AWAIT(&r, requests, 3);
    collector_stop(&r.collector);
    assert_true(at_end(idle));
    kill(redis.pid, SIGCONT);
    must_answer(waits, &a);
    must_answer(waits, &a);
    assert_int_equal(a.status, 200);
    has(a.head, "Connection: close\r\n");
    assert_true(at_end(waits));
    close(waits);
    close(idle);
    hear(&r, &h, 2);
    collector_join(&r.collector);
    assert_int_equal(collector_leftover(&r.collector).undurable, 0);
    collector_close(&r.collector);
    rig_fini(&r);
}

static void hits_that_nobody_received_are_told_at_the_end(void **state)
{
    struct leftover left;
    struct rig r;
    int fd;

    (void)state;
    rig_init(&r);
    r.setup.workers = 2;
    r.setup.stop_ms = 100;
    rig_start(&r);
    fd = dial(&r);
    for (int i = 0; i < 5; i++)
        must_ask_status(fd, PIXEL, 200);
    close(fd);
    collector_stop(&r.collector);
    collector_join(&r.collector);
    left = collector_leftover(&r.collector);
    assert_int_equal(left.unreceived, 5);
    assert_int_equal(left.undurable, 5);
    collector_close(&r.collector);
    rig_fini(&r);
}

/* Runs a collector with a hit, whose aggregator receives it and calls nothing durable
 * while it stops. Returns what was left. */
static struct leftover stop_undurable(bool drain, int stop_ms, unsigned serve_ms)
{
    struct leftover left;
    struct rig r;
    int fd;

    rig_init(&r);
    r.setup.drain = drain;
    r.setup.stop_ms = stop_ms;
    r.aggregator.undurable = true;
    rig_start(&r);
    fd = dial(&r);
    must_ask_status(fd, PIXEL, 200);
    close(fd);
    collector_stop(&r.collector);
    for (int64_t until = udp_clock_ms() + serve_ms;
         __atomic_load_n(&r.collector.running, __ATOMIC_ACQUIRE) > 0;) {
        r.aggregator.undurable = udp_clock_ms() < until;
        udp_aggregator_turn(&r.aggregator, 1);
    }
    collector_join(&r.collector);
    left = collector_leftover(&r.collector);
    collector_close(&r.collector);
    rig_fini(&r);
    return left;
}

static void received_is_enough_unless_it_is_to_drain(void **state)
{
    struct leftover left;

    (void)state;
    left = stop_undurable(false, PATIENCE_MS, PATIENCE_MS);
    assert_int_equal(left.unreceived, 0);
    assert_int_equal(left.undurable, 1);
    left = stop_undurable(true, PATIENCE_MS, 50);
    assert_int_equal(left.undurable, 0);
}

/* ---- the spool ---- */

static void remove_tree(const char *dir)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
}

/* The first collector has three workers and nobody to send to, the second has one. */
static void what_a_spool_keeps_the_next_collector_delivers(void **state)
{
    char dir[] = "/tmp/headcount-collector-XXXXXX", left[64];
    struct heard h = {0};
    struct rig r;

    (void)state;
    assert_non_null(mkdtemp(dir));
    rig_init(&r);
    r.setup.spool = dir;
    r.setup.workers = 3;
    rig_start(&r);
    for (int i = 0; i < 50; i++) {
        int fd = dial(&r);

        must_ask_status(fd, PIXEL, 200);
        close(fd);
    }
    rig_close(&r);

    rig_init(&r);
    r.setup.spool = dir;
    rig_start(&r);
    hear(&r, &h, 50);
    snprintf(left, sizeof left, "%s/ring-1", dir);
    while (access(left, F_OK) == 0)
        udp_aggregator_turn(&r.aggregator, 1);
    assert_int_equal(counters_of(&r).accepted, 50);
    assert_int_equal(counters_of(&r).in_ring, 0);
    rig_close(&r);
    remove_tree(dir);
}

static void a_spool_in_use_is_refused(void **state)
{
    char dir[] = "/tmp/headcount-collector-XXXXXX";
    struct collector second;
    char err[256];
    struct rig r;

    (void)state;
    assert_non_null(mkdtemp(dir));
    rig_init(&r);
    r.setup.spool = dir;
    rig_start(&r);
    assert_int_equal(collector_open(&second, &r.setup, NULL, NULL, err, sizeof err), -1);
    has(err, "another collector uses it");
    rig_close(&r);
    remove_tree(dir);
}

static void several_workers_share_a_port_and_a_second_collector_is_refused(void **state)
{
    struct collector second;
    struct heard h = {0};
    char err[256];
    struct rig r;

    (void)state;
    rig_init(&r);
    r.setup.workers = 3;
    rig_start(&r);
    for (int i = 0; i < 50; i++) {
        int fd = dial(&r);

        must_ask_status(fd, PIXEL, 200);
        close(fd);
    }
    hear(&r, &h, 50);
    r.setup.listen = r.collector.bound;
    assert_int_equal(collector_open(&second, &r.setup, NULL, NULL, err, sizeof err), -1);
    assert_string_equal(err, "--listen 127.0.0.1:0: the port is in use; stop the other "
                             "program or choose another port");
    rig_close(&r);
}

/* ---- streams ---- */

static void rig_init_streams(struct rig *r)
{
    rig_init(r);
    r->setup.streams_max = 16;
    r->setup.stream_life_ms = PATIENCE_MS;
    r->setup.deadline_ms[DEADLINE_PACE] = STREAM_STATE_MS;
}

struct heard_stream {
    int fd;
    size_t n;
    char text[1024 * 1024];
};

static void open_stream(struct rig *r, struct heard_stream *h, const char *site)
{
    char request[128];

    memset(h, 0, sizeof *h);
    h->fd = dial(r);
    snprintf(request, sizeof request, "GET /sites/%s/stream HTTP/1.1\r\n" HOST "\r\n",
             site);
    must_send(h->fd, request);
}

/* Reads on; false at the end. */
static bool read_stream(struct heard_stream *h)
{
    ssize_t n = recv(h->fd, h->text + h->n, sizeof h->text - 1 - h->n, 0);

    assert_true(n >= 0);
    h->n += (size_t)n;
    return n > 0;
}

static void await_text(struct heard_stream *h, const char *part)
{
    while (strstr(h->text, part) == NULL)
        if (!read_stream(h))
            fail_msg("the stream ended without %s", part);
}

/* Reads to the end, which must be the time before coming again. */
static void await_farewell(struct heard_stream *h)
{
    const char *last = h->text;

    while (read_stream(h))
        ;
    for (const char *at = h->text; (at = strstr(at, "retry: ")); at++)
        last = at;
    assert_in_range(atoi(last + 7), STREAM_RETRY_MIN_MS, STREAM_RETRY_MAX_MS);
    assert_string_equal(strchr(last, '\n'), "\n\n");
    close(h->fd);
}

static void a_silent_stream_gets_comments_until_its_life_is_over(void **state)
{
    static struct heard_stream h;
    struct rig r;

    (void)state;
    rig_init_streams(&r);
    r.setup.stream_life_ms = 300;
    r.setup.deadline_ms[DEADLINE_SILENCE] = 30;
    rig_start(&r);
    await_redis(&r);
    open_stream(&r, &h, "silent");
    await_farewell(&h);
    has(h.text, "event: hello\n");
    has(h.text, "event: state\n");
    has(h.text, "\n\n:\n\n:\n\n");
    AWAIT(&r, streams_dismissed, 1);
    collector_stop(&r.collector);
    collector_join(&r.collector);
    assert_int_equal(counters_of(&r).streams_open, 0);
    collector_close(&r.collector);
    rig_fini(&r);
}

static void the_feed_port_gives_signs_of_life_to_those_who_watch_only(void **state)
{
    static struct heard_stream idle, watcher;
    char err[256];
    struct rig r;

    (void)state;
    rig_init_streams(&r);
    r.setup.deadline_ms[DEADLINE_FEED] = 30;
    assert_int_equal(
        listen_addr_parse(&r.setup.feed, "--feed-listen", "127.0.0.1:0", err, sizeof err),
        0);
    rig_start(&r);
    await_redis(&r);
    r.collector.bound = r.collector.worker[0]->feed_at;
    idle.fd = dial(&r);
    must_send(idle.fd, "hel");
    watcher.fd = dial(&r);
    must_send(watcher.fd, "watch silent\n");
    await_text(&watcher, "ok watching silent\n#\n#\n");
    assert_false(read_stream(&idle));
    AWAIT(&r, feed_idle, 1);
    assert_int_equal(counters_of(&r).streams_dead, 0);
    collector_stop(&r.collector);
    await_text(&watcher, "# headcount is being stopped\n");
    assert_false(read_stream(&watcher));
    assert_int_equal(counters_of(&r).streams_dismissed, 1);
    close(idle.fd);
    close(watcher.fd);
    rig_close(&r);
}

static void publish(redisContext *c, const char *site, unsigned n)
{
    struct delta d = {.site = slice_of(site), .epoch = 1, .n = n, .at = 1763776801456};
    struct buf text;

    buf_init(&text, MESSAGE_MAX);
    delta_encode(&d, &text);
    freeReplyObject(redisCommand(c, "PUBLISH hc:%s %b", site, text.p, text.n));
    buf_fini(&text);
}

static void a_stream_that_always_has_news_ends_as_well(void **state)
{
    redisContext *c = redis_server_connect(&redis);
    static struct heard_stream h;
    struct rig r;

    (void)state;
    rig_init_streams(&r);
    r.setup.stream_life_ms = 300;
    r.setup.deadline_ms[DEADLINE_PACE] = 20;
    rig_start(&r);
    await_redis(&r);
    open_stream(&r, &h, "busy");
    await_text(&h, "event: state");
    for (unsigned n = 1; counters_of(&r).streams_dismissed == 0; n++)
        publish(c, "busy", n);
    await_farewell(&h);
    assert_null(strstr(h.text, "\n\n:\n"));
    rig_close(&r);
    redisFree(c);
}

static void a_site_without_messages_is_read_again(void **state)
{
    redisContext *c = redis_server_connect(&redis);
    struct key_name meta = key_meta(SLICE("quiet"));
    static struct heard_stream h;
    struct timespec now;
    struct rig r;

    (void)state;
    rig_init_streams(&r);
    r.setup.deadline_ms[DEADLINE_QUIET] = 30;
    rig_start(&r);
    await_redis(&r);
    open_stream(&r, &h, "quiet");
    await_text(&h, "\"e\":0,");
    clock_gettime(CLOCK_REALTIME, &now);
    freeReplyObject(redisCommand(c, "HSET %s e 7 q 2 n 3 t %lld v 1 W 30", meta.s,
                                 (long long)now.tv_sec * 1000));
    await_text(&h, "\"e\":7,\"q\":2,\"n\":3,");
    close(h.fd);
    rig_close(&r);
    redisFree(c);
}

static int start_redis(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    redis_server_start(&redis);
    return 0;
}

static int stop_redis(void **state)
{
    (void)state;
    redis_server_stop(&redis);
    return 0;
}

/* Who floods the port must not keep those waiting who are there. Its loop is turned here,
 * before it has a thread. */
static void a_turn_takes_so_many_newcomers_and_no_more(void **state)
{
    int fd[3 * LISTENER_ACCEPTS_MAX];
    const uint64_t all = sizeof fd / sizeof *fd;
    uint64_t have = 0;
    char err[256];
    struct rig r;

    (void)state;
    rig_init(&r);
    r.setup.conns_max = (unsigned)all;
    assert_int_equal(collector_open(&r.collector, &r.setup, NULL, NULL, err, sizeof err),
                     0);
    for (size_t i = 0; i < all; i++) {
        fd[i] = dial(&r);
        must_send(fd[i], "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    for (int turn = 0; have < all && turn < PATIENCE_MS; turn++) {
        uint64_t before = have;

        uv_run(&r.collector.worker[0]->loop, UV_RUN_NOWAIT);
        have = counters_of(&r).conns;
        assert_in_range(have - before, 0, LISTENER_ACCEPTS_MAX);
    }
    assert_int_equal(have, all);
    assert_int_equal(collector_start(&r.collector, err, sizeof err), 0);
    for (size_t i = 0; i < all; i++) {
        char byte;

        assert_int_equal(recv(fd[i], &byte, 1, 0), 1);
        close(fd[i]);
    }
    rig_close(&r);
}

/* ---- out of files ---- */

/* No file from @n on can be opened until the limit is what it was again, which is
 * returned. */
static struct rlimit limit_files(int n)
{
    struct rlimit all, few;

    getrlimit(RLIMIT_NOFILE, &all);
    few = (struct rlimit){(rlim_t)n, all.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    return all;
}

/* The same, and all before are open. */
static struct rlimit cut_files(void)
{
    int lowest = dup(STDERR_FILENO);

    close(lowest);
    return limit_files(lowest);
}

/* Turns the loop of the only worker, which has no thread yet, until counter @offset
 * reaches @n. */
static void turn_count(struct rig *r, size_t offset, uint64_t n)
{
    for (int64_t until = udp_clock_ms() + PATIENCE_MS; udp_clock_ms() < until;) {
        if (has_counted(r, offset, n))
            return;
        uv_run(&r->collector.worker[0]->loop, UV_RUN_NOWAIT);
    }
    fail_msg("the counter did not reach %d", (int)n);
}
#define TURN(rig, row, n) turn_count(rig, offsetof(struct counters, row), n)

/* A collector that turns where it is told to, and has Redis. */
static void rig_open_still(struct rig *r)
{
    char err[256];

    rig_init(r);
    if (collector_open(&r->collector, &r->setup, NULL, NULL, err, sizeof err) < 0)
        fail_msg("%s", err);
    TURN(r, redis_ups, 1);
}

static void rig_close_still(struct rig *r)
{
    char err[256];

    assert_int_equal(collector_start(&r->collector, err, sizeof err), 0);
    rig_close(r);
}

static int ask_pixel(const struct rig *r)
{
    int fd = dial(r);

    must_send(fd, PIXEL);
    return fd;
}

/* It was closed, perhaps before all was read. */
static bool was_closed(int fd)
{
    char bytes[1024];
    ssize_t n;

    while ((n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
        ;
    return n == 0 || errno == ECONNRESET;
}

static void who_cannot_even_be_turned_away_waits_and_nothing_spins(void **state)
{
    struct conns *conns;
    struct rlimit limit;
    int64_t begun;
    int fd, taken;
    struct rig r;

    (void)state;
    rig_open_still(&r);
    conns = &r.collector.worker[0]->conns;
    fd = ask_pixel(&r);
    conns_give_reserve(conns);
    taken = dup(STDERR_FILENO); /* as another worker might */
    limit = cut_files();
    begun = udp_clock_ms();
    TURN(&r, accept_errors, 4);
    assert_true(udp_clock_ms() - begun >= 3 * (LISTENER_REST_MS - 1));
    assert_false(was_closed(fd));
    close(taken);
    TURN(&r, accept_errors, 5); /* the reserve is there again */
    assert_true(was_closed(fd));
    assert_true(conns->reserve >= 0);
    setrlimit(RLIMIT_NOFILE, &limit);
    close(fd);
    fd = ask_pixel(&r);
    TURN(&r, hits, 1);
    close(fd);
    rig_close_still(&r);
}

static void a_lost_reserve_comes_back_from_who_is_idle(void **state)
{
    int idle, fd, taken;
    struct conns *conns;
    struct rlimit limit;
    struct rig r;

    (void)state;
    rig_open_still(&r);
    conns = &r.collector.worker[0]->conns;
    idle = ask_pixel(&r);
    TURN(&r, hits, 1);
    fd = ask_pixel(&r);
    conns_give_reserve(conns);
    taken = dup(STDERR_FILENO);
    limit = cut_files();
    TURN(&r, accept_errors, 2);
    assert_true(was_closed(idle) && was_closed(fd));
    assert_true(conns->reserve >= 0);
    assert_int_equal(counters_of(&r).conns_displaced, 1);
    setrlimit(RLIMIT_NOFILE, &limit);
    close(taken);
    close(idle);
    close(fd);
    rig_close_still(&r);
}

static void no_reserve_comes_from_a_request_under_way(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof slow / sizeof *slow; i++) {
        int begun, fd, taken;
        struct rlimit limit;
        struct rig r;

        rig_open_still(&r);
        begun = dial(&r);
        must_send(begun, slow[i]);
        TURN(&r, hits, 1);
        fd = ask_pixel(&r);
        conns_give_reserve(&r.collector.worker[0]->conns);
        taken = dup(STDERR_FILENO);
        limit = cut_files();
        TURN(&r, accept_errors, 2);
        assert_false(was_closed(begun));
        assert_int_equal(counters_of(&r).conns_displaced, 0);
        setrlimit(RLIMIT_NOFILE, &limit);
        TURN(&r, hits, 2);
        close(taken);
        close(begun);
        close(fd);
        rig_close_still(&r);
    }
}

static void nobody_is_closed_for_a_file_beyond_the_limit(void **state)
{
    struct rlimit limit;
    int idle, fd;
    struct rig r;

    (void)state;
    rig_open_still(&r);
    idle = ask_pixel(&r);
    TURN(&r, hits, 1);
    fd = ask_pixel(&r);
    limit = limit_files(STDERR_FILENO + 1);
    TURN(&r, accept_errors, 2);
    assert_false(was_closed(idle));
    assert_int_equal(counters_of(&r).conns_displaced, 0);
    setrlimit(RLIMIT_NOFILE, &limit);
    TURN(&r, hits, 2);
    close(idle);
    close(fd);
    rig_close_still(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pixel_is_answered_and_its_hit_arrives),
        cmocka_unit_test(a_request_may_come_byte_by_byte),
        cmocka_unit_test(a_hundred_pipelined_pixels_get_a_hundred_answers_and_hits),
        cmocka_unit_test(what_is_no_beacon_is_told_why_and_still_gets_an_image),
        cmocka_unit_test(head_is_answered_and_counts_nothing),
        cmocka_unit_test(a_batch_is_taken_and_its_refusals_are_named),
        cmocka_unit_test(a_body_may_come_in_pieces_after_100_continue),
        cmocka_unit_test(a_large_body_is_carried_whole),
        cmocka_unit_test(an_oversized_head_is_refused_and_the_answer_arrives),
        cmocka_unit_test(after_garbage_nothing_is_served),
        cmocka_unit_test(close_is_honoured_and_http_1_0_stays_when_it_asks),
        cmocka_unit_test(a_slow_head_is_cut_off),
        cmocka_unit_test(dribbling_does_not_extend_the_head),
        cmocka_unit_test(a_slow_body_and_a_long_silence_end_too),
        cmocka_unit_test(at_the_cap_the_longest_idle_makes_room),
        cmocka_unit_test(when_nobody_is_idle_who_is_slow_makes_room),
        cmocka_unit_test(a_turn_takes_so_many_newcomers_and_no_more),
        cmocka_unit_test(who_cannot_even_be_turned_away_waits_and_nothing_spins),
        cmocka_unit_test(a_lost_reserve_comes_back_from_who_is_idle),
        cmocka_unit_test(no_reserve_comes_from_a_request_under_way),
        cmocka_unit_test(nobody_is_closed_for_a_file_beyond_the_limit),
        cmocka_unit_test(when_all_are_served_the_newcomer_goes),
        cmocka_unit_test(who_does_not_read_answers_gets_no_more_of_them_made),
        cmocka_unit_test(paths_and_methods_that_are_not_there_are_told_so),
        cmocka_unit_test(readiness_follows_redis),
        cmocka_unit_test(an_aggregator_that_is_not_there_keeps_nothing_from_pages),
        cmocka_unit_test(a_hit_without_room_is_counted_and_its_page_served),
        cmocka_unit_test(an_unknown_site_has_nobody_on_it),
        cmocka_unit_test(a_report_shows_what_redis_holds),
        cmocka_unit_test(a_forgotten_script_is_given_again),
        cmocka_unit_test(equal_requests_share_one_question),
        cmocka_unit_test(answers_keep_the_order_of_requests),
        cmocka_unit_test(a_client_that_vanishes_while_redis_thinks_leaves_nothing_behind),
        cmocka_unit_test(when_redis_dies_who_waits_is_told_and_the_next_one_asks_anew),
        cmocka_unit_test(who_has_said_all_still_gets_the_answer),
        cmocka_unit_test(stopping_answers_who_waits_and_sends_what_is_gathered),
        cmocka_unit_test(hits_that_nobody_received_are_told_at_the_end),
        cmocka_unit_test(received_is_enough_unless_it_is_to_drain),
        cmocka_unit_test(what_a_spool_keeps_the_next_collector_delivers),
        cmocka_unit_test(a_spool_in_use_is_refused),
        cmocka_unit_test(several_workers_share_a_port_and_a_second_collector_is_refused),
        cmocka_unit_test(a_silent_stream_gets_comments_until_its_life_is_over),
        cmocka_unit_test(the_feed_port_gives_signs_of_life_to_those_who_watch_only),
        cmocka_unit_test(a_stream_that_always_has_news_ends_as_well),
        cmocka_unit_test(a_site_without_messages_is_read_again),
    };

    return cmocka_run_group_tests_name("collector", tests, start_redis, stop_redis);
}
