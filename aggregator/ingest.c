/* ingest: drains the socket, then decides how to hear of the next datagram.
 *
 * Nothing here is logged per datagram: they are counted. The one exception is a datagram
 * made with another secret file, the usual mistake when a node is set up; its sender is
 * named once a minute at most. */
#include "ingest.h"

#include <assert.h>
#include "../proto/log.h"

#define TURN_MOST 1024          /* datagrams: a few milliseconds of work */
#define FINAL_MOST (128 * 1024) /* more than the receive buffer holds, also of trains */
#define DRAIN_EVERY_MS 1

static mono_t loop_now(const struct ingest *in)
{
    return (mono_t)uv_now(in->poll.loop);
}

static void complain(struct ingest *in, const struct peer *from)
{
    struct sockaddr_storage sa = {0};
    char text[UDP_TEXT];

    if (!seldom(&in->complained, loop_now(in)))
        return;
    memcpy(&sa, from, sizeof *from);
    udp_text(&sa, text);
    log_line(
        "event=bad_key from=%s hint=\"its --secret-file differs from ours, or it is a "
        "stranger\"",
        text);
}

/* Takes one batch. Returns how many datagrams it had, 0 also after an error. */
static unsigned take_batch(struct ingest *in)
{
    const struct datagram *batch = in->udp.inbox.batch;
    int n = inbox_receive(&in->udp.inbox, in->udp.fd);

    if (n < 0)
        in->engine->counters.socket_errors++;
    for (int i = 0; i < n; i++)
        if (engine_take(in->engine, batch[i].bytes, batch[i].n, batch[i].from) ==
            WIRE_BAD_KEY)
            complain(in, batch[i].from);
    engine_settle(in->engine);
    return n > 0 ? (unsigned)n : 0;
}

/* Takes @most datagrams or a few more: what has been received is taken to its end, since
 * the socket would not call for it. Sets *@more if the socket may hold more. */
static unsigned drain(struct ingest *in, unsigned most, bool *more)
{
    const struct inbox *box = &in->udp.inbox;
    unsigned n = 0;

    do
        n += take_batch(in);
    while (inbox_holds(box) || (box->full && n < most));
    *more = box->full;
    return n;
}

static void turn(struct ingest *in);

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status; /* an error is taken off the socket by receiving */
    (void)events;
    turn(poll->data);
}

static void on_timer(uv_timer_t *timer)
{
    turn(timer->data);
}

/* As long as there is more, watching costs nothing: the next turn of the loop finds it
 * and serves the others too. (A timer of 0 ms, restarted in its own callback, would let
 * libuv 1.44 serve nobody else.) libuv stops a poll handle that reported an error, hence
 * uv_is_active. */
static void listen_on(struct ingest *in, bool more)
{
    if (in->traffic.busy && !more) {
        if (uv_is_active((uv_handle_t *)&in->poll)) /* else epoll is asked in vain */
            uv_poll_stop(&in->poll);
        uv_timer_start(&in->timer, on_timer, DRAIN_EVERY_MS, 0);
    } else if (!uv_is_active((uv_handle_t *)&in->poll)) {
        uv_timer_stop(&in->timer);
        uv_poll_start(&in->poll, UV_READABLE, on_readable);
    }
}

static void turn(struct ingest *in)
{
    bool more;
    unsigned n = drain(in, TURN_MOST, &more);

    traffic_note(&in->traffic, n, loop_now(in));
    listen_on(in, more);
}

int ingest_open(struct ingest *in, uv_loop_t *loop, const struct udp_addr *addr,
                struct engine *engine, char *err, size_t err_n)
{
    int r;

    in->engine = engine;
    in->traffic = (struct traffic){0};
    in->complained = (struct seldom){0};
    if (udp_open(&in->udp, addr, err, err_n) < 0)
        return -1;
    r = uv_poll_init(loop, &in->poll, in->udp.fd);
    assert(r == 0); /* a fresh datagram socket can be polled */
    uv_timer_init(loop, &in->timer);
    in->poll.data = in->timer.data = in;
    listen_on(in, false);
    return 0;
}

void ingest_stop(struct ingest *in)
{
    bool more;

    drain(in, FINAL_MOST, &more);
    uv_poll_stop(&in->poll);
    uv_timer_stop(&in->timer);
}

void ingest_close(struct ingest *in)
{
    uv_close((uv_handle_t *)&in->poll, NULL);
    uv_close((uv_handle_t *)&in->timer, NULL);
    udp_close(&in->udp);
}

void ingest_send(struct ingest *in, const struct peer *to, const uint8_t *bytes, size_t n)
{
    if (in->udp.fd >= 0 && udp_send(&in->udp, to, bytes, n) < 0)
        in->engine->counters.ack_errors++;
}

void ingest_report(struct ingest *in, struct aggregator_counters *c)
{
    if (in->udp.fd >= 0)
        udp_count_drops(&in->udp);
    c->kernel_drops = in->udp.drops;
    c->rcvbuf = (uint64_t)in->udp.rcvbuf;
    c->busy = in->traffic.busy;
}
