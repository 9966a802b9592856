/* Who takes a tab tells everybody that it is its own now: this worker by a call, the
 * other workers by mailbox, other collectors through Redis. Who has it under an older
 * instance lets go. Instances grow with time, and beyond any that was heard of, so that a
 * message which was under way while a newer one took the tab ends nobody, and clocks need
 * not agree.
 *
 * Failure mode: Redis is away or does not let us publish: then the older hold at another
 * collector stays. */
#include "holds.h"

#include <assert.h>
#include <sodium.h>
#include "../proto/keys.h"
#include "../proto/log.h"
#include "hub.h"
#include "joined.h"
#include "worker.h"

#define INSTANCE_RANDOM_BITS 16 /* below the ms of the wall clock */

/* How far ahead a clock may be, ms. What is beyond would have to be outdone for ever. */
#define INSTANCE_AHEAD_MS (24 * 3600 * INT64_C(1000))

/* ---- the table ---- */

static struct hold **chain_of(struct holds *hs, uint64_t tab)
{
    return &hs->chain[tab & (HOLD_CHAINS - 1)];
}

static struct hold *find(struct holds *hs, struct slice site, uint64_t tab)
{
    struct hold *h = *chain_of(hs, tab);

    while (h && (h->tab != tab || !slice_eq(h->site, site)))
        h = h->next;
    return h;
}

static void enlist(struct holds *hs, struct hold *h)
{
    struct hold **head = chain_of(hs, h->tab);

    assert(h->link == NULL);
    h->next = *head;
    h->link = head;
    if (h->next)
        h->next->link = &h->next;
    *head = h;
}

void holds_drop(struct hold *h)
{
    if (h->link == NULL)
        return;
    *h->link = h->next;
    if (h->next)
        h->next->link = h->link;
    h->link = NULL;
}

/* ---- hearing ---- */

static void hear(struct holds *hs, const struct joined *j)
{
    struct hold *h = find(hs, j->site, j->tab);

    if (j->instance > hs->newest)
        hs->newest = j->instance;
    if (h && h->instance < j->instance) {
        holds_drop(h);
        hs->let_go(h, j->visitor);
    }
}

static bool is_plausible(const struct holds *hs, const struct joined *j)
{
    ms_t at = (ms_t)(j->instance >> INSTANCE_RANDOM_BITS);

    return at <= worker_now(hs->worker)->wall + INSTANCE_AHEAD_MS;
}

void holds_told(struct holds *hs, struct slice message)
{
    struct joined j;

    if (joined_read(&j, message) && is_plausible(hs, &j))
        hear(hs, &j);
    else
        COUNT(&hs->worker->counters, messages_bad);
}

/* ---- telling ---- */

/* Logged once, until it works again. */
static void on_published(void *arg, const redisReply *reply)
{
    struct holds *hs = arg;
    char why[200];

    if (reply == NULL) {
        COUNT(&hs->worker->counters, joins_untold);
        return;
    }
    if (reply->type == REDIS_REPLY_ERROR && !hs->refused)
        log_line("event=joins_refused why=\"%s\"; members are not replaced by those of "
                 "other collectors until the user of Redis may +publish to &hc:*",
                 log_safe(why, sizeof why, reply->str, reply->len));
    hs->refused = reply->type == REDIS_REPLY_ERROR;
    if (hs->refused)
        COUNT(&hs->worker->counters, joins_refused);
}

static void publish(struct holds *hs, struct slice text)
{
    const char *argv[] = {"PUBLISH", CHANNEL_JOINED, text.p};
    const size_t lens[] = {7, sizeof CHANNEL_JOINED - 1, text.n};

    if (redis_link_call(hs->worker->redis, 3, argv, lens, on_published, hs) < 0)
        COUNT(&hs->worker->counters, joins_untold);
}

/* To everybody, who may have the tab no longer. */
static void tell(struct holds *hs, const struct joined *j)
{
    char text[JOINED_MAX + 1];
    struct slice message = joined_write(j, text);

    hear(hs, j);
    hub_tell_joined(hs->worker->hub, hs->worker, message);
    publish(hs, message);
}

static uint64_t next_instance(struct holds *hs)
{
    uint64_t now = (uint64_t)worker_now(hs->worker)->wall << INSTANCE_RANDOM_BITS;
    uint64_t instance = now | randombytes_uniform(1U << INSTANCE_RANDOM_BITS);

    return instance > hs->newest ? instance : hs->newest + 1;
}

void holds_take(struct holds *hs, struct hold *h, uint64_t visitor)
{
    h->instance = next_instance(hs);
    tell(hs, &(struct joined){h->site, h->tab, visitor, h->instance});
    enlist(hs, h);
}

void holds_evict(struct holds *hs, struct slice site, uint64_t tab)
{
    tell(hs, &(struct joined){.site = site, .tab = tab, .instance = next_instance(hs)});
}

/* ---- life ---- */

void holds_init(struct holds *hs, struct worker *w,
                void (*let_go)(struct hold *h, uint64_t visitor))
{
    *hs = (struct holds){.worker = w, .let_go = let_go};
}
