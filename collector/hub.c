/* Happy path: a worker's wish to watch a site, or not to any more, goes to the site's
 * channel (channel.h), and every message that is published there to all who watch it.
 *
 * Failure modes: the link breaks: it dials again, and when it is up every site is
 * subscribed anew, which is confirmed anew, whereupon the workers read the site again.
 * Redis refuses one of the two subscriptions that are no site's: counted, and tried again
 * with the next connection. */
#include "hub.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include "../proto/keys.h"
#include "../proto/log.h"
#include "channel.h"
#include "joined.h"
#include "worker.h"

bool hub_is_full(const struct hub *h)
{
    return __atomic_load_n(&h->watched, __ATOMIC_RELAXED) >= WATCHED_SITES_MAX;
}

static void take_watch(struct hub *h, struct worker *w, struct slice site)
{
    struct site_node *node = site_map_find(&h->sites, site);

    channel_join(node ? channel_of(node) : channel_new(h, site), w);
}

static void take_unwatch(struct hub *h, struct worker *w, struct slice site)
{
    struct site_node *node = site_map_find(&h->sites, site);

    assert(node);
    channel_leave(channel_of(node), w);
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

void hub_released(struct deadline *d)
{
    channel_released(d);
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

    if (reply == NULL || channel_is_confirmed(reply))
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
    struct hub *h = arg;

    if (reply && !channel_is_confirmed(reply))
        channel_note_refusal(h, reply);
    else if (reply) /* what was changed before was told to nobody here */
        register_reading_wake(&h->host->register_reading);
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
        channel_tell(channel_of(node),
                     &(struct mail){.kind = MAIL_SETTINGS, .site = site});
    register_reading_wake(&h->host->register_reading);
}

void hub_tell_register(struct hub *h)
{
    for (unsigned n = 0; n < WORKERS_MAX && h->worker[n]; n++)
        if (n != h->host->n)
            mailbox_put(&h->worker[n]->inbox, &(struct mail){.kind = MAIL_REGISTER});
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
        channel_subscribe(channel_of(node));
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
        channel_tell(channel_of(node), &m);
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
    if (register_board_init(&h->board) < 0)
        abort();
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
    for (struct site_node *node; (node = site_map_next(&h->sites, NULL));)
        channel_free(channel_of(node));
    site_map_fini(&h->sites);
    register_board_fini(&h->board);
    mailbox_fini(&h->inbox);
}
