/* load: a site that was read back, and told what came since once more, equals one that
 * never stopped; whatever the part of a commit behind which its aggregator died.
 *
 * Commits and loads are compiled in here with parts and chunks of a few hundred bytes, so
 * that small sites have many of them. Everything runs twice: in a store that crashes,
 * with a Redis behind it, and in one that does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define SMALL_PARTS 2600

/* Small chunks, so that small sites have many: the code is compiled in here. */
#include "../../proto/limits.h"
#undef LOAD_CHUNK_BYTES
#define LOAD_CHUNK_BYTES 160
#include "../../aggregator/load.c"

#include "../../aggregator/visit.h"
#include "../../aggregator/fold.h"
#include "../dice.h"
#include "../fake/redis_model.h"
#include "../persisted.h"
#include "../redis_server.h"
#include "../told_apart.h"
#include <sys/time.h>

#define NOON (1763812800000LL)
#define WINDOW 30
#define STREAMS 3
#define HITS_MAX 60000
#define NEVER SIZE_MAX
#define TITLES 4 /* the first one is none */

/* A hit as it was sent, with its datagram's number. */
struct sent {
    uint8_t kind, state, marks, lasts;
    uint64_t visitor, previous, tab, stream, seq;
    ms_t at;
    char path[24];
};

struct world {
    struct store st, twin;
    struct redis_model redis;
    struct command command;
    struct buf message;
    struct fold_counts counts;
    ms_t now, tick_at, twin_tick_at;
    redisContext *real; /* a Redis that is to say and hold the same, or NULL */
    char commit_sha[48], claim_sha[48];
    uint64_t epoch;
    uint64_t fenced_by; /* of the latest commit */
    bool fenced;        /* the latest commit met what another aggregator wrote */
    uint64_t seq[STREAMS];
    struct sent *sent;
    size_t nsent;
    struct {
        ms_t at;
        size_t n; /* of them are in Redis */
    } confirmed[HITS_MAX];
    size_t nconfirmed;
    uint64_t day; /* part of every visitor's id */
    ms_t midnight;
    struct command straggler; /* of a connection that broke */
    size_t parts, loads, chunks, rewrites;
    bool goals; /* the twin has those of settings from its first hit on */
    size_t goals_told;
    struct dice dice;
};

static const struct key key = {{9}};

static void lazy_store(struct world *w)
{
    store_init(&w->st, WINDOW, &key, w->now);
    w->st.lazy = true;
    w->st.part_bytes = SMALL_PARTS;
    w->tick_at = w->now;
}

static struct world *world_new(uint64_t seed, ms_t now)
{
    struct world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    w->dice.state = seed;
    w->now = w->twin_tick_at = now;
    w->epoch = 1000;
    w->sent = calloc(HITS_MAX, sizeof *w->sent);
    lazy_store(w);
    store_init(&w->twin, WINDOW, &key, now);
    redis_model_init(&w->redis, now);
    command_init(&w->command, COMMIT_BYTES_MAX);
    command_init(&w->straggler, COMMIT_BYTES_MAX);
    buf_init(&w->message, MESSAGE_MAX);
    return w;
}

static void world_free(struct world *w)
{
    store_fini(&w->st);
    store_fini(&w->twin);
    redis_model_fini(&w->redis);
    command_fini(&w->command);
    command_fini(&w->straggler);
    buf_fini(&w->message);
    free(w->sent);
    free(w);
}

static int begin(void **state)
{
    *state = world_new(1, NOON);
    return 0;
}

static int end(void **state)
{
    world_free(*state);
    return 0;
}

static unsigned below(struct world *w, unsigned n)
{
    return (unsigned)dice_below(&w->dice, n);
}

static bool one_in(struct world *w, unsigned n)
{
    return below(w, n) == 0;
}

/* As the engine does: once a second at least. */
static void tick(struct store *st, ms_t *due, ms_t now)
{
    while (*due <= now) {
        ms_t next = fold_tick(st, *due);

        *due = next < *due + 1000 ? next : *due + 1000;
    }
}

static void at(struct world *w, ms_t now)
{
    tick(&w->st, &w->tick_at, now);
    tick(&w->twin, &w->twin_tick_at, now);
    w->now = now;
    redis_model_at(&w->redis, now);
}

/* ---- Redis, and the real one ----------------------------------------------- */

/* Whether both say the same; lists of hashes come in another order, but for the number of
 * unreadable keys at the end of a claim's. */
static void expect_same_reply(const redisReply *x, const redisReply *y)
{
    assert_int_equal(x->type, y->type);
    if (x->type == REDIS_REPLY_ERROR)
        assert_memory_equal(x->str, y->str, 6);
    else if (x->str)
        assert_string_equal(x->str, y->str);
    assert_int_equal(x->elements, y->elements);
    if (x->elements > 0 && strcmp(x->element[0]->str, "OK") != 0)
        assert_string_equal(x->element[x->elements - 1]->str,
                            y->element[y->elements - 1]->str);
}

/* The real one's clock stands nearly still, so what is over by ours it may still have. */
static void forget_who_was_online(struct world *w)
{
    if (redis_model_fields(&w->redis, "hc:{shop}:o") == 0)
        freeReplyObject(redisCommand(w->real, "DEL hc:{shop}:o"));
}

/* Runs w->command. */
static redisReply *call(struct world *w, struct command *c)
{
    redisReply *reply, *real;

    if (w->real)
        forget_who_was_online(w);
    reply = redis_model_call(&w->redis, c);
    if (!w->real)
        return reply;
    real = redisCommandArgv(w->real, (int)c->n, command_argv(c), c->len);
    assert_non_null(real);
    if (slice_starts(command_get(c, 0), SLICE("EVALSHA")))
        expect_same_reply(reply, real);
    freeReplyObject(real);
    return reply;
}

/* Somebody else's command, of words in a line. */
static void meddle(struct world *w, const char *line)
{
    struct command c;

    command_init(&c, COMMIT_BYTES_MAX);
    while (*line) {
        size_t n = strcspn(line, " ");

        command_arg(&c, (struct slice){line, n});
        line += n + (line[n] == ' ');
    }
    freeReplyObject(call(w, &c));
    command_fini(&c);
}

/* ---- hits ------------------------------------------------------------------ */

/* What is told of the hit beyond what a sender chose. */
static uint64_t mixed_of(const struct sent *s)
{
    return (s->visitor ^ (uint64_t)s->at) * UINT64_C(0xd6e8feb86659fd93) >> 24;
}

static unsigned title_of(const struct sent *s)
{
    return mixed_of(s) / 3 % TITLES;
}

/* What a view tells of where it came from, or how long a query took, made of the hit. */
static void tell_apart(struct hit *h, const struct sent *s)
{
    static const char *const hosts[] = {"", "-", "news.example", "a.example"};
    static const char *const titles[TITLES] = {"", "Home", "Caf\xc3\xa9 <\n\"", "Cart"};
    static const char *const campaigns[] = {"", "", "Spring sale", "<\n\" c:"};
    uint64_t mixed = mixed_of(s);

    if (s->kind == HIT_QUERY)
        h->engaged = (uint32_t)(mixed % 5000);
    if (s->kind == HIT_VIEW || s->kind == HIT_HEARTBEAT)
        h->name = slice_of(titles[title_of(s)]);
    if (s->kind != HIT_VIEW)
        return;
    h->device = (uint8_t)(mixed % HIT_DEVICES);
    h->browser = (uint8_t)(mixed / 16 % HIT_BROWSERS);
    h->referrer = slice_of(hosts[mixed / 256 % 4]);
    h->campaign = slice_of(campaigns[mixed / 5 % 4]);
    h->term = slice_of(campaigns[mixed / 7 % 4]);
    if (mixed / 1024 % 3)
        memcpy(h->country, mixed / 4096 % 2 ? "DE" : "NZ", 2);
}

/* The store hears of them from Redis, the twin has them of itself. */
static void give_goals(struct world *w)
{
    struct site *s = store_site(&w->twin, SLICE("shop"));

    if (s->goals.n > 0)
        return;
    assert_true(goals_add(&s->goals, SLICE("g:some"), SLICE("path /*1*")));
    assert_true(goals_add(&s->goals, SLICE("g:named"), SLICE("event <a name>\n\"\x7f")));
}

static void fold(struct world *w, struct store *st, const struct sent *s)
{
    struct hit h = {.site = SLICE("shop"),
                    .path = slice_of(s->path),
                    .name = s->kind == HIT_EVENT ? SLICE("<a name>\n\"\x7f") : SLICE(""),
                    .visitor = s->visitor,
                    .previous = s->previous,
                    .tab = s->tab,
                    .at = s->at,
                    .kind = s->kind,
                    .state = s->state,
                    .marks = s->marks,
                    .lasts = s->lasts};
    struct fold_origin from = {
        .stream = s->stream, .seq = s->seq, .sent = w->now, .at = w->now};

    tell_apart(&h, s);
    if (w->goals && st == &w->twin)
        give_goals(w);
    fold_hits(st, &h, 1, &from, &w->counts);
}

static void send(struct world *w, struct sent s)
{
    unsigned stream = below(w, STREAMS);

    assert_true(w->nsent < HITS_MAX);
    s.stream = stream + 1;
    s.seq = ++w->seq[stream];
    w->sent[w->nsent++] = s;
    fold(w, &w->st, &s);
    fold(w, &w->twin, &s);
}

static uint64_t visitor_id(unsigned who, uint64_t day)
{
    return (who * UINT64_C(0x9e3779b97f4a7c15) + 1) ^ day << 20;
}

/* What becomes of a tab. */
static void open_tab(struct world *w, unsigned who, uint64_t tab, const char *path,
                     enum hit_kind kind, enum hit_state state)
{
    struct sent s = {.kind = (uint8_t)kind,
                     .state = (uint8_t)state,
                     .visitor = visitor_id(who, w->day),
                     .tab = tab,
                     .at = w->now};

    snprintf(s.path, sizeof s.path, "%s", path);
    send(w, s);
}

static void hit(struct world *w, unsigned who, const char *path)
{
    struct sent s = {.kind = HIT_VIEW, .visitor = visitor_id(who, w->day), .at = w->now};

    snprintf(s.path, sizeof s.path, "%s", path);
    send(w, s);
}

static bool is_known(const struct store *st, uint64_t visitor)
{
    const struct site *s = store_find(st, SLICE("shop"));

    return s && visitors_get(&s->visitors, visitor);
}

/* Somebody who has no name yet, or since a moment: until then all those of an office are
 * one. Each has one tab, or a twin that was not restarted would know more of them. */
static void random_naming(struct world *w)
{
    unsigned who = below(w, 12), office = who % 3;
    struct sent s = {.kind = HIT_HEARTBEAT,
                     .visitor = visitor_id(100 + office, 0),
                     .tab = 5,
                     .at = w->now,
                     .state = (uint8_t)(1 + below(w, 3)),
                     .lasts = 60};

    if (is_known(&w->twin, visitor_id(200 + who, 0)) || one_in(w, 2)) {
        s.previous = s.visitor;
        s.visitor = visitor_id(200 + who, 0);
        s.marks = HIT_NAMED;
    }
    snprintf(s.path, sizeof s.path, "/%u", below(w, 14));
    send(w, s);
}

/* Whether what the visitor was seen on may leave the window before a hit that comes now
 * is counted for the last time. */
static bool is_nearly_gone(const struct world *w, uint64_t visitor)
{
    const struct site *s = store_find(&w->twin, SLICE("shop"));
    const struct visitor *v = s && visitor ? visitors_get(&s->visitors, visitor) : NULL;

    return v && w->twin.now - visitor_minute(s, v) > WINDOW / 2;
}

static void random_hit(struct world *w)
{
    static const uint8_t kinds[] = {HIT_VIEW,      HIT_VIEW,  HIT_VIEW, HIT_EVENT,
                                    HIT_HEARTBEAT, HIT_LEAVE, HIT_JOIN, HIT_QUERY};
    unsigned who = below(w, 40);
    struct sent s = {.kind = kinds[below(w, 8)],
                     .visitor = visitor_id(who, w->day),
                     .at = w->now - (one_in(w, 6) ? (ms_t)below(w, 9 * 60000) : 0),
                     .tab = below(w, 3),
                     .state = (uint8_t)below(w, HIT_STATES),
                     .marks = (uint8_t)(one_in(w, 3) ? below(w, 4) : 0),
                     .lasts = (uint8_t)(one_in(w, 4) ? below(w, 61) : 0)};

    if (one_in(w, 4)) {
        random_naming(w);
        return;
    }
    if (w->day > 0 && w->now - w->midnight < 64 * 60000)
        s.previous = visitor_id(who, w->day - 1);
    if (s.previous && one_in(w, 6) && !is_known(&w->twin, s.visitor)) {
        s.visitor = s.previous; /* its collector's clock is behind */
        s.previous = 0;
    }
    /* A hit without a path is where its visitor was before, if that is in the window when
     * it is counted: told again after a minute has gone by it may be nowhere, see
     * a_hit_without_a_path_told_again_too_late_is_on_no_page. Those for which it might
     * come to that have one. */
    if (!one_in(w, 10) || is_nearly_gone(w, s.visitor) || is_nearly_gone(w, s.previous))
        snprintf(s.path, sizeof s.path, "/%u", below(w, 14));
    send(w, s);
}

/* ---- commits, crashes, loads ----------------------------------------------- */

static struct site *shop(struct store *st)
{
    return store_find(st, SLICE("shop"));
}

static void keep_straggler(struct world *w)
{
    const char **argv = command_argv(&w->command);

    command_clear(&w->straggler);
    for (size_t i = 0; i < w->command.n; i++)
        command_arg(&w->straggler, (struct slice){argv[i], w->command.len[i]});
}

/* What the reply to a part of @s comes to, NULL: it did not come. */
static enum commit_outcome outcome_of(struct world *w, struct site *s,
                                      const redisReply *reply)
{
    uint64_t bad = 0;

    if (!reply)
        return COMMIT_UNKNOWN;
    if (!commit_goals(s, reply, &bad))
        return commit_outcome(reply->str, (size_t)reply->len,
                              reply->type == REDIS_REPLY_ERROR);
    w->goals_told++;
    return COMMIT_OK;
}

/* How a commit fares: runs to its end, or stops behind @crash parts. From @lost on they
 * have no effect; with @unheard the last reply does not come. */
struct fate {
    size_t crash, lost;
    bool unheard;
};

/* One commit. Returns false after a crash in it: the store is as it was then. */
static bool commit_site(struct world *w, struct site *s, const struct fate *fate,
                        void (*between)(struct world *w))
{
    enum commit_outcome worst = COMMIT_OK, o;
    size_t covered = 0;
    struct commit c;
    bool last = false;

    if (commit_is_tick(s)) {
        commit_tick(s, w->epoch, w->now, &w->command, &w->message);
        freeReplyObject(call(w, &w->command));
        return true;
    }
    commit_begin(&c, &w->st, s, w->epoch, w->now);
    for (size_t part = 0; !last; part++) {
        redisReply *reply = NULL;

        if (part == fate->crash)
            return false;
        if (part > 0 && between)
            between(w);
        last = commit_next(&c, slice_of(w->commit_sha), &w->command, &w->message);
        covered = w->nsent;
        w->parts++;
        w->rewrites += c.full && last;
        if (part < fate->lost)
            reply = call(w, &w->command);
        else if (one_in(w, 3))
            keep_straggler(w);
        o = outcome_of(w, s, last && fate->unheard ? NULL : reply);
        freeReplyObject(reply);
        if (worst == COMMIT_OK)
            worst = o;
    }
    if (fate->crash == w->parts)
        return false;
    commit_end(&w->st, s, worst, 0);
    w->fenced = worst == COMMIT_FENCED;
    if (worst == COMMIT_OK) {
        w->confirmed[w->nconfirmed].at = w->now;
        w->confirmed[w->nconfirmed++].n = covered;
    }
    return true;
}

/* Reads a site to the end. */
static enum load_step read_back(struct world *w, struct site *s, bool drop_ahead)
{
    enum load_step step = LOAD_MORE;
    struct load l;

    load_begin(&l, &w->st, s, w->epoch, w->now, drop_ahead);
    while (step == LOAD_MORE) {
        redisReply *reply;

        load_next(&l, slice_of(w->claim_sha), &w->command);
        reply = call(w, &w->command);
        step = load_take(&l, reply);
        freeReplyObject(reply);
        w->chunks++;
    }
    load_fini(&l);
    return step;
}

static void load_all(struct world *w)
{
    struct site *s;

    while ((s = store_take_load(&w->st)) != NULL) {
        enum load_step step = read_back(w, s, false);

        assert_true(step == LOAD_DONE || step == LOAD_REFUSED);
        w->loads++;
        while (!fold_parked(&w->st, s, 5, &w->counts))
            continue;
        store_loaded(&w->st, s);
    }
}

/* So many hits were confirmed long enough ago that no Redis forgets them. */
static size_t durable(const struct world *w)
{
    size_t i = w->nconfirmed;

    while (i > 0 && w->confirmed[i - 1].at > w->now - HOLD_MS)
        i--;
    return i > 0 ? w->confirmed[i - 1].n : 0;
}

/* Redis goes back; what it had confirmed last was not durable, and never will be. */
static void regress(struct world *w)
{
    redis_model_regress(&w->redis, below(w, HOLD_MS - 1000));
    while (w->nconfirmed > 0 && w->confirmed[w->nconfirmed - 1].at > w->now - HOLD_MS)
        w->nconfirmed--;
}

/* The store is gone, a new one begins; senders tell again what may not be in Redis. */
static void crash(struct world *w)
{
    size_t from = durable(w);

    store_fini(&w->st);
    lazy_store(w);
    w->epoch++;
    from -= from > 20 ? below(w, 20) : 0;
    at(w, w->now);
    for (size_t i = from; i < w->nsent; i++) {
        fold(w, &w->st, &w->sent[i]);
        if (one_in(w, 40))
            load_all(w);
    }
    if (shop(&w->twin))
        store_site(&w->st, SLICE("shop"));
    load_all(w);
}

/* A fenced aggregator writes nothing any more, and begins anew under a higher epoch. It
 * may be fenced by a dead one: when Redis has forgotten a claim, and then a command of a
 * broken connection arrives that was sent before it. */
static void begin_anew_if_fenced(struct world *w)
{
    if (w->fenced)
        crash(w);
    w->fenced = false;
}

static void commit_all(struct world *w)
{
    const struct fate good = {.crash = NEVER, .lost = NEVER};
    struct site *s;

    for (int i = 0; i < 1000 && (s = store_take_dirty(&w->st)); i++) {
        assert_true(commit_site(w, s, &good, NULL));
        begin_anew_if_fenced(w);
    }
    assert_int_equal(w->st.ndirty, 0);
}

/* ---- what must be equal ---------------------------------------------------- */

static const char *path_of(const struct site *s, uint16_t id)
{
    static char text[4][64];
    static unsigned turn;
    const struct page *p = pages_get(&s->pages, id);
    char *out = text[turn++ % 4];

    snprintf(out, sizeof text[0], "%.*s", p ? p->path_n : 1, p ? p->path : "-");
    return out;
}

static void expect_same_rows(const struct site *a, const struct site *b)
{
    for (unsigned i = 0; i < WINDOW; i++) {
        const struct site_row *x = &a->row[slot_of(a, a->now - i)];
        const struct site_row *y = &b->row[slot_of(b, b->now - i)];

        assert_int_equal(x->views, y->views);
        assert_int_equal(x->events, y->events);
        assert_int_equal(x->uniques, y->uniques);
        assert_int_equal(x->last, y->last);
    }
}

static const struct visitor *next_live(const struct site *s, uint64_t *id)
{
    const struct visitor *v;

    while ((v = visitors_after(&s->visitors, *id)) != NULL) {
        *id = v->id;
        if (!visitor_is_stale(v, s->now, WINDOW))
            return v;
    }
    return NULL;
}

static uint64_t minutes_of(const struct site *s, const struct visitor *v)
{
    unsigned ago = s->now - visitor_minute(s, v);

    return v->seen << ago & ((UINT64_C(1) << WINDOW) - 1);
}

static void expect_same_visitors(const struct site *a, const struct site *b)
{
    uint64_t x_id = 0, y_id = 0;

    for (;;) {
        const struct visitor *x = next_live(a, &x_id), *y = next_live(b, &y_id);

        assert_true(!x == !y);
        if (!x)
            return;
        assert_int_equal(x->id, y->id);
        assert_int_equal(visitor_minute(a, x), visitor_minute(b, y));
        assert_int_equal(minutes_of(a, x), minutes_of(b, y));
        assert_string_equal(path_of(a, x->page), path_of(b, y->page));
    }
}

/* Who has them open may differ: the other one did not die. */
static void expect_same_pages(struct site *a, struct site *b)
{
    static struct page_count x[PAGES_MAX], y[PAGES_MAX];

    for (unsigned minutes = 1; minutes <= WINDOW; minutes++) {
        size_t n = keep_visited(x, site_top_pages(a, minutes, x, PAGES_MAX));

        assert_int_equal(n, keep_visited(y, site_top_pages(b, minutes, y, PAGES_MAX)));
        for (size_t i = 0; i < n; i++)
            expect_page(x, n, &y[i]);
    }
}

static void expect_same_feed(const struct site *a, const struct site *b)
{
    assert_int_equal(a->recent.last, b->recent.last);
    assert_int_equal(recent_first(&a->recent), recent_first(&b->recent));
    for (uint64_t id = recent_first(&a->recent); id <= a->recent.last; id++) {
        struct recent_event x = recent_get(&a->recent, id),
                            y = recent_get(&b->recent, id);

        assert_int_equal(x.at, y.at);
        assert_int_equal(x.kind, y.kind);
        assert_true(slice_eq(x.path, y.path));
        assert_true(slice_eq(x.referrer, y.referrer));
        assert_true(slice_eq(x.goals, y.goals));
        assert_int_equal(x.visitor, y.visitor);
        assert_int_equal(x.device, y.device);
        assert_int_equal(x.browser, y.browser);
        assert_memory_equal(x.country, y.country, sizeof x.country);
        assert_int_equal(x.ms, y.ms);
    }
}

static void expect_same(struct world *w)
{
    struct site *a = shop(&w->st), *b = shop(&w->twin);

    assert_true(!a == !b || (a ? site_is_empty(a) : site_is_empty(b)));
    if (!a || !b)
        return;
    site_advance(a, w->st.now);
    site_advance(b, w->twin.now);
    assert_int_equal(a->now, b->now);
    expect_same_rows(a, b);
    expect_same_visitors(a, b);
    expect_same_pages(a, b);
    expect_same_feed(a, b);
    expect_told_apart_alike(a, b);
    assert_int_equal(a->totals.total.views, b->totals.total.views);
    assert_int_equal(a->totals.total.since, b->totals.total.since);
}

/* What a reader of Redis sees is what the twin knows. */
static void expect_readable(struct world *w)
{
    struct site *s = shop(&w->twin);

    for (unsigned minutes = 1; s && minutes <= WINDOW; minutes += 7) {
        static struct page_count top[PAGES_MAX];
        size_t n = site_top_pages(s, minutes, top, PAGES_MAX);
        struct model_list list;
        struct summary sum;

        assert_int_equal(
            redis_model_snapshot(&w->redis, SLICE("shop"), minutes, &sum, &list), 0);
        assert_int_equal(summary_window(&sum, minutes).visitors,
                         site_visitors(s, minutes));
        assert_int_equal(summary_window(&sum, minutes).views, site_views(s, minutes));
        expect_visited(&sum, top, n);
        expect_told_apart(&sum, s, minutes);
        expect_referred(&sum, site_views(s, minutes));
        summary_fini(&sum);
        redis_model_snapshot_fini(&list);
    }
}

/* All that the site knows, Redis does. */
static void expect_written(struct world *w)
{
    expect_readable(w);
    if (!shop(&w->st))
        return;
    expect_online(&w->redis, shop(&w->st));
    expect_traits(&w->redis, shop(&w->st));
    expect_totals(&w->redis, shop(&w->st));
}

/* ---- goals ------------------------------------------------------------------ */

static void set_goal(struct world *w, const char *field, const char *value,
                     const char *version)
{
    const char *const words[] = {"HSET", "hc:{shop}:c", field, value, "v", version};
    struct command c;

    command_init(&c, COMMIT_BYTES_MAX);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        command_arg(&c, slice_of(words[i]));
    freeReplyObject(call(w, &c));
    command_fini(&c);
}

/* So long ago that no Redis forgets them. */
static void have_goals(struct world *w)
{
    ms_t now = w->redis.now;

    w->redis.now -= 60000;
    set_goal(w, "g:some", "path /*1*", "1");
    set_goal(w, "g:named", "event <a name>\n\"\x7f", "1");
    w->redis.now = now;
    w->goals = true;
}

/* The same ones under another version. */
static void renumber_goals(struct world *w)
{
    char line[64];

    snprintf(line, sizeof line, "HSET hc:{shop}:c v %zu", w->nsent);
    meddle(w, line);
}

/* ---- random lives ----------------------------------------------------------- */

/* The hits that no commit took came then or later. */
static ms_t uncommitted_since(const struct world *w)
{
    if (w->nconfirmed > 0)
        return w->confirmed[w->nconfirmed - 1].at;
    return w->nsent > 0 ? w->sent[0].at : w->now;
}

/* Time stands still rather than that they would be told again too late, see
 * a_hit_told_again_after_its_window_is_late: parts that are refused may go on for longer
 * than a window. Half of it, less the minute that has begun, is what is_nearly_gone
 * leaves to those without a path. */
static void pass(struct world *w, ms_t ms)
{
    if (w->now + ms - uncommitted_since(w) < (WINDOW / 2 - 1) * MS_PER_MINUTE)
        at(w, w->now + ms);
}

static void fold_between(struct world *w)
{
    if (w->real && one_in(w, 5)) /* as if it had forgotten the part before */
        meddle(w, "HSET hc:{shop}:m p 0");
    for (unsigned n = below(w, 4); n > 0; n--)
        random_hit(w);
    if (one_in(w, 25))
        pass(w, (ms_t)below(w, 60000));
    if (one_in(w, 60) && shop(&w->st)) { /* memory for records is short */
        struct site *s = shop(&w->st);

        w->st.log_waits -= s->log.n;
        log_overflow(&s->log);
        s->full = true;
    }
}

static void time_passes(struct world *w)
{
    pass(w, (ms_t)below(w, one_in(w, 5) ? 150000 : 9000));
    if (one_in(w, 12)) {
        w->day++;
        w->midnight = w->now;
    }
}

static void random_commit(struct world *w)
{
    struct fate fate = {.crash = NEVER, .lost = NEVER};
    struct site *s = store_take_dirty(&w->st);

    if (one_in(w, 5))
        fate.lost = below(w, 5);
    if (one_in(w, 8))
        fate.unheard = true;
    if (one_in(w, 10))
        fate.crash = below(w, 6);
    if (s && !commit_site(w, s, &fate, fold_between)) {
        crash(w);
        expect_same(w);
    }
    begin_anew_if_fenced(w);
}

/* Before there is a commit, a record that still has our claim cannot have lost one. */
static bool is_committed(struct world *w)
{
    return shop(&w->st) && shop(&w->st)->commit_floor > 0;
}

/* A row, a log, traits that the site does not have, and a record that is gone. */
static void haunt(struct world *w)
{
    const struct fate good = {.crash = NEVER, .lost = NEVER};
    struct site *s;
    char line[128];

    snprintf(line, sizeof line, "HSET hc:{shop}:b:%u pv 7 p:/ghost 3",
             minute_of(w->now) - 7);
    meddle(w, line);
    snprintf(line, sizeof line, "SETRANGE hc:{shop}:l:%u 0 ghost", minute_of(w->now) - 9);
    meddle(w, line);
    snprintf(line, sizeof line, "HSET hc:{shop}:tr:%u d:ghost 3", minute_of(w->now) - 8);
    meddle(w, line);
    meddle(w,
           one_in(w, 3) || !is_committed(w) ? "DEL hc:{shop}:m" : "HDEL hc:{shop}:m q");
    if (redis_model_count(&w->redis, "hc:{shop}:m") == 0 && one_in(w, 2))
        meddle(w, "SETRANGE hc:{shop}:m 0 x");
    store_recheck(&w->st);
    for (int i = 0; i < 10 && (s = store_take_dirty(&w->st)) != NULL; i++) {
        assert_true(commit_site(w, s, &good, fold_between));
        begin_anew_if_fenced(w);
    }
    commit_all(w);
}

static void an_accident(struct world *w)
{
    if (w->real && one_in(w, 2))
        haunt(w);
    switch (below(w, w->real ? 1 : 4)) {
    case 0:
        if (w->straggler.n > 0)
            freeReplyObject(call(w, &w->straggler));
        break;
    case 1: /* Redis alone */
        regress(w);
        store_recheck(&w->st);
        break;
    case 2: /* the aggregator alone */
        crash(w);
        break;
    default: /* both; what was confirmed less than 5 s ago is told again */
        regress(w);
        crash(w);
    }
    expect_same(w);
}

static void step(struct world *w)
{
    random_hit(w);
    load_all(w);
    if (one_in(w, 4) && !w->real)
        time_passes(w);
    if (one_in(w, 3))
        random_commit(w);
    if (one_in(w, 40))
        an_accident(w);
    if (w->goals && w->nsent % 40 == 0)
        renumber_goals(w);
}

/* FIRST=41 for lives of which nobody has heard. */
static uint64_t first_seed(void)
{
    const char *first = getenv("FIRST");

    return first ? strtoull(first, NULL, 10) : 1;
}

static void live(uint64_t seed, size_t *loads, size_t *rewrites)
{
    struct world *w = world_new(seed, NOON);

    w->day = below(w, 2);
    w->midnight = w->now;
    have_goals(w);
    for (int i = 0; i < 1500; i++) {
        step(w);
        if (i % 100 != 99)
            continue;
        commit_all(w);
        expect_same(w);
        expect_written(w);
        assert_int_equal(redis_model_eternal(&w->redis, "hc:{"), 1); /* settings */
        crash(w);
        expect_same(w);
        assert_true(!shop(&w->st) || !shop(&w->st)->log.rewrite);
    }
    *loads += w->loads;
    *rewrites += w->rewrites;
    assert_true(w->goals_told > 5);
    world_free(w);
}

/* SEEDS=1000 for more of them. */
static void whoever_dies_wherever_nothing_is_lost_or_counted_twice(void **state)
{
    size_t loads = 0, rewrites = 0;
    const char *seeds = getenv("SEEDS");
    uint64_t n = seeds ? strtoull(seeds, NULL, 10) : 40;
    uint64_t first = first_seed();

    (void)state;
    for (uint64_t seed = first; seed < first + n; seed++) {
        if (seeds)
            print_message("seed %d\n", (int)seed);
        live(seed, &loads, &rewrites);
    }
    assert_true(loads > n * 30 && rewrites > n * 5);
}

/* ---- what a loader hears of goals ------------------------------------------- */

static uint64_t reached(struct world *w, const char *goal)
{
    const struct trait *t = trait_of(shop(&w->st), TRAIT_GOAL, slice_of(goal));

    return t ? t->views : 0;
}

static void goals_are_known_before_the_first_hit_is_counted(void **state)
{
    struct world *w = *state;

    set_goal(w, "g:all", "path *", "1763812800123");
    set_goal(w, "g:broken", "everything", "1763812800123");
    hit(w, 1, "/a");
    hit(w, 2, "/b");
    load_all(w);
    assert_int_equal(shop(&w->st)->goals.n, 1);
    assert_true(slice_eq(goals_version(&shop(&w->st)->goals), SLICE("1763812800123")));
    assert_int_equal(reached(w, "all"), 2);
    commit_all(w);
    assert_int_equal(w->goals_told, 0);
    meddle(w, "HDEL hc:{shop}:c g:all");
    at(w, w->now + 60000);
    w->nsent = 0;
    crash(w);
    hit(w, 1, "/a");
    assert_int_equal(reached(w, "all"), 2);
    assert_int_equal(shop(&w->st)->goals.n, 0);
    commit_all(w);
    expect_traits(&w->redis, shop(&w->st));
}

static void expect_alerts_to_stand(struct world *w)
{
    struct slice told;
    char before[ALERT_STATE_TEXT_MAX];

    set_goal(w, "al:busy", "above current 1 0 0", "1");
    set_goal(w, "al:gone", "above current 1 0 0", "1");
    hit(w, 1, "/a");
    load_all(w);
    at(w, w->now + 1000);
    commit_all(w);
    told = redis_model_get(&w->redis, "hc:{shop}:al", "busy");
    assert_true(slice_starts(told, SLICE("on above current 1 ")));
    snprintf(before, sizeof before, "%.*s", (int)told.n, told.p);
    meddle(w, "HDEL hc:{shop}:c al:gone");
    meddle(w, "HSET hc:{shop}:c v 2");
    w->nsent = 0;
    crash(w);
    hit(w, 2, "/a");
    load_all(w);
    assert_int_equal(shop(&w->st)->alerts.n, 2);
    at(w, w->now + 1000);
    commit_all(w);
    assert_int_equal(w->redis.alerts.n > 0, 1); /* of the one that is gone */
    assert_true(slice_has(buf_get(&w->redis.alerts), SLICE("\"gone\"")));
    assert_false(slice_has(buf_get(&w->redis.alerts), SLICE("\"busy\"")));
    assert_true(
        slice_eq(redis_model_get(&w->redis, "hc:{shop}:al", "busy"), slice_of(before)));
    assert_int_equal(redis_model_fields(&w->redis, "hc:{shop}:al"), 1);
    meddle(w, "DEL hc:{shop}:m"); /* which expires, and how alerts stand does not */
    crash(w);
    hit(w, 2, "/a");
    load_all(w);
    at(w, w->now + 1000);
    commit_all(w);
    assert_int_equal(w->redis.alerts.n, 0);
    assert_true(
        slice_eq(redis_model_get(&w->redis, "hc:{shop}:al", "busy"), slice_of(before)));
}

static void alerts_stand_as_they_were_told_and_are_not_told_again(void **state)
{
    expect_alerts_to_stand(*state);
}

static void settings_without_a_version_or_of_another_type_are_no_goals(void **state)
{
    static const char *const rows[] = {
        "HSET hc:{shop}:c g:all path_/",
        "SETRANGE hc:{shop}:c 0 x",
        "HSET hc:{shop}:c badge 1 v 5",
    };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        meddle(w, "DEL hc:{shop}:c");
        meddle(w, rows[i]);
        hit(w, 1, "/a");
        w->nsent = 0;
        crash(w);
        hit(w, 1, "/a");
        load_all(w);
        assert_int_equal(shop(&w->st)->goals.n, 0);
        assert_false(shop(&w->st)->log.rewrite); /* it is the operator's affair */
        commit_all(w);
        assert_int_equal(w->goals_told, 0);
    }
}

/* ---- single cases ----------------------------------------------------------- */

static void a_site_that_is_not_there_begins_empty_and_small(void **state)
{
    struct world *w = *state;

    hit(w, 1, "/a");
    load_all(w);
    assert_int_equal(w->chunks, 1);
    assert_false(shop(&w->st)->full);
    commit_all(w);
    assert_int_equal(w->parts, 1);
    assert_int_equal(w->rewrites, 0);
    expect_same(w);
    expect_written(w);
}

static void what_was_counted_is_not_counted_again(void **state)
{
    struct world *w = *state;

    for (unsigned i = 0; i < 50; i++)
        hit(w, i, i % 2 ? "/odd" : "/even");
    load_all(w);
    commit_all(w);
    w->nconfirmed = 0; /* everything is told again */
    crash(w);
    expect_same(w);
    assert_int_equal(w->counts.repeated, 50);
}

static void one_who_was_two_for_a_while_is_one_afterwards(void **state)
{
    struct world *w = *state;
    struct sent s = {.kind = HIT_VIEW, .path = "/a"};
    const uint64_t steps[][2] = {{1, 0}, {2, 1}, {1, 0}, {3, 0}, {2, 1}, {2, 1}};

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        at(w, w->now + 45000);
        s.visitor = steps[i][0];
        s.previous = steps[i][1];
        s.at = w->now;
        s.path[1] = (char)('a' + i);
        send(w, s);
        load_all(w);
        commit_all(w);
        crash(w);
        expect_same(w);
    }
    assert_int_equal(site_visitors(shop(&w->st), 5), 2);
}

/* Somebody of an office, who has the name @who since a moment, or is nameless (0). */
static void from_office(struct world *w, uint64_t office, uint64_t who, ms_t when,
                        const char *path)
{
    struct sent s = {.kind = HIT_HEARTBEAT,
                     .state = STATE_READING,
                     .visitor = who ? who : office,
                     .previous = who ? office : 0,
                     .marks = who ? HIT_NAMED : 0,
                     .tab = 5,
                     .at = when};

    snprintf(s.path, sizeof s.path, "%s", path);
    send(w, s);
}

/* One after the other is named, and each time something nameless is heard of that
 * happened before, but came later: it is of somebody else. */
static void what_comes_after_a_naming_is_of_somebody_else_however_old(void **state)
{
    const uint64_t office = UINT64_C(0x7777777777777777);
    struct world *w = *state;

    from_office(w, office, 0, w->now, "/a");
    load_all(w);
    for (uint64_t who = 1; who <= 3; who++) {
        at(w, w->now + 2 * 60000);
        from_office(w, office, who, w->now, "/b");
        from_office(w, office, 0, w->now - 60000, "/c");
        from_office(w, office, 0, w->now - 2 * 60000, "/d");
        commit_all(w);
        crash(w);
        expect_same(w);
    }
    assert_int_equal(shop(&w->st)->visitors.n, 4);
    expect_written(w);
}

/* A rewrite comes by the office after somebody in it was named, and before that one. */
static void name_one(struct world *w)
{
    const uint64_t office = UINT64_MAX - 1;

    if (is_known(&w->twin, UINT64_MAX))
        return;
    from_office(w, office, UINT64_MAX, w->now, "/b");
    from_office(w, office, 0, w->now - 60000, "/c");
}

static void also_while_the_log_is_written_anew(void **state)
{
    const struct fate good = {.crash = NEVER, .lost = NEVER};
    struct world *w = *state;
    struct site *s;

    from_office(w, UINT64_MAX - 1, 0, w->now, "/a");
    load_all(w);
    for (unsigned i = 0; i < 300; i++)
        hit(w, i, "/a");
    commit_all(w);
    at(w, w->now + 3 * 60000);
    hit(w, 1, "/a");
    log_overflow(&shop(&w->st)->log);
    w->st.log_waits = 0;
    s = store_take_dirty(&w->st);
    assert_true(commit_site(w, s, &good, name_one));
    commit_all(w);
    crash(w);
    expect_same(w);
}

/* What is documented, and why random lives have no such hits: a hit without a path is
 * where its visitor was before, as far as that is in the window when the hit is counted.
 * Counted again after a crash it may be a minute later. */
static void a_hit_without_a_path_told_again_too_late_is_on_no_page(void **state)
{
    struct world *w = *state;
    const struct visitor *v;

    hit(w, 1, "/a");
    load_all(w);
    commit_all(w);
    at(w, w->now + (WINDOW - 1) * MS_PER_MINUTE);
    hit(w, 1, "");
    v = visitors_get(&shop(&w->st)->visitors, visitor_id(1, w->day));
    assert_string_equal(path_of(shop(&w->st), v->page), "/a");
    at(w, w->now + MS_PER_MINUTE);
    crash(w);
    assert_int_equal(site_visitors(shop(&w->st), WINDOW), 1);
    v = visitors_get(&shop(&w->st)->visitors, visitor_id(1, w->day));
    assert_string_equal(path_of(shop(&w->st), v->page), "-");
    v = visitors_get(&shop(&w->twin)->visitors, visitor_id(1, w->day));
    assert_string_equal(path_of(shop(&w->twin), v->page), "/a");
}

/* Nothing of the window is wrong by it, but totals and the feed lack it, and it is
 * counted as late. */
static void a_hit_told_again_after_its_window_is_late(void **state)
{
    struct world *w = *state;
    struct site *a, *b;

    hit(w, 1, "/a");
    load_all(w);
    at(w, w->now + (WINDOW - 1) * MS_PER_MINUTE);
    hit(w, 2, "/b");
    crash(w);
    expect_same(w);
    assert_int_equal(w->counts.late, 0);
    at(w, w->now + MS_PER_MINUTE);
    crash(w);
    assert_int_equal(w->counts.late, 1);
    a = shop(&w->st);
    b = shop(&w->twin);
    site_advance(b, w->twin.now);
    expect_same_rows(a, b);
    assert_int_equal(site_views(a, WINDOW), 1);
    assert_int_equal(a->recent.last, 1);
    assert_int_equal(b->recent.last, 2);
    assert_int_equal(a->totals.total.views, 1);
    assert_int_equal(b->totals.total.views, 2);
}

/* Of the tests themselves: however long no commit comes to its end, the store that was
 * told again can be compared with the twin. */
static void a_random_life_tells_nothing_again_too_late(void **state)
{
    struct world *w = *state;

    random_hit(w);
    load_all(w);
    for (int i = 0; i < 3000; i++)
        fold_between(w);
    assert_true(w->now > NOON + (WINDOW / 2 - 2) * MS_PER_MINUTE);
    crash(w);
    assert_int_equal(w->counts.late, 0);
    expect_same(w);
}

static void a_visitor_beyond_the_rows_it_was_seen_in_is_gone(void **state)
{
    struct world *w = *state;

    hit(w, 1, "/a");
    at(w, w->now + 20 * 60000);
    hit(w, 2, "/b");
    load_all(w);
    commit_all(w);
    at(w, w->now + 12 * 60000);
    crash(w);
    expect_same(w);
    assert_int_equal(shop(&w->st)->visitors.n, 1);
}

/* The marks as they stand with the first part, the counts too, records and pages ahead.
 */
static void only_the_last_part_counts(void **state)
{
    struct world *w = *state;
    struct fate fate = {.crash = 1, .lost = NEVER};

    for (unsigned i = 0; i < 20; i++)
        hit(w, i, "/a");
    load_all(w);
    commit_all(w);
    for (unsigned i = 100; i < 400; i++)
        hit(w, i, "/b");
    assert_false(commit_site(w, store_take_dirty(&w->st), &fate, NULL));
    assert_true(slice_eq(redis_model_get(&w->redis, "hc:{shop}:m", "x"), SLICE("1")));
    assert_true(
        slice_eq(redis_model_get(&w->redis, "hc:{shop}:b:29396880", "n"), SLICE("20")));
    assert_true(redis_model_get(&w->redis, "hc:{shop}:l:29396880", NULL).n > 20 * 16);
    crash(w);
    expect_same(w);
    assert_true(shop(&w->st)->full);
    assert_false(shop(&w->st)->log.rewrite);
    commit_all(w);
    expect_written(w);
    assert_true(slice_eq(redis_model_get(&w->redis, "hc:{shop}:m", "x"), SLICE("0")));
}

static void move_to_another_page(struct world *w)
{
    hit(w, 5, "/moved");
}

/* The pages went out, then somebody moved, then the last part. */
static void what_was_folded_between_two_parts_makes_the_loader_write_pages(void **state)
{
    struct world *w = *state;
    struct fate good = {.crash = NEVER, .lost = NEVER};

    for (unsigned i = 0; i < 300; i++)
        hit(w, i, "/a");
    load_all(w);
    assert_true(commit_site(w, store_take_dirty(&w->st), &good, move_to_another_page));
    assert_true(slice_eq(redis_model_get(&w->redis, "hc:{shop}:m", "x"), SLICE("1")));
    crash(w);
    expect_same(w);
    commit_all(w);
    expect_written(w);
}

static void an_old_minute_again(struct world *w)
{
    struct sent s = {.kind = HIT_VIEW, .visitor = visitor_id(999, 0), .path = "/a"};

    s.at = NOON;
    send(w, s);
}

/* The row was not dirty when the commit began, and no record tells of the view. */
static void rows_that_turn_dirty_between_two_parts_go_with_the_last(void **state)
{
    struct world *w = *state;
    struct fate good = {.crash = NEVER, .lost = NEVER};

    hit(w, 999, "/a");
    load_all(w);
    commit_all(w);
    at(w, NOON + 5 * 60000);
    for (unsigned i = 0; i < 300; i++)
        hit(w, i, "/a");
    assert_true(commit_site(w, store_take_dirty(&w->st), &good, an_old_minute_again));
    crash(w);
    expect_same(w);
}

static void the_parts_before_are_gone(struct world *w)
{
    redis_model_regress(&w->redis, 1);
}

/* The record is as the writer knows it, but what went out since is not there. */
static void a_redis_that_forgot_only_parts_is_found_out(void **state)
{
    struct world *w = *state;
    struct fate good = {.crash = NEVER, .lost = NEVER};

    for (int rewrite = 0; rewrite < 2; rewrite++) {
        struct site *s;

        for (unsigned i = 0; i < 300; i++)
            hit(w, i, rewrite ? "/b" : "/a");
        load_all(w);
        commit_all(w);
        at(w, w->now + 2000);
        for (unsigned i = 0; i < 300; i++)
            hit(w, i + 300, "/c");
        s = store_take_dirty(&w->st);
        s->full = rewrite;
        assert_true(commit_site(w, s, &good, the_parts_before_are_gone));
        assert_true(s->full && s->log.rewrite);
        commit_all(w);
        expect_written(w);
        crash(w);
        expect_same(w);
    }
}

/* Sends a whole commit down the pipe; of part @refused nothing comes of it but -BUSY. */
static void commit_without_part(struct world *w, struct site *s, size_t refused)
{
    struct commit c;
    bool last = false;

    commit_begin(&c, &w->st, s, w->epoch, w->now);
    for (size_t part = 0; !last; part++) {
        last = commit_next(&c, slice_of(w->commit_sha), &w->command, &w->message);
        if (part == refused)
            assert_false(last);
        else
            freeReplyObject(call(w, &w->command));
    }
}

static void a_part_that_was_refused_takes_all_behind_it_along(void **state)
{
    struct world *w = *state;

    for (size_t refused = 0; refused < 2; refused++)
        for (int rewrite = 0; rewrite < 2; rewrite++) {
            struct site *s;

            for (unsigned i = 0; i < 20; i++)
                hit(w, i, "/a");
            load_all(w);
            commit_all(w);
            for (unsigned i = 100; i < 400; i++)
                hit(w, i, rewrite ? "/b" : "/c");
            s = store_take_dirty(&w->st);
            s->full = s->log.rewrite = rewrite;
            commit_without_part(w, s, refused);
            crash(w);
            expect_same(w);
            commit_all(w);
            expect_written(w);
        }
}

static void the_straggler_comes(struct world *w)
{
    if (w->straggler.n > 0)
        freeReplyObject(call(w, &w->straggler));
    command_clear(&w->straggler);
}

/* Commit N, in one part, is in the socket of a broken connection; N + 1 has several, and
 * N is run behind the first of them. */
static void a_late_commit_between_two_parts_of_the_next_is_noticed(void **state)
{
    const struct fate good = {.crash = NEVER, .lost = NEVER};
    struct world *w = *state;

    for (int rewrite = 1; rewrite >= 0; rewrite--) {
        struct site *s;
        struct commit c;

        for (unsigned i = 0; i < 20; i++)
            hit(w, i, "/a");
        load_all(w);
        commit_all(w);
        hit(w, 1, "/b");
        s = store_take_dirty(&w->st);
        s->full = s->log.rewrite = rewrite;
        w->st.part_bytes = COMMIT_PART_BYTES;
        commit_begin(&c, &w->st, s, w->epoch, w->now);
        assert_true(commit_next(&c, slice_of(w->commit_sha), &w->command, &w->message));
        keep_straggler(w);
        commit_end(&w->st, s, COMMIT_UNKNOWN, 0);
        w->st.part_bytes = SMALL_PARTS;
        for (unsigned i = 100; i < 600; i++)
            hit(w, i, rewrite ? "/c" : "/d");
        s = store_take_dirty(&w->st);
        assert_true(commit_site(w, s, &good, the_straggler_comes));
        assert_true(s->full && s->log.rewrite);
        commit_all(w);
        crash(w);
        expect_same(w);
        commit_all(w);
        expect_written(w);
    }
}

/* The first commit of the new owner may have the number of one that the old one left half
 * done. */
static void a_part_of_an_earlier_owner_is_nobodys_predecessor(void **state)
{
    struct world *w = *state;
    struct fate fate = {.crash = 2, .lost = NEVER};
    size_t refused;

    for (refused = 0; refused < 2; refused++) {
        for (unsigned i = 0; i < 20; i++)
            hit(w, i, "/a");
        load_all(w);
        commit_all(w);
        for (unsigned i = 100; i < 400; i++)
            hit(w, i, refused ? "/b" : "/c");
        assert_false(commit_site(w, store_take_dirty(&w->st), &fate, NULL));
        crash(w);
        commit_without_part(w, store_take_dirty(&w->st), refused);
        crash(w);
        expect_same(w);
        commit_all(w);
        expect_written(w);
    }
}

static void read_anew(struct world *w, ms_t now)
{
    store_fini(&w->st);
    w->now = now;
    lazy_store(w);
    w->epoch++;
    store_site(&w->st, SLICE("shop"));
}

/* Else what it appends would stand behind a hole. */
static void a_rewrite_that_keeps_the_logs_notices_that_redis_forgot(void **state)
{
    struct world *w = *state;

    hit(w, 1, "/a");
    load_all(w);
    commit_all(w);
    at(w, w->now + 5000);
    for (unsigned i = 2; i < 9; i++)
        hit(w, i, "/a");
    commit_all(w);
    read_anew(w, w->now + 100);
    load_all(w);
    shop(&w->st)->full = true; /* as when its rows did not fit */
    redis_model_regress(&w->redis, 1000);
    hit(w, 9, "/a");
    commit_all(w);
    w->nconfirmed = 0;
    crash(w);
    expect_same(w);
    expect_written(w);
}

static void a_site_whose_last_commit_is_ahead_says_when_it_was(void **state)
{
    struct world *w = *state;
    struct load l;
    struct site *s;
    redisReply *reply;

    for (unsigned i = 0; i < 50; i++)
        hit(w, i, "/a");
    load_all(w);
    commit_all(w);
    read_anew(w, NOON - 90000);
    s = store_take_load(&w->st);
    load_begin(&l, &w->st, s, w->epoch, w->now, false);
    load_next(&l, SLICE("claim"), &w->command);
    reply = call(w, &w->command);
    assert_int_equal(load_take(&l, reply), LOAD_AHEAD);
    freeReplyObject(reply);
    assert_int_equal(l.ahead, NOON);
    load_fini(&l);
    site_advance(s, minute_of(NOON)); /* the caller's clock goes there */
    assert_int_equal(read_back(w, s, false), LOAD_DONE);
    assert_int_equal(site_visitors(s, 1), 50);
    assert_false(s->full);
    store_loaded(&w->st, s);
}

static void what_is_too_far_ahead_is_given_up_and_deleted(void **state)
{
    struct world *w = *state;
    struct site *s;

    for (unsigned i = 0; i < 50; i++)
        hit(w, i, "/a");
    load_all(w);
    commit_all(w);
    read_anew(w, NOON - 300 * 60000);
    s = store_take_load(&w->st);
    assert_int_equal(read_back(w, s, true), LOAD_DONE);
    assert_int_equal(s->visitors.n, 0);
    assert_true(s->full && s->log.rewrite);
    store_loaded(&w->st, s);
    commit_all(w);
    assert_int_equal(redis_model_count(&w->redis, "hc:{shop}:b:29396880"), 0);
    assert_int_equal(redis_model_count(&w->redis, "hc:{shop}:l:"), 0);
    assert_int_equal(redis_model_count(&w->redis, "hc:{shop}:tr:"), 0);
    assert_int_equal(w->st.ahead, minute_of(NOON));
}

static void a_later_aggregator_fences_the_loader(void **state)
{
    struct world *w = *state;

    hit(w, 1, "/a");
    load_all(w);
    commit_all(w);
    read_anew(w, NOON);
    w->epoch -= 2;
    assert_int_equal(read_back(w, store_take_load(&w->st), false), LOAD_FENCED);
}

/* What Redis says to a commit of the site. */
static enum commit_outcome outcome(struct world *w)
{
    enum commit_outcome o = COMMIT_OK;
    struct commit c;
    struct site *s;
    bool last = false;

    hit(w, 7, "/again");
    s = store_take_dirty(&w->st);
    commit_begin(&c, &w->st, s, w->epoch, w->now);
    while (!last && o == COMMIT_OK) {
        redisReply *reply;

        last = commit_next(&c, slice_of(w->commit_sha), &w->command, &w->message);
        reply = call(w, &w->command);
        o = commit_outcome(reply->str, (size_t)reply->len, false);
        w->fenced_by = commit_fenced_by(reply->str, (size_t)reply->len);
        freeReplyObject(reply);
    }
    commit_end(&w->st, s, o, 0);
    return o;
}

/* ---- numbers that nobody can have written ---------------------------------- */

static const char *const implausible[] = {
    "4000000000000001",
    "9007199254740991",
    "9007199254740992",
    "9007199254740993",
    "18446744073709551615",
    "99999999999999999999999999",
    "-1",
    "1e300",
    "0x10",
    "inf",
    "nan",
    "x",
    "1.5",
};
#define IMPLAUSIBLE (sizeof implausible / sizeof *implausible)

static void spoil_meta(struct world *w, const char *name, const char *text)
{
    char line[96];

    snprintf(line, sizeof line, "HSET hc:{shop}:m %s %s", name, text);
    meddle(w, line);
}

/* An e or q that is garbage costs one rewrite of its site, nobody an epoch. */
static void expect_healing(struct world *w)
{
    static const char *const names[] = {"e", "q"};

    hit(w, 1, "/a");
    load_all(w);
    commit_all(w);
    for (size_t i = 0; i < IMPLAUSIBLE * 2; i++) {
        spoil_meta(w, names[i % 2], implausible[i / 2]);
        assert_int_equal(outcome(w), COMMIT_REGRESS);
        assert_int_equal(outcome(w), COMMIT_OK);
        assert_int_equal(outcome(w), COMMIT_OK);
        spoil_meta(w, names[i % 2], implausible[i / 2]);
        crash(w);
        assert_true(shop(&w->st)->full && shop(&w->st)->log.rewrite);
        expect_same(w);
        assert_int_equal(outcome(w), COMMIT_OK);
        assert_int_equal(outcome(w), COMMIT_OK);
        expect_written(w);
    }
}

static void garbage_in_the_record_is_written_over(void **state)
{
    expect_healing(*state);
}

/* Whatever is plausible is counted on from, up to the last of it. */
static void expect_counting_on(struct world *w)
{
    hit(w, 1, "/a");
    load_all(w);
    commit_all(w);
    spoil_meta(w, "e", "4000000000000000");
    assert_int_equal(outcome(w), COMMIT_FENCED);
    assert_int_equal(w->fenced_by, EPOCH_MAX);
    w->epoch = EPOCH_MAX;
    spoil_meta(w, "q", "4000000000000000");
    crash(w); /* takes the epoch after it */
    assert_int_equal(shop(&w->st)->commit, EPOCH_MAX);
    for (int i = 0; i < 5; i++)
        assert_int_equal(outcome(w), COMMIT_OK);
    expect_written(w);
    crash(w);
    expect_same(w);
    for (int i = 0; i < 5; i++)
        assert_int_equal(outcome(w), COMMIT_OK);
}

static void the_highest_epoch_and_number_are_not_the_end(void **state)
{
    expect_counting_on(*state);
}

/* Whether Redis gives an epoch above @floor, whatever lay there. */
static void expect_epoch(struct world *w, const char *spoiling, uint64_t floor,
                         uint64_t least)
{
    struct slice text;
    redisReply *reply;
    uint64_t given;

    meddle(w, "DEL hc:epoch");
    meddle(w, spoiling);
    command_clear(&w->command);
    command_arg(&w->command, SLICE("EVAL"));
    command_arg(&w->command, slice_of(epoch_lua));
    command_arg(&w->command, SLICE("1"));
    command_arg(&w->command, SLICE(KEY_EPOCH));
    command_u64(&w->command, floor);
    for (int real = 0; real <= (w->real != NULL); real++) {
        reply = real ? redisCommandArgv(w->real, (int)w->command.n,
                                        command_argv(&w->command), w->command.len)
                     : redis_model_call(&w->redis, &w->command);
        assert_int_equal(reply->type, REDIS_REPLY_STRING);
        text = (struct slice){reply->str, (size_t)reply->len};
        assert_true(claim_number(text, UINT64_MAX, &given));
        assert_in_range(given, least, least == (uint64_t)w->now ? least + 60000 : least);
        freeReplyObject(reply);
    }
    meddle(w, "DEL hc:epoch");
}

static void expect_epochs(struct world *w)
{
    uint64_t now = (uint64_t)w->now;

    for (size_t i = 0; i < IMPLAUSIBLE; i++) {
        char line[96];

        snprintf(line, sizeof line, "SETRANGE hc:epoch 0 %s", implausible[i]);
        expect_epoch(w, line, 5, now);
    }
    expect_epoch(w, "HSET hc:epoch a b", 5, now);
    expect_epoch(w, "SETRANGE hc:epoch 0 7", 5, now);
    expect_epoch(w, "SETRANGE hc:epoch 0 3000000000000000", 5, 3000000000000001);
    expect_epoch(w, "SETRANGE hc:epoch 0 7", 3000000000000000, 3000000000000001);
    expect_epoch(w, "SETRANGE hc:epoch 0 4000000000000000", 5, EPOCH_MAX + 1);
    expect_epoch(w, "SETRANGE hc:epoch 0 x", EPOCH_MAX + 7, EPOCH_MAX + 8);
}

static void garbage_under_hc_epoch_is_replaced(void **state)
{
    expect_epochs(*state);
}

/* A message must not have an event with a number that JSON has not. */
static void an_event_with_an_absurd_number_is_left_out(void **state)
{
    struct world *w = *state;

    hit(w, 1, "/a");
    load_all(w);
    commit_all(w);
    meddle(w, "HSET hc:{shop}:r 91 "
              "{\"id\":9007199254740991,\"type\":\"pageview\",\"path\":\"/\","
              "\"timestamp\":1763812800000}");
    spoil_meta(w, "i", "9007199254740991");
    crash(w);
    assert_true(shop(&w->st)->full);
    assert_int_equal(outcome(w), COMMIT_OK);
    assert_in_range(shop(&w->st)->recent.last, 1, 10);
    spoil_meta(w, "i", "4000000000000000");
    crash(w);
    for (int i = 0; i < 5; i++)
        assert_int_equal(outcome(w), COMMIT_OK);
    assert_in_range(shop(&w->st)->recent.last, EPOCH_MAX + 5, EPOCH_MAX + 10);
    expect_written(w);
}

static void what_an_older_one_wrote_when_our_claim_was_forgotten_is_not_written_over(
    void **state)
{
    struct world *w = *state;

    hit(w, 1, "/a");
    load_all(w);
    commit_all(w);
    crash(w);
    commit_all(w);
    meddle(w, "HSET hc:{shop}:m e 1000 q 1"); /* as it was when it was claimed */
    assert_int_equal(outcome(w), COMMIT_REGRESS);
    assert_int_equal(outcome(w), COMMIT_OK);
    meddle(w, "HSET hc:{shop}:m e 1000 q 2"); /* that one lives, and has gone on */
    assert_int_equal(outcome(w), COMMIT_FENCED);
    shop(&w->st)->full = true; /* a rewrite is no better */
    assert_int_equal(outcome(w), COMMIT_FENCED);
    meddle(w, "HSET hc:{shop}:m e 999 q 70"); /* one that was not there any more */
    assert_int_equal(outcome(w), COMMIT_OK);
}

/* Fields of pages in the row of NOON. */
static size_t row_pages(struct world *w)
{
    struct key_name row = key_minute(SLICE("shop"), minute_of(NOON));
    char path[64];
    size_t n = redis_model_get(&w->redis, row.s, "p:/new").n > 0;

    for (unsigned i = 0; i < 100; i++) {
        snprintf(path, sizeof path, "p:/page/%u", i);
        n += redis_model_get(&w->redis, row.s, path).n > 0;
    }
    return n;
}

/* The next one reads the site at @now by its own clock. */
static void tear_first_commit(struct world *w, ms_t now)
{
    const struct fate torn = {.crash = 1, .lost = NEVER};
    struct site *s;
    char path[64];

    w->st.part_bytes = 400;
    for (unsigned i = 0; i < 100; i++) {
        snprintf(path, sizeof path, "/page/%u", i);
        hit(w, i, path);
    }
    load_all(w);
    assert_false(commit_site(w, store_take_dirty(&w->st), &torn, NULL));
    assert_in_range(row_pages(w), 5, 95);
    assert_int_equal(redis_model_count(&w->redis, "hc:{shop}:pg"), 0);
    read_anew(w, now); /* and nobody sends the hits again */
    s = store_take_load(&w->st);
    assert_int_equal(read_back(w, s, false), LOAD_DONE);
    assert_true(s->full);
    store_loaded(&w->st, s);
    hit(w, 200, "/new");
    commit_all(w);
    assert_int_equal(row_pages(w), minute_of(now) == minute_of(NOON));
}

static void pages_of_a_first_commit_that_was_torn_do_not_stay(void **state)
{
    tear_first_commit(*state, NOON);
}

static void nor_do_they_in_a_minute_that_has_not_come_yet(void **state)
{
    tear_first_commit(*state, NOON - 90000);
}

static void errors_and_broken_connections_mean_once_more(void **state)
{
    static const struct {
        const char *text;
        enum load_step step;
    } table[] = {
        {"LOADING Redis is loading the dataset in memory", LOAD_RETRY},
        {"NOSCRIPT No matching script.", LOAD_RETRY},
        {"READONLY You can't write against a read only replica.", LOAD_RETRY},
        {"NOPERM this user has no permissions", LOAD_RETRY},
        {"WRONGTYPE Operation against a key", LOAD_RETRY},
        {"ERR user_script:1: what", LOAD_REFUSED},
    };
    struct world *w = *state;
    struct load l;
    struct site *s;

    store_site(&w->st, SLICE("shop"));
    s = store_take_load(&w->st);
    load_begin(&l, &w->st, s, 1, w->now, false);
    assert_int_equal(load_take(&l, NULL), LOAD_RETRY);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char *text = strdup(table[i].text);
        redisReply error = {.type = REDIS_REPLY_ERROR, .str = text, .len = strlen(text)};

        assert_int_equal(load_take(&l, &error), table[i].step);
        free(text);
    }
    assert_true(s->full && s->log.rewrite);
    load_fini(&l);
}

/* ---- who was there, and what was counted for ever ---------------------------- */

static const struct online *online(struct world *w)
{
    return &shop(&w->st)->presence.online;
}

/* Four in four states, one in two tabs, then a takeover, of small logs or large. */
static void expect_there_again(struct world *w, const struct fate *fate)
{
    for (unsigned i = 0; i < 4; i++)
        open_tab(w, i + 1, 1, "/a", HIT_VIEW, (enum hit_state)(i + 1));
    open_tab(w, 2, 2, "/b", HIT_HEARTBEAT, STATE_BACKGROUND);
    load_all(w);
    if (fate)
        assert_false(commit_site(w, store_take_dirty(&w->st), fate, NULL));
    else
        commit_all(w);
    at(w, w->now + 5000);
    crash(w);
    expect_same(w);
    assert_int_equal(online(w)->idle, 1);
    assert_int_equal(online(w)->reading, 1);
    assert_int_equal(online(w)->writing, 1);
    assert_int_equal(online(w)->background, 1);
    commit_all(w);
    expect_written(w);
}

static void who_was_there_is_there_after_a_takeover(void **state)
{
    expect_there_again(*state, NULL);
}

static void and_when_the_hits_are_told_again(void **state)
{
    const struct fate fate = {.crash = 0, .lost = NEVER};

    expect_there_again(*state, &fate);
}

static void and_among_so_many_that_their_log_comes_in_pieces(void **state)
{
    struct world *w = *state;

    for (unsigned i = 10; i < 3000; i++)
        hit(w, i, "/crowd");
    expect_there_again(w, NULL);
    assert_true(w->chunks > 10);
}

static void and_when_the_log_was_written_anew(void **state)
{
    struct world *w = *state;

    open_tab(w, 1, 1, "/a", HIT_VIEW, STATE_WRITING);
    hit(w, 2, "/a");
    load_all(w);
    commit_all(w);
    shop(&w->st)->full = shop(&w->st)->log.rewrite = true;
    store_mark_dirty(&w->st, shop(&w->st));
    commit_all(w);
    w->nsent = 0;
    crash(w);
    assert_int_equal(online(w)->writing, 1);
    assert_int_equal(online_total(online(w)), 1);
}

/* So many connections of one visitor are there, from @from on. */
static void connect_tabs(struct world *w, unsigned from, unsigned n, enum hit_kind kind)
{
    for (unsigned i = from; i < from + n; i++)
        send(w, (struct sent){.kind = (uint8_t)kind,
                              .state = STATE_READING,
                              .marks = HIT_HELD,
                              .visitor = visitor_id(1, w->day),
                              .tab = i + 1,
                              .at = w->now,
                              .path = "/a"});
}

static void connections_are_counted_again_as_they_are_heard_of(void **state)
{
    enum { BEYOND = 30, ALL = VISITOR_TABS_MAX + BEYOND };
    struct world *w = *state;

    connect_tabs(w, 0, ALL, HIT_JOIN);
    load_all(w);
    commit_all(w);
    at(w, w->now + 5000);
    expect_field(&w->redis, "hc:{shop}:o", "m", ALL);
    expect_field(&w->redis, "hc:{shop}:t", "con", ALL);
    w->nsent = 0;
    crash(w);
    assert_int_equal(online(w)->members, 0);
    assert_int_equal(online_total(online(w)), 1 + BEYOND);
    assert_int_equal(shop(&w->st)->totals.total.joins, ALL);
    connect_tabs(w, VISITOR_TABS_MAX - 5, 10, HIT_HEARTBEAT);
    assert_int_equal(online(w)->members, 10);
    assert_int_equal(online_total(online(w)), 1 + BEYOND);
    connect_tabs(w, 0, ALL, HIT_HEARTBEAT); /* the rest too, some once more */
    assert_int_equal(online(w)->members, ALL);
    assert_int_equal(online_total(online(w)), 1 + BEYOND);
    at(w, w->now + WARMING_MS);
    assert_int_equal(online(w)->members, ALL);
    assert_int_equal(shop(&w->st)->visitors.n, 1 + BEYOND);
    commit_all(w);
    expect_written(w);
}

/* The last page is what counts, and a visitor who was not there is not. */
static void they_are_on_the_page_they_were_on(void **state)
{
    struct world *w = *state;

    open_tab(w, 1, 1, "/a", HIT_VIEW, STATE_READING);
    open_tab(w, 1, 1, "/b", HIT_HEARTBEAT, STATE_READING);
    hit(w, 2, "/b");
    load_all(w);
    commit_all(w);
    crash(w);
    commit_all(w);
    expect_field(&w->redis, "hc:{shop}:o", "p:/b", 1);
    expect_field(&w->redis, "hc:{shop}:o", "r", 1);
    expect_written(w);
}

static void who_said_goodbye_is_gone_unless_it_came_back(void **state)
{
    struct world *w = *state;

    for (unsigned i = 1; i <= 3; i++)
        open_tab(w, i, 1, "/a", HIT_VIEW, STATE_READING);
    load_all(w);
    at(w, w->now + 2000);
    open_tab(w, 1, 1, "", HIT_LEAVE, STATE_NONE);
    open_tab(w, 2, 1, "", HIT_LEAVE, STATE_NONE);
    at(w, w->now + 2000);
    assert_int_equal(online_total(online(w)), 1);
    open_tab(w, 2, 2, "/a", HIT_VIEW, STATE_READING);
    commit_all(w);
    at(w, w->now + 2 * HOLD_MS);
    w->nsent = 0;
    crash(w);
    assert_int_equal(online_total(online(w)), 2);
    commit_all(w);
    expect_written(w);
}

static void who_was_renamed_is_there_once(void **state)
{
    struct world *w = *state;
    struct sent s = {.kind = HIT_VIEW,
                     .state = STATE_READING,
                     .visitor = 2,
                     .previous = 1,
                     .tab = 1,
                     .at = NOON,
                     .path = "/a"};
    struct sent before = s;

    before.visitor = 1;
    before.previous = 0;
    send(w, before);
    load_all(w);
    commit_all(w);
    s.at = NOON + 1000;
    at(w, s.at);
    send(w, s);
    commit_all(w);
    w->nsent = 0;
    crash(w);
    assert_int_equal(online_total(online(w)), 1);
    assert_int_equal(presence_state(&shop(&w->st)->presence, 2), STATE_READING);
}

static void whoever_is_not_heard_of_again_is_gone_after_a_heartbeat(void **state)
{
    struct world *w = *state;

    open_tab(w, 1, 1, "/a", HIT_VIEW, STATE_READING);
    open_tab(w, 2, 1, "/a", HIT_VIEW, STATE_BACKGROUND);
    open_tab(w, 3, 1, "/a", HIT_VIEW, STATE_IDLE);
    load_all(w);
    commit_all(w);
    at(w, w->now + 30000);
    w->nsent = 0;
    crash(w);
    at(w, w->now + 10000);
    open_tab(w, 3, 1, "/a", HIT_HEARTBEAT, STATE_IDLE);
    at(w, w->now + WARMING_MS - 11000);
    assert_int_equal(online_total(online(w)), 3);
    at(w, w->now + 2000);
    assert_int_equal(online(w)->reading, 0);
    assert_int_equal(online(w)->idle, 1);
    assert_int_equal(online(w)->background, 1);
    at(w, w->now + 50000);
    assert_int_equal(online_total(online(w)), 0);
    commit_all(w);
    expect_written(w);
}

/* Two are there, of whom one has gone without a word: together they never were. */
static void who_is_known_from_the_log_alone_raises_no_peak(void **state)
{
    struct world *w = *state;

    open_tab(w, 1, 1, "/a", HIT_VIEW, STATE_READING);
    load_all(w);
    commit_all(w);
    at(w, w->now + 50000);
    open_tab(w, 2, 1, "/a", HIT_VIEW, STATE_READING);
    commit_all(w);
    assert_int_equal(online_total(online(w)), 1);
    w->nsent = 0;
    crash(w);
    assert_int_equal(online_total(online(w)), 2);
    assert_int_equal(shop(&w->st)->totals.peaks.all, 1);
    at(w, w->now + 5000);
    open_tab(w, 2, 1, "/a", HIT_HEARTBEAT, STATE_READING);
    assert_int_equal(shop(&w->st)->totals.peaks.all, 1);
    open_tab(w, 3, 1, "/a", HIT_VIEW, STATE_READING);
    assert_int_equal(online_total(online(w)), 3);
    assert_int_equal(shop(&w->st)->totals.peaks.all, 2);
    at(w, w->now + WARMING_MS);
    assert_int_equal(online_total(online(w)), 2);
    commit_all(w);
    expect_field(&w->redis, "hc:{shop}:t", "peak", 2);
    expect_field(&w->redis, "hc:{shop}:t", "dpeak", 2);
}

/* While the aggregator was away five came and went, one after the other; two stayed. */
static void who_came_and_went_before_the_site_was_read_back_was_not_there_at_once(
    void **state)
{
    struct world *w = *state;

    for (unsigned who = 1; who <= 5; who++) {
        open_tab(w, who, 1, "/a", HIT_VIEW, STATE_READING);
        at(w, w->now + 2000);
        open_tab(w, who, 1, "/a", HIT_LEAVE, STATE_NONE);
        at(w, w->now + 3000);
    }
    open_tab(w, 6, 1, "/a", HIT_VIEW, STATE_READING);
    open_tab(w, 7, 1, "/a", HIT_VIEW, STATE_READING);
    assert_int_equal(shop(&w->twin)->totals.peaks.all, 2);
    crash(w);
    assert_int_equal(online_total(online(w)), 2);
    assert_int_equal(shop(&w->st)->totals.peaks.all, 2);
    at(w, w->now + 1000);
    assert_int_equal(shop(&w->st)->totals.peaks.all, 2);
}

static void nobody_is_there_after_an_absence_of_minutes(void **state)
{
    struct world *w = *state;

    open_tab(w, 1, 1, "/a", HIT_VIEW, STATE_READING);
    load_all(w);
    commit_all(w);
    at(w, NOON + 2 * 60000);
    w->nsent = 0;
    crash(w);
    assert_int_equal(online_total(online(w)), 0);
    commit_all(w);
    assert_int_equal(redis_model_count(&w->redis, "hc:{shop}:o"), 0);
}

/* What views were told apart by, as if it had come from another site. */
static void expect_told_anew(struct world *w)
{
    static const char *const spoilt[][2] = {
        {"HSET", "d:tablet 7"}, /* of a minute that has no row */
        {"SETRANGE", "0 x"},
        {"HSET", "pv 7"}, /* in the row's place */
    };
    char line[96];

    hit(w, 1, "/a");
    load_all(w);
    commit_all(w);
    for (size_t i = 0; i < 6; i++) {
        minute_t minute = minute_of(w->now) - (i % 3 == 0 ? 3 : 0);

        if (i >= 3) /* all that is left of the site */
            meddle(w, "DEL hc:{shop}:m");
        snprintf(line, sizeof line, "DEL hc:{shop}:tr:%u", minute);
        meddle(w, line);
        snprintf(line, sizeof line, "%s hc:{shop}:tr:%u %s", spoilt[i % 3][0], minute,
                 spoilt[i % 3][1]);
        meddle(w, line);
        read_anew(w, w->now);
        load_all(w);
        assert_true(shop(&w->st)->full && shop(&w->st)->log.rewrite);
        hit(w, 1, "/a");
        commit_all(w);
        expect_traits(&w->redis, shop(&w->st));
    }
}

static void traits_that_cannot_be_are_left_out_and_the_site_is_written_anew(void **state)
{
    expect_told_anew(*state);
}

/* The window is over, and all that is left is what stays for ever. */
static void totals_and_the_feeds_numbers_outlive_the_window(void **state)
{
    struct world *w = *state;
    uint64_t message;

    open_tab(w, 1, 1, "/a", HIT_VIEW, STATE_READING);
    hit(w, 2, "/a");
    hit(w, 3, "/a");
    load_all(w);
    commit_all(w);
    message = shop(&w->st)->message;
    w->nsent = 0;
    w->now += 3 * 3600000;
    store_fini(&w->twin);
    store_init(&w->twin, WINDOW, &key, w->now);
    redis_model_at(&w->redis, w->now);
    assert_int_equal(redis_model_count(&w->redis, "hc:"), 1);
    read_anew(w, w->now);
    load_all(w);
    assert_int_equal(w->st.ndirty, 0);
    hit(w, 1, "/b");
    commit_all(w);
    assert_true(message > 0);
    expect_field(&w->redis, "hc:{shop}:t", "pv", 4);
    expect_field(&w->redis, "hc:{shop}:t", "vis", 4);
    expect_field(&w->redis, "hc:{shop}:t", "since", NOON);
    expect_field(&w->redis, "hc:{shop}:t", "life", NOON);
    expect_field(&w->redis, "hc:{shop}:t", "peak", 1);
    expect_field(&w->redis, "hc:{shop}:t", "i", 4);
}

/* A view of @path that tells title @title, in the minute of @when. */
static void view_titled(struct world *w, unsigned who, const char *path, ms_t when,
                        unsigned title)
{
    struct sent s = {.kind = HIT_VIEW, .visitor = visitor_id(who, 0), .at = when};

    while (title_of(&s) != title)
        s.at++;
    snprintf(s.path, sizeof s.path, "%s", path);
    send(w, s);
}

/* Else the next one on the page, who tells none, would be told the title before. */
static void a_page_does_not_go_before_its_title_is_written(void **state)
{
    struct world *w = *state;

    view_titled(w, 1, "/a", w->now, 1);
    load_all(w);
    commit_all(w);
    at(w, w->now + 60000);
    hit(w, 1, "/b");
    commit_all(w);
    view_titled(w, 1, "/a", w->now - 60000, 3);
    at(w, w->now + 60000);
    commit_all(w);
    at(w, w->now + 60000);
    assert_null(page_at(shop(&w->st), SLICE("/a")));
    view_titled(w, 2, "/a", w->now, 0);
    commit_all(w);
    expect_written(w);
    assert_true(
        slice_eq(redis_model_get(&w->redis, "hc:{shop}:ti", "/a"), SLICE("Cart")));
}

/* Whoever wrote over the record has not written over what stays. */
static void expect_totals_to_stay(struct world *w)
{
    hit(w, 1, "/a");
    hit(w, 2, "/a");
    load_all(w);
    commit_all(w);
    meddle(w, "DEL hc:{shop}:m");
    meddle(w, "SETRANGE hc:{shop}:m 0 x");
    read_anew(w, w->now);
    load_all(w);
    assert_true(shop(&w->st)->full);
    hit(w, 1, "/b");
    commit_all(w);
    expect_field(&w->redis, "hc:{shop}:t", "pv", 3);
    expect_field(&w->redis, "hc:{shop}:t", "i", 3);
}

static void totals_outlive_a_record_of_another_type(void **state)
{
    expect_totals_to_stay(*state);
}

static void messages_are_numbered_on_after_a_takeover(void **state)
{
    struct world *w = *state;
    uint64_t before;

    hit(w, 1, "/a");
    load_all(w);
    commit_all(w);
    for (int i = 0; i < 3; i++) {
        at(w, w->now + 61000);
        hit(w, 1, "/a");
        commit_all(w);
    }
    before = shop(&w->st)->message;
    crash(w);
    commit_all(w);
    assert_int_equal(shop(&w->st)->message, before + 1);
}

/* ---- garbage ---------------------------------------------------------------- */

static void spoil(struct world *w, struct dice *d)
{
    static const char *const keys[] = {"m",          "r",           "pg",
                                       "t",          "o",           "ti",
                                       "b:29396880", "b:29396879",  "l:29396880",
                                       "l:29396879", "tr:29396880", "tr:29396879"};
    static const char *const fields[] = {
        "q",         "t",        "W",     "c",    "i",           "x",
        "w",         "e",        "pv",    "uniq", "last",        "n",
        "0",         "1",        "70000", "p:/1", "r",           "tabs",
        "eng",       "since",    "life",  "day",  "r:x.example", "d:mobile",
        "d:toaster", "w:Chrome", "g:DE",  "g:?",  "qh",          "q50"};
    static const char *const values[] = {"y",
                                         "x",
                                         "-1",
                                         "0",
                                         "1",
                                         "7",
                                         "99999999999999999999",
                                         "4294967295",
                                         "0x10",
                                         "1e99",
                                         "{}",
                                         "/1",
                                         "{\"id\":99,\"type\":\"x\",\"timestamp\":1}"};
    const char *key_text = keys[dice_below(d, 12)], *name;
    char line[256];

    switch (dice_below(d, 4)) {
    case 0:
        snprintf(line, sizeof line, "DEL hc:{shop}:%s", key_text);
        redis_model_say(&w->redis, line);
        return;
    case 1: /* another type */
        snprintf(line, sizeof line, "DEL hc:{shop}:%s", key_text);
        redis_model_say(&w->redis, line);
        snprintf(line, sizeof line,
                 key_text[0] == 'l' ? "HSET hc:{shop}:%s a b"
                                    : "SETRANGE hc:{shop}:%s 0 x",
                 key_text);
        redis_model_say(&w->redis, line);
        return;
    case 2: /* bytes in a log */
        snprintf(line, sizeof line, "SETRANGE hc:{shop}:%s %u \xff\x02\x01",
                 dice_below(d, 2) ? "l:29396880" : "l:29396879",
                 (unsigned)dice_below(d, 700));
        redis_model_say(&w->redis, line);
        return;
    default:
        name = fields[dice_below(d, 30)];
        if (key_text[0] == 'b' && name[1] == ':' && name[0] != 'p')
            key_text = "tr:29396880"; /* of rows a loader reads none of these */
        snprintf(line, sizeof line, "HSET hc:{shop}:%s %s %s", key_text, name,
                 values[dice_below(d, 13)]);
        redis_model_say(&w->redis, line);
    }
}

/* What the store says and what Redis says, whatever it is. */
static void expect_readable_as_known(struct world *w)
{
    struct site *s = shop(&w->st);

    site_advance(s, minute_of(w->now));
    for (unsigned minutes = 1; minutes <= WINDOW; minutes++) {
        struct model_list list;
        struct summary sum;

        assert_int_equal(
            redis_model_snapshot(&w->redis, SLICE("shop"), minutes, &sum, &list), 0);
        assert_int_equal(summary_window(&sum, minutes).visitors,
                         site_visitors(s, minutes));
        assert_int_equal(summary_window(&sum, minutes).views, site_views(s, minutes));
        expect_told_apart(&sum, s, minutes);
        summary_fini(&sum);
        redis_model_snapshot_fini(&list);
    }
    expect_online(&w->redis, s);
    expect_totals(&w->redis, s);
}

static void garbage_is_left_out_and_written_over(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 600; seed++) {
        struct world *w = world_new(seed, NOON - 60000);

        for (unsigned i = 0; i < 30; i++)
            hit(w, i % 12, i % 2 ? "/odd" : "/even");
        at(w, NOON);
        open_tab(w, 1, 1, "/open", HIT_HEARTBEAT, STATE_READING);
        for (unsigned i = 0; i < 30; i++)
            hit(w, i % 20, i % 3 ? "/odd" : "/more");
        load_all(w);
        commit_all(w);
        for (uint64_t n = 1 + dice_below(&w->dice, 4); n > 0; n--)
            spoil(w, &w->dice);
        read_anew(w, NOON);
        {
            struct site *s = store_take_load(&w->st);
            enum load_step step = read_back(w, s, true);

            for (int i = 1; step == LOAD_RETRY && i < LOAD_TRIES; i++) {
                store_retry_load(&w->st, s);
                s = store_take_load(&w->st);
                step = read_back(w, s, true);
            }
            if (step == LOAD_FENCED) { /* the epoch was spoiled: nobody may write */
                world_free(w);
                continue;
            }
            assert_true(step == LOAD_DONE || step == LOAD_REFUSED);
            assert_true(fold_parked(&w->st, s, 1, &w->counts));
            store_loaded(&w->st, s);
        }
        hit(w, 77, "/after");
        commit_all(w);
        commit_all(w); /* a first one may have met a key of another type */
        expect_readable_as_known(w);
        assert_int_equal(site_views(shop(&w->st), 1) > 0, 1);
        world_free(w);
    }
}

/* ---- the model and the real one --------------------------------------------- */

static void add_real_key(struct world *w, struct buf *out, const char *name)
{
    redisReply *type = redisCommand(w->real, "TYPE %s", name);
    redisReply *over = redisCommand(w->real, "EXPIRETIME %s", name);
    bool is_hash = strcmp(type->str, "hash") == 0;
    redisReply *r = redisCommand(w->real, is_hash ? "HGETALL %s" : "GET %s", name);

    /* Into a model of its own, which puts it in order. */
    struct redis_model m;
    struct command c;

    redis_model_init(&m, w->now);
    command_init(&c, COMMIT_BYTES_MAX);
    command_arg(&c, is_hash ? SLICE("HSET") : SLICE("SETRANGE"));
    command_arg(&c, slice_of(name));
    if (!is_hash) {
        command_arg(&c, SLICE("0"));
        command_arg(&c, (struct slice){r->str, (size_t)r->len});
    }
    for (size_t i = 0; i < r->elements; i++)
        command_arg(&c, (struct slice){r->element[i]->str, (size_t)r->element[i]->len});
    redis_model_run(&m, &c);
    m.key[0].expires = over->integer * 1000;
    if (over->integer < 0)
        m.key[0].expires = 0;               /* never */
    if (strcmp(name, "hc:{shop}:m") == 0 || /* by each one's own clock */
        strncmp(name, "hc:{shop}:o", 11) == 0 || strcmp(name, "hc:{shop}:al") == 0) {
        assert_true(over->integer > 0);
        m.key[0].expires = redis_model_expiry(&w->redis, name);
    }
    redis_model_dump(&m, out);
    command_fini(&c);
    redis_model_fini(&m);
    freeReplyObject(type);
    freeReplyObject(over);
    freeReplyObject(r);
}

static int by_text(const void *a, const void *b)
{
    return strcmp((*(redisReply *const *)a)->str, (*(redisReply *const *)b)->str);
}

static void expect_same_keys(struct world *w)
{
    struct buf real, model;
    redisReply *keys;

    buf_init(&real, 1 << 24);
    buf_init(&model, 1 << 24);
    forget_who_was_online(w);
    keys = redisCommand(w->real, "KEYS *");
    if (keys->elements > 0)
        qsort(keys->element, keys->elements, sizeof(redisReply *), by_text);
    for (size_t i = 0; i < keys->elements; i++)
        add_real_key(w, &real, keys->element[i]->str);
    redis_model_dump(&w->redis, &model);
    buf_add(&real, "", 1);
    buf_add(&model, "", 1);
    assert_string_equal(model.p, real.p);
    buf_fini(&real);
    buf_fini(&model);
    freeReplyObject(keys);
}

static void load_script(struct world *w, const char *text, char *sha)
{
    redisReply *r = redisCommand(w->real, "SCRIPT LOAD %s", text);

    assert_int_equal(r->type, REDIS_REPLY_STRING);
    snprintf(sha, sizeof w->commit_sha, "%s", r->str);
    freeReplyObject(r);
}

/* Under the scripts themselves everything ends as in the model, key by key. */
static void a_real_redis_says_and_holds_what_the_model_does(void **state)
{
    uint64_t first = first_seed();
    struct redis_server server;
    struct timeval tv;
    redisReply *r;

    (void)state;
    redis_server_start(&server);
    for (uint64_t seed = first; seed < first + 8; seed++) {
        struct world *w;

        gettimeofday(&tv, NULL);
        w = world_new(seed, (ms_t)tv.tv_sec * 1000);
        w->real = redis_server_connect(&server);
        r = redisCommand(w->real, "FLUSHALL");
        freeReplyObject(r);
        load_script(w, commit_lua, w->commit_sha);
        load_script(w, claim_lua, w->claim_sha);
        have_goals(w);
        for (int i = 0; i < 300; i++) {
            step(w);
            if (i % 20 == 0)
                expect_same_keys(w);
        }
        commit_all(w);
        expect_same_keys(w);
        redisFree(w->real);
        world_free(w);
    }
    redis_server_stop(&server);
}

/* What lies there of others goes with a rewrite: one, more than anybody knows, or no
 * alerts at all. */
static void expect_alerts_of_others_to_go(struct world *w)
{
    set_goal(w, "al:busy", "above current 1 0 0", "1");
    hit(w, 1, "/a");
    load_all(w);
    at(w, w->now + 1000);
    commit_all(w);
    for (size_t n = 0; n <= 257; n += n ? 256 : 1) {
        if (n == 0)
            meddle(w, "DEL hc:{shop}:al");
        meddle(w, n == 0 ? "SETRANGE hc:{shop}:al 0 x" : "HSET hc:{shop}:al other off");
        for (size_t i = 1; i < n; i++) {
            char line[96];

            snprintf(line, sizeof line, "HSET hc:{shop}:al other%zu off", i);
            meddle(w, line);
        }
        shop(&w->st)->full = true;
        hit(w, 1, "/a");
        assert_int_equal(outcome(w), COMMIT_OK);
        assert_int_equal(redis_model_fields(&w->redis, "hc:{shop}:al"), 1);
        expect_same_keys(w);
    }
}

static void hit_late(struct world *w, minute_t minute)
{
    send(w, (struct sent){.kind = HIT_VIEW,
                          .visitor = visitor_id(1, w->day),
                          .at = minute_start(minute),
                          .path = "/a"});
}

/* A key of another type is met before anything of what must be there together is. */
static void expect_nothing_by_halves(struct world *w)
{
    struct slice site = SLICE("shop");
    minute_t first = minute_of(w->now);
    const struct key_name keys[] = {
        key_minute(site, first),     key_traits(site, first),     key_totals(site),
        key_minute(site, first + 1), key_traits(site, first + 1),
    };

    hit(w, 1, "/a");
    load_all(w);
    at(w, w->now + 60000);
    hit(w, 1, "/a");
    commit_all(w);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char line[sizeof keys + 16];

        snprintf(line, sizeof line, "DEL %s", keys[i].s);
        meddle(w, line);
        snprintf(line, sizeof line, "SETRANGE %s 0 x", keys[i].s);
        meddle(w, line);
        hit_late(w, first);
        assert_int_equal(outcome(w), COMMIT_ERROR);
        expect_same_keys(w);
        commit_all(w);
        expect_written(w);
    }
}

/* A commit that names only what has changed of the totals finds that they are gone. */
static void expect_totals_to_come_back(struct world *w)
{
    static const char *const gone[] = {"DEL hc:{shop}:t", "HDEL hc:{shop}:t since"};

    hit(w, 1, "/a");
    load_all(w);
    commit_all(w);
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++) {
        hit(w, 2, "/a");
        commit_all(w);
        meddle(w, gone[i]);
        hit(w, 3, "/a");
        commit_all(w);
        expect_written(w);
    }
}

static void a_real_redis_treats_garbage_as_the_model_does(void **state)
{
    static void (*const expect[])(struct world * w) = {expect_healing,
                                                       expect_counting_on,
                                                       expect_totals_to_stay,
                                                       expect_epochs,
                                                       expect_told_anew,
                                                       expect_totals_to_come_back,
                                                       expect_nothing_by_halves,
                                                       expect_alerts_to_stand,
                                                       expect_alerts_of_others_to_go};
    struct redis_server server;
    struct timeval tv;

    (void)state;
    redis_server_start(&server);
    for (size_t i = 0; i < sizeof expect / sizeof *expect; i++) {
        struct world *w;

        gettimeofday(&tv, NULL);
        w = world_new(1, (ms_t)tv.tv_sec * 1000);
        w->real = redis_server_connect(&server);
        freeReplyObject(redisCommand(w->real, "FLUSHALL"));
        load_script(w, commit_lua, w->commit_sha);
        load_script(w, claim_lua, w->claim_sha);
        expect[i](w);
        expect_same_keys(w);
        redisFree(w->real);
        world_free(w);
    }
    redis_server_stop(&server);
}

/* One that the script does not know must not be answered by OK. */
static void an_operation_of_another_script_is_an_error(void **state)
{
    struct world *w = *state;
    struct redis_server server;
    redisReply *r;

    redis_server_start(&server);
    w->real = redis_server_connect(&server);
    load_script(w, commit_lua, w->commit_sha);
    r = redisCommand(
        w->real, "EVALSHA %s 2 hc:{shop}:m hc:shop 1 0 1 0 1 0 0 %s hc:{shop}:x %b %s",
        w->commit_sha, "", "?\0\1", (size_t)3, "");
    assert_int_equal(r->type, REDIS_REPLY_ERROR);
    assert_int_equal(commit_outcome(r->str, (size_t)r->len, true), COMMIT_ERROR);
    freeReplyObject(r);
    redisFree(w->real);
    w->real = NULL;
    redis_server_stop(&server);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(goals_are_known_before_the_first_hit_is_counted),
        T(alerts_stand_as_they_were_told_and_are_not_told_again),
        T(settings_without_a_version_or_of_another_type_are_no_goals),
        T(a_site_that_is_not_there_begins_empty_and_small),
        T(what_was_counted_is_not_counted_again),
        T(one_who_was_two_for_a_while_is_one_afterwards),
        T(what_comes_after_a_naming_is_of_somebody_else_however_old),
        T(also_while_the_log_is_written_anew),
        T(a_hit_without_a_path_told_again_too_late_is_on_no_page),
        T(a_hit_told_again_after_its_window_is_late),
        T(a_random_life_tells_nothing_again_too_late),
        T(a_visitor_beyond_the_rows_it_was_seen_in_is_gone),
        T(only_the_last_part_counts),
        T(what_was_folded_between_two_parts_makes_the_loader_write_pages),
        T(rows_that_turn_dirty_between_two_parts_go_with_the_last),
        T(a_redis_that_forgot_only_parts_is_found_out),
        T(a_part_that_was_refused_takes_all_behind_it_along),
        T(a_late_commit_between_two_parts_of_the_next_is_noticed),
        T(a_part_of_an_earlier_owner_is_nobodys_predecessor),
        T(a_rewrite_that_keeps_the_logs_notices_that_redis_forgot),
        T(a_site_whose_last_commit_is_ahead_says_when_it_was),
        T(what_is_too_far_ahead_is_given_up_and_deleted),
        T(a_later_aggregator_fences_the_loader),
        T(what_an_older_one_wrote_when_our_claim_was_forgotten_is_not_written_over),
        T(garbage_in_the_record_is_written_over),
        T(the_highest_epoch_and_number_are_not_the_end),
        T(garbage_under_hc_epoch_is_replaced),
        T(an_event_with_an_absurd_number_is_left_out),
        T(pages_of_a_first_commit_that_was_torn_do_not_stay),
        T(nor_do_they_in_a_minute_that_has_not_come_yet),
        T(errors_and_broken_connections_mean_once_more),
        T(who_was_there_is_there_after_a_takeover),
        T(and_when_the_hits_are_told_again),
        T(and_among_so_many_that_their_log_comes_in_pieces),
        T(and_when_the_log_was_written_anew),
        T(connections_are_counted_again_as_they_are_heard_of),
        T(they_are_on_the_page_they_were_on),
        T(who_said_goodbye_is_gone_unless_it_came_back),
        T(who_was_renamed_is_there_once),
        T(whoever_is_not_heard_of_again_is_gone_after_a_heartbeat),
        T(who_is_known_from_the_log_alone_raises_no_peak),
        T(who_came_and_went_before_the_site_was_read_back_was_not_there_at_once),
        T(nobody_is_there_after_an_absence_of_minutes),
        T(traits_that_cannot_be_are_left_out_and_the_site_is_written_anew),
        T(totals_and_the_feeds_numbers_outlive_the_window),
        T(a_page_does_not_go_before_its_title_is_written),
        T(totals_outlive_a_record_of_another_type),
        T(messages_are_numbered_on_after_a_takeover),
        cmocka_unit_test(garbage_is_left_out_and_written_over),
        cmocka_unit_test(whoever_dies_wherever_nothing_is_lost_or_counted_twice),
        T(an_operation_of_another_script_is_an_error),
        cmocka_unit_test(a_real_redis_treats_garbage_as_the_model_does),
        cmocka_unit_test(a_real_redis_says_and_holds_what_the_model_does),
    };

    return cmocka_run_group_tests_name("load", tests, NULL, NULL);
}
