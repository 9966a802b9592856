/* A subscriber sends nothing, so a connection whose other end is gone looks like a quiet
 * site. PING, which Redis allows on a subscribed connection, tells the two apart. */
#include "subscription.h"

#include <stdio.h>
#include <string.h>
#include "interrupt.h"

static int lose(struct subscription *s, const char *why)
{
    snprintf(s->why, sizeof s->why, "%s", why);
    subscription_close(s);
    return -1;
}

static void drop_reply(struct subscription *s)
{
    if (s->reply)
        freeReplyObject(s->reply);
    s->reply = NULL;
}

int subscription_open(struct subscription *s, const struct redis_addr *addr,
                      struct slice site)
{
    s->channel = key_channel(site);
    s->redis = dial_open(addr, s->why, sizeof s->why);
    if (s->redis == NULL)
        return -1;
    s->reply = redisCommand(s->redis, "SUBSCRIBE %s", s->channel.s);
    if (s->reply == NULL)
        return lose(s, s->redis->errstr);
    if (s->reply->type == REDIS_REPLY_ERROR)
        return lose(s, s->reply->str);
    s->heard = mono_now();
    s->pinged = false;
    return 0;
}

void subscription_close(struct subscription *s)
{
    drop_reply(s);
    if (s->redis)
        redisFree(s->redis);
    s->redis = NULL;
}

static int send_ping(redisContext *c)
{
    int done = 0;

    if (redisAppendCommand(c, "PING") != REDIS_OK)
        return -1;
    while (!done)
        if (redisBufferWrite(c, &done) != REDIS_OK)
            return -1;
    return 0;
}

/* When the silence has lasted too long for what was done about it. */
static mono_t end_of_patience(const struct subscription *s)
{
    return s->heard + PING_AFTER_MS + (s->pinged ? REPLY_DEADLINE_MS : 0);
}

static int on_silence(struct subscription *s)
{
    if (mono_now() < end_of_patience(s))
        return 0;
    if (s->pinged)
        return lose(s, "it does not answer");
    s->pinged = true;
    return send_ping(s->redis) < 0 ? lose(s, s->redis->errstr) : 0;
}

int subscription_wait(struct subscription *s, mono_t ms)
{
    struct pollfd fd = {s->redis->fd, POLLIN, 0};
    mono_t left = end_of_patience(s) - mono_now();
    int ready;

    left = left > 0 ? left : 0;
    ready = interrupt_poll(&fd, 1, left < ms ? left : ms);
    if (ready == 0)
        return on_silence(s);
    if (ready < 0)
        return 0; /* a signal: the caller looks */
    s->heard = mono_now();
    s->pinged = false;
    return redisBufferRead(s->redis) == REDIS_OK ? 0 : lose(s, s->redis->errstr);
}

/* ["message", channel, text]; ["pong", ""] and others only show that Redis is there. */
static bool is_message(const redisReply *r)
{
    return r->type == REDIS_REPLY_ARRAY && r->elements == 3 &&
           r->element[0]->type == REDIS_REPLY_STRING &&
           strcmp(r->element[0]->str, "message") == 0 &&
           r->element[2]->type == REDIS_REPLY_STRING;
}

int subscription_next(struct subscription *s, struct slice *text)
{
    void *reply;

    for (;;) {
        drop_reply(s);
        if (redisGetReplyFromReader(s->redis, &reply) != REDIS_OK)
            return lose(s, s->redis->errstr);
        s->reply = reply;
        if (reply == NULL)
            return 0;
        if (is_message(reply))
            break;
    }
    *text = (struct slice){s->reply->element[2]->str, s->reply->element[2]->len};
    return 1;
}
