/* Happy path: one script call, whose answer is told to who waits; the calls of one turn
 * of the loop leave in one write.
 *
 * Failure modes: Redis does not know the script (restarted, SCRIPT FLUSH): it is called
 * once more with its text, which Redis then knows. The link is down or breaks, the answer
 * is an error, or too many are waiting: nobody knows then whether the visitor was
 * counted, and asking again does no harm. Who goes away before Redis answered is not
 * told. At a bound nobody new is added, and the answer says so. */
#include "day_visitors.h"

#include <assert.h>
#include <inttypes.h>
#include <sha1.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include "../proto/keys.h"
#include "worker.h"

#define KEPT_DAYS 2 /* after the day's own end */

extern const char day_visitors_lua[];

/* One visitor on the way to Redis and back. */
struct question {
    struct worker *worker;
    struct waiter *waiter; /* who waits, NULL: gone */
    day_visitors_tell *tell;
    ms_t at;
    unsigned most; /* how many the day may have */
    bool in_full;  /* with the script's text, not its hash */
    struct day_visitor visitor;
    char site[SITE_MAX];
    size_t site_n;
};

void day_visitors_init(struct day_visitors *d)
{
    *d = (struct day_visitors){.day = -1};
    SHA1Data((const uint8_t *)day_visitors_lua, strlen(day_visitors_lua), d->sha);
}

struct day_visitor day_visitors_hash(const struct secret *s, int64_t day,
                                     struct slice site, struct slice id)
{
    struct key key = secret_day_visitors_key(s, day);
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    struct day_visitor v;

    crypto_auth_hmacsha256_init(&state, key.b, sizeof key.b);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)site.p, site.n);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)"", 1);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)id.p, id.n);
    crypto_auth_hmacsha256_final(&state, mac);
    memcpy(v.b, mac, sizeof v.b);
    return v;
}

static struct slice site_of(const struct question *q)
{
    return (struct slice){q->site, q->site_n};
}

/* Turns to the day of @at. Returns how many it may have at any site: no more than there
 * are when the worker has added its share. */
static unsigned most_of(struct day_visitors *d, ms_t at)
{
    if (d->day != at / MS_PER_DAY) {
        d->day = at / MS_PER_DAY;
        d->added = 0;
    }
    return d->added < DAY_VISITORS_ADDED_MAX ? DAY_VISITORS_MAX : 0;
}

/* Reads the script's answer. Returns whether it is one. */
static bool take(const struct question *q, const redisReply *reply,
                 struct day_count *count)
{
    struct worker *w = q->worker;

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
        reply->element[0]->type != REDIS_REPLY_INTEGER ||
        reply->element[1]->type != REDIS_REPLY_INTEGER || reply->element[0]->integer < 0)
        return false;
    count->visitors = (uint64_t)reply->element[0]->integer;
    count->capped = count->visitors >= q->most;
    count->at = q->at;
    if (reply->element[1]->integer > 0 && w->day_visitors.day == q->at / MS_PER_DAY)
        w->day_visitors.added++;
    if (reply->element[1]->integer < 0)
        COUNT(&w->counters, day_visitors_capped);
    return true;
}

static void end(struct question *q, const redisReply *reply)
{
    struct waiter *waiter = q->waiter;
    struct day_count count;
    bool known = take(q, reply, &count);

    q->worker->day_visitors.asked--;
    if (!known)
        COUNT(&q->worker->counters, day_visitors_failed);
    if (waiter) {
        waiter_leave(waiter);
        q->tell(waiter, site_of(q), known ? &count : NULL);
    }
    free(q);
}

static bool is_noscript(const redisReply *reply)
{
    return reply && reply->type == REDIS_REPLY_ERROR &&
           strncmp(reply->str, "NOSCRIPT", 8) == 0;
}

static int call(struct question *q);

static void on_answer(void *arg, const redisReply *reply)
{
    struct question *q = arg;

    if (is_noscript(reply) && !q->in_full) {
        q->in_full = true;
        if (call(q) == 0)
            return;
    }
    end(q, reply);
}

static int call(struct question *q)
{
    struct worker *w = q->worker;
    int64_t day = q->at / MS_PER_DAY;
    ms_t left = (day + 1 + KEPT_DAYS) * MS_PER_DAY - q->at;
    struct key_name key = key_day(site_of(q), day);
    const char *script = q->in_full ? day_visitors_lua : w->day_visitors.sha;
    char most[12], seconds[24];
    const char *argv[] = {q->in_full ? "EVAL" : "EVALSHA", script, "1",    key.s,
                          (const char *)q->visitor.b,      most,   seconds};
    size_t lens[] = {
        strlen(argv[0]), strlen(script), 1, key.n, sizeof q->visitor.b, 0, 0};

    lens[5] = (size_t)snprintf(most, sizeof most, "%u", q->most);
    lens[6] = (size_t)snprintf(seconds, sizeof seconds, "%" PRId64, left / 1000);
    return w->redis ? redis_link_call(w->redis, 7, argv, lens, on_answer, q) : -1;
}

static struct question *question_new(struct worker *w, struct slice site, struct slice id,
                                     ms_t now, bool counts, day_visitors_tell *tell)
{
    struct question *q = malloc(sizeof *q);

    if (q == NULL)
        abort();
    *q = (struct question){.worker = w, .tell = tell, .at = now, .site_n = site.n};
    q->most = counts ? most_of(&w->day_visitors, now) : 0;
    q->visitor = day_visitors_hash(&w->files.secret, now / MS_PER_DAY, site, id);
    memcpy(q->site, site.p, site.n);
    return q;
}

const char *day_visitors_ask(struct worker *w, struct slice site, struct slice id,
                             ms_t now, bool counts, struct waiter *waiter,
                             day_visitors_tell *tell)
{
    struct question *q;

    assert(site.n <= SITE_MAX && id.n <= CLIENT_ID_MAX);
    if (w->day_visitors.asked >= DAY_VISITORS_ASKED_MAX) {
        COUNT(&w->counters, day_visitors_full);
        return "busy";
    }
    q = question_new(w, site, id, now, counts, tell);
    if (call(q) < 0) {
        COUNT(&w->counters, day_visitors_failed);
        free(q);
        return "redis_unavailable";
    }
    COUNT(&w->counters, day_visitors);
    w->day_visitors.asked++;
    waiter_join(waiter, &q->waiter);
    return NULL;
}
