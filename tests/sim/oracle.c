/* oracle: reads Redis as a stranger would, by the names of keys and fields in
 * PROTOCOL.md.
 */
#include "oracle.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../proto/keys.h"
#include "origin.h"

/* A visitor's number is its name times this, so that the name can be had back. */
#define ODD UINT64_C(0x9e3779b97f4a7c15)
#define ODD_INVERSE UINT64_C(0xf1de83e19937733d)

_Static_assert(ODD *ODD_INVERSE == 1, "the inverse modulo 2^64");

void oracle_init(struct oracle *o, struct world *w, struct node_redis *redis,
                 const struct flow *flows, unsigned nsites, bool crowd)
{
    memset(o, 0, sizeof *o);
    o->world = w;
    o->redis = redis;
    o->flows = flows;
    o->nsites = nsites;
    o->crowd = crowd;
    for (unsigned i = 0; i < nsites; i++)
        snprintf(o->site[i].name, sizeof o->site[i].name, "site-%u", i);
    o->operator=(struct operator){.redis = &redis->model, .nsites = nsites};
}

static bool is_crowd(const struct oracle *o, unsigned i)
{
    return o->crowd && i == o->nsites - 1;
}

/* ---- what is told ------------------------------------------------------- */

static uint64_t visitor_of(unsigned site, uint64_t who, int64_t day)
{
    return ODD *
           ((uint64_t)(day & 0xffff) << 32 | (uint64_t)(site + 1) << 16 | (who + 1));
}

static unsigned who_of(uint64_t visitor)
{
    return (unsigned)((visitor * ODD_INVERSE) & 0xffff) - 1;
}

static struct slice path_of(const struct oracle *o, unsigned i)
{
    static char text[PATH_MAX_BYTES];
    int n = snprintf(text, sizeof text, "/%u", i);

    if (!o->long_paths)
        return (struct slice){text, (size_t)n};
    text[n] = '/';
    memset(text + n + 1, 'x', sizeof text - (size_t)n - 1);
    return (struct slice){text, sizeof text};
}

static void make_crowd(struct oracle *o, unsigned site, struct told *t, int64_t day,
                       bool after_midnight, struct hit *h)
{
    (void)site;
    t->person = (uint16_t)draw(o->world, PEOPLE);
    oracle_crowd_hit(o, t->person, (unsigned)draw(o->world, 8), day, after_midnight, h);
    h->kind = HIT_VIEW;
    if (o->still)
        return;
    h->kind = (uint8_t)draw(o->world, HIT_RESET + 1);
    if (h->kind == HIT_RESET) /* not that: the totals are to be compared */
        h->kind = HIT_JOIN;
    h->tab = draw(o->world, 4);
    h->marks = draw_yes(o->world, 300) ? HIT_HELD : 0;
    h->lasts = draw_yes(o->world, 200) ? (uint8_t)draw(o->world, TAB_LASTS_MAX_S + 1) : 0;
    h->state = (uint8_t)draw(o->world, HIT_STATES);
    h->engaged = (uint32_t)draw(o->world, 20000);
}

struct slice oracle_crowd(const struct oracle *o)
{
    return slice_of(o->site[o->nsites - 1].name);
}

void oracle_crowd_hit(struct oracle *o, unsigned person, unsigned page, int64_t day,
                      bool after_midnight, struct hit *h)
{
    unsigned site = o->nsites - 1;

    *h = (struct hit){.site = oracle_crowd(o), .at = h->at};
    h->visitor = visitor_of(site, person, day);
    if (after_midnight)
        h->previous = visitor_of(site, person, day - 1);
    h->path = path_of(o, page);
}

bool oracle_make(struct oracle *o, unsigned i, mono_t at, int64_t day,
                 bool after_midnight, struct hit *h)
{
    struct told_site *s = &o->site[i];
    struct told *t = &s->hit[s->n];

    if (s->n == HITS_MAX)
        return false;
    *t = (struct told){.person = (uint16_t)s->n};
    *h = (struct hit){.site = slice_of(s->name), .at = at};
    h->kind = draw_yes(o->world, 150) ? HIT_EVENT : HIT_VIEW;
    h->path = path_of(o, s->n);
    h->visitor = visitor_of(i, s->n, 0);
    if (is_crowd(o, i))
        make_crowd(o, i, t, day, after_midnight, h);
    if (h->kind == HIT_EVENT)
        h->name = SLICE("buy");
    if (h->kind == HIT_VIEW)
        origin_make(s->n, h);
    t->kind = h->kind;
    s->n++;
    o->hits++;
    return true;
}

void oracle_tell(struct oracle *o, unsigned i, unsigned flow, bool taken)
{
    struct told *t = &o->site[i].hit[o->site[i].n - 1];

    t->taken = taken;
    t->flow = flow;
    t->index = o->flows[flow].taken - 1;
}

/* ---- reading Redis ------------------------------------------------------ */

struct row {
    minute_t minute;
    uint64_t views, events, uniques, last, records;
    uint64_t pages;     /* sum over them */
    unsigned of[4];     /* the hits that its pages name, by kind */
    struct origin has;  /* what its views are told apart by, and the goals reached, */
    struct origin want; /* and what those hits were told by */
};

static uint64_t number(struct slice s)
{
    uint64_t v = 0;

    for (size_t i = 0; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++)
        v = v * 10 + (uint64_t)(s.p[i] - '0');
    return v;
}

/* The minute of the row at @key of @s, or of the like of @kind; 0: it is none of it. */
static minute_t minute_in(const struct told_site *s, const char *kind, const char *key)
{
    char prefix[64];
    char *end;
    int n = snprintf(prefix, sizeof prefix, "hc:{%s}:%s:", s->name, kind);
    unsigned long m;

    if (strncmp(key, prefix, (size_t)n) != 0)
        return 0;
    m = strtoul(key + n, &end, 10);
    return *end ? 0 : (minute_t)m; /* staged rows have a suffix */
}

static void read_page(struct oracle *o, unsigned i, struct row *r, struct slice path,
                      uint64_t visitors)
{
    struct told_site *s = &o->site[i];
    unsigned n = (unsigned)number(slice_skip(path, 1));

    r->pages += visitors;
    if (is_crowd(o, i) || visitors == 0)
        return;
    if (n >= s->n || !s->hit[n].taken)
        world_fail(o->world, "%s: /%u in row %u was never taken", s->name, n, r->minute);
    if (visitors != 1 || s->hit[n].found)
        world_fail(o->world, "%s: /%u is counted twice, now in row %u", s->name, n,
                   r->minute);
    s->hit[n].found++;
    s->hit[n].minute = r->minute;
    r->of[s->hit[n].kind]++;
    if (s->hit[n].kind == HIT_VIEW)
        origin_add_hit(&r->want, n);
}

static void read_row(struct oracle *o, unsigned i, const struct model_key *k,
                     struct row *r)
{
    for (size_t j = 0; j < k->n; j++) {
        struct slice name = {k->field[j].name, k->field[j].name_n};
        uint64_t v = number((struct slice){k->field[j].value, k->field[j].value_n});

        if (slice_starts(name, SLICE(FIELD_PAGE)))
            read_page(o, i, r, slice_skip(name, strlen(FIELD_PAGE)), v);
        else if (slice_eq(name, SLICE("pv")))
            r->views = v;
        else if (slice_eq(name, SLICE("ev")))
            r->events = v;
        else if (slice_eq(name, SLICE("uniq")))
            r->uniques = v;
        else if (slice_eq(name, SLICE("last")))
            r->last = v;
        else if (slice_eq(name, SLICE("n")))
            r->records = v;
    }
}

static void read_traits(struct oracle *o, unsigned i, struct row *r)
{
    struct key_name key = key_traits(slice_of(o->site[i].name), r->minute);
    const struct model_key *k = redis_model_key(&o->redis->model, key.s);

    for (size_t j = 0; k && j < k->n; j++) {
        struct slice field = {k->field[j].name, k->field[j].name_n}, name;
        struct slice value = {k->field[j].value, k->field[j].value_n};
        enum trait_kind kind;

        if (trait_field(field, &kind, &name))
            origin_add(&r->has, kind, name, number(value));
        else
            r->has.strange++;
    }
}

/* Whether a commit that comes in several parts has not come to its end. */
static bool is_cut(const struct oracle *o, unsigned i)
{
    struct key_name meta = key_meta(slice_of(o->site[i].name));

    return slice_eq(redis_model_get(&o->redis->model, meta.s, "x"), SLICE("1"));
}

static void check_row_goals(const struct oracle *o, unsigned i, const struct row *r)
{
    const struct origin *g = &r->has;
    bool sound = g->all == r->views && g->buy == r->events &&
                 g->gone + g->late == r->views && (o->operator.changed || !g->late);

    if (!sound)
        world_fail(o->world,
                   "%s: row %u has pv %" PRIu64 " ev %" PRIu64 " and goals all %" PRIu64
                   " buy %" PRIu64 " gone %" PRIu64 " late %" PRIu64,
                   o->site[i].name, r->minute, r->views, r->events, g->all, g->buy,
                   g->gone, g->late);
}

/* Traits are of the instant of the row's views; its pages may be ahead. */
static void check_row_traits(const struct oracle *o, unsigned i, const struct row *r)
{
    const struct origin *has = &r->has, *want = &r->want;
    bool known = !is_crowd(o, i) && (o->at_rest || !is_cut(o, i));

    if (!origin_is_of(has, r->views) || (known && !origin_same(has, want)))
        world_fail(o->world,
                   "%s: row %u has pv %" PRIu64 " and by campaign %" PRIu64 "+%" PRIu64
                   ", terms %" PRIu64 ", referrers %" PRIu64 "+%" PRIu64 "+%" PRIu64
                   ", strange %" PRIu64 "; its pages %" PRIu64 "+%" PRIu64 ", %" PRIu64
                   ", %" PRIu64 "+%" PRIu64 "+%" PRIu64,
                   o->site[i].name, r->minute, r->views, has->spring, has->autumn,
                   has->terms, has->internal, has->news, has->hosts, has->strange,
                   want->spring, want->autumn, want->terms, want->internal, want->news,
                   want->hosts);
}

static void check_row(const struct oracle *o, unsigned i, const struct row *r)
{
    unsigned views = r->of[HIT_VIEW], events = r->of[HIT_EVENT];
    bool sound = r->views == views && r->events == events &&
                 r->uniques == views + events && r->last == views + events;

    if (is_crowd(o, i))
        sound = r->pages == r->last && r->last <= r->uniques;
    if (!sound && (o->at_rest || !is_cut(o, i)))
        world_fail(o->world,
                   "%s: row %u has pv %" PRIu64 " ev %" PRIu64 " uniq %" PRIu64
                   " last %" PRIu64 " pages %" PRIu64 ", its pages are of %u views, %u "
                   "events",
                   o->site[i].name, r->minute, r->views, r->events, r->uniques, r->last,
                   r->pages, views, events);
}

/* Calls @fn with each row of site @i. */
static void each_row(struct oracle *o, unsigned i,
                     void (*fn)(struct oracle *o, unsigned i, const struct row *r,
                                void *arg),
                     void *arg)
{
    const struct redis_model *m = &o->redis->model;

    for (unsigned n = 0; n < o->site[i].n; n++)
        o->site[i].hit[n].found = 0;
    for (const struct model_key *k = m->key; k < m->key + m->n; k++) {
        struct row r = {.minute = minute_in(&o->site[i], "b", k->name)};

        if (r.minute == 0 || (k->expires && k->expires <= m->now))
            continue;
        read_row(o, i, k, &r);
        read_traits(o, i, &r);
        fn(o, i, &r, arg);
    }
}

/* ---- checks ------------------------------------------------------------- */

static void on_row(struct oracle *o, unsigned i, const struct row *r, void *arg)
{
    (void)arg;
    check_row(o, i, r);
    check_row_goals(o, i, r);
    check_row_traits(o, i, r);
}

static void add_row(struct oracle *o, unsigned i, const struct row *r, void *arg)
{
    struct row *sum = arg;

    (void)o, (void)i;
    sum->views += r->views;
    sum->events += r->events;
    sum->uniques += r->uniques;
    sum->last += r->last;
    sum->has.gone += r->has.gone;
    sum->has.spring += r->has.spring;
    sum->has.autumn += r->has.autumn;
    sum->has.terms += r->has.terms;
}

/* Written in one instant. */
static void check_total(struct oracle *o, unsigned i)
{
    struct key_name key = key_totals(slice_of(o->site[i].name));
    uint64_t total = number(redis_model_get(&o->redis->model, key.s, "pv"));
    struct row sum = {0};

    each_row(o, i, add_row, &sum);
    if (total < sum.views || (total > sum.views && !o->clocks))
        world_fail(o->world, "%s: %" PRIu64 " views in all, and %" PRIu64 " in its rows",
                   o->site[i].name, total, sum.views);
}

/* Traits are there with their row or not at all. */
static void check_traits(struct oracle *o, unsigned i)
{
    const struct redis_model *m = &o->redis->model;

    for (const struct model_key *k = m->key; k < m->key + m->n; k++) {
        minute_t minute = minute_in(&o->site[i], "tr", k->name);
        struct key_name row = key_minute(slice_of(o->site[i].name), minute);

        if (minute == 0 || (k->expires && k->expires <= m->now))
            continue;
        if (k->expires == 0 || k->expires != redis_model_expiry(&o->redis->model, row.s))
            world_fail(o->world, "%s does not expire with its row", k->name);
    }
}

void oracle_check_sound(struct oracle *o)
{
    node_redis_clock(o->redis);
    for (unsigned i = 0; i < o->nsites; i++) {
        check_total(o, i);
        check_traits(o, i);
        each_row(o, i, on_row, NULL);
        if (o->at_rest && is_cut(o, i))
            world_fail(o->world, "%s: a commit has not come to its end", o->site[i].name);
    }
}

void oracle_check_durable(struct oracle *o)
{
    for (unsigned i = 0; i < o->nsites; i++)
        for (unsigned n = 0; !is_crowd(o, i) && n < o->site[i].n; n++) {
            const struct told *t = &o->site[i].hit[n];

            if (t->taken && !t->found && t->index < o->flows[t->flow].durable)
                world_fail(o->world,
                           "%s: /%u is called durable by flow %u and is not there",
                           o->site[i].name, n, t->flow);
        }
}

static void check_sum(struct oracle *o, const char *what, uint64_t has, uint64_t wanted,
                      uint64_t lost)
{
    if (has > wanted || has + lost < wanted)
        world_fail(o->world,
                   "the crowd: %" PRIu64 " %s instead of %" PRIu64 ", %" PRIu64
                   " are counted lost",
                   has, what, wanted, lost);
}

static void check_crowd(struct oracle *o, unsigned i, uint64_t lost)
{
    struct key_name key = key_totals(slice_of(o->site[i].name));
    uint64_t kinds[HIT_KINDS] = {0}, people = 0;
    struct origin told = {0};
    bool known[PEOPLE] = {false};
    struct row sum = {0};

    each_row(o, i, add_row, &sum);
    for (unsigned n = 0; n < o->site[i].n; n++) {
        const struct told *t = &o->site[i].hit[n];

        if (!t->taken)
            continue;
        kinds[t->kind]++;
        if (t->kind == HIT_VIEW)
            origin_add_hit(&told, n);
        known[t->person] |= t->kind == HIT_VIEW || t->kind == HIT_EVENT ||
                            t->kind == HIT_HEARTBEAT || t->kind == HIT_JOIN;
    }
    for (unsigned p = 0; p < PEOPLE; p++)
        people += known[p] || o->there[p];
    check_sum(o, "views", sum.views, kinds[HIT_VIEW], lost);
    check_sum(o, "events", sum.events, kinds[HIT_EVENT], lost);
    check_sum(o, "views by campaign", sum.has.spring + sum.has.autumn,
              told.spring + told.autumn, lost);
    check_sum(o, "connections", number(redis_model_get(&o->redis->model, key.s, "con")),
              kinds[HIT_JOIN], lost);
    if (!o->midnights || sum.last < people)
        check_sum(o, "people", sum.last, people, lost);
}

static unsigned missing(struct oracle *o, unsigned i, unsigned *first)
{
    unsigned n = 0;

    for (unsigned j = o->site[i].n; j-- > 0;)
        if (o->site[i].hit[j].taken && !o->site[i].hit[j].found) {
            *first = j;
            n++;
        }
    return n;
}

/* The log of a row names the visitors that it counts, and nobody else. */
static void check_log(struct oracle *o, unsigned i, const struct row *r, void *arg)
{
    struct told_site *s = &o->site[i];
    struct key_name key = key_log(slice_of(s->name), r->minute);
    struct slice text = redis_model_get(&o->redis->model, key.s, NULL);
    bool seen[HITS_MAX] = {false};
    uint64_t n = 0;

    (void)arg;
    if (text.n < r->records * LOG_RECORD_BYTES)
        world_fail(o->world, "%s: the log of %u is shorter than its row says", s->name,
                   r->minute);
    for (uint64_t j = 0; j < r->records; j++) {
        const char *at = text.p + j * LOG_RECORD_BYTES;
        struct log_record record = log_decode((const uint8_t *)at);
        unsigned who = who_of(record.visitor);

        if (who >= s->n || !s->hit[who].found || s->hit[who].minute != r->minute)
            world_fail(o->world, "%s: the log of %u has /%u, the row has not", s->name,
                       r->minute, who);
        n += !seen[who];
        seen[who] = true;
    }
    if (n != r->uniques)
        world_fail(o->world, "%s: the log of %u has %lu visitors, its row %lu", s->name,
                   r->minute, n, r->uniques);
}

/* Adds up what an answer tells views apart by. */
static void add_lists(struct origin *o, const struct summary *s)
{
    for (size_t i = 0; i < s->trait[TRAIT_CAMPAIGN].n; i++)
        origin_add(o, TRAIT_CAMPAIGN, s->trait[TRAIT_CAMPAIGN].of[i].name,
                   s->trait[TRAIT_CAMPAIGN].of[i].views);
    for (size_t i = 0; i < s->trait[TRAIT_TERM].n; i++)
        origin_add(o, TRAIT_TERM, s->trait[TRAIT_TERM].of[i].name,
                   s->trait[TRAIT_TERM].of[i].views);
}

/* What the realtime answer is made of has the same rows. */
static void check_answer(struct oracle *o, unsigned i)
{
    struct row sum = {0}, told = {0};
    struct model_list list;
    struct summary s;

    each_row(o, i, add_row, &sum);
    if (redis_model_snapshot(&o->redis->model, slice_of(o->site[i].name), WINDOW_MAX, &s,
                             &list) != 0)
        world_fail(o->world, "%s: the answer cannot be parsed", o->site[i].name);
    for (unsigned m = 0; m < s.window; m++) {
        told.views += s.row[m].views;
        told.last += s.row[m].last;
    }
    add_lists(&told.has, &s);
    summary_fini(&s);
    redis_model_snapshot_fini(&list);
    if (told.views != sum.views || told.last != sum.last)
        world_fail(o->world,
                   "%s: the answer tells of %lu views, %lu visitors, the rows of "
                   "%lu, %lu",
                   o->site[i].name, told.views, told.last, sum.views, sum.last);
    if (told.has.spring != sum.has.spring || told.has.autumn != sum.has.autumn ||
        told.has.terms != sum.has.terms)
        world_fail(o->world, "%s: the answer tells of campaigns otherwise than the rows",
                   o->site[i].name);
}

void oracle_check_whole(struct oracle *o, uint64_t lost)
{
    unsigned sum = 0, first = 0, of = 0;

    for (unsigned i = 0; i < o->nsites; i++) {
        unsigned n = is_crowd(o, i) ? 0 : missing(o, i, &first);

        of = n ? i : of;
        sum += n;
        if (is_crowd(o, i))
            check_crowd(o, i, lost);
        else
            each_row(o, i, check_log, NULL);
        check_answer(o, i);
    }
    o->missing = sum;
    if (sum > lost)
        world_fail(o->world,
                   "%u hits are missing, the first of %s is /%u of flow %u, and %" PRIu64
                   " are counted lost",
                   sum, o->site[of].name, first, o->site[of].hit[first].flow, lost);
}

/* What @s tells the views of a row apart by. */
static struct origin origin_of_store(const struct site *s, minute_t minute)
{
    struct origin sum = {0};

    for (size_t i = 0; i < s->traits.n; i++) {
        const struct trait *v = s->traits.trait[i];

        if (v->at[slot_of(s, minute)] > 0)
            origin_add(&sum, v->kind, trait_name(v), v->at[slot_of(s, minute)]);
    }
    return sum;
}

static void check_row_of_store(struct oracle *o, unsigned i, const struct row *r,
                               void *arg)
{
    const struct site *s = arg;
    const struct site_row *row = &s->row[slot_of(s, r->minute)];
    struct origin has;

    if (!site_covers(s, r->minute))
        return;
    if (row->views != r->views || row->events != r->events ||
        row->uniques != r->uniques || row->last != r->last)
        world_fail(
            o->world,
            "%s: row %u is pv %u ev %u uniq %u last %u in the aggregator, and %" PRIu64
            " %" PRIu64 " %" PRIu64 " %" PRIu64 " in Redis",
            o->site[i].name, r->minute, row->views, row->events, row->uniques, row->last,
            r->views, r->events, r->uniques, r->last);
    has = origin_of_store(s, r->minute);
    if (memcmp(&has, &r->has, sizeof has) != 0)
        world_fail(o->world,
                   "%s: row %u has other traits in the aggregator than in Redis",
                   o->site[i].name, r->minute);
}

void oracle_note_goals(struct oracle *o)
{
    for (unsigned i = 0; i < o->nsites; i++) {
        struct row sum = {0};

        each_row(o, i, add_row, &sum);
        o->site[i].gone = sum.has.gone;
    }
}

void oracle_check_goals(struct oracle *o)
{
    for (unsigned i = 0; i < o->nsites; i++) {
        struct row sum = {0};

        each_row(o, i, add_row, &sum);
        if (sum.has.gone != o->site[i].gone)
            world_fail(o->world,
                       "%s: %" PRIu64 " reached a goal that is no more, %" PRIu64
                       " when all had heard of that",
                       o->site[i].name, sum.has.gone, o->site[i].gone);
    }
}

void oracle_check_store(struct oracle *o, const struct store *st, uint64_t epoch)
{
    for (unsigned i = 0; i < o->nsites; i++) {
        struct slice name = slice_of(o->site[i].name);
        struct slice owner = redis_model_get(&o->redis->model, key_meta(name).s, "e");
        struct site *s = store_find(st, name);

        if (!s || number(owner) != epoch)
            continue;
        each_row(o, i, check_row_of_store, s);
        if (!alerts_dirty(&s->alerts))
            alarms_check(&o->alarms[i], o->redis, s);
    }
}

void oracle_watch(struct oracle *o, const struct store *st)
{
    for (unsigned i = 0; i < o->nsites; i++) {
        const struct site *s = store_find(st, slice_of(o->site[i].name));

        if (s)
            alarms_watch(&o->alarms[i], o->world, s, st->clock);
    }
}

/* ---- messages ----------------------------------------------------------- */

struct heard {
    char site[16];
    uint64_t epoch, commit, message;
    int64_t at;
    bool tick;
    uint64_t visitors, views; /* of the whole window */
};

/* The last number of the object that follows @name. */
static uint64_t last_of(const char *text, const char *name)
{
    const char *p = strstr(text, name), *end = p ? strchr(p, '}') : NULL;

    while (end && end > p && end[-1] >= '0' && end[-1] <= '9')
        end--;
    return end ? strtoull(end, NULL, 10) : 0;
}

static bool parse(struct heard *h, struct slice text)
{
    static char copy[MESSAGE_MAX + 1];

    assert(text.n <= MESSAGE_MAX);
    memcpy(copy, text.p, text.n);
    copy[text.n] = 0;
    if (sscanf(copy,
               "{\"v\":1,\"site\":\"%15[^\"]\",\"e\":%" SCNu64 ",\"q\":%" SCNu64
               ",\"n\":%" SCNu64 ",\"t\":%" SCNd64,
               h->site, &h->epoch, &h->commit, &h->message, &h->at) != 5)
        return false;
    h->tick = strstr(copy, "\"tick\"") != NULL;
    h->visitors = last_of(copy, "\"visitors\":{");
    h->views = last_of(copy, "\"pv\":{\"");
    return true;
}

/* What is older than what was heard is a tick, which nobody fences: of one who does not
 * know that he is superseded, or of a broken connection; or Redis has forgotten the
 * newer. */
static void check_order(struct oracle *o, struct told_site *s, const struct heard *h)
{
    bool grows = h->epoch > s->epoch || (h->epoch == s->epoch && h->message > s->message);

    if (!grows && h->tick) {
        o->stale_ticks++;
        return;
    }
    if (!grows && s->life == o->redis->life + o->redis->flushes)
        world_fail(o->world,
                   "%s: message (%" PRIu64 ", %" PRIu64 ") after (%" PRIu64 ", %" PRIu64
                   ")",
                   s->name, h->epoch, h->message, s->epoch, s->message);
    s->epoch = h->epoch;
    s->message = h->message;
    s->life = o->redis->life + o->redis->flushes;
}

struct window_sum {
    minute_t now;
    uint64_t visitors, views;
};

static void add_window(struct oracle *o, unsigned i, const struct row *r, void *arg)
{
    struct window_sum *sum = arg;

    (void)o, (void)i;
    if (r->minute > sum->now)
        return;
    sum->visitors += r->last;
    sum->views += r->views;
}

static void check_numbers(struct oracle *o, unsigned i, const struct heard *h)
{
    struct window_sum sum = {.now = minute_of(h->at)};

    each_row(o, i, add_window, &sum);
    if (sum.visitors != h->visitors || sum.views != h->views)
        world_fail(o->world,
                   "%s: message (%" PRIu64 ", %" PRIu64 ") says %" PRIu64
                   " visitors, %" PRIu64 " views; Redis has %" PRIu64 ", %" PRIu64,
                   o->site[i].name, h->epoch, h->message, h->visitors, h->views,
                   sum.visitors, sum.views);
}

void oracle_lost(struct oracle *o)
{
    alarms_lost(o->alarms, o->nsites, o->redis);
}

void oracle_hear(struct oracle *o)
{
    struct heard h;

    o->alerts += alarms_hear(o->alarms, o->nsites, o->redis);
    if (!parse(&h, buf_get(&o->redis->model.published)))
        world_fail(o->world, "a message is not of the form that PROTOCOL.md tells");
    for (unsigned i = 0; i < o->nsites; i++)
        if (strcmp(o->site[i].name, h.site) == 0) {
            check_order(o, &o->site[i], &h);
            if (++o->messages % 16 == 0 && !h.tick)
                check_numbers(o, i, &h);
        }
}
