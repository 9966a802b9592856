/* datagrams: collector workers as an aggregator sees them: valid streams of full
 * datagrams, or of one event each.
 *
 *   datagrams PORT SECRET_FILE SECONDS [NAME=NUMBER ...]
 *
 *   rate=0       datagrams a second, evenly; 0: as many as the windows allow
 *   hits=0       events of a datagram; 0: until it is full
 *   sites=1      drawn for each datagram
 *   visitors=100000, paths=100   drawn for each event, paths of path=40 bytes
 *   streams=4    senders, each with a socket of its own
 *   train=1      most datagrams given to the kernel with one call (UDP_SEGMENT); only
 *                runs of one length go together, a shorter one last
 *   deaf=0       1: nobody answers; epoch and windows are of no interest
 *
 * Events are random, bodies are made before the first is sent: some 65,000, used in turn
 * under new numbers. What is lost is sent again once nothing was heard for 200 ms.
 *
 * Prints datagrams sent, events in them, calls it took, datagrams sent again, its own CPU
 * nanoseconds, milliseconds it took, datagrams acknowledged, and how many datagrams the
 * windows held it behind its time at most. */
#include <arpa/inet.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../../proto/body.h"
#include "../../proto/wire.h"

#define POOL 65536
#define STREAMS_MOST 64
#define TRAIN_MOST 50 /* of full datagrams below 64 KiB */
#define STALL_US 200000
#define ACK_EVERY_US 50
#define NAP_US 50

struct body {
    uint16_t n, hits;
    uint8_t bytes[BODY_MAX];
};

struct stream {
    int fd;
    uint64_t id, epoch, next, cum, durable, heard_us;
    unsigned window;
};

static struct option {
    const char *name;
    unsigned long long value;
} option[] = {{"rate", 0},          {"hits", 0},    {"sites", 1},
              {"visitors", 100000}, {"paths", 100}, {"path", 40},
              {"streams", 4},       {"train", 1},   {"deaf", 0}};
enum { RATE, HITS, SITES, VISITORS, PATHS, PATH, STREAMS, TRAIN, DEAF, OPTIONS };

static struct body *pool;
static struct secret secret;
static struct stream stream[STREAMS_MOST];
static unsigned long long sent, events, calls, resent, behind;

static uint64_t rng(void)
{
    static uint64_t state = 1;
    uint64_t z = (state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t nanoseconds(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t now_us(void)
{
    return nanoseconds(CLOCK_BOOTTIME) / 1000;
}

/* ---- bodies ---- */

static void fill(struct body_writer *w, mono_t now)
{
    char site[32], path[PATH_MAX_BYTES + 1] = "/";
    struct hit h = {.kind = HIT_VIEW, .state = STATE_READING, .at = now};

    h.site = (struct slice){
        site, (size_t)sprintf(site, "site-%llu", rng() % option[SITES].value)};
    memset(path + 1, 'a', sizeof path - 1);
    body_begin(w, now);
    do {
        h.visitor = (rng() % option[VISITORS].value + 1) * UINT64_C(0x9e3779b97f4a7c15);
        sprintf(path + option[PATH].value - 3, "%03u",
                (unsigned)(rng() % least(option[PATHS].value, 1000)));
        h.path = (struct slice){path, option[PATH].value};
    } while (body_add(w, &h) && w->hits != option[HITS].value);
}

static void make_pool(void)
{
    static struct body_writer w;
    mono_t now = (mono_t)(now_us() / 1000);

    pool = malloc(POOL * sizeof *pool);
    if (!pool)
        exit(1);
    for (size_t i = 0; i < POOL; i++) {
        fill(&w, now);
        pool[i].n = (uint16_t)w.n;
        pool[i].hits = (uint16_t)w.hits;
        memcpy(pool[i].bytes, w.bytes, w.n);
    }
}

/* The body of one number; streams begin at different ones. */
static const struct body *body_of(const struct stream *s, uint64_t seq)
{
    return &pool[(seq + (uint64_t)(s - stream) * 7919) % POOL];
}

/* ---- a stream ---- */

static size_t size_of(const struct body *b)
{
    size_t n = WIRE_HEADER + b->n + WIRE_TAG;

    return n < WIRE_MIN ? WIRE_MIN : n;
}

static void open_stream(struct stream *s, unsigned port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons((uint16_t)port)};

    *s = (struct stream){.id = rng() ^ now_us(), .next = 1, .heard_us = now_us()};
    s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (connect(s->fd, (struct sockaddr *)&to, sizeof to) < 0) {
        perror("datagrams");
        exit(1);
    }
    if (option[DEAF].value)
        s->epoch = 1;
}

static size_t frame(const struct stream *s, uint64_t seq, uint8_t *out)
{
    const struct body *b = seq ? body_of(s, seq) : NULL;
    struct wire_head head = {.type = b ? WIRE_DATA : WIRE_PING,
                             .nshards = 1,
                             .stream = s->id,
                             .epoch = s->epoch,
                             .seq = b ? seq : s->next,
                             .base = s->durable + 1,
                             .ts_us = now_us()};

    return wire_frame(out, &head, b ? b->bytes : NULL, b ? b->n : 0, &secret);
}

static void ask(struct stream *s)
{
    uint8_t bytes[DATAGRAM_MAX];

    s->heard_us = now_us();
    send(s->fd, bytes, frame(s, 0, bytes), 0);
}

static void take_acks(struct stream *s)
{
    uint8_t bytes[DATAGRAM_MAX];
    struct wire_ack a;
    ssize_t n;

    while ((n = recv(s->fd, bytes, sizeof bytes, 0)) > 0) {
        if (wire_ack_open(bytes, (size_t)n, &secret, &a) != WIRE_OK)
            continue;
        if (a.epoch != s->epoch)
            s->next = a.cum + 1;
        if (a.cum > s->cum || a.epoch != s->epoch)
            s->heard_us = now_us();
        s->epoch = a.epoch;
        s->cum = a.cum;
        if (s->next <= s->cum)
            s->next = s->cum + 1;
        s->durable = a.durable;
        s->window = a.window < SENDER_WINDOW ? a.window : SENDER_WINDOW;
    }
}

/* How many may go now. */
static uint64_t allowance(const struct stream *s)
{
    if (option[DEAF].value)
        return TRAIN_MOST;
    return s->epoch == 0 || s->next > s->cum + s->window
               ? 0
               : s->cum + s->window + 1 - s->next;
}

static void give(struct stream *s, uint8_t *bytes, size_t n, size_t segment)
{
    char control[CMSG_SPACE(sizeof(uint16_t))] = {0};
    struct iovec iov = {bytes, n};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
    struct cmsghdr *c;

    if (n > segment) {
        m.msg_control = control;
        m.msg_controllen = sizeof control;
        c = CMSG_FIRSTHDR(&m);
        *c = (struct cmsghdr){CMSG_LEN(sizeof(uint16_t)), SOL_UDP, UDP_SEGMENT};
        memcpy(CMSG_DATA(c), &(uint16_t){(uint16_t)segment}, sizeof(uint16_t));
    }
    calls++;
    sendmsg(s->fd, &m, 0);
}

/* Sends one train of at most @most: as many as are of one length, and a shorter one.
 * Returns how many. */
static uint64_t send_train(struct stream *s, uint64_t most)
{
    static uint8_t bytes[TRAIN_MOST * DATAGRAM_MAX];
    size_t segment = size_of(body_of(s, s->next)), last = segment, n = 0;
    uint64_t k = 0;

    while (k < most && last == segment &&
           (last = size_of(body_of(s, s->next))) <= segment) {
        events += body_of(s, s->next)->hits;
        n += frame(s, s->next++, bytes + n);
        k++;
    }
    give(s, bytes, n, segment);
    sent += k;
    return k;
}

static void go_back(struct stream *s)
{
    if (s->epoch == 0)
        ask(s);
    if (s->next > s->cum + 1)
        resent += s->next - s->cum - 1;
    s->next = s->cum + 1;
    s->heard_us = now_us();
}

/* Sends what is due of @due datagrams in all, the streams in turn. */
static void send_due(unsigned long long due)
{
    static unsigned turn;
    unsigned idle = 0;

    while (sent < due && idle < option[STREAMS].value) {
        struct stream *s = &stream[turn++ % option[STREAMS].value];
        uint64_t most = least(least(allowance(s), option[TRAIN].value), due - sent);

        idle = most ? 0 : idle + 1;
        if (most)
            send_train(s, most);
    }
    if (option[RATE].value && due - sent > behind)
        behind = due - sent;
}

static void hear(uint64_t now)
{
    for (unsigned i = 0; i < option[STREAMS].value; i++) {
        take_acks(&stream[i]);
        if (now > stream[i].heard_us + STALL_US)
            go_back(&stream[i]);
    }
}

/* Datagrams due at @now. */
static unsigned long long due_at(uint64_t now, uint64_t start)
{
    unsigned long long due = (now - start) * option[RATE].value / 1000000;

    return option[RATE].value ? due - due % option[TRAIN].value : sent + TRAIN_MOST;
}

/* With a rate trains of one are sent as soon as they are due, longer ones when they are
 * complete. What waits long leaves the core to Redis. */
static void run(uint64_t until)
{
    static const struct timespec nap = {.tv_nsec = NAP_US * 1000};
    uint64_t start = now_us(), now, heard = 0;

    while ((now = now_us()) < until) {
        unsigned long long before = sent;

        if (sent < due_at(now, start))
            send_due(due_at(now, start));
        if (!option[DEAF].value && now - heard >= ACK_EVERY_US) {
            hear(now);
            heard = now;
        }
        if (sent == before &&
            (option[RATE].value == 0 || sent >= due_at(now + 2 * NAP_US, start)))
            nanosleep(&nap, NULL);
    }
}

/* It is to send when the time has come, and to leave Redis its part. Best effort: each
 * session has its share of the processor, and then each process of it. */
static void go_first(void)
{
    FILE *f;

    setsid();
    f = fopen("/proc/self/autogroup", "w");
    if (f) {
        fputs("-15", f);
        fclose(f);
    }
    setpriority(PRIO_PROCESS, 0, -15);
    prctl(PR_SET_TIMERSLACK, 1000);
}

static void read_options(int argc, char **argv)
{
    for (int i = 4; i < argc; i++) {
        unsigned k = 0;
        size_t n = strcspn(argv[i], "=");

        while (k < OPTIONS &&
               (strlen(option[k].name) != n || strncmp(option[k].name, argv[i], n) != 0))
            k++;
        if (k == OPTIONS || argv[i][n] != '=') {
            fprintf(stderr, "datagrams: %s?\n", argv[i]);
            exit(1);
        }
        option[k].value = strtoull(argv[i] + n + 1, NULL, 10);
    }
    option[STREAMS].value = least(option[STREAMS].value, STREAMS_MOST);
    option[TRAIN].value = least(option[TRAIN].value, TRAIN_MOST);
    if (option[PATH].value < 4 || option[PATH].value > PATH_MAX_BYTES) {
        fprintf(stderr, "datagrams: path=4 to %d\n", PATH_MAX_BYTES);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    unsigned long long acked = 0;
    uint64_t start, cpu, took;
    char err[256];

    if (argc < 4 || secret_read(&secret, argv[2], err, sizeof err) < 0) {
        fprintf(stderr, "datagrams PORT SECRET_FILE SECONDS [NAME=NUMBER ...]\n");
        return 1;
    }
    read_options(argc, argv);
    go_first();
    make_pool();
    for (unsigned i = 0; i < option[STREAMS].value; i++) {
        open_stream(&stream[i], (unsigned)atoi(argv[1]));
        ask(&stream[i]);
    }
    poll(NULL, 0, 100); /* the first ACKs tell the epoch */
    hear(now_us());
    cpu = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
    start = now_us();
    run(start + (uint64_t)(atof(argv[3]) * 1e6));
    took = now_us() - start;
    cpu = nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    poll(NULL, 0, 50);
    hear(now_us());
    for (unsigned i = 0; i < option[STREAMS].value; i++)
        acked += stream[i].cum;
    printf("%llu %llu %llu %llu %llu %llu %llu %llu\n", sent, events, calls, resent,
           (unsigned long long)cpu, (unsigned long long)took / 1000, acked, behind);
    return 0;
}
