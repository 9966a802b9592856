/* The sender decides what goes when; here it goes. Happy path: send() takes the datagram.
 *
 * Failure modes: ECONNREFUSED is the answer to an earlier datagram (nobody listened, the
 * host said so) and nothing of this one was sent, so it is sent again at once; that the
 * aggregator seems to be away is counted, logged at the turn, and shown by /readyz. Any
 * other error (EAGAIN and ENOBUFS: the network is slower than we are; ENETUNREACH) loses
 * the datagram: counted here, and at the aggregator as a gap in the sequence. */
#include "uplink.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sodium.h>
#include "../proto/log.h"
#include "address.h"

static uint64_t boot_us(void *arg)
{
    struct timespec t;

    (void)arg;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void on_refused(struct uplink *u)
{
    COUNT(u->counters, aggregator_refused);
    u->refused_at = (mono_t)(boot_us(NULL) / 1000);
    if (!u->away)
        log_line("event=aggregator_away why=refused");
    u->away = true;
}

static void on_sent(struct uplink *u)
{
    COUNT(u->counters, datagrams);
    if (u->away && !uplink_is_away(u, (mono_t)(boot_us(NULL) / 1000))) {
        log_line("event=aggregator_back");
        u->away = false;
    }
}

static void emit(void *arg, const uint8_t *bytes, size_t n)
{
    struct uplink *u = arg;
    ssize_t r = send(u->fd, bytes, n, MSG_DONTWAIT);

    if (r < 0 && errno == ECONNREFUSED) {
        on_refused(u);
        r = send(u->fd, bytes, n, MSG_DONTWAIT);
    }
    if (r < 0)
        COUNT(u->counters, datagrams_lost);
    else
        on_sent(u);
}

int uplink_open(struct uplink *u, const struct address *to, const struct secret *secret,
                struct counters *counters, char *err, size_t err_n)
{
    uint64_t stream;

    *u = (struct uplink){.counters = counters};
    u->fd = socket(to->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (u->fd < 0 || connect(u->fd, &to->sa, to->n) < 0) {
        snprintf(err, err_n, "--aggregator: no way there: %s", strerror(errno));
        uplink_close(u);
        return -1;
    }
    randombytes_buf(&stream, sizeof stream);
    sender_init(&u->sender, secret, stream, emit, boot_us, u);
    return 0;
}

void uplink_add(struct uplink *u, const struct hit *h, mono_t now)
{
    sender_add(&u->sender, h, now);
}

mono_t uplink_turn(struct uplink *u, mono_t now, bool force)
{
    if (sender_waiting(&u->sender) == 0)
        return INT64_MAX;
    sender_tick(&u->sender, now, force);
    return sender_due(&u->sender, now);
}

bool uplink_is_away(const struct uplink *u, mono_t now)
{
    return u->refused_at != 0 && now - u->refused_at < UPLINK_AWAY_MS;
}

void uplink_close(struct uplink *u)
{
    if (u->fd >= 0)
        close(u->fd);
    u->fd = -1;
}
