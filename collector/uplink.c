/* The sender decides what goes when; here it goes, at the end of the turn of the loop at
 * the latest. Happy path: the kernel takes the datagram, some milliseconds later the
 * socket is readable and what comes is an ACK.
 *
 * Failure modes: a datagram that the kernel does not take was not sent, and the sender
 * finds that out as it finds all losses, by not hearing of it: so all errors are only
 * counted. ECONNREFUSED (nobody listened, the host said so) belongs to an earlier
 * datagram. The one that waiting does not heal is EMSGSIZE: the way there has an MTU
 * below DATAGRAM_MAX.
 *
 * When nobody answers for SENDER_SILENCE_MS the next aggregator is tried, over a socket
 * of its own that takes the old one's number: so addresses of both families may be mixed,
 * and nothing the old one still sends arrives. With a single aggregator it is tried again
 * in the same way, since meanwhile another route may lead there. */
#include "uplink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "../proto/log.h"
#include "setup.h"

/* A window of full datagrams as the kernel accounts for them; and ACKs, of which there
 * are few. Best effort. */
#define SEND_BUFFER (512 * 1024)
#define RECEIVE_BUFFER (128 * 1024)

static uint64_t boot_us(void *arg)
{
    struct timespec t;

    (void)arg;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static mono_t boot_ms(void)
{
    return (mono_t)(boot_us(NULL) / 1000);
}

/* ---- the socket ---- */

/* A socket to aggregator @i, or -1. Where no way leads now it stays unconnected: then
 * sending fails until the next attempt. */
static int dial(struct uplink *u, unsigned i)
{
    const struct address *to = &u->setup->aggregator[i];
    int fd = socket(to->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){SEND_BUFFER}, sizeof(int));
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){RECEIVE_BUFFER}, sizeof(int));
    if (connect(fd, &to->sa, to->n) < 0)
        u->error = errno;
    return fd;
}

static void count_error(void *arg, int error)
{
    struct uplink *u = arg;
    char text[ADDRESS_TEXT_MAX];

    COUNT(u->counters, sends_refused);
    if (error == ECONNREFUSED)
        COUNT(u->counters, aggregator_refused);
    if (error != EDESTADDRREQ) /* which says no more than dial() did */
        u->error = error;
    if (error != EMSGSIZE || u->too_large_told)
        return;
    u->too_large_told = true;
    log_line("event=datagram_too_large addr=%s max=%d; the way there needs a larger MTU",
             address_text(&u->setup->aggregator[u->aggregator], text), DATAGRAM_MAX);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct uplink *u = poll->data;
    uint8_t bytes[DATAGRAM_MAX];
    mono_t now = boot_ms();

    (void)events;
    for (int i = 0; i < UPLINK_READS_MAX; i++) {
        ssize_t n = recv(u->fd, bytes, sizeof bytes, MSG_DONTWAIT);

        if (n < 0 && errno == ECONNREFUSED) {
            COUNT(u->counters, aggregator_refused);
            u->error = errno;
        } else if (n < 0) {
            break;
        } else {
            sender_ack(u->sender, bytes, (size_t)n, now);
            u->touched = true;
        }
    }
    if (status < 0) /* libuv stops at an error of the socket; reading has taken it away */
        uv_poll_start(poll, UV_READABLE, on_readable);
}

static void send_out(struct uplink *u)
{
    outbox_send(&u->outbox, u->fd, count_error, u);
}

static void redirect(struct uplink *u, mono_t now)
{
    unsigned next = (u->aggregator + 1) % u->setup->naggregators;
    int fd = dial(u, next);

    if (fd < 0)
        return; /* the old one is asked on, until the next attempt */
    send_out(u);
    u->aggregator = next;
    uv_poll_stop(&u->poll); /* libuv forgets the old socket before it is gone */
    dup3(fd, u->fd, O_CLOEXEC);
    close(fd);
    outbox_init(&u->outbox, u->fd);
    uv_poll_start(&u->poll, UV_READABLE, on_readable);
    if (u->setup->naggregators > 1)
        sender_redirect(u->sender, now);
}

/* ---- the sender's world ---- */

static void emit(void *arg, const uint8_t *bytes, size_t n)
{
    struct uplink *u = arg;

    if (outbox_put(&u->outbox, bytes, n))
        return;
    send_out(u);
    outbox_put(&u->outbox, bytes, n);
}

static void set_aside(void *arg, const uint8_t *bytes, size_t n)
{
    struct uplink *u = arg;

    spool_set_aside(u->spool, bytes, n);
}

/* The sender is in the middle of its work: it is redirected when it has done. */
static void give_up(void *arg)
{
    struct uplink *u = arg;

    u->gave_up = true;
}

/* ---- telling ---- */

/* Adds what the sender has counted since the last time. Gauges too: the difference may be
 * negative, and wraps back. */
static void tell_counters(struct uplink *u, const struct sender_counters *now)
{
    struct counters *c = u->counters;

#define TELL(name, kind, help, metric) COUNT_ADD(c, name, now->name - u->told.name);
    SENDER_COUNTERS(TELL)
#undef TELL
    u->told = *now;
}

/* Away is who has not answered for SENDER_FRESH_MS though asked every second. */
static void tell_heard(struct uplink *u, mono_t now)
{
    bool heard = sender_is_heard(u->sender, now);
    char text[ADDRESS_TEXT_MAX];

    if (u->is_old)
        return;
    GAUGE_SET(u->counters, aggregator_up, heard);
    if (heard != u->away || (!heard && now - u->opened < SENDER_FRESH_MS))
        return;
    u->away = !heard;
    address_text(&u->setup->aggregator[u->aggregator], text);
    if (heard)
        log_line("event=aggregator_back addr=%s", text);
    else
        log_line("event=aggregator_away addr=%s why=%s", text,
                 u->error ? uv_err_name(-u->error) : "silent");
    u->error = 0;
}

/* ---- its life ---- */

static void on_closed(uv_handle_t *handle)
{
    struct uplink *u = handle->data;

    close(u->fd);
    free(u);
}

void uplink_close(struct uplink *u)
{
    bool delivered = uplink_is_delivered(u);

    send_out(u);
    tell_counters(u, sender_counters(u->sender));
    sender_free(u->sender);
    if (u->is_old && delivered)
        spool_remove(u->spool, &u->file);
    else
        ring_file_close(&u->file);
    if (u->is_old) { /* whose gauges would stay for ever */
        COUNT_ADD(u->counters, ring_limit, -u->told.ring_limit);
        COUNT_ADD(u->counters, rtt_us, -u->told.rtt_us);
    }
    uv_close((uv_handle_t *)&u->poll, on_closed);
}

static int init(struct uplink *u, uv_loop_t *loop, const struct secret *secret)
{
    const struct sender_env env = {.emit = emit,
                                   .clock_us = boot_us,
                                   .set_aside = set_aside,
                                   .give_up = give_up,
                                   .arg = u};

    if ((u->fd = dial(u, 0)) < 0)
        return -errno;
    if (uv_poll_init(loop, &u->poll, u->fd) < 0) {
        close(u->fd);
        return -ENOMEM;
    }
    u->poll.data = u;
    outbox_init(&u->outbox, u->fd);
    uv_poll_start(&u->poll, UV_READABLE, on_readable);
    u->sender = sender_new(secret, u->file.ring, &env, u->opened);
    if (u->sender == NULL)
        abort();
    return 0;
}

struct uplink *uplink_open(uv_loop_t *loop, const struct setup *setup,
                           const struct secret *secret, struct spool *spool,
                           struct ring_file *file, struct counters *counters, bool is_old,
                           char *err, size_t err_n)
{
    struct uplink *u = calloc(1, sizeof *u);
    int r;

    if (u == NULL)
        abort();
    *u = (struct uplink){.setup = setup,
                         .spool = spool,
                         .file = *file,
                         .counters = counters,
                         .is_old = is_old,
                         .opened = boot_ms()};
    if ((r = init(u, loop, secret)) == 0)
        return u;
    snprintf(err, err_n, "--workers: no socket for one more: %s", strerror(-r));
    ring_file_close(&u->file);
    free(u);
    return NULL;
}

void uplink_add(struct uplink *u, const struct hit *h, mono_t now)
{
    sender_add(u->sender, h, now);
    u->touched = true;
}

mono_t uplink_turn(struct uplink *u, mono_t now, bool force)
{
    if (!u->touched && !force && now < u->due)
        return u->due;
    u->touched = false;
    u->due = sender_tick(u->sender, now, force);
    if (u->gave_up) {
        u->gave_up = false;
        redirect(u, now);
        u->due = sender_tick(u->sender, now, false);
    }
    send_out(u);
    tell_heard(u, now);
    tell_counters(u, sender_counters(u->sender));
    return u->due;
}

bool uplink_is_heard(const struct uplink *u, mono_t now)
{
    return sender_is_heard(u->sender, now);
}

bool uplink_is_delivered(const struct uplink *u)
{
    return sender_undurable(u->sender) == 0;
}
