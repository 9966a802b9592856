/* All states are asked for before the first answer is read. A Redis that is still loading
 * answers with errors: then nothing is known, rather than that there is nothing. */
#include "alert_reading.h"

#include <stdio.h>
#include <time.h>
#include "../proto/keys.h"
#include "dial.h"
#include "roster.h"

/* NULL, and r->err says why: the connection is lost, or Redis does not answer for now. A
 * key of another type is as good as none, and so is an answer that is no list. */
static redisReply *next_answer(struct alert_reading *r, redisContext *c)
{
    redisReply *reply;

    if (redisGetReply(c, (void **)&reply) != REDIS_OK) {
        snprintf(r->err, sizeof r->err, "%s", c->errstr);
        return NULL;
    }
    if (reply->type != REDIS_REPLY_ERROR ||
        slice_starts(slice_of(reply->str), SLICE("WRONGTYPE")))
        return reply;
    snprintf(r->err, sizeof r->err, "%s", reply->str);
    freeReplyObject(reply);
    return NULL;
}

static size_t list_length(const redisReply *r)
{
    return r->type == REDIS_REPLY_ARRAY ? r->elements : 0;
}

static bool take_names(struct alert_reading *r, redisContext *c, struct roster *sites)
{
    redisReply *names = next_answer(r, c);

    if (!names)
        return false;
    for (size_t i = 0; i < list_length(names); i++)
        roster_add(sites, (struct slice){names->element[i]->str, names->element[i]->len});
    freeReplyObject(names);
    return true;
}

/* Also those that Redis does not know any more, if one of their alerts is on. */
static bool list_sites(struct alert_reading *r, redisContext *c, struct roster *sites)
{
    for (size_t i = 0; i < r->nsites; i++)
        roster_add(sites, r->site[i]);
    for (size_t i = 0; i < r->book->n; i++)
        if (r->book->entry[i].change.state.on)
            roster_add(sites, slice_of(r->book->entry[i].change.site));
    if (r->nsites > 0)
        return true;
    redisAppendCommand(c, "SMEMBERS " KEY_SITES);
    redisAppendCommand(c, "ZRANGE " KEY_LIVE " 0 -1");
    return take_names(r, c, sites) && take_names(r, c, sites);
}

static void take_states(struct alert_reading *r, struct slice site,
                        const redisReply *states)
{
    struct alert_change change;
    struct timespec t;

    for (size_t i = 0; i + 1 < list_length(states); i += 2) {
        struct slice name = {states->element[i]->str, states->element[i]->len};
        struct slice state = {states->element[i + 1]->str, states->element[i + 1]->len};

        if (alert_change_read(&change, site, name, state) == 0 &&
            alert_book_found(r->book, &change))
            r->tell(r->arg, &change);
    }
    clock_gettime(CLOCK_REALTIME, &t);
    while (alert_book_missing(r->book, site, t.tv_sec * INT64_C(1000), &change))
        r->tell(r->arg, &change);
}

static bool read_states(struct alert_reading *r, redisContext *c,
                        const struct roster *sites)
{
    alert_book_begin(r->book);
    for (size_t i = 0; i < sites->n; i++)
        redisAppendCommand(c, "HGETALL %s", key_alerts(roster_name(sites, i)).s);
    for (size_t i = 0; i < sites->n; i++) {
        redisReply *states = next_answer(r, c);

        if (!states)
            return false;
        take_states(r, roster_name(sites, i), states);
        freeReplyObject(states);
    }
    return true;
}

bool alert_reading_run(struct alert_reading *r, const struct redis_addr *addr)
{
    redisContext *c = dial_open(addr, r->err, sizeof r->err);
    struct roster sites = {0};
    bool read = c && list_sites(r, c, &sites) && read_states(r, c, &sites);

    if (c)
        redisFree(c);
    roster_fini(&sites);
    return read;
}
