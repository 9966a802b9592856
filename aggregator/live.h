/* live: the sites that were committed of late, told to hc:live for whoever lists them.
 * Pure.
 *
 * A site is told when it is first committed, and then once a minute while it is. That is
 * a convenience: it is not part of a commit (in a cluster the key lies elsewhere), and
 * nothing depends on it. */
#ifndef HC_LIVE_H
#define HC_LIVE_H

#include "command.h"
#include "site.h"

#define LIVE_EVERY_MS MS_PER_MINUTE

/* Sites of one call. */
#define LIVE_BATCH 128

struct live {
    struct command command; /* ZADD hc:live MS SITE ..., if n > 0 */
    size_t n;               /* sites in it */
};

void live_init(struct live *l);
void live_fini(struct live *l);

/* @s is being committed at @now: adds it if it is due. The batch must not be full. */
void live_add(struct live *l, struct site *s, ms_t now);

static inline bool live_is_full(const struct live *l)
{
    return l->n == LIVE_BATCH;
}

/* The batch was sent, or could not be. */
void live_clear(struct live *l);

/* The command that removes those not committed for the window and two minutes. */
void live_sweep(struct command *out, unsigned window, ms_t now);

/* The command that lets hc:live go should nobody sweep it any more: a minute after the
 * last sweep of those that are in it. */
void live_expiry(struct command *out, unsigned window);

#endif
