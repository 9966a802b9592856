/* udp_aggregator: a socket that answers as an aggregator does, for tests of senders.
 *
 * It takes what comes in order, drops what does not, and calls everything durable that it
 * has received unless told otherwise. It has no thread: who waits for it turns it. */
#ifndef HC_TESTS_UDP_AGGREGATOR_H
#define HC_TESTS_UDP_AGGREGATOR_H

#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../collector/address.h"
#include "../proto/body.h"
#include "../proto/wire.h"

#define UDP_STREAMS 16
#define UDP_PATIENCE_MS 20000 /* until a test gives up */

struct udp_aggregator {
    int fd; /* -1: nobody listens */
    struct address at;
    struct secret secret;
    uint64_t epoch, ack_no;
    bool silent;    /* takes nothing and says nothing */
    bool undurable; /* never calls anything durable */
    struct {
        uint64_t id, cum;
    } stream[UDP_STREAMS];
    unsigned streams;
    unsigned datagrams; /* that came, silent or not */
    unsigned hits;      /* taken, each once */
    void (*fold)(void *arg, const struct hit *h);
    void *arg;
};

/* Binds @a->at, and remembers the port if it was 0. */
static inline void udp_aggregator_bind(struct udp_aggregator *a)
{
    a->fd = socket(a->at.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(a->fd >= 0);
    assert_int_equal(bind(a->fd, &a->at.sa, a->at.n), 0);
    assert_int_equal(getsockname(a->fd, &a->at.sa, &a->at.n), 0);
}

/* One on @host, a port the kernel picks, of an epoch above those before. */
static inline void udp_aggregator_open(struct udp_aggregator *a, const char *host,
                                       const struct secret *secret)
{
    static uint64_t epochs = 1000;
    char err[128];

    *a = (struct udp_aggregator){.secret = *secret, .epoch = ++epochs};
    assert_int_equal(address_parse(&a->at, host, "host", err, sizeof err), 0);
    udp_aggregator_bind(a);
}

static inline void udp_aggregator_close(struct udp_aggregator *a)
{
    if (a->fd >= 0)
        close(a->fd);
    a->fd = -1;
}

/* Where the stream of @h is; a new one begins at its base. */
static inline uint64_t *udp_cum_of(struct udp_aggregator *a, const struct wire_head *h)
{
    for (unsigned i = 0; i < a->streams; i++)
        if (a->stream[i].id == h->stream)
            return &a->stream[i].cum;
    assert_true(a->streams < UDP_STREAMS);
    a->stream[a->streams].id = h->stream;
    a->stream[a->streams].cum = h->base - 1;
    return &a->stream[a->streams++].cum;
}

static inline void udp_fold(struct udp_aggregator *a, const uint8_t *body, size_t n)
{
    struct body_reader reader;
    struct hit h;

    assert_int_equal(body_open(&reader, body, n), 0);
    while (body_next(&reader, &h) == 1) {
        a->hits++;
        if (a->fold)
            a->fold(a->arg, &h);
    }
}

static inline void udp_answer(struct udp_aggregator *a, const struct wire_head *h,
                              uint64_t cum, const struct address *to)
{
    struct wire_ack ack = {.nshards = 1,
                           .stream = h->stream,
                           .epoch = a->epoch,
                           .ack_no = ++a->ack_no,
                           .cum = cum,
                           .durable = a->undurable ? 0 : cum,
                           .echo_us = h->ts_us,
                           .window = SENDER_WINDOW};
    uint8_t bytes[WIRE_ACK_BYTES];

    wire_ack_frame(bytes, &ack, &a->secret);
    sendto(a->fd, bytes, sizeof bytes, 0, &to->sa, to->n);
}

/* Takes one datagram and answers it, if one comes within @ms. Returns whether. */
static inline bool udp_aggregator_turn(struct udp_aggregator *a, int ms)
{
    struct pollfd p = {.fd = a->fd, .events = POLLIN};
    struct address from = {.n = sizeof from.v6};
    uint8_t bytes[DATAGRAM_MAX + 1];
    struct wire_head h;
    const uint8_t *body;
    uint64_t *cum;
    size_t body_n;
    ssize_t n;

    if (a->fd < 0 || poll(&p, 1, ms) <= 0)
        return false;
    n = recvfrom(a->fd, bytes, sizeof bytes, 0, &from.sa, &from.n);
    if (n < 0)
        return false;
    a->datagrams++;
    if (a->silent)
        return true;
    assert_int_equal(wire_open(bytes, (size_t)n, &a->secret, &h, &body, &body_n),
                     WIRE_OK);
    cum = udp_cum_of(a, &h);
    if (h.type == WIRE_DATA && h.epoch == a->epoch) {
        if (h.base > *cum + 1)
            *cum = h.base - 1;
        if (h.seq == *cum + 1) {
            udp_fold(a, body, body_n);
            *cum = h.seq;
        }
    }
    udp_answer(a, &h, *cum, &from);
    return true;
}

/* CLOCK_BOOTTIME in ms. */
static inline int64_t udp_clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_BOOTTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

#endif
