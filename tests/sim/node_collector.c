/* node_collector: what worker.c is with libuv. */
#include "node_collector.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static uint64_t clock_us_of(const struct node_collector *c)
{
    return c->boot + (uint64_t)c->world->now;
}

mono_t node_collector_mono(const struct node_collector *c)
{
    return (mono_t)(clock_us_of(c) / 1000);
}

/* ---- what a sender calls ------------------------------------------------ */

static void on_emit(void *arg, const uint8_t *bytes, size_t n)
{
    struct node_sender *s = arg;

    network_send(s->home->net, s->place, s->target, bytes, n);
}

static uint64_t on_clock(void *arg)
{
    return clock_us_of(((struct node_sender *)arg)->home);
}

static void on_set_aside(void *arg, const uint8_t *bytes, size_t n)
{
    struct node_sender *s = arg;

    (void)bytes;
    world_note(s->home->world, "sender %ld sets a datagram of %ld bytes aside", s->place,
               (long)n, 0, 0);
}

static void on_give_up(void *arg)
{
    struct node_sender *s = arg;

    s->gave_up = true;
}

/* ---- what it says of itself: every hit is accounted for ----------------- */

static void check_identity(const struct node_sender *s, const struct sender_counters *n)
{
    uint64_t lost = n->lost_full + n->lost_heartbeat + n->lost_restart + n->lost_expired +
                    n->lost_poison;

    if (n->accepted != n->durable + n->in_ring + n->open + n->unprotected + lost)
        world_fail(s->home->world,
                   "sender %u: accepted %lu != durable %lu + in_ring %lu + open %lu + "
                   "unprotected %lu + lost %lu",
                   s->place, n->accepted, n->durable, n->in_ring, n->open, n->unprotected,
                   lost);
}

/* ---- a turn of its loop ------------------------------------------------- */

static void turn(struct node_sender *s);

static void on_wake(void *arg, uint64_t wake)
{
    struct node_sender *s = arg;

    if (s->home->alive && wake == s->wake)
        turn(s);
}

static void try_other(struct node_sender *s)
{
    s->gave_up = false;
    if (!s->home->pinned)
        s->target = (s->target + 1) % s->home->aggregators;
    world_note(s->home->world, "sender %ld tries aggregator %ld", s->place, s->target, 0,
               0);
    sender_redirect(s->sender, node_collector_mono(s->home));
}

static void turn(struct node_sender *s)
{
    struct node_collector *c = s->home;
    mono_t due = sender_tick(s->sender, node_collector_mono(c), false);
    us_t at;

    if (s->gave_up) {
        try_other(s);
        due = sender_tick(s->sender, node_collector_mono(c), false);
    }
    check_identity(s, sender_counters(s->sender));
    s->wake++;
    if (due == INT64_MAX)
        return;
    at = (us_t)((uint64_t)due * 1000 - c->boot);
    if (at <= c->world->now)
        at = c->world->now + 100;
    world_at(c->world, at, on_wake, s, s->wake);
}

/* ---- life --------------------------------------------------------------- */

static struct ring *make_ring(struct node_sender *s)
{
    struct node_collector *c = s->home;
    uint64_t stream = dice_u64(&c->world->dice);

    assert(*c->nflows < FLOWS_MAX);
    s->flow = (*c->nflows)++;
    c->flows[s->flow] = (struct flow){.stream = stream};
    memset(s->memory, 0, c->ring_bytes);
    return ring_init(s->memory, c->ring_bytes, stream, 1);
}

void node_collector_start(struct node_collector *c)
{
    world_note(c->world, "collector %ld starts", c->sender[0].place, 0, 0, 0);
    c->alive = true;
    for (unsigned i = 0; i < c->nsenders; i++) {
        struct node_sender *s = &c->sender[i];
        struct sender_env env = {on_emit, on_clock, on_set_aside, on_give_up, s};
        struct ring *ring = c->spool && c->kills > 0
                                ? ring_adopt(s->memory, c->ring_bytes)
                                : make_ring(s);

        if (!ring)
            world_fail(c->world, "sender %u: the ring is not adopted", s->place);
        s->gave_up = false;
        s->sender = sender_new(c->secret, ring, &env, node_collector_mono(c));
        assert(s->sender);
        turn(s);
    }
}

static void add_losses(struct losses *l, struct sender *s)
{
    const struct sender_counters *n = sender_counters(s);

    l->refused += n->lost_full + n->lost_heartbeat;
    l->restart += n->lost_restart;
    l->expired += n->lost_expired;
    l->poison += n->lost_poison;
}

static void bury(struct node_sender *s)
{
    struct node_collector *c = s->home;

    add_losses(&c->lost, s->sender);
    c->lost.at_risk +=
        c->spool ? sender_counters(s->sender)->unprotected : sender_undurable(s->sender);
    c->flows[s->flow].over = !c->spool;
}

void node_collector_kill(struct node_collector *c)
{
    world_note(c->world, "collector %ld is killed", c->sender[0].place, 0, 0, 0);
    node_collector_measure(c);
    c->alive = false;
    c->kills++;
    for (unsigned i = 0; i < c->nsenders; i++) {
        struct node_sender *s = &c->sender[i];
        void *left = malloc(c->ring_bytes);

        /* As it was in this instant: freeing must not tidy it up. */
        assert(left);
        memcpy(left, s->memory, c->ring_bytes);
        bury(s);
        sender_free(s->sender);
        s->sender = NULL;
        free(s->memory);
        s->memory = left;
    }
}

void node_collector_init(struct node_collector *c, struct network *net,
                         const struct secret *secret, unsigned place, unsigned senders,
                         size_t ring_bytes, struct flow *flows, unsigned *nflows)
{
    memset(c, 0, sizeof *c);
    *c = (struct node_collector){.world = net->world,
                                 .net = net,
                                 .secret = secret,
                                 .nsenders = senders,
                                 .ring_bytes = ring_bytes,
                                 .aggregators = 1,
                                 .flows = flows,
                                 .nflows = nflows};
    c->boot = UINT64_C(1000000) * (1 + draw(c->world, 1000000)) + draw(c->world, 1000);
    for (unsigned i = 0; i < senders; i++) {
        c->sender[i] = (struct node_sender){.home = c, .place = place + i};
        c->sender[i].memory = malloc(ring_bytes);
        assert(c->sender[i].memory);
    }
}

void node_collector_fini(struct node_collector *c)
{
    for (unsigned i = 0; i < c->nsenders; i++) {
        if (c->sender[i].sender)
            sender_free(c->sender[i].sender);
        free(c->sender[i].memory);
    }
}

/* ---- what comes --------------------------------------------------------- */

bool node_collector_hit(struct node_collector *c, unsigned i, const struct hit *h,
                        bool more)
{
    struct node_sender *s = &c->sender[i];
    bool taken = sender_add(s->sender, h, node_collector_mono(c));

    c->flows[s->flow].taken += taken;
    if (!more)
        turn(s);
    return taken;
}

void node_collector_deliver(struct node_collector *c, unsigned place,
                            const uint8_t *bytes, size_t n)
{
    if (!c->alive)
        return;
    for (unsigned i = 0; i < c->nsenders; i++)
        if (c->sender[i].place == place) {
            sender_ack(c->sender[i].sender, bytes, n, node_collector_mono(c));
            turn(&c->sender[i]);
        }
}

void node_collector_redirect(struct node_collector *c, unsigned target)
{
    for (unsigned i = 0; i < c->nsenders; i++) {
        struct node_sender *s = &c->sender[i];

        s->target = target;
        if (c->alive) {
            sender_redirect(s->sender, node_collector_mono(c));
            turn(s);
        }
    }
}

/* ---- what it has come to ------------------------------------------------ */

void node_collector_measure(struct node_collector *c)
{
    for (unsigned i = 0; c->alive && i < c->nsenders; i++) {
        struct node_sender *s = &c->sender[i];
        struct flow *f = &c->flows[s->flow];

        if (sender_undurable(s->sender) > f->taken)
            world_fail(c->world, "sender %u: more hits undurable than taken", s->place);
        f->durable = f->taken - sender_undurable(s->sender);
    }
}

uint64_t node_collector_undurable(const struct node_collector *c)
{
    uint64_t n = 0;

    for (unsigned i = 0; c->alive && i < c->nsenders; i++)
        n += sender_undurable(c->sender[i].sender);
    return n;
}

struct losses node_collector_losses(const struct node_collector *c)
{
    struct losses l = c->lost;

    for (unsigned i = 0; c->alive && i < c->nsenders; i++)
        add_losses(&l, c->sender[i].sender);
    return l;
}
