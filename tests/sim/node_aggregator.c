/* node_aggregator: what aggregator.c is with libuv. */
#include "node_aggregator.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../../aggregator/inbox.h"

static ms_t wall_now(void *arg)
{
    const struct node_aggregator *a = arg;

    return a->wall + a->world->now / MS;
}

static uint64_t mono_us(void *arg)
{
    const struct node_aggregator *a = arg;

    return a->boot + (uint64_t)a->world->now;
}

static struct peer peer_at(unsigned place)
{
    struct peer p;

    memset(&p, 0, sizeof p);
    p.in.sin_family = AF_INET;
    p.in.sin_port = htons((uint16_t)(1000 + place));
    p.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return p;
}

static void on_send(void *arg, const struct peer *to, const uint8_t *bytes, size_t n)
{
    struct node_aggregator *a = arg;

    network_send(a->net, a->place, ntohs(to->in.sin_port) - 1000u, bytes, n);
}

void node_aggregator_init(struct node_aggregator *a, struct network *net,
                          struct node_redis *redis, unsigned place,
                          const struct secret *secret, ms_t wall, mono_t hold_ms,
                          unsigned window)
{
    memset(a, 0, sizeof *a);
    a->world = net->world;
    a->net = net;
    a->redis = redis;
    a->place = place;
    a->wall = wall;
    a->boot = UINT64_C(1000000) * draw(a->world, 1000000);
    a->room = SOCKET_MAX;
    a->part_bytes = COMMIT_PART_BYTES;
    a->source = (struct clock_source){wall_now, mono_us, a};
    a->config = (struct engine_config){
        .secret = secret,
        .window = window,
        .hold_ms = hold_ms,
        .socket_room = SOCKET_MAX,
        .clock = &a->source,
        .send = on_send,
        .arg = a,
    };
    dice_bytes(&a->world->dice, a->config.key.b, sizeof a->config.key.b);
    a->socket = malloc(SOCKET_MAX * sizeof *a->socket);
    assert(a->socket);
}

/* ---- a turn of its loop ------------------------------------------------- */

static void turn(struct node_aggregator *a);

static void on_wake(void *arg, uint64_t wake)
{
    struct node_aggregator *a = arg;

    if (a->alive && !a->stopped && wake == a->wake)
        turn(a);
}

static void turn(struct node_aggregator *a)
{
    mono_t due = engine_turn(&a->engine);
    us_t at;

    a->wake++;
    if (due == INT64_MAX)
        return;
    at = (us_t)((uint64_t)due * 1000 - a->boot);
    if (at <= a->world->now)
        at = a->world->now + 100; /* what a turn of a loop takes */
    world_at(a->world, at, on_wake, a, a->wake);
}

static void on_up(void *arg, struct redis_link *link)
{
    struct node_aggregator *a = arg;

    if (link == a->commits)
        engine_commits_up(&a->engine);
    else
        engine_loads_up(&a->engine);
    turn(a);
}

static void on_down(void *arg, struct redis_link *link)
{
    struct node_aggregator *a = arg;

    if (link == a->commits)
        engine_commits_down(&a->engine);
    else
        engine_loads_down(&a->engine);
    a->wake++; /* not from here: the link is still busy */
    world_at(a->world, a->world->now, on_wake, a, a->wake);
}

static void on_replied(void *arg)
{
    struct node_aggregator *a = arg;

    if (a->alive && !a->stopped)
        turn(a);
}

/* ---- datagrams ---------------------------------------------------------- */

/* So that a read beyond the end, or too late, is seen by the sanitizer. */
static uint8_t *copy_of(const uint8_t *bytes, size_t n)
{
    uint8_t *copy = malloc(n);

    assert(copy);
    return memcpy(copy, bytes, n);
}

static void take(struct node_aggregator *a, const struct peer *from, const uint8_t *bytes,
                 size_t n)
{
    uint8_t *copy = copy_of(bytes, n);

    engine_take(&a->engine, copy, n, from);
    engine_settle(&a->engine);
    free(copy);
}

/* As they are received: many with one call, of which the bytes stay until all are taken.
 */
static void take_batch(struct node_aggregator *a, const struct waiting *w, size_t n)
{
    uint8_t *copy[INBOX_BATCH];

    assert(n <= INBOX_BATCH);
    for (size_t i = 0; i < n; i++) {
        copy[i] = copy_of(w[i].bytes, w[i].n);
        engine_take(&a->engine, copy[i], w[i].n, &w[i].from);
    }
    engine_settle(&a->engine);
    for (size_t i = 0; i < n; i++)
        free(copy[i]);
}

void node_aggregator_deliver(struct node_aggregator *a, unsigned from,
                             const uint8_t *bytes, size_t n)
{
    struct peer peer = peer_at(from);

    if (!a->alive)
        return;
    if (!a->stopped) {
        take(a, &peer, bytes, n);
        turn(a);
    } else if (a->nsocket < a->room) {
        struct waiting *w = &a->socket[a->nsocket++];

        w->from = peer;
        w->n = (uint16_t)n;
        memcpy(w->bytes, bytes, n);
    } else
        a->drops++;
}

/* ---- life --------------------------------------------------------------- */

void node_aggregator_start(struct node_aggregator *a)
{
    struct link_owner owner = {on_up, on_down, on_replied, a};

    if (a->alive)
        return;
    world_note(a->world, "aggregator %ld starts", a->place, 0, 0, 0);
    a->alive = true;
    a->stopped = false;
    a->nsocket = 0;
    a->life++;
    a->starts++;
    engine_init(&a->engine, &a->config);
    a->engine.store.part_bytes = a->part_bytes;
    a->commits = node_redis_dial(a->redis, a->place, &owner);
    a->loads = node_redis_dial(a->redis, a->place, &owner);
    engine_links(&a->engine, a->commits, a->loads);
    turn(a);
}

static void sum_up(struct node_aggregator *a)
{
    uint64_t *sum = (uint64_t *)&a->sum;
    const uint64_t *one = (const uint64_t *)&a->engine.counters;

    for (size_t i = 0; i < sizeof a->sum / sizeof *sum; i++)
        sum[i] += one[i];
}

void node_aggregator_kill(struct node_aggregator *a)
{
    if (!a->alive)
        return;
    world_note(a->world, "aggregator %ld is killed", a->place, 0, 0, 0);
    sum_up(a);
    a->alive = a->stopped = false;
    a->wake++;
    link_orphan(a->commits);
    link_orphan(a->loads);
    engine_fini(&a->engine);
}

void node_aggregator_stop(struct node_aggregator *a)
{
    if (!a->alive || a->stopped)
        return;
    world_note(a->world, "aggregator %ld is stopped", a->place, 0, 0, 0);
    a->stopped = true;
    link_freeze(a->commits);
    link_freeze(a->loads);
}

void node_aggregator_go_on(struct node_aggregator *a)
{
    if (!a->alive || !a->stopped)
        return;
    world_note(a->world, "aggregator %ld goes on, %ld datagrams wait", a->place,
               (long)a->nsocket, 0, 0);
    a->stopped = false;
    if (draw_yes(a->world, 500)) /* timers before sockets, or sockets by chance */
        turn(a);
    link_thaw(a->commits);
    link_thaw(a->loads);
    for (size_t i = 0, n; i < a->nsocket; i += n) {
        n = a->nsocket - i < INBOX_BATCH ? a->nsocket - i : INBOX_BATCH;
        take_batch(a, a->socket + i, n);
    }
    a->nsocket = 0;
    turn(a);
}

bool node_aggregator_is_idle(const struct node_aggregator *a)
{
    return redis_link_is_up(a->commits) && a->engine.store.ndirty == 0 &&
           a->engine.store.nloads == 0 && redis_link_in_flight(a->commits) == 0 &&
           redis_link_in_flight(a->loads) == 0;
}

void node_aggregator_fini(struct node_aggregator *a)
{
    node_aggregator_kill(a);
    free(a->socket);
}
