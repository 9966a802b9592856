/* faults: each one happens at once, and its end is an event too. Which they are is drawn
 * when they happen, for the world is another then. */
#include "faults.h"

/* No two hosts differ by CLOCK_HOLD_MAX_MS: beyond it an aggregator gives up what the
 * other has filed under a time to come. */
#define CLOCK_ERROR_MAX (4 * 60000)

static us_t outage(struct cluster *c)
{
    struct world *w = c->world;

    if (c->plan.long_outages && draw_yes(w, 300))
        return draw_from(w, 60, 240) * SECOND;
    return DRAW_ONE(w, 5 * MS, 50 * MS, 500 * MS, 2 * SECOND, 5 * SECOND);
}

static void on_start(void *arg, uint64_t life)
{
    struct node_aggregator *a = arg;

    if (life == a->life)
        node_aggregator_start(a);
}

static void on_go_on(void *arg, uint64_t life)
{
    struct node_aggregator *a = arg;

    if (life == a->life)
        node_aggregator_go_on(a);
}

static void kill_aggregator(struct cluster *c)
{
    struct node_aggregator *a = &c->aggregator[draw(c->world, AGGREGATORS)];

    if (!a->alive)
        a = &c->aggregator[!a->place];
    if (!a->alive)
        return;
    node_aggregator_kill(a);
    world_at(c->world, c->world->now + outage(c), on_start, a, a->life);
}

static void kill_redis(struct cluster *c)
{
    if (c->redis.down)
        return;
    node_redis_kill(&c->redis, draw_from(c->world, 0, 2000) * MS, outage(c));
    cluster_look(c);
}

static void stop_aggregator(struct cluster *c)
{
    struct world *w = c->world;
    struct node_aggregator *a = &c->aggregator[draw(w, AGGREGATORS)];

    a->room = (size_t)DRAW_ONE(w, 8, 64, SOCKET_MAX);
    node_aggregator_stop(a);
    world_at(w, w->now + outage(c), on_go_on, a, a->life);
}

static void on_settle(void *arg, uint64_t target)
{
    struct cluster *c = arg;

    for (unsigned i = 0; !c->calm && i < c->ncollectors; i++)
        node_collector_redirect(&c->collector[i],
                                target < AGGREGATORS
                                    ? (unsigned)target
                                    : (unsigned)draw(c->world, AGGREGATORS));
}

/* One is stopped, the other takes over for some senders, then the first goes on. */
static void split(struct cluster *c)
{
    struct world *w = c->world;
    unsigned first = (unsigned)draw(w, AGGREGATORS);
    struct node_aggregator *a = &c->aggregator[first];
    us_t t = DRAW_ONE(w, 300 * MS, 1500 * MS, 4 * SECOND, 8 * SECOND);

    if (!a->alive || a->stopped)
        return;
    node_aggregator_stop(a);
    world_at(w, w->now + t, on_go_on, a, a->life);
    node_aggregator_start(&c->aggregator[!first]);
    for (unsigned i = 0; i < c->ncollectors; i++)
        if (draw_yes(w, 700))
            node_collector_redirect(&c->collector[i], !first);
    t += draw_from(w, -200 * MS, 800 * MS);
    world_at(w, w->now + t, on_settle, c, AGGREGATORS);
    world_at(w, w->now + t + DRAW_ONE(w, 100 * MS, 2 * SECOND), on_settle, c,
             draw(w, AGGREGATORS));
}

static void on_kill_redis(void *arg, uint64_t token)
{
    (void)token;
    kill_redis(arg);
}

/* Some senders go to another aggregator, which claims their sites; Redis forgets that. */
static void forget_claims(struct cluster *c)
{
    struct world *w = c->world;
    unsigned other = (unsigned)draw(w, AGGREGATORS);

    node_aggregator_start(&c->aggregator[other]);
    for (unsigned i = 0; i < c->ncollectors; i++)
        if (draw_yes(w, 500))
            node_collector_redirect(&c->collector[i], other);
    world_at(w, w->now + draw_from(w, 10, 1500) * MS, on_kill_redis, c, 0);
    world_at(w, w->now + draw_from(w, 100, 9000) * MS, on_settle, c,
             draw(w, AGGREGATORS));
}

static void on_healed(void *arg, uint64_t place)
{
    struct cluster *c = arg;

    if (place < PLACES)
        c->net.away[place] = false;
    else
        c->net.cut = false;
}

static void cut_network(struct cluster *c)
{
    struct world *w = c->world;
    uint64_t place = draw_yes(w, 500) ? PLACES : draw(w, PLACES);

    world_note(w, "the network is cut at %ld", (long)place, 0, 0, 0);
    if (place < PLACES)
        c->net.away[place] = true;
    else
        c->net.cut = true;
    world_at(w, w->now + outage(c), on_healed, c, place);
}

static void on_acks_again(void *arg, uint64_t permille)
{
    struct cluster *c = arg;

    if (!c->calm)
        c->net.ack_loss = (unsigned)permille;
}

static void lose_acks(struct cluster *c)
{
    world_note(c->world, "ACKs are lost", 0, 0, 0, 0);
    world_at(c->world, c->world->now + outage(c), on_acks_again, c, c->net.ack_loss);
    c->net.ack_loss = 1000;
}

static void stop_redis(struct cluster *c)
{
    world_note(c->world, "redis is stopped", 0, 0, 0, 0);
    node_redis_stop(&c->redis, c->world->now + draw_from(c->world, 100, 8000) * MS);
}

static void cut_redis(struct cluster *c)
{
    world_note(c->world, "redis is cut off", 0, 0, 0, 0);
    node_redis_cut(&c->redis, (unsigned)draw(c->world, HOSTS), c->world->now + outage(c));
}

static void disconnect(struct cluster *c)
{
    node_redis_disconnect(&c->redis);
}

static void forget_scripts(struct cluster *c)
{
    world_note(c->world, "scripts are flushed", 0, 0, 0, 0);
    node_redis_script_flush(&c->redis);
}

static void on_errors_over(void *arg, uint64_t permille)
{
    struct cluster *c = arg;

    if (!c->calm)
        c->redis.errors = (unsigned)permille;
}

static void redis_errs(struct cluster *c)
{
    world_note(c->world, "redis answers with errors", 0, 0, 0, 0);
    world_at(c->world, c->world->now + draw_from(c->world, 100, 3000) * MS,
             on_errors_over, c, c->redis.errors);
    c->redis.errors = 300;
}

static void on_collector_start(void *arg, uint64_t kills)
{
    struct node_collector *n = arg;

    if (!n->alive && kills == n->kills)
        node_collector_start(n);
}

static void kill_collector(struct cluster *c)
{
    struct node_collector *n = &c->collector[draw(c->world, c->ncollectors)];

    if (!n->alive)
        return;
    node_collector_kill(n);
    world_at(c->world, c->world->now + outage(c), on_collector_start, n, n->kills);
}

static void replay(struct cluster *c)
{
    world_note(c->world, "old datagrams are sent again", 0, 0, 0, 0);
    for (unsigned i = 0; i < 8; i++)
        network_replay(&c->net, (unsigned)draw(c->world, AGGREGATORS));
}

static void set_clock(struct cluster *c)
{
    struct world *w = c->world;
    struct node_aggregator *a = &c->aggregator[draw(w, AGGREGATORS)];
    ms_t wall = a->wall + draw_from(w, -150000, 150000);

    if (!c->plan.clocks || wall < c->wall - CLOCK_ERROR_MAX ||
        wall > c->wall + CLOCK_ERROR_MAX)
        return;
    world_note(w, "the clock of %ld is set by %ld ms", a->place, wall - a->wall, 0, 0);
    a->wall = wall;
}

static void flush(struct cluster *c)
{
    if (!c->plan.flush)
        return;
    world_note(c->world, "FLUSHALL", 0, 0, 0, 0);
    node_redis_flush(&c->redis);
}

typedef void (*fault_fn)(struct cluster *c);

static const fault_fn faults[] = {
    kill_aggregator, kill_aggregator, kill_aggregator, kill_redis,      kill_redis,
    split,           cut_network,     lose_acks,       stop_aggregator, stop_redis,
    cut_redis,       disconnect,      forget_scripts,  redis_errs,      kill_collector,
    replay,          forget_claims,   replay,          set_clock,       flush,
};

static void on_fault(void *arg, uint64_t token)
{
    struct cluster *c = arg;

    (void)token;
    cluster_look(c);
    faults[draw(c->world, sizeof faults / sizeof *faults)](c);
}

/* So long that rings fill up: nothing gets to Redis, or not even to an aggregator. */
static void on_starve(void *arg, uint64_t token)
{
    struct cluster *c = arg;
    us_t away = c->plan.traffic / 2;

    (void)token;
    if (draw_yes(c->world, 500)) {
        node_redis_kill(&c->redis, 0, away);
        return;
    }
    c->net.cut = true;
    world_at(c->world, c->world->now + away, on_healed, c, PLACES);
}

void faults_schedule(struct cluster *c)
{
    struct world *w = c->world;

    for (unsigned i = 0; i < c->plan.faults; i++)
        world_at(w, draw_from(w, 500 * MS, c->plan.traffic), on_fault, c, 0);
    if (c->plan.clocks)
        for (unsigned i = 0; i < 2; i++)
            world_at(w, draw_from(w, 500 * MS, c->plan.traffic), on_fault, c, 0);
    if (c->plan.full_rings)
        world_at(w, draw_from(w, SECOND, c->plan.traffic / 2), on_starve, c, 0);
}
