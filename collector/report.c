/* Happy path: EVALSHA of proto/snapshot.lua, the flat list into summary_parse, its JSON
 * to everybody who waits.
 *
 * Failure modes: Redis does not know the script (restarted, SCRIPT FLUSH): asked once
 * more with its text, which loads it. The link is down, breaks meanwhile, or answers an
 * error or nonsense: 503, and the next request asks anew. Every entry of the table is
 * being asked for: 503. A client that goes away has taken its waiter out itself; the
 * answer is kept for the next one. */
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include "../proto/hit.h"
#include "../proto/keys.h"
#include "../proto/summary.h"
#include "conn.h"
#include "query.h"
#include "worker.h"

#define CONTAINER(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))

#define MINUTES_TEXT_MAX 32 /* bytes of ?minutes=; longer is no number of ours */

void report_init(struct report *r, struct worker *w)
{
    memset(r, 0, sizeof *r);
    r->worker = w;
    for (size_t i = 0; i < REPORTS_MAX; i++) {
        r->entry[i].report = r;
        buf_init(&r->entry[i].body, ANSWER_MAX);
    }
}

static void release(struct report_entry *e)
{
    deadline_clear(&e->deadline);
    buf_fini(&e->body);
    buf_init(&e->body, ANSWER_MAX);
    e->state = REPORT_FREE;
}

static struct report_entry *find(struct report *r, struct slice site, unsigned minutes)
{
    for (size_t i = 0; i < REPORTS_MAX; i++) {
        struct report_entry *e = &r->entry[i];

        if (e->state != REPORT_FREE && e->minutes == minutes &&
            slice_eq((struct slice){e->site, e->site_n}, site))
            return e;
    }
    return NULL;
}

/* A free entry, or the one that was ready first, or NULL. */
static struct report_entry *claim(struct report *r)
{
    struct report_entry *oldest = NULL;

    for (size_t i = 0; i < REPORTS_MAX; i++) {
        struct report_entry *e = &r->entry[i];

        if (e->pinned)
            continue;
        if (e->state == REPORT_FREE)
            return e;
        if (e->state == REPORT_READY &&
            (oldest == NULL || e->deadline.due < oldest->deadline.due))
            oldest = e;
    }
    if (oldest) {
        COUNT(&r->worker->counters, reports_evicted);
        release(oldest);
    }
    return oldest;
}

void report_expired(struct deadline *d)
{
    release(CONTAINER(d, struct report_entry, deadline));
}

static struct reply answer_of(const struct report_entry *e)
{
    return (struct reply){.status = 200,
                          .type = "application/json",
                          .headers = HEADER_OPEN HEADER_NO_STORE HEADER_NO_SNIFF,
                          .body = buf_get(&e->body)};
}

static const struct reply unavailable = {
    .status = 503,
    .type = "application/json",
    .headers = HEADER_OPEN HEADER_NO_STORE "Retry-After: 1\r\n",
    .body = {"{\"error\":\"redis_unavailable\"}\n", 30},
};

/* An answer may let its connection serve further requests. Those find the entry ready, or
 * not at all, so nobody joins its waiters, and as it is pinned none of them takes it. */
static void answer_all(struct report_entry *e, const struct reply *reply)
{
    e->pinned = true;
    while (e->waiters) {
        struct waiter *w = e->waiters;

        waiter_leave(w);
        conn_answer(conn_of_waiter(w), reply);
    }
    e->pinned = false;
}

static void fail(struct report_entry *e)
{
    COUNT(&e->report->worker->counters, reports_failed);
    release(e);
    answer_all(e, &unavailable);
}

static void succeed(struct report_entry *e)
{
    struct worker *w = e->report->worker;
    struct reply reply = answer_of(e);

    e->state = REPORT_READY;
    deadline_set(&w->deadlines, &e->deadline, DEADLINE_REPORT, worker_now(w)->mono);
    answer_all(e, &reply);
}

/* The reply's strings as slices, or NULL if it is no list of strings. */
static struct slice *texts_of(const redisReply *reply)
{
    struct slice *texts;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0)
        return NULL;
    if ((texts = malloc(reply->elements * sizeof *texts)) == NULL)
        return NULL;
    for (size_t i = 0; i < reply->elements; i++) {
        const redisReply *text = reply->element[i];

        if (text->type != REDIS_REPLY_STRING) {
            free(texts);
            return NULL;
        }
        texts[i] = (struct slice){text->str, text->len};
    }
    return texts;
}

/* Writes the answer into @e->body. */
static bool compose(struct report_entry *e, const redisReply *reply)
{
    struct slice *texts = texts_of(reply);
    struct summary s;
    bool ok = false;

    if (texts && summary_parse(&s, texts, reply->elements, e->minutes) == 0) {
        summary_json(&s, (struct slice){e->site, e->site_n}, &e->body);
        buf_slice(&e->body, SLICE("\n"));
        summary_fini(&s);
        ok = !e->body.full;
        if (!ok)
            COUNT(&e->report->worker->counters, answers_too_large);
    }
    free(texts);
    return ok;
}

static void on_loaded(void *arg, const redisReply *reply)
{
    struct report *r = arg;

    if (reply && reply->type == REDIS_REPLY_STRING && reply->len == 40)
        memcpy(r->sha, reply->str, 41);
}

void report_redis_up(struct report *r)
{
    const char *argv[] = {"SCRIPT", "LOAD", snapshot_lua};
    size_t lens[] = {6, 4, strlen(snapshot_lua)};

    r->sha[0] = '\0';
    redis_link_call(r->worker->redis, 3, argv, lens, on_loaded, r);
}

static bool is_noscript(const redisReply *reply)
{
    return reply && reply->type == REDIS_REPLY_ERROR &&
           strncmp(reply->str, "NOSCRIPT", 8) == 0;
}

static void on_snapshot(void *arg, const redisReply *reply);

/* Asks with the script's hash if Redis is known to have it, else with its text. */
static int ask(struct report_entry *e)
{
    struct report *r = e->report;
    struct slice site = {e->site, e->site_n};
    struct key_name meta = key_meta(site), bucket = key_minute(site, 0);
    struct key_name recent = key_recent(site);
    const char *script = r->sha[0] ? r->sha : snapshot_lua;
    char minutes[12];
    int digits = snprintf(minutes, sizeof minutes, "%u", e->minutes);
    const char *argv[] = {
        r->sha[0] ? "EVALSHA" : "EVAL", script, "1", meta.s, bucket.s, recent.s, minutes};
    /* without the digit of minute 0 the bucket's key is the prefix of all */
    size_t lens[] = {strlen(argv[0]), strlen(script), 1, meta.n, bucket.n - 1,
                     recent.n,        (size_t)digits};

    e->in_full = script == snapshot_lua;
    if (r->worker->redis == NULL ||
        redis_link_call(r->worker->redis, 7, argv, lens, on_snapshot, e) < 0)
        return -1;
    COUNT(&r->worker->counters, reports);
    return 0;
}

static void on_snapshot(void *arg, const redisReply *reply)
{
    struct report_entry *e = arg;

    if (is_noscript(reply) && !e->in_full) {
        report_redis_up(e->report);
        if (ask(e) < 0)
            fail(e);
    } else if (reply && compose(e, reply)) {
        succeed(e);
    } else {
        fail(e);
    }
}

/* The decoded value of ?minutes=, in @out or in the query; empty when there is none. */
static struct slice minutes_text(struct slice text, char out[MINUTES_TEXT_MAX])
{
    struct slice name, value;
    struct query q;

    query_init(&q, text);
    while (query_next(&q, &name, &value))
        if (slice_eq(name, SLICE("minutes")))
            return value.n <= MINUTES_TEXT_MAX ? query_decode(value, out) : value;
    return (struct slice){0};
}

static enum handled begin(struct exchange *x, unsigned minutes)
{
    struct report *r = &x->worker->report;
    struct report_entry *e = claim(r);

    if (e == NULL) {
        COUNT(&x->worker->counters, reports_full);
        exchange_error(x, 503, "busy", "Retry-After: 1\r\n");
        return ANSWERED;
    }
    memcpy(e->site, x->id.p, x->id.n);
    e->site_n = x->id.n;
    e->minutes = minutes;
    if (ask(e) < 0) {
        COUNT(&x->worker->counters, reports_failed);
        exchange_reply(x, &unavailable);
        return ANSWERED;
    }
    e->state = REPORT_ASKING;
    waiter_join(&x->conn->waiter, &e->waiters);
    return LATER;
}

static enum handled join(struct exchange *x, struct report_entry *e)
{
    struct reply reply = answer_of(e);

    COUNT(&x->worker->counters, reports_shared);
    if (e->state == REPORT_ASKING) {
        waiter_join(&x->conn->waiter, &e->waiters);
        return LATER;
    }
    exchange_reply(x, &reply);
    return ANSWERED;
}

enum handled report_realtime(struct exchange *x)
{
    char text[MINUTES_TEXT_MAX];
    unsigned minutes = minutes_parse(minutes_text(x->request->query, text));
    struct report_entry *e;

    if (!site_valid(x->id)) {
        exchange_error(x, 400, "bad_site", NULL);
        return ANSWERED;
    }
    if (minutes == 0) {
        exchange_error(x, 400, "minutes must be a whole number of at least 1", NULL);
        return ANSWERED;
    }
    e = find(&x->worker->report, x->id, minutes);
    return e ? join(x, e) : begin(x, minutes);
}

void report_fini(struct report *r)
{
    for (size_t i = 0; i < REPORTS_MAX; i++)
        release(&r->entry[i]);
}
