/* subscription: channels of Redis, followed over a blocking connection that is only read
 * when poll says there is something. */
#ifndef HC_SUBSCRIPTION_H
#define HC_SUBSCRIPTION_H

#include "../proto/keys.h"
#include "../proto/units.h"
#include "dial.h"

#define PING_AFTER_MS 15000 /* of silence; then REPLY_DEADLINE_MS for an answer */
#define SUBSCRIPTION_WHY_MAX 512
#define SUBSCRIPTION_SITES_MAX 64 /* named one by one; more are asked for as all */

/* Which channels: of these sites, or of all when there are none; or one that is no
 * site's. */
struct subscription_sites {
    const struct slice *site; /* the caller's, as long as it is used */
    size_t n;
    const char *channel; /* NULL: sites */
};

struct subscription {
    redisContext *redis; /* NULL: not connected */
    const char *channel; /* the one that is no site's */
    redisReply *reply;   /* owns the message given out last */
    mono_t heard;        /* when the last bytes came */
    bool pinged;         /* and not heard since */
    char why[SUBSCRIPTION_WHY_MAX];
};

/* Connects and subscribes. Returns 0 once Redis has confirmed it; -1 with a sentence in
 * s->why. Also after the connection was lost. */
int subscription_open(struct subscription *s, const struct redis_addr *addr,
                      const struct subscription_sites *sites);
void subscription_close(struct subscription *s);

/* For callers who wait for other things as well: the socket, and how long to wait at most
 * until subscription_on_poll is called, whether or not it became readable. */
int subscription_fd(const struct subscription *s);
mono_t subscription_patience(const struct subscription *s);

/* Reads what has come if the socket is @readable, else sees to a silence. Returns 0; -1
 * when the connection was lost: then it is closed and s->why says how. */
int subscription_on_poll(struct subscription *s, bool readable);

/* All three: waits for at most @ms. Returns the same. */
int subscription_wait(struct subscription *s, mono_t ms);

/* The next message that has come. Returns 1 with its site, empty if the channel is
 * none's, and text, valid until the next call; 0 when there is none; -1 as above. */
int subscription_next(struct subscription *s, struct slice *site, struct slice *text);

#endif
