/* instructions: what the collector does between a read and a write, each kind of work in
 * a function of its own whose name begins with "measured_". To be run under callgrind,
 * which counts what happens in those (instructions.mjs); every run does exactly the same.
 * Prints how many of what each has done.
 *
 * A worker as worker.c makes it, without sockets where there need be none: the sender's
 * datagrams go nowhere, and ACKs that were made beforehand come back. Streams write to
 * socket pairs that have room for all of it. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../collector/conn.h"
#include "../../collector/sse.h"
#include "../../collector/worker.h"
#include "../../collector/ws.h"
#include "../../proto/wire.h"
#include "../dice.h"
#include "lib/chrome.h"

#define MEASURED __attribute__((noinline)) static void
#define SECRET "the secret of the bench"
#define NOON INT64_C(1763812800000)
#define PIXELS 10000
#define A_TURN 16 /* pixels served in a turn of the loop */
#define POSTS 100
#define A_POST 50 /* events */
#define STREAMS 100
#define STATES 20
#define STATE_BYTES 872
#define TEXT_MAX 16384
#define SEALED_MAX 4000

static struct setup setup;
static struct worker *worker;
static struct uplink uplink;
static struct conn client;
static uint8_t acks[SEALED_MAX][WIRE_ACK_BYTES];
static uint64_t sealed, acked;
static char text[PIXELS][1024], post[POSTS][TEXT_MAX];

static void must(bool claim, const char *what)
{
    if (claim)
        return;
    fprintf(stderr, "instructions: %s\n", what);
    exit(1);
}

/* ---- the worker ---- */

static void emit(void *arg, const uint8_t *bytes, size_t n)
{
    (void)arg;
    (void)n;
    sealed += bytes[3] == WIRE_DATA;
}

static uint64_t clock_us(void *arg)
{
    (void)arg;
    return (uint64_t)worker->moment.mono * 1000;
}

static void make_acks(void)
{
    for (uint64_t i = 0; i < SEALED_MAX; i++) {
        struct wire_ack a = {.nshards = 1,
                             .stream = 7,
                             .epoch = 1,
                             .ack_no = i + 1,
                             .cum = i,
                             .durable = i,
                             .window = 256};

        wire_ack_frame(acks[i], &a, &setup.files.secret);
    }
}

static void hear(uint64_t i)
{
    must(i < SEALED_MAX, "more datagrams than ACKs");
    sender_ack(uplink.sender, acks[i], WIRE_ACK_BYTES, worker->moment.mono);
}

static void open_uplink(void)
{
    const struct sender_env env = {.emit = emit, .clock_us = clock_us};
    void *memory = aligned_alloc(16, SENDER_RING_BYTES);

    make_acks();
    uplink.sender =
        sender_new(&setup.files.secret, ring_init(memory, SENDER_RING_BYTES, 7, 1), &env,
                   worker->moment.mono);
    worker->uplink = &uplink;
    sender_tick(uplink.sender, worker->moment.mono, false);
    hear(0);
}

static void open_files(void)
{
    static const struct redis_addr redis = {.host = "127.0.0.1"};
    struct file_names names = {.bots = "built-in", .spam = "built-in"};
    int fd = memfd_create("secret", 0);
    char path[32], err[256];

    must(fd >= 0 && write(fd, SECRET, sizeof SECRET) > 0, "no secret");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    names.secret = path;
    must(files_open(&setup.files, &names, &redis, err, sizeof err) == 0, err);
    close(fd);
}

static void make_setup(void)
{
    struct naming naming;
    char err[256];

    must(naming_init(&naming, "", "", "", "", err, sizeof err) == 0, err);
    routing_init(&setup.routing, &naming);
    open_files();
    setup.quota_rates.events = rate_of(RATE_DEFAULT, 1000, RATE_BURST_DEFAULT);
    setup.quota_rates.visitors = setup.quota_rates.events;
    setup.quota_rates.sites = setup.quota_rates.events;
    for (int i = 0; i < DEADLINE_CLASSES; i++)
        setup.deadline_ms[i] = 1000;
}

/* As commons_new does it, but with the same keys in every run. */
static struct commons *make_commons(void)
{
    static const struct key keys[5] = {{{1}}, {{2}}, {{3}}, {{4}}, {{5}}};
    struct commons *c = commons_new(&setup);

    quotas_init(&c->quotas, &setup.quota_rates, keys);
    replays_init(&c->replays, &keys[4]);
    return c;
}

static void make_worker(void)
{
    static const unsigned char key[SITE_MAP_KEY_BYTES] = {1};

    must((worker = calloc(1, sizeof *worker)) != NULL, "no memory");
    worker->setup = &setup;
    worker->files = setup.files;
    worker->commons = make_commons();
    worker->moment = (struct moment){true, NOON, 1000000};
    uv_loop_init(&worker->loop);
    conns_init(&worker->conns, 2 * STREAMS);
    deadlines_init(&worker->deadlines, setup.deadline_ms);
    watches_init(&worker->watches, worker);
    http_date_set(&worker->date, NOON);
    worker->day_keys.day = -1;
    agent_cache_reset(&worker->agents, setup.files.bots);
    worker->site_register = register_new(1, key);
    register_add(worker->site_register, SLICE("shop.example"));
    buf_init(&worker->out, HTTP_OUT_MAX + ANSWER_MAX);
    buf_init(&worker->answer, ANSWER_MAX);
    client.worker = worker;
    open_uplink();
}

static bool all_count(void)
{
    return worker->counters.hits == PIXELS + POSTS * A_POST + 1 + A_POST;
}

/* ---- requests ---- */

#define BROWSERS 8

/* What Chrome sends for an image from another origin; @i tells the visitor and the page.
 */
static void write_pixel(char *out, size_t size, unsigned i, struct dice *d)
{
    unsigned major = i % BROWSERS; /* its last digit */
    int n = snprintf(
        out, size,
        "GET /hc.gif?i=shop.example&p=%%2Fproducts%%2Fshoes%%2Frunning%%3Fcolour%%3D%03u"
        "&t=Running%%20shoes&r=https%%3A%%2F%%2Fwww.google.com%%2F&s=1920,1080,1"
        "&u=%010x&v=%08x&k=v&a=r&n=1&d=0&_ HTTP/1.1\r\n"
        "Host: stats.example.com\r\n"
        "Connection: keep-alive\r\n" CHROME_HEADERS(
            "12%u", "https://shop.example/products/shoes/") "\r\n",
        i % 100, (unsigned)dice_u64(d), (unsigned)dice_u64(d), major, major, major);

    must(n > 0 && (size_t)n < size, "a request is too long");
}

static void write_post(char *out, size_t size, unsigned i, struct dice *d)
{
    static char body[TEXT_MAX];
    size_t n = 0;

    for (unsigned k = 0; k < A_POST; k++)
        n += (size_t)snprintf(
            body + n, sizeof body - n,
            "%s{\"i\":\"shop.example\",\"p\":\"/articles/2025/11/a-long-title-%03u\","
            "\"k\":\"v\",\"u\":\"%010x\",\"v\":\"%08x\",\"a\":\"r\"}",
            k ? "," : "[", (i + k) % 100, (unsigned)dice_u64(d), (unsigned)dice_u64(d));
    n += (size_t)snprintf(body + n, sizeof body - n, "]");
    must(
        (size_t)snprintf(out, size,
                         "POST /e HTTP/1.1\r\nHost: stats.example.com\r\n"
                         "User-Agent: a program/1.0\r\nContent-Type: application/json\r\n"
                         "Content-Length: %zu\r\n\r\n%s",
                         n, body) < size,
        "a batch is too long");
}

/* What conn_serve.c does with a request, and uplink_turn in each turn of the loop. */
static void serve(const char *bytes, unsigned i)
{
    struct http_request rq;
    struct exchange x = {.worker = worker, .conn = &client, .request = &rq};
    ssize_t head = http_parse_with(&rq, bytes, strlen(bytes), setup.client_ip_header);

    must(head > 0, "a request is refused");
    client.peer = (struct ip){{10, 1, (uint8_t)(i >> 8), (uint8_t)i}, 4};
    x.body = (struct slice){bytes + head, rq.content_length};
    must(route_run(route_find(&setup.routing, &rq, &x.at), &x) == ANSWERED, "no answer");
}

static void turn(void)
{
    buf_clear(&worker->out);
    while (acked < sealed)
        hear(++acked);
    worker->moment.mono++;
    sender_tick(uplink.sender, worker->moment.mono, false);
}

MEASURED measured_pixel(void)
{
    for (unsigned i = 0; i < PIXELS; i++) {
        serve(text[i], i);
        if (i % A_TURN == A_TURN - 1)
            turn();
    }
}

MEASURED measured_post(void)
{
    for (unsigned i = 0; i < POSTS; i++) {
        serve(post[i], i);
        turn();
    }
}

/* ---- streams ---- */

static void open_reader(struct watch *w, const struct framing *framing)
{
    struct conn *c = calloc(1, sizeof *c);
    int fd[2];

    must(c && socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd) == 0, "no socket");
    conn_init(c, worker, PORT_HTTP, fd[0], &(struct address){0});
    c->stream = (struct stream){.framing = framing,
                                .watch = w,
                                .begun = true,
                                .greeted = true,
                                .until = INT64_MAX,
                                .next = w->streams};
    w->streams = &c->stream;
    conn_enter(c, CONN_STREAMING);
}

MEASURED measured_sse(struct watch *w)
{
    for (int i = 0; i < STATES; i++) {
        w->feed.states++;
        watch_flush(w);
    }
}

MEASURED measured_ws(struct watch *w)
{
    for (int i = 0; i < STATES; i++) {
        w->feed.states++;
        watch_flush(w);
    }
}

static void stream(const struct framing *framing, void (*measured)(struct watch *))
{
    struct watch *w = calloc(1, sizeof *w);

    must(w != NULL, "no memory");
    w->worker = worker;
    feed_init(&w->feed);
    w->feed.known = true;
    site_map_add(&worker->watches.map, &w->node, SLICE("shop.example"));
    buf_add(&w->feed.state, text, STATE_BYTES);
    for (unsigned i = 0; i < STREAMS; i++)
        open_reader(w, framing);
    watch_flush(w); /* makes the buffers */
    measured(w);
    for (struct stream *s = w->streams; s; s = s->next)
        must(!conn_of_stream(s)->blocked, "a socket is full");
    site_map_remove(&worker->watches.map, &w->node);
}

/* The process ends with all that is open. */
int main(void)
{
    struct dice d = {1};

    json_object_seed(1);
    make_setup();
    make_worker();
    for (unsigned i = 0; i < PIXELS; i++)
        write_pixel(text[i], sizeof text[i], i, &d);
    for (unsigned i = 0; i < POSTS; i++)
        write_post(post[i], sizeof post[i], i, &d);
    serve(text[0], 0);
    serve(post[0], 0);
    turn();
    measured_pixel();
    measured_post();
    must(all_count(), "not all hits were counted");
    stream(&sse_framing, measured_sse);
    stream(&ws_framing, measured_ws);
    printf("pixel %d\npost %d\nsse %d\nws %d\n", PIXELS, POSTS * A_POST, STREAMS * STATES,
           STREAMS * STATES);
    return 0;
}
