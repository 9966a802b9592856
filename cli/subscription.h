/* subscription: one channel of Redis, followed over a blocking connection that is only
 * read when poll says there is something. */
#ifndef HC_SUBSCRIPTION_H
#define HC_SUBSCRIPTION_H

#include "../proto/keys.h"
#include "../proto/units.h"
#include "dial.h"

#define PING_AFTER_MS 15000 /* of silence; then REPLY_DEADLINE_MS for an answer */
#define SUBSCRIPTION_WHY_MAX 512

struct subscription {
    struct key_name channel;
    redisContext *redis; /* NULL: not connected */
    redisReply *reply;   /* owns the message given out last */
    mono_t heard;        /* when the last bytes came */
    bool pinged;         /* and not heard since */
    char why[SUBSCRIPTION_WHY_MAX];
};

/* Connects and subscribes to the channel of @site. Returns 0 once Redis has confirmed it;
 * -1 with a sentence in s->why. Also after the connection was lost. */
int subscription_open(struct subscription *s, const struct redis_addr *addr,
                      struct slice site);
void subscription_close(struct subscription *s);

/* Waits for at most @ms. Returns 0, whether or not something came; -1 when the connection
 * was lost: then it is closed and s->why says how. */
int subscription_wait(struct subscription *s, mono_t ms);

/* The next message that has come. Returns 1 with @text, valid until the next call; 0 when
 * there is none; -1 as above. */
int subscription_next(struct subscription *s, struct slice *text);

#endif
