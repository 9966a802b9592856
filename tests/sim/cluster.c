/* cluster: draws a world, lets it live through traffic and faults, and asks the oracle.
 */
#include "cluster.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faults.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define MORNING INT64_C(1763812800000) /* a midnight, and a full minute */
#define PART_BYTES_MIN 1500 /* a call's head and the records of a visitor must fit */
#define REST_MAX (20 * 60 * SECOND)
#define CLOCKS_APART_MS (5 * 60000)
#define BEAT_MS 40000 /* less than PRESENCE_ACTIVE_MS */
#define WATCH_S 8     /* more than an alert may be wrong (alarm.c) */

/* ---- a world is drawn --------------------------------------------------- */

static void draw_plan(struct cluster *c)
{
    struct world *w = c->world;
    struct plan *p = &c->plan;

    p->traffic = draw_from(w, 10, 40) * SECOND;
    p->gap =
        p->traffic / (draw_yes(w, 300) ? draw_from(w, 15, 60) : draw_from(w, 100, 600));
    p->faults = (unsigned)draw_from(w, 2, 9);
    p->rough = draw_yes(w, 80);
    p->long_outages = draw_yes(w, 80);
    p->full_rings = draw_yes(w, 40);
    p->clocks = draw_yes(w, 120);
    p->midnight = draw_yes(w, 80);
    p->amnesia = draw_yes(w, 120);
    p->flush = draw_yes(w, 30);
    p->waves = draw_yes(w, 500);
    p->pair = draw_yes(w, 400);
    p->part_bytes = COMMIT_PART_BYTES;
    if (draw_yes(w, 500))
        p->part_bytes = (size_t)draw_from(w, PART_BYTES_MIN, 2500);
    if (p->full_rings)
        p->gap /= 4;
}

static void draw_network(struct cluster *c)
{
    struct world *w = c->world;

    network_init(&c->net, w);
    c->net.loss = (unsigned)DRAW_ONE(w, 0, 10, 100, 100, 100);
    c->net.ack_loss = (unsigned)DRAW_ONE(w, 0, 10, 100, 100, 100);
    c->net.dup = (unsigned)DRAW_ONE(w, 0, 30, 30, 100, 200);
    c->net.reorder = (unsigned)DRAW_ONE(w, 0, 100, 100, 400);
    c->net.corrupt = (unsigned)DRAW_ONE(w, 0, 0, 5, 30);
    if (c->plan.rough)
        c->net.loss = c->net.ack_loss = 400;
}

static void draw_redis(struct cluster *c)
{
    struct world *w = c->world;

    node_redis_init(&c->redis, w,
                    c->wall + (c->plan.clocks ? draw_from(w, -60000, 60000) : 0));
    c->redis.errors = (unsigned)DRAW_ONE(w, 0, 0, 0, 2, 10);
    c->redis.breaks_before = (unsigned)DRAW_ONE(w, 0, 0, 1, 2);
    c->redis.breaks_after = (unsigned)DRAW_ONE(w, 0, 0, 1, 2);
    c->redis.hard_errors = draw_yes(w, 100);
    c->redis.slow = draw_yes(w, 200);
    c->redis.stragglers = draw_yes(w, 500);
    c->redis.unfenced = c->plan.broken == BREAK_FENCE;
    c->redis.unlinked = c->plan.broken == BREAK_PARTS;
    c->redis.model.retells = c->plan.broken == BREAK_RETELL;
}

static ms_t draw_wall(struct cluster *c)
{
    return c->wall + (c->plan.clocks ? draw_from(c->world, -120000, 120000)
                                     : draw_from(c->world, -50, 50));
}

static void on_packet(void *arg, unsigned to, unsigned from, const uint8_t *bytes,
                      size_t n)
{
    struct cluster *c = arg;

    if (to < AGGREGATORS)
        node_aggregator_deliver(&c->aggregator[to], from, bytes, n);
    for (unsigned i = 0; to >= AGGREGATORS && i < c->ncollectors; i++)
        node_collector_deliver(&c->collector[i], to, bytes, n);
}

static void on_published(void *arg)
{
    oracle_hear(arg);
}

static void on_lost(void *arg)
{
    struct oracle *o = arg;

    oracle_lost(o);
    operator_write(&o->operator);
}

static void on_change(void *arg, uint64_t token)
{
    struct cluster *c = arg;

    (void)token;
    node_redis_clock(&c->redis);
    operator_change(&c->oracle.operator);
}

static void make_collectors(struct cluster *c)
{
    unsigned place = AGGREGATORS;

    c->ncollectors =
        (unsigned)draw_from(c->world, 1, c->plan.full_rings ? 1 : COLLECTORS);
    for (unsigned i = 0; i < c->ncollectors; i++) {
        struct node_collector *n = &c->collector[i];
        unsigned senders = (unsigned)draw_from(c->world, 1, 2);

        node_collector_init(n, &c->net, &c->secret, place, senders, RING_BYTES_MIN,
                            c->flows, &c->nflows);
        n->wall = c->wall + draw_from(c->world, -50, 50);
        n->spool = !c->plan.amnesia || draw_yes(c->world, 300);
        n->aggregators = c->plan.pair ? 2 : 1;
        place += senders;
    }
}

static void make(struct cluster *c)
{
    struct world *w = c->world;

    draw_plan(c);
    secret_init(&c->secret, "a secret of the simulation", 26);
    c->wall = MORNING + 11 * 3600000 + draw_from(w, 0, 59999);
    if (c->plan.midnight)
        c->wall = MORNING + DAY_MS - draw_from(w, 1, c->plan.traffic / MS);
    draw_network(c);
    draw_redis(c);
    for (unsigned i = 0; i < AGGREGATORS; i++) {
        node_aggregator_init(&c->aggregator[i], &c->net, &c->redis, i, &c->secret,
                             draw_wall(c), c->plan.broken == BREAK_HOLD ? 0 : HOLD_MS,
                             draw_yes(w, 500) ? 60 : 64);
        c->aggregator[i].part_bytes = c->plan.part_bytes;
    }
    make_collectors(c);
    oracle_init(&c->oracle, w, &c->redis, c->flows, (unsigned)draw_from(w, 2, SITES),
                true);
    c->oracle.long_paths = c->plan.full_rings;
    c->oracle.midnights = c->plan.midnight;
    c->oracle.clocks = c->plan.clocks;
    c->net.deliver = on_packet;
    c->net.arg = c;
    c->redis.published = on_published;
    c->redis.lost = on_lost;
    c->redis.arg = &c->oracle;
}

/* ---- traffic ------------------------------------------------------------ */

static void hit(struct cluster *c, unsigned site, struct node_collector *n,
                unsigned sender, bool more)
{
    ms_t wall = n->wall + c->world->now / MS;
    int64_t day = wall / DAY_MS;
    struct hit h;

    if (!oracle_make(&c->oracle, site, node_collector_mono(n), day,
                     c->plan.midnight && wall % DAY_MS < 64 * 60000, &h))
        return;
    oracle_tell(&c->oracle, site, n->sender[sender].flow,
                node_collector_hit(n, sender, &h, more));
}

static unsigned draw_site(struct cluster *c)
{
    uint64_t n = c->oracle.nsites, wave = (uint64_t)(c->world->now / (4 * SECOND));

    return (unsigned)(c->plan.waves ? (wave + draw(c->world, 2)) % n : draw(c->world, n));
}

static void on_traffic(void *arg, uint64_t token)
{
    struct cluster *c = arg;
    struct world *w = c->world;
    struct node_collector *n = &c->collector[draw(w, c->ncollectors)];
    unsigned sender = (unsigned)draw(w, n->nsenders);
    unsigned burst = draw_yes(w, 100) ? 8 : 1;

    (void)token;
    if (w->now > c->plan.traffic)
        return;
    for (unsigned i = 0; n->alive && i < burst; i++)
        hit(c, draw_site(c), n, sender, i + 1 < burst);
    world_at(w, w->now + draw_from(w, 1, 2 * c->plan.gap * burst), on_traffic, c, 0);
}

/* ---- what is checked while it lives ------------------------------------- */

static void measure(struct cluster *c)
{
    for (unsigned i = 0; i < c->ncollectors; i++)
        node_collector_measure(&c->collector[i]);
}

struct losses cluster_losses(const struct cluster *c)
{
    struct losses sum = {0};

    for (unsigned i = 0; i < c->ncollectors; i++) {
        struct losses l = node_collector_losses(&c->collector[i]);

        sum.refused += l.refused;
        sum.restart += l.restart;
        sum.expired += l.expired;
        sum.poison += l.poison;
        sum.at_risk += l.at_risk;
    }
    return sum;
}

uint64_t cluster_lost(const struct cluster *c)
{
    struct losses l = cluster_losses(c);

    return l.restart + l.expired + l.poison + l.at_risk;
}

/* Commits that Redis refused for good: until they are repeated their sites' hits are
 * called durable and are not there (counters.h). */
static uint64_t unprotected(const struct cluster *c)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < AGGREGATORS; i++) {
        const struct node_aggregator *a = &c->aggregator[i];

        n += a->sum.site_unprotected;
        n += a->alive ? a->engine.counters.site_unprotected : 0;
    }
    return n;
}

/* Whether nothing excuses that a hit which is called durable is gone. */
static bool is_strict(const struct cluster *c)
{
    return !c->plan.flush && cluster_lost(c) == 0 && unprotected(c) == 0;
}

void cluster_look(struct cluster *c)
{
    measure(c);
    oracle_check_sound(&c->oracle);
    if (is_strict(c))
        oracle_check_durable(&c->oracle);
}

/* ---- the end ------------------------------------------------------------ */

static void calm(struct cluster *c, unsigned target)
{
    c->calm = c->oracle.still = true;
    world_note(c->world, "all is well from now on, all go to aggregator %ld", target, 0,
               0, 0);
    network_calm(&c->net);
    c->redis.errors = c->redis.breaks_before = c->redis.breaks_after = 0;
    c->redis.slow = false;
    for (unsigned i = 0; i < AGGREGATORS; i++)
        node_aggregator_go_on(&c->aggregator[i]);
    node_aggregator_start(&c->aggregator[target]);
    for (unsigned i = 0; i < c->ncollectors; i++) {
        if (!c->collector[i].alive)
            node_collector_start(&c->collector[i]);
        c->collector[i].pinned = true;
        node_collector_redirect(&c->collector[i], target);
    }
}

static uint64_t undurable(const struct cluster *c)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < c->ncollectors; i++)
        n += node_collector_undurable(&c->collector[i]);
    return n;
}

static void rest(struct cluster *c, const struct node_aggregator *a)
{
    us_t from = c->world->now;

    do {
        if (c->world->now - from > REST_MAX)
            world_fail(c->world, "%lu hits do not become durable", undurable(c));
        world_run(c->world, c->world->now + SECOND);
    } while (undurable(c) > 0 || !node_aggregator_is_idle(a));
    if (c->world->now - from > c->rested)
        c->rested = c->world->now - from;
}

static void judge(struct cluster *c, const struct node_aggregator *a)
{
    cluster_look(c);
    if (!c->plan.flush && unprotected(c) == 0)
        oracle_check_whole(&c->oracle, cluster_lost(c));
    oracle_check_store(&c->oracle, &a->engine.store, a->engine.epoch);
}

/* Alerts stand as the numbers say. Where a clock was set back, time may stand still. */
static void watch(struct cluster *c, const struct node_aggregator *a)
{
    for (unsigned s = 0; s < WATCH_S && !c->plan.clocks; s++) {
        world_run(c->world, c->world->now + SECOND);
        oracle_watch(&c->oracle, &a->engine.store);
    }
}

/* ---- who is there in the end --------------------------------------------- */

/* One hit of a tab of the audience. */
static void tell_tab(struct cluster *c, unsigned i, bool leave)
{
    struct node_collector *n = &c->collector[draw(c->world, c->ncollectors)];
    ms_t wall = n->wall + c->world->now / MS;
    unsigned sender = (unsigned)draw(c->world, n->nsenders);
    struct hit h;

    audience_hit(&c->audience, i, leave, wall / DAY_MS,
                 c->plan.midnight && wall % DAY_MS < 64 * 60000, node_collector_mono(n),
                 &h);
    if (!node_collector_hit(n, sender, &h, false))
        world_fail(c->world, "a heartbeat is refused though all is well");
    c->oracle.there[c->audience.seat[i].person] |= !leave;
}

/* Everybody who is there says so, and @ms go by. */
static void beat(struct cluster *c, ms_t ms)
{
    for (unsigned i = 0; i < SEATS; i++)
        if (c->audience.seat[i].open)
            tell_tab(c, i, false);
    world_run(c->world, c->world->now + ms * MS);
}

static void stay(struct cluster *c, ms_t ms)
{
    for (; ms > 0; ms -= BEAT_MS)
        beat(c, BEAT_MS);
}

/* Redis is told who is there. After an outage that goes on until now, what was told
 * meanwhile comes all at once and in any order, and has to be over first. */
static void check_audience(struct cluster *c, const struct node_aggregator *a)
{
    us_t from;

    for (;;) {
        beat(c, 2 * PRESENCE_LEAVE_MS);
        from = c->world->now;
        rest(c, a);
        if (c->world->now - from < PRESENCE_ACTIVE_MS / 2 * MS)
            break;
        stay(c, PRESENCE_HIDDEN_MS);
    }
    audience_check(&c->audience);
}

/* Until whatever was open before is over; where a clock is ahead of Redis' or was set
 * back, time stands still meanwhile (clock.h). */
static void gather(struct cluster *c, const struct node_aggregator *a)
{
    uint64_t left;

    audience_init(&c->audience, &c->oracle);
    stay(c, PRESENCE_HIDDEN_MS + (c->plan.clocks ? CLOCKS_APART_MS : 0));
    left = audience_move(&c->audience);
    for (unsigned i = 0; i < SEATS; i++)
        if (left >> i & 1)
            tell_tab(c, i, true);
    check_audience(c, a);
}

static void hit_each(struct cluster *c)
{
    for (unsigned i = 0; i < c->oracle.nsites; i++)
        hit(c, i, &c->collector[0], 0, false);
}

/* Whoever has committed since the operator changed the goals counts by the new ones. */
static void count_goals(struct cluster *c, const struct node_aggregator *a)
{
    hit_each(c);
    rest(c, a);
    oracle_note_goals(&c->oracle);
    hit_each(c);
    rest(c, a);
    oracle_check_goals(&c->oracle);
}

/* Whoever starts from what Redis has, and goes on, must come to the same. */
static void start_afresh(struct cluster *c, unsigned target)
{
    for (unsigned i = 0; i < AGGREGATORS; i++)
        node_aggregator_kill(&c->aggregator[i]);
    node_aggregator_start(&c->aggregator[target]);
    for (unsigned i = 0; i < c->ncollectors; i++)
        node_collector_redirect(&c->collector[i], target);
    hit_each(c);
}

void cluster_live(struct cluster *c, struct world *w, enum broken what)
{
    unsigned target;

    memset(c, 0, sizeof *c);
    c->world = w;
    c->plan.broken = what;
    breaks_set(what);
    make(c);
    node_aggregator_start(&c->aggregator[0]);
    if (c->plan.pair && draw_yes(w, 700))
        node_aggregator_start(&c->aggregator[1]);
    for (unsigned i = 0; i < c->ncollectors; i++)
        node_collector_start(&c->collector[i]);
    faults_schedule(c);
    world_at(w, MS, on_traffic, c, 0);
    operator_write(&c->oracle.operator);
    world_at(w, c->plan.traffic / 2, on_change, c, 0);
    world_run(w, c->plan.traffic + SECOND);

    target = (unsigned)draw(w, AGGREGATORS);
    calm(c, target);
    rest(c, &c->aggregator[target]);
    judge(c, &c->aggregator[target]);
    count_goals(c, &c->aggregator[target]);
    watch(c, &c->aggregator[target]);
    gather(c, &c->aggregator[target]);
    target = (unsigned)draw(w, AGGREGATORS);
    start_afresh(c, target);
    rest(c, &c->aggregator[target]);
    if (!c->plan.clocks)
        audience_check_total(&c->audience);
    beat(c, 15000);
    check_audience(c, &c->aggregator[target]);
    c->oracle.at_rest =
        unprotected(c) == 0; /* each site has been hit, and so read back */
    watch(c, &c->aggregator[target]);
    rest(c, &c->aggregator[target]);
    judge(c, &c->aggregator[target]);
    oracle_check_goals(&c->oracle);
    for (unsigned i = 0; i < AGGREGATORS; i++)
        node_aggregator_kill(&c->aggregator[i]);
}

void cluster_fini(struct cluster *c)
{
    for (unsigned i = 0; i < AGGREGATORS; i++)
        node_aggregator_fini(&c->aggregator[i]);
    for (unsigned i = 0; i < c->ncollectors; i++)
        node_collector_fini(&c->collector[i]);
    node_redis_fini(&c->redis);
    network_fini(&c->net);
}

void cluster_print(const struct cluster *c, FILE *out)
{
    const struct plan *p = &c->plan;

    fprintf(out,
            "  %u collectors, %u sites, %lu hits in %ld s; loss %u/%u dup %u reorder %u "
            "corrupt %u, parts of %zu;%s%s%s%s%s%s%s%s%s\n",
            c->ncollectors, c->oracle.nsites, c->oracle.hits, p->traffic / SECOND,
            c->net.loss, c->net.ack_loss, c->net.dup, c->net.reorder, c->net.corrupt,
            p->part_bytes, p->long_outages ? " long outages" : "",
            p->full_rings ? " full rings" : "", p->clocks ? " clocks" : "",
            p->midnight ? " midnight" : "", p->amnesia ? " amnesia" : "",
            p->flush ? " flush" : "", p->pair ? " pair" : "",
            c->redis.slow ? " slow redis" : "", c->redis.stragglers ? " stragglers" : "");
}
