/* redis_setup: INFO, SCRIPT LOAD twice and, when an epoch is wanted, EVAL of the epoch
 * script.
 *
 * A Redis that evicts is used all the same: a key it drops is found missing by the site's
 * next commit and written again. But between the two the answers are wrong, so the
 * operator is told which setting to change. */
#include "redis_setup.h"

#include <inttypes.h>
#include <stdio.h>
#include "../proto/json.h"
#include "../proto/keys.h"
#include "../proto/log.h"
#include "claim.h"
#include "commit.h"
#include "load.h"

static void complain(struct redis_setup *s, const char *what, const redisReply *reply)
{
    char text[200];

    if (reply && seldom(&s->complained, clock_mono(s->clock)))
        log_line("event=redis_refuses what=%s reply=\"%s\"", what,
                 log_safe(text, sizeof text, reply->str ? reply->str : "?",
                          reply->str ? reply->len : 1));
}

static void finish_one(struct redis_setup *s)
{
    if (--s->pending == 0)
        s->done(s->arg, !s->failed);
}

static bool is_text(const redisReply *reply, int type)
{
    return reply && reply->type == type && reply->str;
}

/* The rest of the line of @info that begins with @name, or the empty slice. */
static struct slice info_value(struct slice info, struct slice name)
{
    while (info.n > 0) {
        const char *end = memchr(info.p, '\n', info.n);
        size_t n = end ? (size_t)(end - info.p) : info.n;
        struct slice line = {info.p, n};

        if (line.n > 0 && line.p[line.n - 1] == '\r')
            line.n--;
        if (slice_starts(line, name))
            return slice_skip(line, name.n);
        info = slice_skip(info, end ? n + 1 : n);
    }
    return (struct slice){NULL, 0};
}

struct slice redis_setup_eviction(struct slice info)
{
    struct slice limit = info_value(info, SLICE("maxmemory:"));
    struct slice policy = info_value(info, SLICE("maxmemory_policy:"));

    if (limit.n == 0 || slice_eq(limit, SLICE("0")) ||
        slice_eq(policy, SLICE("noeviction")))
        policy.n = 0;
    return policy;
}

/* Redis may refuse INFO to this user; then there is nothing to warn of. */
static void on_info(void *arg, const redisReply *reply)
{
    struct redis_setup *s = arg;
    struct slice policy = {NULL, 0};
    char text[40];

    if (is_text(reply, REDIS_REPLY_STRING))
        policy = redis_setup_eviction((struct slice){reply->str, (size_t)reply->len});
    if (policy.n > 0 && !s->counters->redis_evicts)
        log_line("event=redis_evicts policy=%s hint=\"counts may vanish when its memory "
                 "is full: set maxmemory-policy noeviction\"",
                 log_safe(text, sizeof text, policy.p, policy.n));
    s->counters->redis_evicts = policy.n > 0;
    finish_one(s);
}

static void take_sha(struct redis_setup *s, char sha[SHA_TEXT], const redisReply *reply)
{
    if (is_text(reply, REDIS_REPLY_STRING) && (size_t)reply->len < SHA_TEXT) {
        memcpy(sha, reply->str, (size_t)reply->len + 1);
    } else {
        s->failed = true;
        complain(s, "script", reply);
    }
    finish_one(s);
}

static void on_commit_loaded(void *arg, const redisReply *reply)
{
    struct redis_setup *s = arg;

    take_sha(s, s->commit_sha, reply);
}

static void on_claim_loaded(void *arg, const redisReply *reply)
{
    struct redis_setup *s = arg;

    take_sha(s, s->claim_sha, reply);
}

static void on_epoch(void *arg, const redisReply *reply)
{
    struct redis_setup *s = arg;

    if (!is_text(reply, REDIS_REPLY_STRING) ||
        !claim_number((struct slice){reply->str, (size_t)reply->len}, JSON_INTEGER_MAX,
                      &s->epoch) ||
        s->epoch == 0) {
        s->epoch = 0;
        s->failed = true;
        complain(s, "epoch", reply);
    }
    finish_one(s);
}

static void call(struct redis_setup *s, struct redis_link *link, int argc,
                 const char **argv, redis_reply_fn fn)
{
    if (redis_link_call(link, argc, argv, NULL, fn, s) == 0)
        s->pending++;
    else
        s->failed = true;
}

void redis_setup_init(struct redis_setup *s, const struct clock *clock,
                      struct aggregator_counters *counters,
                      void (*done)(void *arg, bool ok), void *arg)
{
    *s = (struct redis_setup){
        .clock = clock, .counters = counters, .done = done, .arg = arg};
}

bool redis_setup_begin(struct redis_setup *s, struct redis_link *link)
{
    char floor[24];
    const char *info[] = {"INFO", "memory"};
    const char *commit[] = {"SCRIPT", "LOAD", commit_lua};
    const char *claim[] = {"SCRIPT", "LOAD", claim_lua};
    const char *take[] = {"EVAL", epoch_lua, "1", KEY_EPOCH, floor};

    s->failed = false;
    snprintf(floor, sizeof floor, "%" PRIu64, s->floor);
    call(s, link, 2, info, on_info);
    call(s, link, 3, commit, on_commit_loaded);
    call(s, link, 3, claim, on_claim_loaded);
    if (s->epoch == 0)
        call(s, link, 5, take, on_epoch);
    return s->pending > 0;
}

void redis_setup_forget_epoch(struct redis_setup *s, uint64_t seen)
{
    if (s->epoch > s->floor)
        s->floor = s->epoch;
    if (seen > s->floor)
        s->floor = seen;
    s->epoch = 0;
}
