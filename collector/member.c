/* Happy path: JOIN, heartbeats, LEAVE, each as a hit of a tab that is held. The visitor
 * is computed anew for each, because ids change at midnight.
 *
 * A member with a name tells everybody that its tab is its own now: the members of this
 * worker by a call, the other workers by mailbox, other collectors through Redis. Who
 * has the tab under an older instance lets go. Instances grow with time, and beyond any
 * that was heard of, so that a message which was under way while a newer member joined
 * ends nobody, and clocks need not agree.
 *
 * Failure modes: Redis is away or does not let us publish: then the older member at
 * another collector stays open, with the same tab, so that both count once; when it
 * closes its LEAVE takes the tab away until the newer one's next heartbeat. The process
 * is killed: without heartbeats the tabs are gone after --member-timeout. */
#include "member.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include "../proto/keys.h"
#include "../proto/log.h"
#include "hub.h"
#include "joined.h"
#include "worker.h"

#define CONTAINER(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))

#define INSTANCE_RANDOM_BITS 16 /* below the ms of the wall clock */

struct member {
    struct member *next, **link; /* in its chain; link NULL: in none */
    struct worker *worker;
    struct deadline due; /* of counting, then of the next heartbeat */
    uint64_t tab;
    uint64_t instance; /* with a name: when it began to count */
    bool is_named, counted;
    bool counts; /* JOIN was sent, and the tab is its own still */
    struct ip ip;
    struct slice site, user, path, agent; /* in `text` */
    void (*replaced)(struct member *m, void *arg);
    void *arg;
    char text[];
};

static struct visitor_ids identify(struct member *m)
{
    struct worker *w = m->worker;

    return visitor_identify(&w->day_keys, &w->setup->secret, worker_now(w)->wall, m->site,
                            m->user, &m->ip, m->agent);
}

static void send_hit(struct member *m, enum hit_kind kind)
{
    struct worker *w = m->worker;
    struct visitor_ids ids = identify(m);
    mono_t now = worker_now(w)->mono;
    struct hit h = {.site = m->site,
                    .path = m->path,
                    .visitor = ids.visitor,
                    .previous = ids.previous,
                    .tab = m->tab,
                    .at = now,
                    .kind = kind,
                    .marks = HIT_HELD};

    if (kind != HIT_LEAVE)
        h.lasts = w->setup->member_timeout_s;
    if (kind == HIT_JOIN && m->counted)
        h.marks |= HIT_COUNTED;
    uplink_add(w->uplink, &h, now);
}

static void log_member(const struct member *m, const char *event)
{
    const struct worker *w = m->worker;

    if (w->setup->log_members)
        log_line("event=%s site=%.*s tab=%016" PRIx64 " worker=%u open=%u", event,
                 (int)m->site.n, m->site.p, m->tab, w->n, w->members.open);
}

static void count_open(struct members *ms, int change)
{
    ms->open += (unsigned)change;
    GAUGE_SET(&ms->worker->counters, members_open, ms->open);
}

/* ---- who holds a tab ---- */

static struct member **chain_of(struct members *ms, uint64_t tab)
{
    return &ms->named[tab & (MEMBER_CHAINS - 1)];
}

static struct member *find(struct members *ms, struct slice site, uint64_t tab)
{
    struct member *m = *chain_of(ms, tab);

    while (m && (m->tab != tab || !slice_eq(m->site, site)))
        m = m->next;
    return m;
}

static void enlist(struct member *m)
{
    struct member **head = chain_of(&m->worker->members, m->tab);

    assert(m->link == NULL);
    m->next = *head;
    m->link = head;
    if (m->next)
        m->next->link = &m->next;
    *head = m;
}

static void delist(struct member *m)
{
    if (m->link == NULL)
        return;
    *m->link = m->next;
    if (m->next)
        m->next->link = m->link;
    m->link = NULL;
}

/* For the aggregator the same tab of the same visitor goes on; of any other it ends. */
static void let_go(struct member *m, uint64_t visitor)
{
    struct visitor_ids ids = identify(m);

    delist(m);
    deadline_clear(&m->due);
    if (visitor != ids.visitor && (ids.previous == 0 || visitor != ids.previous))
        send_hit(m, HIT_LEAVE);
    m->counts = false;
    COUNT(&m->worker->counters, members_replaced);
    log_member(m, "replaced");
    m->replaced(m, m->arg);
}

static void hear(struct members *ms, const struct joined *j)
{
    struct member *m = find(ms, j->site, j->tab);

    if (j->instance > ms->newest)
        ms->newest = j->instance;
    if (m && m->instance < j->instance)
        let_go(m, j->visitor);
}

void members_told(struct members *ms, struct slice message)
{
    struct joined j;

    if (joined_read(&j, message))
        hear(ms, &j);
    else
        COUNT(&ms->worker->counters, messages_bad);
}

/* ---- telling ---- */

/* Logged once, until it works again. */
static void on_published(void *arg, const redisReply *reply)
{
    struct members *ms = arg;
    char why[200];

    if (reply == NULL)
        return;
    if (reply->type == REDIS_REPLY_ERROR && !ms->refused)
        log_line("event=joins_refused why=\"%s\"; members are not replaced by those of "
                 "other collectors until the user of Redis may +publish to &hc:*",
                 log_safe(why, sizeof why, reply->str, reply->len));
    ms->refused = reply->type == REDIS_REPLY_ERROR;
    if (ms->refused)
        COUNT(&ms->worker->counters, joins_refused);
}

static void publish(struct members *ms, struct slice text)
{
    const char *argv[] = {"PUBLISH", CHANNEL_JOINED, text.p};
    const size_t lens[] = {7, sizeof CHANNEL_JOINED - 1, text.n};

    redis_link_call(ms->worker->redis, 3, argv, lens, on_published, ms);
}

/* To everybody, who may have the tab no longer. */
static void tell(struct members *ms, const struct joined *j)
{
    char text[JOINED_MAX + 1];
    struct slice message = joined_write(j, text);

    hear(ms, j);
    hub_tell_joined(ms->worker->hub, ms->worker, message);
    publish(ms, message);
}

static uint64_t next_instance(struct members *ms)
{
    uint64_t now = (uint64_t)worker_now(ms->worker)->wall << INSTANCE_RANDOM_BITS;
    uint64_t instance = now | randombytes_uniform(1U << INSTANCE_RANDOM_BITS);

    return instance > ms->newest ? instance : ms->newest + 1;
}

static void take_tab(struct member *m)
{
    struct members *ms = &m->worker->members;

    m->instance = next_instance(ms);
    tell(ms, &(struct joined){m->site, m->tab, identify(m).visitor, m->instance});
    enlist(m);
}

void members_evict(struct worker *w, struct slice site, struct slice tab)
{
    struct members *ms = &w->members;

    tell(ms, &(struct joined){.site = site,
                              .tab = beacon_tab(&w->setup->secret, tab),
                              .instance = next_instance(ms)});
}

/* ---- life ---- */

static void beat_later(struct member *m)
{
    struct worker *w = m->worker;

    deadline_set(&w->deadlines, &m->due, DEADLINE_BEAT, worker_now(w)->mono);
}

static void begin(struct member *m)
{
    if (m->is_named)
        take_tab(m);
    m->counts = true;
    send_hit(m, HIT_JOIN);
    COUNT(&m->worker->counters, members_joined);
    log_member(m, "joined");
    beat_later(m);
}

void member_due(struct deadline *d)
{
    struct member *m = CONTAINER(d, struct member, due);

    if (!m->counts) {
        begin(m);
        return;
    }
    send_hit(m, HIT_HEARTBEAT);
    beat_later(m);
}

static struct slice keep(char **at, struct slice s)
{
    struct slice kept = {*at, s.n};

    if (s.n > 0)
        memcpy(*at, s.p, s.n);
    *at += s.n;
    return kept;
}

static uint64_t random_tab(void)
{
    uint64_t tab;

    randombytes_buf(&tab, sizeof tab);
    return tab ? tab : 1; /* 0 means none was given */
}

static struct member *copy(struct worker *w, const struct member_intent *in)
{
    char path_text[PATH_MAX_BYTES], *at;
    struct slice path = in->path, agent = in->from.user_agent;
    struct member *m;

    assert(in->user.n <= CLIENT_ID_MAX && in->path.n <= PATH_RAW_MAX);
    if (path.n > 0)
        path = path_normalize(path, path_text);
    if (agent.n > MEMBER_AGENT_MAX)
        agent.n = MEMBER_AGENT_MAX;
    m = calloc(1, sizeof *m + in->site.n + in->user.n + path.n + agent.n);
    if (m == NULL)
        abort();
    at = m->text;
    m->site = keep(&at, in->site);
    m->user = keep(&at, in->user);
    m->path = keep(&at, path);
    m->agent = keep(&at, agent);
    m->worker = w;
    m->ip = in->from.ip;
    m->counted = in->counted;
    m->is_named = in->tab.n > 0;
    m->tab = m->is_named ? beacon_tab(&w->setup->secret, in->tab) : random_tab();
    m->replaced = in->replaced;
    m->arg = in->arg;
    return m;
}

struct member *member_join(struct worker *w, const struct member_intent *intent)
{
    struct member *m;

    assert(site_valid(intent->site) && (intent->tab.n == 0 || intent->replaced));
    if (w->members.open >= MEMBERS_MAX) {
        COUNT(&w->counters, members_full);
        return NULL;
    }
    m = copy(w, intent);
    count_open(&w->members, 1);
    if (intent->delayed && w->setup->deadline_ms[DEADLINE_JOIN] > 0)
        deadline_set(&w->deadlines, &m->due, DEADLINE_JOIN, worker_now(w)->mono);
    else
        begin(m);
    return m;
}

void member_leave(struct member *m)
{
    if (m == NULL)
        return;
    count_open(&m->worker->members, -1);
    if (m->counts) {
        send_hit(m, HIT_LEAVE);
        log_member(m, "left");
    }
    delist(m);
    deadline_clear(&m->due);
    free(m);
}

void members_init(struct members *ms, struct worker *w)
{
    *ms = (struct members){.worker = w};
}

void members_fini(struct members *ms)
{
    assert(ms->open == 0);
}
