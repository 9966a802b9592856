/* Happy path: SUBSCRIBE when the first worker watches the site, its confirmation to all
 * who watch it, and UNSUBSCRIBE a while after the last one left.
 *
 * Failure modes: Redis refuses the subscription (an ACL without it): counted, and told as
 * if confirmed, so that the workers at least read the site now and then; it is tried
 * again with the next connection and whenever a worker begins to watch the site. There
 * are as many sites as there may be: the one that nobody watches for longest makes room.
 */
#include "channel.h"

#include <assert.h>
#include <stdlib.h>
#include "../proto/keys.h"
#include "../proto/log.h"
#include "container.h"
#include "worker.h"

_Static_assert(WORKERS_MAX <= 64, "workers are bits of a word");

static uint64_t bit(const struct worker *w)
{
    return UINT64_C(1) << w->n;
}

/* Those that wait for their release make room for others, so they do not count. */
static void set_watched(struct hub *h)
{
    __atomic_store_n(&h->watched, h->sites.n - h->waiting, __ATOMIC_RELAXED);
    GAUGE_SET(&h->host->counters, sites_watched, h->sites.n);
}

static void tell(struct hub *h, unsigned n, const struct mail *m)
{
    struct worker *w = h->worker[n];

    if (w == h->host)
        watches_mail(&w->watches, m);
    else
        mailbox_put(&w->inbox, m);
}

void channel_tell(const struct channel *ch, const struct mail *m)
{
    for (uint64_t rest = ch->workers; rest; rest &= rest - 1)
        tell(ch->hub, (unsigned)__builtin_ctzll(rest), m);
}

/* As a rule it is the same for all sites, so one line for each connection will do. */
void channel_note_refusal(struct hub *h, const redisReply *reply)
{
    char why[200];

    COUNT(&h->host->counters, subscribes_refused);
    if (!h->refused && reply->type == REDIS_REPLY_ERROR)
        log_line("event=subscribe_refused why=\"%s\"; streams are told every %d s only, "
                 "until the user of Redis may +subscribe to &hc:*",
                 log_safe(why, sizeof why, reply->str, reply->len),
                 WATCH_QUIET_MS / 1000);
    h->refused = true;
}

bool channel_is_confirmed(const redisReply *reply)
{
    return reply && reply->type == REDIS_REPLY_ARRAY;
}

static void let_rest(struct channel *ch)
{
    struct hub *h = ch->hub;

    deadline_set(&h->host->deadlines, &ch->release, DEADLINE_RELEASE,
                 worker_now(h->host)->mono);
    h->waiting++;
    set_watched(h);
}

static void wake(struct channel *ch)
{
    if (ch->release.next == NULL)
        return;
    deadline_clear(&ch->release);
    ch->hub->waiting--;
    set_watched(ch->hub);
}

static void on_subscribed(void *arg, const redisReply *reply)
{
    struct channel *ch = arg;

    ch->asked = false;
    ch->confirmed = channel_is_confirmed(reply);
    if (reply && !ch->confirmed)
        channel_note_refusal(ch->hub, reply);
    if (ch->workers == 0)
        let_rest(ch);
    else if (reply)
        channel_tell(ch, &(struct mail){.kind = MAIL_CONFIRMED,
                                        .site = site_node_name(&ch->node)});
}

void channel_subscribe(struct channel *ch)
{
    struct key_name name = key_channel(site_node_name(&ch->node));
    const char *argv[] = {"SUBSCRIBE", name.s};

    if (ch->workers && !ch->asked && !ch->confirmed && redis_link_is_up(ch->hub->link))
        ch->asked = redis_link_call(ch->hub->link, 2, argv, NULL, on_subscribed, ch) == 0;
}

static void on_unsubscribed(void *arg, const redisReply *reply)
{
    (void)arg;
    (void)reply;
}

static void unsubscribe(struct hub *h, struct slice site)
{
    struct key_name name = key_channel(site);
    const char *argv[] = {"UNSUBSCRIBE", name.s};

    redis_link_call(h->link, 2, argv, NULL, on_unsubscribed, NULL);
}

void channel_free(struct channel *ch)
{
    site_map_remove(&ch->hub->sites, &ch->node);
    free(ch);
}

/* It is in no list of deadlines any more. */
static void let_go(struct channel *ch)
{
    struct hub *h = ch->hub;

    if (ch->confirmed)
        unsubscribe(h, site_node_name(&ch->node));
    h->waiting--;
    channel_free(ch);
    set_watched(h);
}

void channel_released(struct deadline *d)
{
    let_go(CONTAINER(d, struct channel, release));
}

/* The one that nobody watches for longest goes. There is none only while all are watched,
 * by workers that had looked for room at the same time. */
static void make_room(struct hub *h)
{
    struct deadline *d = deadlines_oldest(&h->host->deadlines, DEADLINE_RELEASE);

    if (d == NULL)
        return;
    deadline_clear(d);
    channel_released(d);
}

struct channel *channel_new(struct hub *h, struct slice site)
{
    struct channel *ch = calloc(1, sizeof *ch);

    if (ch == NULL)
        abort();
    if (h->sites.n >= WATCHED_SITES_MAX)
        make_room(h);
    ch->hub = h;
    site_map_add(&h->sites, &ch->node, site);
    set_watched(h);
    return ch;
}

void channel_join(struct channel *ch, struct worker *w)
{
    const struct mail confirmed = {.kind = MAIL_CONFIRMED,
                                   .site = site_node_name(&ch->node)};

    wake(ch);
    ch->workers |= bit(w);
    if (ch->confirmed)
        tell(ch->hub, w->n, &confirmed);
    else
        channel_subscribe(ch);
}

void channel_leave(struct channel *ch, struct worker *w)
{
    assert(ch->workers & bit(w));
    ch->workers &= ~bit(w);
    if (ch->workers == 0 && !ch->asked)
        let_rest(ch);
}
