/* round: random lives of an aggregator, from the first hit to the last key that expires.
 *
 * The store, the fold, the commit and the round are the real ones. The clock and the link
 * to Redis are replaced here, at link time; behind the link stands redis_model. Beside
 * it, the truth is kept in the most naive way: who was seen last where and when, and how
 * many views there were. Whenever Redis has answered everything, a reader of it must see
 * the truth, and find who is online as the store has it.
 *
 * Each life is drawn from a seed. One that fails says which; SEED=n lives it alone, and
 * SEEDS=n lives more of them than a test run has time for. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../aggregator/fold.h"
#include "../../aggregator/round.h"
#include "../../proto/keys.h"
#include "../fake/redis_model.h"
#include "../persisted.h"
#include "../written_call.h"

#define MORNING INT64_C(1763812800000)
#define SITES 4
#define PEOPLE 500
#define PAGES 500
#define MINUTES 128 /* remembered, a power of two above WINDOW_MAX */
#define EPOCH_STEP 10

struct pending {
    struct command command;
    redis_reply_fn fn;
    void *arg;
};

struct redis_link {
    struct redis_model redis;
    struct pending call[COMMITS_IN_FLIGHT_MAX];
    unsigned first, n;
    bool up;
};

struct person {
    bool known;
    ms_t day;      /* whose key the latest hit's id was made with */
    minute_t last; /* seen, on this page */
    int page;      /* -1: none was named */
    minute_t seen[MINUTES];
};

struct truth {
    bool hit;
    struct person person[PEOPLE];
    struct {
        minute_t minute;
        unsigned views, events, uniques;
        uint64_t engaged;
    } row[MINUTES];
    uint64_t views;  /* since the site was made or reset */
    uint64_t coming; /* more, in the datagram being made, */
    bool reset;      /* which begins them anew before */
};

/* What a life is like. */
struct life {
    unsigned seeds, steps;
    unsigned people, pages; /* at most */
    unsigned path_min;      /* bytes of a path */
    bool crowds;            /* everybody moves at once: commits in parts */
    bool midnights;         /* every 150 minutes */
    bool set_back;          /* the clock, by hours */
};

struct world {
    const struct life *life;
    unsigned seed;
    uint64_t random;
    unsigned window, sites, people, pages;
    struct slice path[PAGES];
    ms_t now, latest, skew; /* skew: Redis' clock is ahead by it */
    uint64_t us;            /* the monotonic clock */
    struct clock clock;
    struct store store;
    struct aggregator_counters counters;
    struct fold_counts folded;
    struct round round;
    struct redis_link link;
    struct redis_model saved;
    uint64_t epoch, seq;
    bool in_round, recheck; /* see writer.c */
    bool flushed;
    struct hit hit[DATAGRAM_HITS_MAX];
    size_t nhits;
    struct truth truth[SITES];
};

static struct world *alive; /* for the last words */

/* splitmix64 */
static unsigned draw(struct world *w, unsigned n)
{
    uint64_t x = w->random += UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return (unsigned)((x ^ x >> 31) % n);
}

/* ---- the writer's part --------------------------------------------------- */

static void reboot(struct world *w)
{
    round_forget(&w->round);
    store_reset(&w->store, w->clock.now);
    w->epoch += EPOCH_STEP;
    w->in_round = w->recheck = w->round.check = false;
    memset(w->truth, 0, sizeof w->truth);
}

static void settle(struct world *w)
{
    const unsigned *outcomes = w->round.outcomes;

    w->in_round = false;
    w->recheck |= outcomes[COMMIT_REGRESS] > 0;
    if (outcomes[COMMIT_TRANSIENT] || outcomes[COMMIT_UNKNOWN])
        return;
    if (outcomes[COMMIT_FENCED])
        reboot(w);
    else if (!outcomes[COMMIT_NOSCRIPT])
        w->round.check = false;
}

/* What was sent goes on, or is over. */
static void turn(struct world *w)
{
    round_turn(&w->round, clock_now(&w->clock));
    if (w->in_round && !w->round.active)
        settle(w);
}

/* Or a part of one, of those that have rested. */
static void begin_round(struct world *w, ms_t now)
{
    bool ahead = !w->round.check && round_may_go_ahead(&w->round);

    w->in_round = true;
    if (ahead && draw(w, 2) == 0)
        round_begin_ahead(&w->round, SLICE("sha"), w->epoch, now);
    else
        round_begin(&w->round, SLICE("sha"), w->epoch, now);
}

static void pump(struct world *w)
{
    ms_t now = clock_now(&w->clock);

    turn(w);
    if (!w->link.up || w->round.active)
        return;
    if (w->recheck) {
        w->recheck = false;
        w->round.check = true;
        store_recheck(&w->store);
    }
    if (round_due(&w->round, now) > now)
        return;
    begin_round(w, now);
    if (!w->round.active)
        settle(w);
}

/* ---- what is replaced ---------------------------------------------------- */

/* Steps back are all large ones here; test_clock has the others. */
ms_t clock_now(struct clock *c)
{
    struct world *w = c->arg;
    bool back = w->now < c->now;

    c->now = w->now;
    if (back)
        reboot(w);
    return c->now;
}

uint64_t clock_us(const struct clock *c)
{
    const struct world *w = c->arg;

    return w->us;
}

mono_t clock_mono(const struct clock *c)
{
    return (mono_t)(clock_us(c) / 1000);
}

int redis_link_call(struct redis_link *l, int argc, const char **argv, const size_t *lens,
                    redis_reply_fn fn, void *arg)
{
    struct pending *p = &l->call[(l->first + l->n) % COMMITS_IN_FLIGHT_MAX];

    if (!l->up)
        return -1;
    assert_true(l->n < COMMITS_IN_FLIGHT_MAX);
    l->n++;
    *p = (struct pending){.fn = fn, .arg = arg};
    command_init(&p->command, COMMIT_BYTES_MAX);
    for (int i = 0; i < argc; i++)
        command_arg(&p->command, (struct slice){argv[i], lens[i]});
    return 0;
}

/* NULL: the connection broke. */
static void answer(struct redis_link *l, const char *text)
{
    struct pending p = l->call[l->first];
    bool ok = text && (strcmp(text, "OK") == 0 || strncmp(text, "FENCED", 6) == 0 ||
                       strcmp(text, "REGRESS") == 0);
    redisReply reply = {.type = ok ? REDIS_REPLY_STATUS : REDIS_REPLY_ERROR,
                        .str = (char *)(uintptr_t)text,
                        .len = text ? strlen(text) : 0};

    l->first = (l->first + 1) % COMMITS_IN_FLIGHT_MAX;
    l->n--;
    p.fn(p.arg, text ? &reply : NULL);
    command_fini(&p.command);
}

static void run_and_answer(struct redis_link *l)
{
    redisReply *reply = redis_model_call(&l->redis, &l->call[l->first].command);
    struct pending p = l->call[l->first];

    if (reply->type != REDIS_REPLY_ARRAY) {
        answer(l, reply->str ? reply->str : "OK");
    } else {
        l->first = (l->first + 1) % COMMITS_IN_FLIGHT_MAX;
        l->n--;
        p.fn(p.arg, reply);
        command_fini(&p.command);
    }
    freeReplyObject(reply);
}

/* Redis has executed some of what was sent, and nobody will know. */
static void disconnect(struct world *w)
{
    struct redis_link *l = &w->link;

    for (unsigned i = 0, n = draw(w, l->n + 1); i < n; i++)
        redis_model_run(&l->redis,
                        &l->call[(l->first + i) % COMMITS_IN_FLIGHT_MAX].command);
    l->up = false;
    while (l->n > 0)
        answer(l, NULL);
    round_stop(&w->round);
}

static void reconnect(struct world *w)
{
    w->recheck |= !w->link.up;
    w->link.up = true;
}

/* Redis comes to the oldest call. */
static void serve(struct world *w)
{
    static const char *const error[] = {"OOM x",      "LOADING x",  "BUSY x",
                                        "READONLY x", "NOSCRIPT x", "WRONGTYPE x"};

    switch (draw(w, w->life->crowds ? 20 : 60)) {
    case 0:
        answer(&w->link, error[draw(w, 6)]);
        break;
    case 1:
        disconnect(w);
        break;
    case 2:
        if (draw(w, w->life->crowds ? 1 : 4) == 0) {
            redis_model_flush(&w->link.redis);
            w->flushed = true;
        }
        /* fall through */
    default:
        run_and_answer(&w->link);
    }
}

/* ---- what happens -------------------------------------------------------- */

static uint64_t id_of(unsigned person, ms_t day)
{
    uint64_t x = (person + 1) * UINT64_C(0x9e3779b97f4a7c15) +
                 (uint64_t)day * UINT64_C(0xc2b2ae3d27d4eb4f);

    return (x ^ x >> 29) | 1;
}

static struct slice site_name(unsigned site)
{
    return (struct slice){"abcd" + site, 1};
}

static ms_t day_length(const struct world *w)
{
    return w->life->midnights ? 150 * MS_PER_MINUTE : INT64_C(1) << 50;
}

static bool makes_seen(const struct hit *h)
{
    return h->kind == HIT_VIEW || h->kind == HIT_EVENT || h->kind == HIT_HEARTBEAT ||
           h->kind == HIT_JOIN;
}

/* Who leaves is seen in no minute, but has the id of the new day from then on. */
static void note_left(const struct world *w, struct person *p, ms_t day)
{
    if (p->known && minute_of(w->now) - p->last < w->window && day > p->day)
        p->day = day;
}

/* Returns whether the visitor is counted twice for now: a hit of yesterday came after the
 * renaming. */
static bool remember(struct world *w, unsigned site, const struct hit *h, unsigned person,
                     int page, ms_t at)
{
    struct truth *t = &w->truth[site];
    struct person *p = &t->person[person];
    minute_t m = minute_of(at), now = minute_of(w->now);
    ms_t day = at / day_length(w);
    unsigned i = m % MINUTES;
    bool twice;

    if (now - m >= w->window)
        return false;
    if (t->row[i].minute != m)
        memset(&t->row[i], 0, sizeof t->row[i]);
    t->row[i].minute = m;
    t->row[i].engaged += h->engaged;
    t->coming += h->kind == HIT_VIEW;
    if (h->kind == HIT_RESET) {
        t->coming = 0;
        t->reset = true;
    }
    if (h->kind == HIT_LEAVE && h->previous)
        note_left(w, p, day);
    if (!makes_seen(h))
        return false;
    t->hit = true;
    t->row[i].views += h->kind == HIT_VIEW;
    t->row[i].events += h->kind == HIT_EVENT;
    if (!p->known || now - p->last >= w->window)
        *p = (struct person){.known = true, .day = day, .last = m, .page = -1};
    twice = day < p->day;
    t->row[i].uniques += p->seen[i] != m;
    p->seen[i] = m;
    if (m >= p->last && page >= 0)
        p->page = page;
    if (m > p->last)
        p->last = m;
    if (day > p->day)
        p->day = day;
    return twice;
}

static void add_hit(struct world *w, unsigned site, unsigned person, int page,
                    unsigned kind, ms_t at)
{
    ms_t day = at / day_length(w);
    struct hit *h = &w->hit[w->nhits++];

    *h = (struct hit){.site = site_name(site), .at = at - w->now, .kind = (uint8_t)kind};
    h->visitor = id_of(person, day);
    if (at % day_length(w) < WINDOW_MAX * MS_PER_MINUTE)
        h->previous = id_of(person, day - 1);
    if (page >= 0)
        h->path = w->path[page];
    if (kind == HIT_EVENT)
        h->name = SLICE("buy");
    if (kind != HIT_MESSAGE && kind != HIT_RESET && kind != HIT_QUERY) {
        h->tab = draw(w, 3);
        h->state = (uint8_t)draw(w, HIT_STATES);
        h->engaged = draw(w, 3) ? 0 : draw(w, ENGAGED_MAX_MS);
    }
    if (remember(w, site, h, person, page, at))
        add_hit(w, site, person, -1, HIT_HEARTBEAT, w->now);
}

static void fold(struct world *w)
{
    struct fold_origin from = {.stream = 1, .seq = ++w->seq, .at = w->now};

    for (unsigned i = 0; i < w->sites; i++) {
        struct truth *t = &w->truth[i];

        if (t->reset || !store_find(&w->store, site_name(i)))
            t->views = 0;
        t->views += t->coming;
        t->coming = 0;
        t->reset = false;
    }
    fold_hits(&w->store, w->hit, w->nhits, &from, &w->folded);
    w->nhits = 0;
}

/* Most hits are fresh, some linger, a few come from before the window. */
static ms_t age(struct world *w)
{
    unsigned x = draw(w, 100);

    return x < 70 ? 0 : draw(w, x < 94 ? 60000 : (w->window + 2) * 60000);
}

static void hits_come(struct world *w)
{
    clock_now(&w->clock);
    for (unsigned n = 1 + draw(w, 6); n > 0; n--) {
        int page = draw(w, 30) ? (int)draw(w, w->pages) : -1;

        add_hit(w, draw(w, w->sites), draw(w, w->people), page, draw(w, HIT_KINDS),
                w->now - age(w));
    }
    fold(w);
}

static void set_clock(struct world *w, ms_t now)
{
    w->now = now;
    if (w->latest < now)
        w->latest = now;
    redis_model_at(&w->link.redis, now + w->skew);
}

/* A process that was suspended may send before its timer ran. */
static void time_passes(struct world *w, ms_t ms)
{
    if (w->link.n > 0 && ms >= REDIS_REPLY_DEADLINE_MS)
        disconnect(w);
    w->us += (uint64_t)ms * 1000;
    set_clock(w, w->now + ms);
    clock_now(&w->clock);
    if (draw(w, 20) > 0)
        fold_tick(&w->store, w->now);
}

/* Most people go to another page, as the minute ends: so the writing of it goes on when
 * it is over. */
static void a_crowd_comes(struct world *w)
{
    unsigned site = draw(w, w->sites), on = draw(w, w->pages);

    if (w->link.n == 0)
        time_passes(w, MS_PER_MINUTE - 1 - w->now % MS_PER_MINUTE);
    clock_now(&w->clock);
    for (unsigned i = 0; i < w->people; i++) {
        if (draw(w, 4) > 0)
            add_hit(w, site, i, (int)((i + on) % w->pages), HIT_VIEW, w->now);
        if (w->nhits + 2 > DATAGRAM_HITS_MAX)
            fold(w);
    }
    fold(w);
}

static ms_t some_time(struct world *w)
{
    ms_t turn = minute_start(minute_of(w->now) + 1) - w->now;
    unsigned x = draw(w, 100);

    if (x < 50)
        return turn < 4000 ? turn + draw(w, 900) : draw(w, 2000);
    if (x < 75)
        return turn < 2000 ? 0 : turn - draw(w, 2000);
    return draw(w, x < 90 ? 70000 : x < 97 ? 5 * 60000 : (w->window + 3) * 60000);
}

/* The first part of another aggregator's rewrite. */
static void somebody_claims(struct world *w)
{
    struct slice site = site_name(draw(w, w->sites));
    struct key_name meta = key_meta(site), channel = key_channel(site);
    struct command c;
    size_t op;

    command_init(&c, 1024);
    command_arg(&c, SLICE("EVALSHA"));
    command_arg(&c, SLICE("sha"));
    command_arg(&c, SLICE("2"));
    command_arg(&c, slice_of(meta.s));
    command_arg(&c, slice_of(channel.s));
    command_u64(&c, w->epoch + EPOCH_STEP / 2);
    for (const char *p = "0101"; *p; p++) /* nothing required, q, a rewrite begins */
        command_arg(&c, (struct slice){p, 1});
    command_u64(&c, w->epoch + EPOCH_STEP / 2); /* whatever was there before */
    command_u64(&c, 0);
    command_arg(&c, SLICE("")); /* of goals it knows nothing */
    op = command_op(&c, OP_HSET, slice_of(meta.s));
    command_arg(&c, SLICE("p"));
    command_arg(&c, SLICE("1.0"));
    command_arg(&c, SLICE("e"));
    command_u64(&c, w->epoch + EPOCH_STEP / 2);
    command_op_end(&c, op);
    command_op_number(&c, OP_EXPIRE, slice_of(meta.s), w->window * 60 + 60);
    command_shape(&c);
    command_arg(&c, SLICE(""));
    redis_model_run(&w->link.redis, &c);
    command_fini(&c);
}

/* Redis comes back with what it had saved. */
static void restart_redis(struct world *w)
{
    disconnect(w);
    redis_model_restore(&w->link.redis, &w->saved);
    reconnect(w);
}

/* ---- what a reader sees -------------------------------------------------- */

static void expect_rows(struct world *w, const struct truth *t, const struct summary *s)
{
    unsigned last[WINDOW_MAX] = {0};

    for (unsigned i = 0; i < w->people; i++)
        if (t->person[i].known && s->now - t->person[i].last < w->window)
            last[s->now - t->person[i].last]++;
    for (unsigned i = 0; i < w->window; i++) {
        minute_t m = s->now - i;
        bool any = t->row[m % MINUTES].minute == m;

        assert_int_equal(s->row[i].views, any ? t->row[m % MINUTES].views : 0);
        assert_int_equal(s->row[i].events, any ? t->row[m % MINUTES].events : 0);
        assert_int_equal(s->row[i].uniques, any ? t->row[m % MINUTES].uniques : 0);
        assert_int_equal(s->row[i].engaged, any ? t->row[m % MINUTES].engaged : 0);
        assert_int_equal(s->row[i].last, last[i]);
    }
}

static void expect_pages(struct world *w, const struct truth *t, const struct summary *s)
{
    unsigned want[PAGES] = {0}, pages = 0, visitors = 0;

    for (unsigned i = 0; i < w->people; i++) {
        const struct person *p = &t->person[i];

        if (!p->known || s->now - p->last >= s->minutes || p->page < 0)
            continue;
        pages += want[p->page]++ == 0;
        visitors++;
    }
    assert_int_equal(s->pages_visitors, visitors);
    for (size_t i = 0; i < s->npages && i < ANSWER_PAGES_MAX; i++) {
        assert_int_equal(s->pages[i].visitors, want[atoi(s->pages[i].path.p + 1)]);
        pages -= s->pages[i].visitors > 0;
    }
    assert_int_equal(pages > 0, s->npages > ANSWER_PAGES_MAX &&
                                    s->pages[ANSWER_PAGES_MAX].visitors > 0);
}

/* A reader whose clock, Redis', is still in the minute before may find the minute that
 * leaves the window half written; and of a site that died unsaved after the clock was set
 * back, rows of a time to come may lie in Redis until they expire. */
static bool is_defined(const struct world *w, unsigned site, const struct summary *s)
{
    return s->now >= minute_of(w->now) &&
           (!w->life->set_back || store_find(&w->store, site_name(site)));
}

static void expect_site(struct world *w, unsigned site)
{
    struct model_list list;
    struct summary s;
    bool defined;

    assert_int_equal(
        redis_model_snapshot(&w->link.redis, site_name(site), w->window, &s, &list), 0);
    defined = is_defined(w, site, &s);
    if (defined)
        expect_rows(w, &w->truth[site], &s);
    summary_fini(&s);
    for (unsigned minutes = 1; defined && minutes <= w->window; minutes++) {
        assert_int_equal(summary_parse(&s, list.v, list.n, minutes), 0);
        expect_pages(w, &w->truth[site], &s);
        summary_fini(&s);
    }
    redis_model_snapshot_fini(&list);
}

/* What stays for ever, and who is online, unless nobody told for long. */
static void expect_written(struct world *w, unsigned site)
{
    const struct site *s = store_find(&w->store, site_name(site));

    if (!s)
        return;
    assert_int_equal(s->totals.total.views, w->truth[site].views);
    expect_totals(&w->link.redis, s);
    if (w->now - s->floor_at < ONLINE_TTL_S * 1000)
        expect_online(&w->link.redis, s);
}

static void expect_truth(struct world *w)
{
    for (unsigned site = 0; site < w->sites; site++) {
        if (w->truth[site].hit)
            expect_site(w, site);
        expect_written(w, site);
    }
    assert_int_equal(redis_model_eternal(&w->link.redis, ""), 0);
}

/* Nothing goes wrong until all is in Redis. */
static void come_to_rest(struct world *w)
{
    unsigned turns = 0;

    reconnect(w);
    w->recheck |= w->flushed; /* or sites that nobody visits would not notice */
    w->flushed = false;
    do {
        assert_true(turns++ < 5000);
        if (w->link.n > 0)
            run_and_answer(&w->link);
        else if (w->store.ndirty > 0 && round_due(&w->round, w->clock.now) > w->clock.now)
            time_passes(w, ROUND_PARK_MS);
        pump(w);
    } while (w->link.n > 0 || w->store.ndirty > 0 || w->recheck);
}

/* Replies come one at a time or several in a turn of the loop. */
static void go_on(struct world *w)
{
    if (w->link.n == 0) {
        pump(w);
        return;
    }
    serve(w);
    if (draw(w, 2))
        turn(w);
}

static void step(struct world *w)
{
    unsigned x = draw(w, 1000);

    if (!w->link.up && draw(w, 8) == 0)
        reconnect(w);
    if (x < 120 && w->life->crowds)
        a_crowd_comes(w);
    else if (x < (w->life->crowds ? 140 : 400))
        hits_come(w);
    else if (x < (w->life->crowds ? 700 : 860))
        for (unsigned n = draw(w, w->life->crowds ? 2 : 5); n > 0; n--)
            go_on(w);
    else if (x < 950)
        time_passes(w, some_time(w));
    else if (x < 960)
        redis_model_restore(&w->saved, &w->link.redis);
    else if (x < 962)
        restart_redis(w);
    else if (x < 964)
        somebody_claims(w);
    else if (x < 966 && w->life->set_back)
        set_clock(w, w->now - 1 - (ms_t)draw(w, 3 * 3600000));
    else if (x < 985) {
        come_to_rest(w);
        expect_truth(w);
    }
}

/* ---- lives --------------------------------------------------------------- */

static void make_paths(struct world *w)
{
    static char text[PAGES][PATH_MAX_BYTES + 1];

    for (unsigned i = 0; i < w->pages; i++) {
        size_t n = w->life->path_min + draw(w, 20);

        memset(text[i], 'x', n);
        text[i][snprintf(text[i], n, "/%u", i)] = 'x';
        w->path[i] = (struct slice){text[i], n};
    }
}

static struct world *born(const struct life *life, unsigned seed)
{
    static const unsigned windows[] = {1, 2, 3, 4, 5, 8, 16, 30, 32, 64};
    static const struct key key = {{9}};
    struct world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    *w = (struct world){.life = life, .seed = seed, .random = seed, .epoch = 1000};
    w->window = windows[draw(w, life->crowds ? 3 : 10)];
    w->sites = 1 + draw(w, life->crowds ? 1 : SITES);
    w->people = life->crowds ? life->people : 1 + draw(w, life->people);
    w->pages = life->crowds ? life->pages : 1 + draw(w, life->pages);
    w->skew = (ms_t)draw(w, 60000) - 30000;
    make_paths(w);
    w->now = w->latest = MORNING + draw(w, 600000);
    w->clock = (struct clock){.now = w->now, .arg = w};
    w->link.up = true;
    store_init(&w->store, w->window, &key, w->now);
    redis_model_init(&w->link.redis, w->now + w->skew);
    redis_model_init(&w->saved, 0);
    round_init(&w->round, &w->store, &w->clock, &w->counters);
    w->round.link = &w->link;
    w->round.calls.bytes = draw(w, 4) ? ROUND_BYTES_MAX - 1 : 0; /* one call at a time */
    return w;
}

static void buried(struct world *w)
{
    for (unsigned i = 0; i < w->link.n; i++)
        command_fini(&w->link.call[(w->link.first + i) % COMMITS_IN_FLIGHT_MAX].command);
    round_fini(&w->round);
    store_fini(&w->store);
    redis_model_fini(&w->link.redis);
    redis_model_fini(&w->saved);
    free(w);
    alive = NULL;
}

/* When nobody comes any more, nothing remains of anybody but totals. */
static void expect_the_end(struct world *w)
{
    size_t kept = 0;

    for (unsigned i = 0; i < (w->window + 4) * 4; i++) {
        time_passes(w, MS_PER_MINUTE / 4);
        come_to_rest(w);
    }
    assert_int_equal(w->store.nsites, 0);
    assert_int_equal(w->store.visitors, 0);
    set_clock(w, w->latest + (w->window + 2) * MS_PER_MINUTE + 60000);
    for (unsigned i = 0; i < w->sites; i++) {
        struct key_name totals = key_totals(site_name(i));

        kept += redis_model_count(&w->link.redis, totals.s);
    }
    kept += redis_model_count(&w->link.redis, KEY_LIVE);
    assert_int_equal(w->link.redis.n, kept);
}

static void live(const struct life *life, unsigned seed)
{
    struct world *w = alive = born(life, seed);

    for (unsigned i = 0; i < life->steps; i++)
        step(w);
    come_to_rest(w);
    expect_truth(w);
    expect_the_end(w);
    buried(w);
}

static void live_all(const struct life *life)
{
    const char *seed = getenv("SEED"), *seeds = getenv("SEEDS");
    unsigned n = seeds ? (unsigned)atoi(seeds) : life->seeds;

    if (seed)
        live(life, (unsigned)atoi(seed));
    for (unsigned i = 1; !seed && i <= n; i++)
        live(life, i);
}

static void last_words(int sig)
{
    print_error("replay with SEED=%u; window %u, %u sites, %u people, %u pages\n",
                alive->seed, alive->window, alive->sites, alive->people, alive->pages);
    if (sig == 0)
        return;
    signal(sig, SIG_DFL);
    raise(sig);
}

static int end(void **state)
{
    (void)state;
    if (alive) {
        last_words(0);
        buried(alive);
    }
    return 0;
}

static void a_reader_sees_the_truth_whatever_went_wrong(void **state)
{
    (void)state;
    live_all(&(struct life){
        .seeds = 40, .steps = 500, .people = 60, .pages = 40, .path_min = 8});
}

static void commits_in_parts_come_together(void **state)
{
    (void)state;
    live_all(&(struct life){.seeds = 46,
                            .steps = 400,
                            .people = PEOPLE,
                            .pages = PAGES,
                            .path_min = PATH_MAX_BYTES - 20,
                            .crowds = true});
}

static void visitors_renamed_at_midnight_count_once(void **state)
{
    (void)state;
    live_all(&(struct life){.seeds = 52,
                            .steps = 500,
                            .people = 60,
                            .pages = 40,
                            .path_min = 8,
                            .midnights = true});
}

static void a_clock_set_back_leaves_nothing_wrong(void **state)
{
    (void)state;
    live_all(&(struct life){.seeds = 20,
                            .steps = 500,
                            .people = 60,
                            .pages = 40,
                            .path_min = 8,
                            .set_back = true});
}

/* ---- hc:live, goals ------------------------------------------------------ */

static struct world *calm(void)
{
    static const struct life life = {.people = 60, .pages = 40, .path_min = 8};

    return alive = born(&life, 3);
}

static void view(struct world *w, const char *site)
{
    struct fold_origin from = {.stream = 1, .seq = ++w->seq, .at = w->now};
    struct hit h = {
        .site = slice_of(site), .path = SLICE("/"), .visitor = 7, .kind = HIT_VIEW};

    clock_now(&w->clock);
    fold_hits(&w->store, &h, 1, &from, &w->folded);
    come_to_rest(w);
}

static void a_site_is_listed_when_first_committed_and_then_once_a_minute(void **state)
{
    struct world *w = calm();
    ms_t began = w->now;

    (void)state;
    view(w, "a");
    expect_field(&w->link.redis, KEY_LIVE, "a", (uint64_t)began);
    time_passes(w, 30000);
    view(w, "a");
    view(w, "b");
    expect_field(&w->link.redis, KEY_LIVE, "a", (uint64_t)began);
    expect_field(&w->link.redis, KEY_LIVE, "b", (uint64_t)began + 30000);
    time_passes(w, 31000);
    view(w, "a");
    expect_field(&w->link.redis, KEY_LIVE, "a", (uint64_t)began + 61000);
    buried(w);
}

static void sites_that_died_are_taken_off_the_list(void **state)
{
    struct world *w = calm();

    (void)state;
    view(w, "a");
    time_passes(w, (w->window + 1) * MS_PER_MINUTE);
    view(w, "b");
    assert_true(round_sweep(&w->round, w->now));
    come_to_rest(w);
    assert_int_equal(redis_model_fields(&w->link.redis, KEY_LIVE), 2);
    assert_true(round_sweep(&w->round, w->now + MS_PER_MINUTE));
    come_to_rest(w);
    assert_int_equal(redis_model_fields(&w->link.redis, KEY_LIVE), 1);
    assert_true(redis_model_expiry(&w->link.redis, KEY_LIVE) > 0);
    buried(w);
}

static void so_many_sites_that_they_take_several_calls_are_all_listed(void **state)
{
    struct fold_origin from = {.stream = 1, .seq = 1};
    struct world *w = calm();
    char site[8];

    (void)state;
    from.at = w->now;
    for (unsigned i = 0; i < 3 * LIVE_BATCH + 1; i++) {
        struct hit h = {.path = SLICE("/"), .visitor = 7, .kind = HIT_VIEW};

        snprintf(site, sizeof site, "s%u", i);
        h.site = slice_of(site);
        fold_hits(&w->store, &h, 1, &from, &w->folded);
    }
    come_to_rest(w);
    assert_int_equal(redis_model_fields(&w->link.redis, KEY_LIVE), 3 * LIVE_BATCH + 1);
    buried(w);
}

static void a_list_that_cannot_be_written_disturbs_no_commit(void **state)
{
    struct world *w = calm();

    (void)state;
    redis_model_say(&w->link.redis, "SETRANGE hc:live 0 x");
    view(w, "a");
    assert_true(round_is_confirmed(&w->round));
    expect_field(&w->link.redis, "hc:{a}:t", "pv", 1);
    redis_model_say(&w->link.redis, "DEL hc:live");
    buried(w);
}

/* Nobody knows what became of it. */
static void a_site_whose_commit_was_lost_is_listed_with_the_next(void **state)
{
    struct world *w = calm();

    (void)state;
    view(w, "a");
    redis_model_flush(&w->link.redis);
    view(w, "a"); /* REGRESS, and then */
    assert_int_equal(redis_model_fields(&w->link.redis, KEY_LIVE), 1);
    buried(w);
}

static void an_answer_with_goals_is_ok_and_they_are_the_sites(void **state)
{
    struct world *w = calm();
    const struct site *s;

    (void)state;
    view(w, "a");
    redis_model_say(&w->link.redis, "HSET hc:{a}:c v 5 g:x nonsense g:y path_");
    view(w, "a");
    s = store_find(&w->store, SLICE("a"));
    assert_true(slice_eq(goals_version(&s->goals), SLICE("5")));
    assert_int_equal(w->counters.goals_bad, 2);
    assert_int_equal(w->counters.unknown, 0);
    assert_true(round_is_confirmed(&w->round));
    expect_field(&w->link.redis, "hc:{a}:t", "pv", 2);
    redis_model_say(&w->link.redis, "DEL hc:{a}:c");
    view(w, "a");
    assert_int_equal(goals_version(&s->goals).n, 0);
    buried(w);
}

/* ---- who goes ahead ------------------------------------------------------ */

/* A view of site @name@number, which is not committed yet. */
static void fold_view(struct world *w, const char *name, unsigned number)
{
    struct fold_origin from = {.stream = 1, .seq = ++w->seq, .at = w->now};
    struct hit h = {.path = SLICE("/"), .visitor = 7, .kind = HIT_VIEW};
    char site[16];

    snprintf(site, sizeof site, "%s%u", name, number);
    h.site = slice_of(site);
    clock_now(&w->clock);
    fold_hits(&w->store, &h, 1, &from, &w->folded);
}

/* A world where @busy sites were in a round a moment ago, and are in the next one, one
 * call at a time. */
static struct world *with_busy(unsigned busy)
{
    struct world *w = calm();

    w->round.calls.bytes = ROUND_BYTES_MAX - 1;
    for (int twice = 0; twice < 2; twice++) {
        for (unsigned i = 0; i < busy; i++)
            fold_view(w, "busy", i);
        if (twice == 0)
            come_to_rest(w);
        time_passes(w, STORE_REST_MS / 2);
    }
    pump(w);
    assert_true(w->round.active);
    return w;
}

/* Answers the oldest call, and the next one is sent. Returns whether it was a commit of a
 * quiet site. */
static bool answer_one(struct world *w)
{
    const struct site *s = w->round.calls.call[w->round.calls.first].site;
    bool quiet = s && s->id[0] == 'q';

    run_and_answer(&w->link);
    turn(w);
    return quiet;
}

static void in_the_midst_of_a_round_who_has_rested_is_next(void **state)
{
    struct world *w = with_busy(20);

    (void)state;
    for (int i = 0; i < 10; i++)
        assert_false(answer_one(w));
    fold_view(w, "quiet", 0);
    assert_false(answer_one(w)); /* it was sent already */
    assert_true(answer_one(w));
    come_to_rest(w);
    buried(w);
}

/* Each time that somebody is answered another quiet site has news. */
static void however_many_have_rested_a_round_comes_to_its_end(void **state)
{
    unsigned quiet = 0, calls = 0, others = ROUND_AHEAD_EVERY;
    struct world *w = with_busy(40);

    (void)state;
    while (w->in_round) {
        fold_view(w, "quiet", calls++);
        if (answer_one(w)) {
            assert_true(others >= ROUND_AHEAD_EVERY);
            others = 0;
            quiet++;
        } else {
            others++;
        }
    }
    assert_int_equal(quiet, 40 / ROUND_AHEAD_EVERY);
    assert_int_equal(w->store.dirty.n, 0);
    assert_int_equal(w->store.rested.n, calls - quiet);
    come_to_rest(w);
    buried(w);
}

static void who_went_ahead_in_a_round_waits_for_the_next_one(void **state)
{
    struct world *w = with_busy(20);

    (void)state;
    fold_view(w, "quiet", 0);
    assert_false(answer_one(w));
    assert_true(answer_one(w));
    fold_view(w, "quiet", 0);
    while (w->in_round)
        assert_false(answer_one(w));
    assert_false(round_may_go_ahead(&w->round));
    assert_int_equal(w->store.ndirty, 1);
    come_to_rest(w);
    buried(w);
}

/* ---- time stands still for us -------------------------------------------- */

/* A view of page @page by a visitor of its own, who has it open. */
static void open_page(struct world *w, unsigned page)
{
    struct fold_origin from = {.stream = 1, .seq = ++w->seq, .at = w->now};
    struct hit h = {.site = SLICE("a"),
                    .path = w->path[page],
                    .visitor = id_of(page, 1),
                    .tab = page + 1,
                    .state = STATE_READING,
                    .kind = HIT_VIEW};

    clock_now(&w->clock);
    fold_hits(&w->store, &h, 1, &from, &w->folded);
}

/* A commit begins while Redis still knows who is online, and when the process is woken
 * Redis does not any more. */
static void a_commit_that_time_overtakes_is_begun_anew(void **state)
{
    struct world *w = calm();
    struct site *s;

    (void)state;
    w->store.part_bytes = 256;
    w->round.calls.bytes = ROUND_BYTES_MAX - 1;
    for (unsigned i = 0; i < w->pages; i++)
        open_page(w, i);
    come_to_rest(w);
    s = store_find(&w->store, SLICE("a"));
    time_passes(w, 20000);
    while (w->now - s->floor_at < (ONLINE_TTL_S - 31) * 1000) {
        for (unsigned i = 0; i < w->pages; i += 2)
            open_page(w, i); /* they stay */
        time_passes(w, 1000);
    }
    pump(w);
    assert_true(w->round.building);
    run_and_answer(&w->link);
    assert_int_equal(w->link.n, 0);
    time_passes(w, 35000);
    come_to_rest(w);
    expect_online(&w->link.redis, s);
    assert_int_equal(w->counters.unknown, 1);
    buried(w);
}

#define T(f) cmocka_unit_test_teardown(f, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_reader_sees_the_truth_whatever_went_wrong),
        T(commits_in_parts_come_together),
        T(visitors_renamed_at_midnight_count_once),
        T(a_clock_set_back_leaves_nothing_wrong),
        T(a_site_is_listed_when_first_committed_and_then_once_a_minute),
        T(sites_that_died_are_taken_off_the_list),
        T(so_many_sites_that_they_take_several_calls_are_all_listed),
        T(a_list_that_cannot_be_written_disturbs_no_commit),
        T(a_site_whose_commit_was_lost_is_listed_with_the_next),
        T(an_answer_with_goals_is_ok_and_they_are_the_sites),
        T(in_the_midst_of_a_round_who_has_rested_is_next),
        T(however_many_have_rested_a_round_comes_to_its_end),
        T(who_went_ahead_in_a_round_waits_for_the_next_one),
        T(a_commit_that_time_overtakes_is_begun_anew),
    };

    signal(SIGABRT, last_words);
    return cmocka_run_group_tests_name("round", tests, NULL, NULL);
}
