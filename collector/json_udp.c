/* Each datagram is taken apart and counted at once. libuv reads no more than 32 of them
 * before other sockets have their turn.
 *
 * Failure modes: a datagram that is no JSON, or longer than JSON_UDP_MAX, is counted and
 * forgotten; so is a part of an array. When they come faster than they are read the
 * kernel drops some, which nobody here sees. */
#include "json_udp.h"

#include "beacons.h"
#include "json_hit.h"
#include "worker.h"

#define RECEIVE_BYTES (1024 * 1024) /* that wait in the kernel, which may grant fewer */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct json_udp *j = handle->data;

    (void)suggested;
    *buf = uv_buf_init(j->worker->read_bytes, JSON_UDP_MAX);
}

static void take_one(struct json_udp *j, const struct json_hits *hits, size_t i,
                     const struct sockaddr *peer)
{
    struct json_hit hit;

    if (!json_hits_get(hits, i, &hit)) {
        COUNT(&j->worker->counters, json_udp_bad);
        return;
    }
    hit.from.tells_agent = hit.from.user_agent.n > 0;
    hit.from.tells_ip = hit.from.ip.n > 0;
    if (!hit.from.tells_ip)
        ip_of_sockaddr(&hit.from.ip, peer);
    hit.from.vouched = true; /* who may send here is the operator's choice */
    beacons_take_of(j->worker, &hit.beacon, &hit.from, NULL);
}

static void on_datagram(uv_udp_t *udp, ssize_t n, const uv_buf_t *buf,
                        const struct sockaddr *peer, unsigned flags)
{
    struct json_udp *j = udp->data;
    struct json_hits hits;

    if (n < 0 || peer == NULL) /* an error of the socket; or nothing more to read */
        return;
    COUNT(&j->worker->counters, json_udp);
    if ((flags & UV_UDP_PARTIAL) ||
        json_hits_open(&hits, (struct slice){buf->base, (size_t)n}) < 0) {
        COUNT(&j->worker->counters, json_udp_bad);
        return;
    }
    for (size_t i = 0; i < hits.n; i++)
        take_one(j, &hits, i, peer);
    json_hits_close(&hits);
}

int json_udp_open(struct json_udp *j, struct worker *w, const struct listen_addr *at,
                  struct address *bound, char *err, size_t err_n)
{
    int n = sizeof bound->v6, bytes = RECEIVE_BYTES, r;

    *bound = (struct address){0};
    if (!at->on)
        return 0;
    if ((r = uv_udp_init(&w->loop, &j->udp)) < 0)
        return listen_addr_explain(at, r, err, err_n);
    j->worker = w;
    j->udp.data = j;
    if ((r = uv_udp_bind(&j->udp, (const struct sockaddr *)&at->sa, 0)) < 0 ||
        (r = uv_udp_recv_start(&j->udp, on_alloc, on_datagram)) < 0 ||
        (r = uv_udp_getsockname(&j->udp, &bound->sa, &n)) < 0)
        return listen_addr_explain(at, r, err, err_n);
    bound->n = (socklen_t)n;
    uv_recv_buffer_size((uv_handle_t *)&j->udp, &bytes);
    return 0;
}

void json_udp_close(struct json_udp *j)
{
    if (j->worker && !uv_is_closing((uv_handle_t *)&j->udp))
        uv_close((uv_handle_t *)&j->udp, NULL);
}
