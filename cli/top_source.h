/* top_source: where `headcount top` has its numbers from: one connection that follows all
 * channels, and one for reads, many of them on their way at the same time.
 *
 * Nothing here waits but dialling: the caller polls the sockets. A connection that is
 * lost takes the other with it; both are dialled again, with growing pauses, and the
 * model is told. */
#ifndef HC_TOP_SOURCE_H
#define HC_TOP_SOURCE_H

#include <poll.h>
#include "subscription.h"
#include "top_model.h"

#define TOP_SOCKETS 2

struct top_ask {
    enum { ASK_NAMED, ASK_LIVE, ASK_SITE } what;
    int number; /* of the site */
    unsigned minutes;
};

struct top_source {
    struct redis_addr addr;
    bool follows; /* false: it only reads */
    struct subscription news;
    redisContext *reads; /* NULL: away */
    mono_t moved;        /* when the last answer came, or the first question went */
    mono_t answered;     /* when the last answer came */
    mono_t listed;       /* when it was last asked which sites there are */
    size_t first, n;     /* questions not answered yet: a ring */
    struct top_ask ask[TOP_READS_MAX + 2];
    mono_t again, pause; /* when to dial next, and the pause before that */
    char why[SUBSCRIPTION_WHY_MAX];
};

/* Dials for the first time. Returns 0, or -1 with a sentence in s->why. */
int top_source_open(struct top_source *s, const struct redis_addr *addr, bool follows);
void top_source_close(struct top_source *s);

/* Asks for what the model wants, or dials again when it is time. */
void top_source_step(struct top_source *s, struct top_model *m);

/* Reads everything again, at the next step. */
void top_source_refresh(struct top_source *s, struct top_model *m);

/* Fills @fds with what to wait for. Returns how many; top_source_on_poll takes the same
 * after poll. */
nfds_t top_source_fds(const struct top_source *s, struct pollfd fds[TOP_SOCKETS]);
void top_source_on_poll(struct top_source *s, struct top_model *m,
                        const struct pollfd *fds);

/* How long to wait at most before top_source_on_poll and top_source_step. */
mono_t top_source_patience(const struct top_source *s, mono_t now);

/* Whether nothing is outstanding. */
bool top_source_is_idle(const struct top_source *s);

#endif
