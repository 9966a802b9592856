/* Happy path: SUBSCRIBE when the first worker watches a site, its confirmation to all who
 * watch it, then every message to them, and UNSUBSCRIBE a while after the last one left.
 *
 * Failure modes: the link breaks: it dials again, and when it is up every site is
 * subscribed anew, which is confirmed anew, whereupon the workers read the site again.
 * Redis refuses a subscription (an ACL without it): counted, and told as if confirmed, so
 * that the workers at least read the site now and then; it is tried again with the next
 * connection and whenever a worker begins to watch the site. There are as many sites as
 * there may be: the one that nobody watches for longest makes room. */
#include "hub.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <stdio.h>
#include "../proto/keys.h"
#include "../proto/log.h"
#include "container.h"
#include "deadlines.h"
#include "joined.h"
#include "worker.h"

_Static_assert(WORKERS_MAX <= 64, "workers are bits of a word");

struct channel {
    struct site_node node; /* first: see channel_of */
    struct hub *hub;
    uint64_t workers; /* who watch it: bit n is worker n */
    bool asked;       /* SUBSCRIBE is under way; it stays until that is answered */
    bool confirmed;
    struct deadline release; /* while nobody watches it and nothing is under way */
};

static struct channel *channel_of(struct site_node *node)
{
    return (struct channel *)(void *)node;
}

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

bool hub_is_full(const struct hub *h)
{
    return __atomic_load_n(&h->watched, __ATOMIC_RELAXED) >= WATCHED_SITES_MAX;
}

static void tell(struct hub *h, unsigned n, const struct mail *m)
{
    struct worker *w = h->worker[n];

    if (w == h->host)
        watches_mail(&w->watches, m);
    else
        mailbox_put(&w->inbox, m);
}

static void tell_all(const struct channel *ch, const struct mail *m)
{
    for (uint64_t rest = ch->workers; rest; rest &= rest - 1)
        tell(ch->hub, (unsigned)__builtin_ctzll(rest), m);
}

/* Logged once for each connection: as a rule it is the same for all sites. */
static void note_refusal(struct hub *h, const redisReply *reply)
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

static bool is_confirmation(const redisReply *reply)
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
    ch->confirmed = is_confirmation(reply);
    if (reply && !ch->confirmed)
        note_refusal(ch->hub, reply);
    if (ch->workers == 0)
        let_rest(ch);
    else if (reply)
        tell_all(ch, &(struct mail){.kind = MAIL_CONFIRMED,
                                    .site = site_node_name(&ch->node)});
}

/* Nothing happens while the link is down: all are subscribed when it is up, but for those
 * that wait to be let go. */
static void subscribe(struct channel *ch)
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

/* It is in no list of deadlines any more. */
static void let_go(struct channel *ch)
{
    struct hub *h = ch->hub;

    if (ch->confirmed)
        unsubscribe(h, site_node_name(&ch->node));
    site_map_remove(&h->sites, &ch->node);
    h->waiting--;
    set_watched(h);
    free(ch);
}

void hub_released(struct deadline *d)
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
    hub_released(d);
}

static struct channel *new_channel(struct hub *h, struct slice site)
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

static void take_watch(struct hub *h, struct worker *w, struct slice site)
{
    struct site_node *node = site_map_find(&h->sites, site);
    struct channel *ch = node ? channel_of(node) : new_channel(h, site);
    const struct mail confirmed = {.kind = MAIL_CONFIRMED, .site = site};

    wake(ch);
    ch->workers |= bit(w);
    if (ch->confirmed)
        tell(h, w->n, &confirmed);
    else
        subscribe(ch);
}

static void take_unwatch(struct hub *h, struct worker *w, struct slice site)
{
    struct site_node *node = site_map_find(&h->sites, site);
    struct channel *ch = channel_of(node);

    assert(node && (ch->workers & bit(w)));
    ch->workers &= ~bit(w);
    if (ch->workers == 0 && !ch->asked)
        let_rest(ch);
}

static void on_mail(void *arg, const struct mail *m)
{
    struct hub *h = arg;

    if (m->kind == MAIL_JOINED)
        members_told(&h->host->members, m->bytes);
    else if (m->kind == MAIL_WATCH)
        take_watch(h, h->worker[m->from], m->site);
    else
        take_unwatch(h, h->worker[m->from], m->site);
}

void hub_watch(struct hub *h, struct worker *w, struct slice site)
{
    if (w == h->host)
        take_watch(h, w, site);
    else
        mailbox_put(&h->inbox,
                    &(struct mail){.kind = MAIL_WATCH, .from = w->n, .site = site});
}

void hub_unwatch(struct hub *h, struct worker *w, struct slice site)
{
    if (w == h->host)
        take_unwatch(h, w, site);
    else
        mailbox_put(&h->inbox,
                    &(struct mail){.kind = MAIL_UNWATCH, .from = w->n, .site = site});
}

/* ---- members ---- */

void hub_tell_joined(struct hub *h, struct worker *w, struct slice message)
{
    const struct mail joined = {.kind = MAIL_JOINED, .bytes = message};

    for (unsigned n = 0; n < WORKERS_MAX && h->worker[n]; n++)
        if (n != w->n &&
            !mailbox_put(n == h->host->n ? &h->inbox : &h->worker[n]->inbox, &joined))
            COUNT(&w->counters, joins_untold);
}

static void on_joins_subscribed(void *arg, const redisReply *reply)
{
    struct hub *h = arg;
    char why[200];

    if (reply == NULL || is_confirmation(reply))
        return;
    COUNT(&h->host->counters, joins_refused);
    if (!h->joins_refused && reply->type == REDIS_REPLY_ERROR)
        log_line("event=joins_refused why=\"%s\"; members are not replaced by those "
                 "of other collectors until the user of Redis may +subscribe to &hc:*",
                 log_safe(why, sizeof why, reply->str, reply->len));
    h->joins_refused = true;
}

/* Members come by dialects alone. */
static void subscribe_joins(struct hub *h)
{
    const char *argv[] = {"SUBSCRIBE", CHANNEL_JOINED};

    if (h->host->setup->routing.dialects)
        redis_link_call(h->link, 2, argv, NULL, on_joins_subscribed, h);
}

/* ---- settings ---- */

static void on_settings_subscribed(void *arg, const redisReply *reply)
{
    if (reply && !is_confirmation(reply))
        note_refusal(arg, reply);
}

static void subscribe_settings(struct hub *h)
{
    const char *argv[] = {"SUBSCRIBE", CHANNEL_SETTINGS};

    redis_link_call(h->link, 2, argv, NULL, on_settings_subscribed, h);
}

static void take_settings(struct hub *h, struct slice site)
{
    struct site_node *node = site_map_find(&h->sites, site);

    if (node)
        tell_all(channel_of(node), &(struct mail){.kind = MAIL_SETTINGS, .site = site});
}

/* ---- the link ---- */

static void on_up(void *arg)
{
    struct hub *h = arg;

    h->refused = false;
    COUNT(&h->host->counters, subscriber_ups);
    GAUGE_SET(&h->host->counters, subscriber_up, 1);
    subscribe_settings(h);
    subscribe_joins(h);
    for (struct site_node *node = NULL; (node = site_map_next(&h->sites, node));)
        subscribe(channel_of(node));
}

static void on_down(void *arg, const char *why)
{
    struct hub *h = arg;

    (void)why; /* the link has said it in the log */
    GAUGE_SET(&h->host->counters, subscriber_up, 0);
    for (struct site_node *node = NULL; (node = site_map_next(&h->sites, node));)
        channel_of(node)->confirmed = false;
}

static struct slice text_of(const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_STRING)
        return (struct slice){0};
    return (struct slice){reply->str, reply->len};
}

/* "message" channel text */
static void on_push(void *arg, const redisReply *reply)
{
    struct hub *h = arg;
    struct mail m = {.kind = MAIL_MESSAGE};
    struct site_node *node;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3 ||
        !slice_eq(text_of(reply->element[0]), SLICE("message")))
        return;
    m.bytes = text_of(reply->element[2]);
    if (slice_eq(text_of(reply->element[1]), SLICE(CHANNEL_JOINED))) {
        members_told(&h->host->members, m.bytes);
        if (m.bytes.n <= JOINED_MAX) /* what is longer is none */
            hub_tell_joined(h, h->host, m.bytes);
        return;
    }
    if (slice_eq(text_of(reply->element[1]), SLICE(CHANNEL_SETTINGS))) {
        take_settings(h, m.bytes);
        return;
    }
    if (!key_channel_site(text_of(reply->element[1]), &m.site))
        return;
    COUNT(&h->host->counters, messages_received);
    if (m.bytes.n > 0 && (node = site_map_find(&h->sites, m.site)))
        tell_all(channel_of(node), &m);
}

static const struct redis_link_events events = {on_up, on_down, on_push};

/* ---- life ---- */

int hub_open(struct hub *h, struct worker *host, char *err, size_t err_n)
{
    unsigned char key[SITE_MAP_KEY_BYTES];
    int r;

    *h = (struct hub){.host = host};
    if ((r = mailbox_open(&h->inbox, &host->loop, on_mail, NULL, h)) < 0) {
        snprintf(err, err_n, "--workers: no mailbox for streams: %s", uv_strerror(r));
        return -1;
    }
    randombytes_buf(key, sizeof key);
    site_map_init(&h->sites, key);
    h->link = redis_link_open(&host->loop, &host->setup->redis,
                              "headcount-collector-streams", &events, h);
    if (h->link == NULL)
        abort();
    hub_add_worker(h, host);
    return 0;
}

void hub_add_worker(struct hub *h, struct worker *w)
{
    h->worker[w->n] = w;
}

void hub_close(struct hub *h)
{
    redis_link_close(h->link, NULL, NULL);
    mailbox_close(&h->inbox);
}

void hub_fini(struct hub *h)
{
    for (struct site_node *node; (node = site_map_next(&h->sites, NULL));) {
        site_map_remove(&h->sites, node);
        free(channel_of(node));
    }
    site_map_fini(&h->sites);
    mailbox_fini(&h->inbox);
}
