/* channel: a watched site's place in the hub (hub.h): who watches it, and what Redis was
 * asked for; for hub.c. All of it on the host's thread. */
#ifndef HC_CHANNEL_H
#define HC_CHANNEL_H

#include "deadlines.h"
#include "hub.h"

struct channel {
    struct site_node node; /* of hub->sites; first: see channel_of */
    struct hub *hub;
    uint64_t workers; /* who watch it: bit n is worker n */
    bool asked;       /* SUBSCRIBE is under way; it stays until that is answered */
    bool confirmed;
    struct deadline release; /* while nobody watches it and nothing is under way */
};

static inline struct channel *channel_of(struct site_node *node)
{
    return (struct channel *)(void *)node;
}

/* One for a site that has none, which nobody watches yet. At WATCHED_SITES_MAX another
 * makes room. */
struct channel *channel_new(struct hub *h, struct slice site);

/* The worker watches it from now on, or does not any more. */
void channel_join(struct channel *ch, struct worker *w);
void channel_leave(struct channel *ch, struct worker *w);

/* Asks Redis for it if somebody watches it and that has not been done. Nothing happens
 * while the link is down: all are subscribed when it is up, but for those that wait to be
 * let go. */
void channel_subscribe(struct channel *ch);

/* Sends @m to all who watch it; what it points to is copied. */
void channel_tell(const struct channel *ch, const struct mail *m);

/* It has waited to be let go for HUB_RELEASE_MS: unsubscribes and frees it. */
void channel_released(struct deadline *d);

/* Takes it out of the hub and frees it, and does nothing else. */
void channel_free(struct channel *ch);

/* Whether Redis has taken a subscription; its answer is NULL when the link broke. */
bool channel_is_confirmed(const redisReply *reply);

/* It has refused one: counted, and logged once for each connection. */
void channel_note_refusal(struct hub *h, const redisReply *reply);

#endif
