/* A small state machine around one socket, one timer and one pipeline.
 *
 *   RESTING --timer--> DIALLING --connected, PONG--> UP
 *      ^                  |                         |
 *      +----- DROPPING <--+-------------------------+
 *                   (until the socket is closed)
 *
 * The timer means one thing in each state: when to dial, how long the dial may take, or,
 * while up, when the oldest reply is late or the silence long enough for a PING.
 *
 * Every way to lose a connection ends in drop(). It fails the pending calls and then
 * tells down(); both may close the link, so nothing is done after them without asking the
 * state. The memory outlives all handles: whatever is still in the air finds the link,
 * and a state that tells it to do nothing. */
#include "redis_link.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "redis_handshake.h"
#include "redis_pipeline.h"
#include "redis_socket.h"
#include "../backoff.h"
#include "../log.h"

#define WHY_MAX 160             /* bytes of a reason; cut when longer */
#define LOG_DOWN_EVERY_MS 30000 /* while Redis stays away */
#define HANDLE_OWNERS (2 + REDIS_PIPELINE_HANDLES) /* socket, timer, pipeline */

enum state { RESTING, DIALLING, UP, DROPPING, CLOSING };

struct redis_link {
    uv_loop_t *loop;
    struct redis_addr addr;
    char client_name[64];
    const struct redis_link_events *events;
    void *arg;
    struct redis_link_deadlines deadline;

    enum state state;
    struct redis_socket socket;
    struct redis_pipeline pipeline;
    struct redis_handshake handshake;
    uv_timer_t timer;
    struct backoff backoff;
    bool refused; /* the credentials were: asking again soon is useless */
    bool pinging; /* the link's own PING is in flight */
    uint64_t up_at;
    uint64_t resting_since;
    uint64_t generation;
    struct redis_link_stats stats;

    enum { NOTHING, AS_UP, AS_DOWN } logged;
    uint64_t logged_at;

    int owners; /* of handles that are not closed yet */
    void (*closed)(void *arg);
    void *closed_arg;
};

static const struct redis_link_deadlines default_deadlines = {
    .dial_ms = REDIS_DIAL_DEADLINE_MS,
    .reply_ms = REDIS_REPLY_DEADLINE_MS,
    .idle_ping_ms = REDIS_IDLE_PING_MS,
    .rest_first_ms = REDIS_REST_FIRST_MS,
    .rest_max_ms = REDIS_REST_MAX_MS,
    .settled_ms = REDIS_SETTLED_MS,
};

static void log_state(struct redis_link *link, const char *event, const char *why)
{
    char addr[REDIS_ADDR_TEXT_MAX], safe[REDIS_ADDR_TEXT_MAX];

    redis_addr_text(&link->addr, addr, sizeof addr);
    log_safe(safe, sizeof safe, addr, strlen(addr));
    log_line("event=%s client=%s addr=%s%s%s%s", event, link->client_name, safe,
             why ? " why=\"" : "", why ? why : "", why ? "\"" : "");
    link->logged_at = uv_now(link->loop);
}

static void log_up(struct redis_link *link)
{
    log_state(link, "redis_up", NULL);
    link->logged = AS_UP;
}

static void log_down(struct redis_link *link, const char *why)
{
    if (link->logged == AS_DOWN &&
        uv_now(link->loop) - link->logged_at < LOG_DOWN_EVERY_MS)
        return;
    log_state(link, "redis_down", why);
    link->logged = AS_DOWN;
}

static void lost(struct redis_link *link)
{
    link->generation++;
    link->stats.downs++;
    link->stats.unknown += link->pipeline.calls.n - link->pinging;
    if (uv_now(link->loop) - link->up_at >= link->deadline.settled_ms)
        backoff_reset(&link->backoff);
}

static void drop(struct redis_link *link, const char *why)
{
    char safe[WHY_MAX];

    assert(link->state == DIALLING || link->state == UP);
    if (link->state == UP)
        lost(link);
    link->state = DROPPING;
    log_safe(safe, sizeof safe, why, strlen(why));
    uv_timer_stop(&link->timer);
    redis_pipeline_stop(&link->pipeline);
    redis_socket_close(&link->socket);
    log_down(link, safe);
    redis_pipeline_fail_calls(&link->pipeline);
    if (link->state != CLOSING)
        link->events->down(link->arg, safe);
}

static void drop_late(struct redis_link *link, const char *why)
{
    link->stats.timeouts++;
    drop(link, why);
}

static uint64_t next_rest(struct redis_link *link)
{
    uint64_t random;

    if (link->refused)
        return link->backoff.max_ms;
    if (uv_random(NULL, NULL, &random, sizeof random, 0, NULL) < 0)
        random = uv_hrtime();
    return backoff_next(&link->backoff, random);
}

static void arm(struct redis_link *link);

static void on_pinged(void *arg, const redisReply *reply)
{
    struct redis_link *link = arg;

    link->pinging = false;
    if (reply && reply->type == REDIS_REPLY_ERROR)
        drop(link, reply->str);
    else if (reply)
        arm(link);
}

static void ping(struct redis_link *link)
{
    const char *argv[] = {"PING"};

    link->pinging =
        redis_pipeline_call(&link->pipeline, 1, argv, NULL, on_pinged, link) == 0;
}

/* When the link has to act next: the oldest call is late, or nothing was heard for long.
 * The timer is not moved for each reply, it looks anew when it fires; a PING may so go
 * out later than due, by reply_ms at most. */
static uint64_t due_at(const struct redis_link *link)
{
    const struct redis_call *oldest = redis_calls_oldest(&link->pipeline.calls);

    return oldest ? oldest->at + link->deadline.reply_ms
                  : link->pipeline.heard_at + link->deadline.idle_ping_ms;
}

/* The reply came and waits: it was this process that had no time. Twice the deadline is
 * the end even so. */
static bool is_own_delay(const struct redis_link *link)
{
    uint64_t last = due_at(link) + link->deadline.reply_ms;

    return uv_now(link->loop) < last && redis_socket_has_unread(&link->socket);
}

static void on_due(uv_timer_t *timer)
{
    struct redis_link *link = timer->data;

    if (due_at(link) <= uv_now(link->loop)) {
        if (link->pipeline.calls.n == 0) {
            ping(link);
        } else if (is_own_delay(link)) {
            uv_timer_start(timer, on_due, 1, 0);
            return;
        } else {
            drop_late(link, "a reply is late");
            return;
        }
    }
    arm(link);
}

static void arm(struct redis_link *link)
{
    uint64_t due = due_at(link), now = uv_now(link->loop);

    uv_timer_start(&link->timer, on_due, due > now ? due - now : 0, 0);
}

/* The answer to the handshake. */
static void on_verdict(void *arg, enum redis_verdict verdict, const char *why)
{
    struct redis_link *link = arg;

    if (verdict != REDIS_PROVEN) {
        link->refused = verdict == REDIS_REFUSED;
        drop(link, why);
        return;
    }
    link->state = UP;
    link->stats.ups++;
    link->up_at = uv_now(link->loop);
    log_up(link);
    arm(link);
    link->events->up(link->arg);
}

static void on_opened(void *arg, int status)
{
    struct redis_link *link = arg;

    if (status == 0)
        status = redis_pipeline_start(&link->pipeline, &link->socket.u.stream);
    if (status == 0 && redis_handshake_start(&link->handshake, &link->pipeline,
                                             &link->addr, link->client_name) < 0)
        status = UV_ENOMEM;
    if (status < 0)
        drop(link, uv_strerror(status));
}

static void on_dial_late(uv_timer_t *timer)
{
    drop_late(timer->data, "the dial takes too long");
}

static void on_rested(uv_timer_t *timer)
{
    struct redis_link *link = timer->data;

    link->state = DIALLING;
    link->refused = false;
    link->stats.dials++;
    uv_timer_start(&link->timer, on_dial_late, link->deadline.dial_ms, 0);
    redis_socket_open(&link->socket, &link->addr);
}

/* The last one of the owners frees the link. */
static void release(struct redis_link *link)
{
    if (--link->owners > 0)
        return;
    redis_pipeline_fini(&link->pipeline);
    if (link->closed)
        link->closed(link->closed_arg);
    explicit_bzero(&link->addr, sizeof link->addr);
    free(link);
}

static void on_socket_closed(void *arg)
{
    struct redis_link *link = arg;

    if (link->state == CLOSING) {
        release(link);
        return;
    }
    link->state = RESTING;
    link->resting_since = uv_now(link->loop);
    uv_timer_start(&link->timer, on_rested, next_rest(link), 0);
}

static void on_pipeline_closed(uv_handle_t *handle)
{
    struct redis_pipeline *p = handle->data;

    release(p->arg);
}

static void on_timer_closed(uv_handle_t *timer)
{
    release(timer->data);
}

static void on_broken(void *arg, const char *why)
{
    drop(arg, why);
}

static void on_message(void *arg, const redisReply *message)
{
    struct redis_link *link = arg;

    if (link->events->push)
        link->events->push(link->arg, message);
}

void redis_link_set_deadlines(struct redis_link *link,
                              const struct redis_link_deadlines *d)
{
    link->deadline = *d;
    link->backoff =
        (struct backoff){.first_ms = d->rest_first_ms, .max_ms = d->rest_max_ms};
}

struct redis_link *redis_link_open(uv_loop_t *loop, const struct redis_addr *addr,
                                   const char *client_name,
                                   const struct redis_link_events *events, void *arg)
{
    struct redis_link *link = calloc(1, sizeof *link);

    if (link == NULL)
        return NULL;
    assert(strlen(client_name) < sizeof link->client_name && !strchr(client_name, ' '));
    strcpy(link->client_name, client_name);
    link->loop = loop;
    link->addr = *addr;
    link->events = events;
    link->arg = arg;
    redis_link_set_deadlines(link, &default_deadlines);
    link->owners = HANDLE_OWNERS;
    redis_socket_init(&link->socket, loop, on_opened, on_socket_closed, link);
    redis_pipeline_init(&link->pipeline, loop, on_broken, on_message, link);
    link->handshake = (struct redis_handshake){.done = on_verdict, .arg = link};
    uv_timer_init(loop, &link->timer);
    link->timer.data = link;
    uv_timer_start(&link->timer, on_rested, 0, 0);
    return link;
}

void redis_link_readdress(struct redis_link *link, const struct redis_addr *addr)
{
    link->addr = *addr;
}

/* What came of giving a call to the pipeline. */
static int given(struct redis_link *link, int r)
{
    if (r < 0) {
        link->stats.refused_full++;
        return -1;
    }
    link->stats.calls++;
    if (link->pipeline.calls.n == 1)
        arm(link);
    return 0;
}

int redis_link_call(struct redis_link *link, int argc, const char **argv,
                    const size_t *lens, redis_reply_fn fn, void *arg)
{
    if (link->state != UP)
        return -1;
    return given(link, redis_pipeline_call(&link->pipeline, argc, argv, lens, fn, arg));
}

int redis_link_write(struct redis_link *link, struct slice resp, redis_reply_fn fn,
                     void *arg)
{
    if (link->state != UP)
        return -1;
    return given(link, redis_pipeline_write(&link->pipeline, resp, fn, arg));
}

bool redis_link_is_up(const struct redis_link *link)
{
    return link->state == UP;
}

size_t redis_link_in_flight(const struct redis_link *link)
{
    return link->pipeline.calls.n;
}

uint64_t redis_link_generation(const struct redis_link *link)
{
    return link->generation;
}

const struct redis_link_stats *redis_link_stats(const struct redis_link *link)
{
    return &link->stats;
}

void redis_link_reset(struct redis_link *link, const char *why)
{
    if (link->state == DIALLING || link->state == UP)
        drop(link, why);
}

void redis_link_hurry(struct redis_link *link)
{
    uint64_t now = uv_now(link->loop);
    uint64_t due = link->resting_since + link->deadline.rest_first_ms;
    uint64_t wait = due > now ? due - now : 0;

    if (link->state == RESTING && wait < uv_timer_get_due_in(&link->timer))
        uv_timer_start(&link->timer, on_rested, wait, 0);
}

void redis_link_close(struct redis_link *link, void (*closed)(void *arg), void *arg)
{
    assert(link->state != CLOSING);
    if (link->state == UP)
        link->stats.unknown += link->pipeline.calls.n - link->pinging;
    link->state = CLOSING;
    link->closed = closed;
    link->closed_arg = arg;
    redis_pipeline_stop(&link->pipeline);
    redis_pipeline_close(&link->pipeline, on_pipeline_closed);
    uv_close((uv_handle_t *)&link->timer, on_timer_closed);
    redis_socket_close(&link->socket);
    redis_pipeline_fail_calls(&link->pipeline);
}
