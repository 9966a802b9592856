/* Beacons are taken even when not ready: they are kept for an aggregator that comes, and
 * a page must not wait for us. */
#include "health.h"

#include "worker.h"

static void answer(struct exchange *x, int status, const char *text)
{
    exchange_reply(x, &(struct reply){.status = status,
                                      .type = "text/plain",
                                      .headers = HEADER_NO_STORE,
                                      .body = slice_of(text)});
}

enum handled health_live(struct exchange *x)
{
    answer(x, 200, "ok\n");
    return ANSWERED;
}

enum handled health_ready(struct exchange *x)
{
    struct worker *w = x->worker;
    bool redis = w->redis && redis_link_is_up(w->redis);
    bool aggregator = uplink_is_heard(w->uplink, worker_now(w)->mono);

    if (__atomic_load_n(&w->leaving, __ATOMIC_RELAXED))
        answer(x, 503, "stopping\n");
    else if (redis && aggregator)
        answer(x, 200, "ok\n");
    else if (aggregator)
        answer(x, 503, "redis: not connected\n");
    else if (redis)
        answer(x, 503, "aggregator: does not answer\n");
    else
        answer(x, 503, "redis: not connected\naggregator: does not answer\n");
    return ANSWERED;
}
