/* Happy path: one reading (sites_reading.h), written as JSON once, given to all who wait
 * and to those who come within SITES_LIST_MS.
 *
 * Failure modes: Redis does not give the list: 503, or what the face makes of that, and
 * the next request asks anew. Who goes away has taken its waiter out itself. */
#include "sites.h"

#include <assert.h>
#include <stdlib.h>
#include "conn.h"
#include "sites_reading.h"
#include "worker.h"

static void answer_all(struct sites *s, bool failed)
{
    struct waiter *waiting = s->waiters;

    s->waiters = NULL; /* who asks from now on waits for another reading */
    if (waiting)
        waiting->link = &waiting;
    while (waiting) {
        struct waiter *w = waiting;
        sites_face **wish = waiter_take(w);
        struct reply reply;

        assert(wish); /* no waiter without one */
        reply = (*wish)(s->worker, failed ? NULL : s);
        free(wish);
        conn_answer(conn_of_waiter(w), &reply);
    }
}

/* Writes the answer. Returns whether there is one. */
static bool compose(struct sites *s, struct site_list *list, ms_t as_of)
{
    const struct moment *now = worker_now(s->worker);

    buf_clear(&s->body);
    s->online = site_list_json(list, as_of ? as_of : now->wall, &s->body);
    s->ready = !s->body.full;
    s->ready_at = now->mono;
    return s->ready;
}

static void on_read(void *arg, struct site_list *list, ms_t as_of)
{
    struct sites *s = arg;
    bool failed = list == NULL || !compose(s, list, as_of);

    s->reading = false;
    COUNT_ADD(&s->worker->counters, site_lists_failed, failed);
    answer_all(s, failed);
}

/* Returns whether a reading is under way. */
static bool begin(struct sites *s)
{
    if (s->reading)
        return true;
    s->reading = sites_read(s->worker, on_read, s) == 0;
    COUNT_ADD(&s->worker->counters, site_lists, s->reading);
    COUNT_ADD(&s->worker->counters, site_lists_failed, !s->reading);
    return s->reading;
}

static bool is_fresh(const struct sites *s)
{
    return s->ready && worker_now(s->worker)->mono - s->ready_at < SITES_LIST_MS;
}

static enum handled wait_for(struct exchange *x, sites_face *face)
{
    sites_face **wish = malloc(sizeof *wish);

    if (wish == NULL)
        abort();
    *wish = face;
    waiter_join(&x->conn->waiter, &x->worker->sites.waiters);
    x->conn->waiter.wish = wish;
    return LATER;
}

void sites_init(struct sites *s, struct worker *w)
{
    *s = (struct sites){.worker = w};
    buf_init(&s->body, ANSWER_MAX);
}

void sites_fini(struct sites *s)
{
    buf_fini(&s->body);
}

enum handled sites_answer(struct exchange *x, sites_face *face)
{
    struct sites *s = &x->worker->sites;
    bool fresh = is_fresh(s);
    struct reply reply;

    if (!fresh && begin(s))
        return wait_for(x, face);
    reply = face(x->worker, fresh ? s : NULL);
    exchange_reply(x, &reply);
    return ANSWERED;
}

static struct reply show(struct worker *w, const struct sites *s)
{
    (void)w;
    if (s == NULL)
        return (struct reply){.status = 503,
                              .type = "application/json",
                              .headers = HEADER_NO_STORE "Retry-After: 1\r\n",
                              .body = SLICE("{\"error\":\"redis_unavailable\"}\n")};
    return (struct reply){.status = 200,
                          .type = "application/json",
                          .headers = HEADER_NO_STORE HEADER_NO_SNIFF,
                          .body = buf_get(&s->body)};
}

enum handled sites_show(struct exchange *x)
{
    if (x->worker->setup->overview)
        return sites_answer(x, show);
    return exchange_not_found(x);
}
