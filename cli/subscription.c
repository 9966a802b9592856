/* A subscriber sends nothing, so a connection whose other end is gone looks like a quiet
 * site. PING, which Redis allows on a subscribed connection, tells the two apart. */
#include "subscription.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include "interrupt.h"

#define ALL_CHANNELS "hc:*" /* of every site: keys.h */

/* @why may belong to the connection that is closed here. */
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

/* All in one command: then nothing published can stand between its confirmations. */
static void ask(redisContext *c, const struct subscription_sites *sites)
{
    struct key_name channel[SUBSCRIPTION_SITES_MAX];
    const char *argv[1 + SUBSCRIPTION_SITES_MAX] = {"SUBSCRIBE"};

    assert(sites->n <= SUBSCRIPTION_SITES_MAX);
    for (size_t i = 0; i < sites->n; i++) {
        channel[i] = key_channel(sites->site[i]);
        argv[i + 1] = channel[i].s;
    }
    if (sites->channel)
        redisAppendCommand(c, "SUBSCRIBE %s", sites->channel);
    else if (sites->n > 0)
        redisAppendCommandArgv(c, (int)sites->n + 1, argv, NULL);
    else
        redisAppendCommand(c, "PSUBSCRIBE " ALL_CHANNELS);
}

static int confirm(struct subscription *s, size_t n)
{
    void *reply;

    for (; n > 0; n--) {
        drop_reply(s);
        if (redisGetReply(s->redis, &reply) != REDIS_OK)
            return lose(s, s->redis->errstr);
        s->reply = reply;
        if (s->reply->type == REDIS_REPLY_ERROR)
            return lose(s, s->reply->str);
    }
    return 0;
}

int subscription_open(struct subscription *s, const struct redis_addr *addr,
                      const struct subscription_sites *sites)
{
    s->redis = dial_open(addr, s->why, sizeof s->why);
    if (s->redis == NULL)
        return -1;
    s->channel = sites->channel;
    ask(s->redis, sites);
    s->heard = mono_now();
    s->pinged = false;
    return confirm(s, sites->n ? sites->n : 1);
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

int subscription_fd(const struct subscription *s)
{
    return s->redis->fd;
}

mono_t subscription_patience(const struct subscription *s)
{
    mono_t left = end_of_patience(s) - mono_now();

    return left > 0 ? left : 0;
}

int subscription_on_poll(struct subscription *s, bool readable)
{
    if (!readable)
        return on_silence(s);
    s->heard = mono_now();
    s->pinged = false;
    return redisBufferRead(s->redis) == REDIS_OK ? 0 : lose(s, s->redis->errstr);
}

int subscription_wait(struct subscription *s, mono_t ms)
{
    struct pollfd fd = {subscription_fd(s), POLLIN, 0};
    mono_t left = subscription_patience(s);
    int ready = interrupt_poll(&fd, 1, left < ms ? left : ms);

    if (ready < 0)
        return 0; /* a signal: the caller looks */
    return subscription_on_poll(s, ready > 0);
}

/* ["message", channel, text], ["pmessage", pattern, channel, text]; ["pong", ""] and
 * others only show that Redis is there. */
static bool is_message(const struct subscription *s, struct slice *site,
                       struct slice *text)
{
    const redisReply *r = s->reply, *channel;
    size_t last = r->elements - 1;

    if (r->type != REDIS_REPLY_ARRAY || r->elements < 3 || r->elements > 4)
        return false;
    for (size_t i = 0; i < r->elements; i++)
        if (r->element[i]->type != REDIS_REPLY_STRING)
            return false;
    if (strcmp(r->element[0]->str, last == 2 ? "message" : "pmessage") != 0)
        return false;
    channel = r->element[last - 1];
    *text = (struct slice){r->element[last]->str, r->element[last]->len};
    *site = (struct slice){NULL, 0};
    if (s->channel)
        return strcmp(channel->str, s->channel) == 0;
    return key_channel_site((struct slice){channel->str, channel->len}, site);
}

int subscription_next(struct subscription *s, struct slice *site, struct slice *text)
{
    void *reply;

    for (;;) {
        drop_reply(s);
        if (redisGetReplyFromReader(s->redis, &reply) != REDIS_OK)
            return lose(s, s->redis->errstr);
        s->reply = reply;
        if (reply == NULL)
            return 0;
        if (is_message(s, site, text))
            return 1;
    }
}
