/* Stopping takes four steps, all at the end of a turn, so that what had arrived in it is
 * served: no new connections and farewell to the idle ones; then up to STOP_GRACE_MS for
 * answers under way; then the datagram being filled is sent, and the aggregator has
 * setup->stop_ms to receive everything (with --drain: to call it durable); then every
 * handle is closed, upon which uv_run returns and the thread ends. */
#include "worker_stop.h"

#include "hub.h"
#include "uplinks.h"
#include "worker.h"

static void close_listeners(struct worker *w)
{
    listener_close(&w->listener);
    listener_close(&w->feed);
    listener_close(&w->notify);
    json_udp_close(&w->json_udp);
}

static void close_hub(struct worker *w)
{
    if (w->n == 0 && w->hub->link)
        hub_close(w->hub);
    else if (w->n > 0 && w->inbox.take)
        mailbox_close(&w->inbox);
}

void worker_close(struct worker *w)
{
    w->state = WORKER_CLOSED;
    close_listeners(w);
    conns_close(w, true);
    poller_close(&w->poller);
    uplinks_close(w);
    if (w->redis)
        redis_link_close(w->redis, NULL, NULL);
    close_hub(w);
    uv_close((uv_handle_t *)&w->stop, NULL);
    renewal_close(&w->renewal);
    uv_close((uv_handle_t *)&w->prod, NULL);
    uv_close((uv_handle_t *)&w->turn, NULL);
    uv_close((uv_handle_t *)&w->timer, NULL);
}

/* Returns whether all answers under way were given, or had their time and are cut off. */
static bool serve_out(struct worker *w, mono_t now)
{
    if (w->stop_by == 0) {
        w->stop_by = now + STOP_GRACE_MS;
        close_listeners(w);
        conns_close(w, false);
    }
    if (w->conns.open > 0 && now < w->stop_by)
        return false;
    conns_close(w, true);
    uplinks_turn(w, now, true);
    w->state = WORKER_DRAINING;
    w->stop_by = now + w->setup->stop_ms;
    return true;
}

mono_t worker_stop_turn(struct worker *w, mono_t now)
{
    if (w->state == WORKER_STOPPING && !serve_out(w, now))
        return w->stop_by;
    if (now < w->stop_by && uplinks_are_owed(w))
        return w->stop_by;
    worker_close(w);
    return INT64_MAX;
}
