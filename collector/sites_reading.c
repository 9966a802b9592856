/* Happy path: the names of both keys, united; of more than SITES_LISTED_MAX how many are
 * online and which are closed (visibility.h), to keep the busiest of the others; then the
 * numbers of each, which come out of the same script as the realtime answer. Each step is
 * one write of all its questions.
 *
 * Sites that are closed are left out, and take no place of others.
 *
 * Failure modes: the link is down or breaks meanwhile, or Redis gives no names: there is
 * no list. A site that alone cannot be read, because somebody has put something else
 * under one of its keys, is left out. Names beyond SITES_NAMES_MAX of each key are not
 * looked at. */
#include "sites_reading.h"

#include <stdlib.h>
#include "../proto/keys.h"
#include "../proto/visibility.h"
#include "container.h"
#include "worker.h"

struct reading;

/* The numbers of one site, being asked for. */
struct question {
    struct snapshot snapshot;
    struct reading *reading;
    struct site_row *row;
};

struct reading {
    struct worker *worker;
    sites_read_fn *done;
    void *arg;
    uint64_t generation; /* of the link: a reply of another one is none */
    size_t awaited;      /* replies */
    size_t named;        /* of them names, that came */
    size_t opened;       /* rows of which was heard whether they are closed, in order */
    size_t ranked;       /* the same, how many are online */
    size_t told;         /* rows whose numbers came */
    bool more;           /* there are names that were not looked at */
    ms_t as_of;          /* of the earliest numbers, 0: none yet */
    struct site_list list;
    struct question *questions; /* one for each row, or NULL */
};

static struct redis_link *link_of(const struct reading *r)
{
    return r->worker->redis;
}

static void release(struct reading *r)
{
    site_list_fini(&r->list);
    free(r->questions);
    free(r);
}

static void fail(struct reading *r)
{
    r->done(r->arg, NULL, 0);
    release(r);
}

static void succeed(struct reading *r)
{
    r->list.more |= r->more;
    r->done(r->arg, &r->list, r->as_of);
    release(r);
}

/* Counts a reply. Returns whether it was the last one of its step. */
static bool is_last(struct reading *r)
{
    return --r->awaited == 0;
}

static bool is_cut_off(const struct reading *r)
{
    return redis_link_generation(link_of(r)) != r->generation;
}

/* ---- third, the numbers ---- */

static void on_numbers(struct snapshot *snapshot, const struct summary *s)
{
    struct question *q = CONTAINER(snapshot, struct question, snapshot);
    struct reading *r = q->reading;

    if (s) {
        if (!s->closed)
            site_list_tell(q->row, s);
        r->told++;
        if (r->as_of == 0 || s->as_of < r->as_of)
            r->as_of = s->as_of;
    }
    if (!is_last(r))
        return;
    if (is_cut_off(r) || r->told == 0)
        fail(r);
    else
        succeed(r);
}

static void ask_numbers(struct reading *r)
{
    site_list_cut(&r->list);
    r->questions = calloc(r->list.n + 1, sizeof *r->questions);
    if (r->questions == NULL)
        abort();
    for (size_t i = 0; i < r->list.n; i++) {
        struct question *q = &r->questions[i];

        *q = (struct question){.reading = r, .row = &r->list.row[i]};
        if (snapshot_ask(&q->snapshot, &r->worker->snapshots, site_row_name(q->row), 0,
                         on_numbers) == 0)
            r->awaited++;
    }
    if (r->awaited > 0)
        return;
    if (r->list.n > 0)
        fail(r);
    else
        succeed(r);
}

/* ---- second, of too many the busiest that everybody may see ---- */

/* The length of what is set tells one word from the other, and is short whatever that is.
 * A word that only is as long as that, or empty, keeps its place until its numbers come.
 */
static bool is_closed_by(const redisReply *reply)
{
    return reply && reply->type == REDIS_REPLY_INTEGER && reply->integer != 0 &&
           reply->integer != (long long)strlen(READ_PUBLIC);
}

/* How many are online, of the states' fields; what is none counts as 0, and so does a
 * site that was not there. */
static uint64_t online_of(const redisReply *reply)
{
    uint64_t sum = 0;

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY)
        return 0;
    for (size_t i = 0; i < reply->elements; i++)
        if (reply->element[i]->type == REDIS_REPLY_STRING)
            sum += strtoul(reply->element[i]->str, NULL, 10);
    return sum;
}

static void pass(struct reading *r)
{
    if (!is_last(r))
        return;
    if (is_cut_off(r))
        fail(r);
    else
        ask_numbers(r);
}

/* A link answers in the order in which it was asked. */
static void on_visibility(void *arg, const redisReply *reply)
{
    struct reading *r = arg;

    r->list.row[r->opened++].closed = is_closed_by(reply);
    pass(r);
}

static void on_rank(void *arg, const redisReply *reply)
{
    struct reading *r = arg;

    r->list.row[r->ranked++].online = online_of(reply);
    pass(r);
}

/* Returns whether the link takes both questions. */
static bool ask_rank(struct reading *r, struct slice site)
{
    struct key_name settings = key_settings(site), online = key_online(site);
    const char *visibility[] = {"HSTRLEN", settings.s, FIELD_READ};
    const char *rank[] = {"HMGET", online.s, "w", "r", "i", "b"};

    if (redis_link_call(link_of(r), 3, visibility, NULL, on_visibility, r) < 0)
        return false;
    r->awaited++;
    if (redis_link_call(link_of(r), 6, rank, NULL, on_rank, r) < 0)
        return false;
    r->awaited++;
    return true;
}

/* Rows whose questions the link does not take are not in the list. */
static void ask_ranks(struct reading *r)
{
    size_t n = 0;

    while (n < r->list.n && ask_rank(r, site_row_name(&r->list.row[n])))
        n++;
    r->more |= n < r->list.n;
    r->list.n = n;
    if (r->awaited == 0)
        fail(r);
}

/* ---- first, the names ---- */

static void take_names(struct reading *r, const redisReply *reply)
{
    size_t n;

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY)
        return;
    r->named++;
    n = reply->elements < SITES_NAMES_MAX ? reply->elements : SITES_NAMES_MAX;
    r->more |= n < reply->elements;
    for (size_t i = 0; i < n; i++) {
        const redisReply *name = reply->element[i];

        if (name->type == REDIS_REPLY_STRING)
            site_list_add(&r->list, (struct slice){name->str, name->len});
    }
}

static void on_names(void *arg, const redisReply *reply)
{
    struct reading *r = arg;

    take_names(r, reply);
    if (!is_last(r))
        return;
    if (r->named < 2 || is_cut_off(r)) {
        fail(r);
        return;
    }
    site_list_unite(&r->list);
    if (r->list.n > SITES_LISTED_MAX)
        ask_ranks(r);
    else
        ask_numbers(r);
}

static void ask_names(struct reading *r)
{
    /* one more than are looked at, to know whether there are */
    const char *live[] = {"ZREVRANGE", KEY_LIVE, "0", TEXT_OF(SITES_NAMES_MAX)};
    const char *named[] = {"SMEMBERS", KEY_SITES};

    if (redis_link_call(link_of(r), 4, live, NULL, on_names, r) == 0)
        r->awaited++;
    if (redis_link_call(link_of(r), 2, named, NULL, on_names, r) == 0)
        r->awaited++;
}

int sites_read(struct worker *w, sites_read_fn *done, void *arg)
{
    struct reading *r = calloc(1, sizeof *r);

    if (r == NULL)
        abort();
    r->worker = w;
    r->done = done;
    r->arg = arg;
    r->generation = redis_link_generation(w->redis);
    ask_names(r);
    if (r->awaited > 0)
        return 0;
    release(r);
    return -1;
}
