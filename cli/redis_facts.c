/* INFO, TIME and two CONFIG GETs. A user who may only read keys is told NOPERM by some of
 * them: then what they would have said stays unknown. */
#include "redis_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The value of "name:value" in the lines of INFO; empty when it is not there. */
static struct slice value_of(struct slice info, const char *name)
{
    size_t n = strlen(name);

    while (info.n > 0) {
        const char *end = memchr(info.p, '\n', info.n);
        struct slice line = {info.p, end ? (size_t)(end - info.p) : info.n};

        info = slice_skip(info, end ? line.n + 1 : line.n);
        if (line.n > 0 && line.p[line.n - 1] == '\r')
            line.n--;
        if (line.n > n && line.p[n] == ':' && memcmp(line.p, name, n) == 0)
            return slice_skip(line, n + 1);
    }
    return (struct slice){0};
}

static void copy(char *out, size_t out_n, struct slice s)
{
    size_t n = s.n < out_n ? s.n : out_n - 1;

    if (n)
        memcpy(out, s.p, n);
    out[n] = '\0';
}

static uint64_t number_of(struct slice s)
{
    char text[24];

    copy(text, sizeof text, s);
    return strtoull(text, NULL, 10);
}

static bool is(struct slice info, const char *name, const char *value)
{
    return slice_eq(value_of(info, name), slice_of(value));
}

void redis_facts_info(struct redis_facts *f, struct slice info)
{
    copy(f->version, sizeof f->version, value_of(info, "redis_version"));
    copy(f->policy, sizeof f->policy, value_of(info, "maxmemory_policy"));
    copy(f->role, sizeof f->role, value_of(info, "role"));
    f->maxmemory = number_of(value_of(info, "maxmemory"));
    f->aof = is(info, "aof_enabled", "1");
    f->aof_failed = is(info, "aof_last_write_status", "err");
    f->bgsave_failed = is(info, "rdb_last_bgsave_status", "err");
    f->loading = is(info, "loading", "1");
}

static struct slice text_of(const redisReply *r)
{
    if (r && (r->type == REDIS_REPLY_STRING || r->type == REDIS_REPLY_STATUS ||
              r->type == REDIS_REPLY_ERROR))
        return (struct slice){r->str, r->len};
    return (struct slice){0};
}

static void let_go(redisReply *r)
{
    if (r)
        freeReplyObject(r);
}

/* A Redis that is loading, and refuses commands, answers INFO. */
static void ask_info(struct redis_facts *f, redisContext *c)
{
    redisReply *r = redisCommand(c, "INFO");

    if (r && r->type == REDIS_REPLY_STRING)
        redis_facts_info(f, text_of(r));
    else
        copy(f->why, sizeof f->why, r ? text_of(r) : slice_of(c->errstr));
    f->reached = r != NULL;
    let_go(r);
}

static int64_t wall_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Against the middle of the round trip. */
static void ask_time(struct redis_facts *f, redisContext *c)
{
    int64_t before = wall_us();
    redisReply *r = redisCommand(c, "TIME");
    int64_t middle = before + (wall_us() - before) / 2;

    if (r && r->type == REDIS_REPLY_ARRAY && r->elements == 2) {
        int64_t s = (int64_t)number_of(text_of(r->element[0]));
        int64_t us = (int64_t)number_of(text_of(r->element[1]));

        f->clock_ahead_ms = (s * 1000000 + us - middle) / 1000;
    }
    let_go(r);
}

/* Returns whether it is permitted; the value into @out. */
static bool ask_config(redisContext *c, const char *name, char *out, size_t out_n)
{
    redisReply *r = redisCommand(c, "CONFIG GET %s", name);
    bool told = r && r->type == REDIS_REPLY_ARRAY && r->elements == 2;

    *out = '\0';
    if (told)
        copy(out, out_n, text_of(r->element[1]));
    let_go(r);
    return told;
}

void redis_facts_ask(struct redis_facts *f, const struct redis_addr *addr)
{
    char save[256];
    redisContext *c;

    *f = (struct redis_facts){0};
    redis_addr_text(addr, f->at, sizeof f->at);
    if ((c = dial_open(addr, f->why, sizeof f->why)) == NULL)
        return;
    ask_info(f, c);
    if (f->reached) {
        ask_time(f, c);
        ask_config(c, "appendfsync", f->fsync, sizeof f->fsync);
        f->saves = !ask_config(c, "save", save, sizeof save) || *save;
    }
    redisFree(c);
}
