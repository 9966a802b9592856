/* Opens and turns; how it stops is in worker_stop.c.
 *
 * One timer drives everything that is due at some time: at the end of each loop turn it
 * is set to the earliest of the connections' deadlines and the sender's, unless it fires
 * before that anyway. So a busy worker sets it a few times a second, not per request. */
#include "worker.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "../proto/log.h"
#include "conn.h"
#include "container.h"
#include "dialects/audience_stream.h"
#include "hub.h"
#include "uplinks.h"
#include "worker_stop.h"

/* A buffer of answers is flushed when it passes HTTP_OUT_MAX, and the answer that passes
 * it may be as large as they come, with its head. */
#define OUT_MAX (HTTP_OUT_MAX + ANSWER_MAX + 4096)

static int64_t clock_ms(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

const struct moment *worker_now(struct worker *w)
{
    if (!w->moment.fresh) {
        w->moment =
            (struct moment){true, clock_ms(CLOCK_REALTIME), clock_ms(CLOCK_BOOTTIME)};
        http_date_set(&w->date, w->moment.wall);
    }
    return &w->moment;
}

const struct http_date *worker_date(struct worker *w)
{
    worker_now(w);
    return &w->date;
}

static void on_redis_up(void *arg)
{
    struct worker *w = arg;

    COUNT(&w->counters, redis_ups);
    GAUGE_SET(&w->counters, redis_up, 1);
    snapshots_up(&w->snapshots, w->redis);
    if (w->n == 0)
        register_reading_wake(&w->register_reading);
}

/* The link has said why in the log. */
static void on_redis_down(void *arg, const char *why)
{
    struct worker *w = arg;

    (void)why;
    COUNT(&w->counters, redis_downs);
    GAUGE_SET(&w->counters, redis_up, 0);
}

static const struct redis_link_events redis_events = {on_redis_up, on_redis_down, NULL};

static void expire(struct worker *w, mono_t now)
{
    struct deadline *d;

    while ((d = deadlines_take(&w->deadlines, now))) {
        if (d->class < DEADLINE_CONN_CLASSES)
            conn_expired(conn_of_deadline(d));
        else if (d->class == DEADLINE_REPORT)
            report_expired(d);
        else if (d->class == DEADLINE_PACE)
            watch_paced(d);
        else if (d->class == DEADLINE_RELEASE)
            hub_released(d);
        else if (d->class == DEADLINE_JOIN || d->class == DEADLINE_BEAT)
            member_due(d);
        else if (d->class == DEADLINE_AUDIENCE_LIFE)
            audience_due(d);
        else if (d->class == DEADLINE_REGISTER || d->class == DEADLINE_REGISTER_REST)
            register_reading_due(d);
        else
            watch_due(d);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct worker *w = timer->data;

    w->timer_at = INT64_MAX;
    expire(w, worker_now(w)->mono);
}

/* Sees to it that the timer fires at @due at the latest. */
static void wake_at(struct worker *w, mono_t due, mono_t now)
{
    if (due >= w->timer_at)
        return;
    w->timer_at = due;
    uv_timer_start(&w->timer, on_timer, due > now ? (uint64_t)(due - now) : 0, 0);
}

static void on_mail(void *arg, const struct mail *m)
{
    struct worker *w = arg;

    if (m->kind == MAIL_JOINED)
        members_told(&w->members, m->bytes);
    else if (m->kind == MAIL_REGISTER)
        register_board_renew(&w->hub->board, &w->site_register);
    else
        watches_mail(&w->watches, m);
}

static void on_overflow(void *arg)
{
    struct worker *w = arg;

    watches_overflowed(&w->watches);
}

/* Nothing that was made with the old ones is kept: not the verdicts on User-Agents, nor
 * the keys of the day. The sender's pointer is to the worker's own secret. */
static void on_renewed(void *arg, const struct files *f)
{
    struct worker *w = arg;

    files_drop(&w->files);
    w->files = *f;
    w->day_keys.day = -1;
    agent_cache_reset(&w->agents, w->files.bots);
    uplinks_mark(w);
    redis_link_readdress(w->redis, &w->files.redis);
    if (w->n == 0)
        redis_link_readdress(w->hub->link, &w->files.redis);
}

static void on_told(struct poller *ps)
{
    replies_release(&CONTAINER(ps, struct worker, poller)->replies);
}

static int open_poller(struct worker *w, char *err, size_t err_n)
{
    int r = poller_open(&w->poller, &w->loop, conn_ready, on_told);

    if (r < 0)
        snprintf(err, err_n, "--workers: no poller for one more: %s", uv_strerror(r));
    return r < 0 ? -1 : 0;
}

/* Worker 0 has the hub itself, the others a way to hear from it. */
static int open_hub(struct worker *w, char *err, size_t err_n)
{
    int r;

    if (w->n == 0)
        return hub_open(w->hub, w, err, err_n);
    r = mailbox_open(&w->inbox, &w->loop, on_mail, on_overflow, w);
    if (r < 0)
        snprintf(err, err_n, "--workers: no mailbox for one more: %s", uv_strerror(r));
    else
        hub_add_worker(w->hub, w);
    return r < 0 ? -1 : 0;
}

static int open_ports(struct worker *w, char *err, size_t err_n)
{
    if (w->n > 0)
        return 0;
    if (listener_open_at(&w->feed, w, PORT_FEED, &w->setup->feed, &w->feed_at, err,
                         err_n) < 0)
        return -1;
    if (listener_open_at(&w->notify, w, PORT_NOTIFY, &w->setup->notify, &w->notify_at,
                         err, err_n) < 0)
        return -1;
    return json_udp_open(&w->json_udp, w, &w->setup->json_udp, &w->json_udp_at, err,
                         err_n);
}

static void on_stop(uv_async_t *async)
{
    struct worker *w = async->data;

    if (w->state == WORKER_RUNNING)
        w->state = WORKER_STOPPING;
}

static void on_prod(uv_async_t *async)
{
    struct worker *w = async->data;

    __atomic_store_n(&w->turned, true, __ATOMIC_RELAXED);
}

static void turn_busiest(struct worker *w, mono_t now)
{
    if (!busiest_turn(&w->busiest, now))
        return;
    GAUGE_SET(&w->counters, minute_hits, w->busiest.last_hits);
    GAUGE_SET(&w->counters, minute_busiest, w->busiest.last_busiest);
}

/* Runs before the loop may block; the time it took then has passed. */
static void on_turn(uv_prepare_t *turn)
{
    struct worker *w = turn->data;
    mono_t now = worker_now(w)->mono;

    conns_turn(&w->conns, now);
    turn_busiest(w, now);
    wake_at(w, uplinks_turn(w, now, false), now);
    wake_at(w, deadlines_next(&w->deadlines), now);
    if (w->state != WORKER_RUNNING)
        wake_at(w, worker_stop_turn(w, now), now);
    w->moment.fresh = false;
}

static void init_handles(struct worker *w)
{
    /* Only uv_async_init can fail, for want of a descriptor; the listener would too. */
    uv_async_init(&w->loop, &w->stop, on_stop);
    renewal_open(&w->renewal, &w->loop, on_renewed, w);
    uv_async_init(&w->loop, &w->prod, on_prod);
    uv_prepare_init(&w->loop, &w->turn);
    uv_timer_init(&w->loop, &w->timer);
    w->stop.data = w->prod.data = w->turn.data = w->timer.data = w;
    w->turned = true;
    uv_prepare_start(&w->turn, on_turn);
    w->timer_at = INT64_MAX;
}

static void init_parts(struct worker *w)
{
    conns_init(&w->conns, w->setup->conns_max);
    deadlines_init(&w->deadlines, w->setup->deadline_ms);
    report_init(&w->report, w);
    sites_init(&w->sites, w);
    watches_init(&w->watches, w);
    members_init(&w->members, w);
    access_init(&w->access);
    day_visitors_init(&w->day_visitors);
    register_reading_init(&w->register_reading, w);
    GAUGE_SET(&w->counters, sites_open, w->n == 0);
    buf_init(&w->out, OUT_MAX);
    buf_init(&w->answer, ANSWER_MAX);
    replies_init(&w->replies);
    w->day_keys.day = -1;
    files_hold(&w->files, &w->setup->files);
    agent_cache_reset(&w->agents, w->files.bots);
    if ((w->read_bytes = malloc(READ_BYTES)) == NULL)
        abort();
}

/* Turns the loop until worker_close, lets the handles go and frees the rest. */
static void finish(struct worker *w)
{
    int r;

    uv_run(&w->loop, UV_RUN_DEFAULT);
    r = uv_loop_close(&w->loop);
    assert(r == 0);
    report_fini(&w->report);
    sites_fini(&w->sites);
    watches_fini(&w->watches);
    members_fini(&w->members);
    register_reading_fini(&w->register_reading);
    register_drop(w->site_register);
    conns_fini(&w->conns);
    buf_fini(&w->out);
    buf_fini(&w->answer);
    replies_fini(&w->replies);
    files_drop(&w->files);
    free(w->read_bytes);
}

void worker_abandon(struct worker *w)
{
    worker_close(w);
    finish(w);
}

int worker_open(struct worker *w, const struct setup *setup, struct spool *spool,
                struct hub *hub, struct commons *commons, unsigned n, int fd,
                void (*ended)(void *arg), void *arg, char *err, size_t err_n)
{
    int r;

    *w = (struct worker){.setup = setup, .n = n, .hub = hub, .ended = ended, .arg = arg};
    w->commons = commons;
    if ((r = uv_loop_init(&w->loop)) < 0) {
        snprintf(err, err_n, "--workers: no loop for one more: %s", uv_strerror(r));
        close(fd);
        return -1;
    }
    init_handles(w);
    init_parts(w);
    r = listener_open(&w->listener, w, PORT_HTTP, fd);
    if (r < 0)
        snprintf(err, err_n, "--listen %s: %s", setup->listen_text, uv_strerror(r));
    if (open_poller(w, err, err_n) < 0)
        r = -1;
    if (uplinks_open(w, spool, err, err_n) < 0 || open_hub(w, err, err_n) < 0 ||
        open_ports(w, err, err_n) < 0)
        r = -1;
    if (r == 0)
        w->redis = redis_link_open(&w->loop, &setup->redis, "headcount-collector",
                                   &redis_events, w);
    if (r < 0)
        worker_abandon(w);
    return r < 0 ? -1 : 0;
}

static void run(void *arg)
{
    struct worker *w = arg;

    finish(w);
    if (w->ended)
        w->ended(w->arg);
}

int worker_start(struct worker *w)
{
    return uv_thread_create(&w->thread, run, w);
}

void worker_stop(struct worker *w)
{
    uv_async_send(&w->stop);
}

void worker_leave(struct worker *w)
{
    __atomic_store_n(&w->leaving, true, __ATOMIC_RELAXED);
}

bool worker_is_turning(struct worker *w)
{
    bool turned = __atomic_exchange_n(&w->turned, false, __ATOMIC_RELAXED);

    uv_async_send(&w->prod);
    return turned;
}

void worker_renew(struct worker *w, const struct files *f)
{
    renewal_put(&w->renewal, f);
}

void worker_join(struct worker *w)
{
    uv_thread_join(&w->thread);
}

void worker_free(struct worker *w)
{
    if (w->n > 0 && w->inbox.take)
        mailbox_fini(&w->inbox);
    if (w->renewal.take)
        renewal_fini(&w->renewal);
    free(w);
}
