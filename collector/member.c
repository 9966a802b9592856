/* Happy path: JOIN, heartbeats, LEAVE, each as a hit of a tab that is held. The visitor
 * is computed anew for each, because ids change at midnight.
 *
 * A member with a name holds its tab (holds.h), and lets go when another does.
 *
 * Failure modes: Redis does not carry who holds what: then the older member at another
 * collector stays open, with the same tab, so that both count once; when it closes its
 * LEAVE takes the tab away until the newer one's next heartbeat. The process is killed:
 * without heartbeats the tabs are gone after --member-timeout. */
#include "member.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include "../proto/log.h"
#include "admission/admission.h"
#include "container.h"
#include "worker.h"

struct member {
    struct worker *worker;
    struct deadline due; /* of counting, then of the next heartbeat */
    struct hold hold;    /* its site and tab; held only if it has a name */
    bool is_named, counted, silent;
    bool counts; /* JOIN was sent, and the tab is its own still */
    struct ip ip;
    struct slice user, path, agent; /* in `text`, as the site is */
    void (*replaced)(struct member *m, void *arg);
    void *arg;
    char text[];
};

static struct visitor_ids identify(struct member *m)
{
    struct worker *w = m->worker;

    return visitor_identify(&w->day_keys, &w->files.secret, worker_now(w)->wall,
                            m->hold.site, m->user, &m->ip, m->agent);
}

static void send_hit(struct member *m, enum hit_kind kind)
{
    struct worker *w = m->worker;
    struct visitor_ids ids = identify(m);
    mono_t now = worker_now(w)->mono;
    struct hit h = {.site = m->hold.site,
                    .path = m->path,
                    .visitor = ids.visitor,
                    .previous = ids.previous,
                    .tab = m->hold.tab,
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
                 (int)m->hold.site.n, m->hold.site.p, m->hold.tab, w->n, w->members.open);
}

static void count_open(struct members *ms, int change)
{
    ms->open += (unsigned)change;
    GAUGE_SET(&ms->worker->counters, members_open, ms->open);
}

/* For the aggregator the same tab of the same visitor goes on; of any other it ends. */
static void let_go(struct hold *h, uint64_t visitor)
{
    struct member *m = CONTAINER(h, struct member, hold);
    struct visitor_ids ids = identify(m);

    deadline_clear(&m->due);
    if (visitor != ids.visitor && (ids.previous == 0 || visitor != ids.previous))
        send_hit(m, HIT_LEAVE);
    m->counts = false;
    COUNT(&m->worker->counters, members_replaced);
    log_member(m, "replaced");
    m->replaced(m, m->arg);
}

static void beat_later(struct member *m)
{
    struct worker *w = m->worker;

    deadline_set(&w->deadlines, &m->due, DEADLINE_BEAT, worker_now(w)->mono);
}

static void begin(struct member *m)
{
    if (m->is_named)
        holds_take(&m->worker->members.holds, &m->hold, identify(m).visitor);
    m->counts = true;
    send_hit(m, HIT_JOIN);
    COUNT(&m->worker->counters, members_joined);
    log_member(m, "joined");
    beat_later(m);
}

/* A site that is removed meanwhile hears of its members no more, and they are gone after
 * --member-timeout. */
void member_due(struct deadline *d)
{
    struct member *m = CONTAINER(d, struct member, due);

    if (admission_judge_site(m->worker, m->hold.site, NULL) != ADMITTED) {
        beat_later(m);
        return;
    }
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

/* Without the secret no two families have a tab in common that anybody could find. */
static uint64_t named_tab(struct worker *w, enum member_family family, struct slice name)
{
    uint64_t mix = family * UINT64_C(0x9e3779b97f4a7c15);
    uint64_t tab =
        beacon_tab(&w->files.secret, worker_now(w)->wall / MS_PER_DAY, name) ^ mix;

    return tab ? tab : 1; /* 0 means none was given */
}

static struct member *copy(struct worker *w, const struct member_intent *in)
{
    char path_text[PATH_MAX_BYTES], *at;
    struct slice path = in->path, agent = in->from.user_agent;
    struct member *m;

    assert(in->tab.n == 0 || in->family);
    assert(in->user.n <= CLIENT_ID_MAX && in->path.n <= PATH_RAW_MAX);
    if (path.n > 0)
        path = path_normalize(path, path_text);
    if (agent.n > MEMBER_AGENT_MAX)
        agent.n = MEMBER_AGENT_MAX;
    m = calloc(1, sizeof *m + in->site.n + in->user.n + path.n + agent.n);
    if (m == NULL)
        abort();
    at = m->text;
    m->hold.site = keep(&at, in->site);
    m->user = keep(&at, in->user);
    m->path = keep(&at, path);
    m->agent = keep(&at, agent);
    m->worker = w;
    m->ip = in->from.ip;
    m->counted = in->counted;
    m->silent = in->silent;
    m->is_named = in->tab.n > 0;
    m->hold.tab = m->is_named ? named_tab(w, in->family, in->tab) : random_tab();
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
    if (!quotas_allow_join(&w->commons->quotas, &intent->from.ip, intent->site,
                           worker_now(w)->mono, &w->counters)) {
        COUNT(&w->counters, members_limited);
        return NULL;
    }
    m = copy(w, intent);
    count_open(&w->members, 1);
    if (m->silent)
        return m;
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
    holds_drop(&m->hold);
    deadline_clear(&m->due);
    free(m);
}

void members_evict(struct worker *w, struct slice site, enum member_family family,
                   struct slice tab)
{
    holds_evict(&w->members.holds, site, named_tab(w, family, tab));
}

void members_told(struct members *ms, struct slice message)
{
    holds_told(&ms->holds, message);
}

void members_init(struct members *ms, struct worker *w)
{
    ms->worker = w;
    ms->open = 0;
    holds_init(&ms->holds, w, let_go);
}

void members_fini(struct members *ms)
{
    assert(ms->open == 0);
}
