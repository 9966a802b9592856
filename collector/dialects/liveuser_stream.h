/* liveuser_stream: a WebSocket that LiveUser's widget holds open, as a stream. */
#ifndef HC_DIALECTS_LIVEUSER_STREAM_H
#define HC_DIALECTS_LIVEUSER_STREAM_H

#include "../member.h"
#include "../ws.h"

/* Who asked, for a guest: the request is gone when it joins. */
struct liveuser_guest {
    struct ip ip;
    bool opts_out;
    size_t origin_n, agent_n;
    char origin[ORIGIN_MAX + 1]; /* a longer one is cut to be still too long */
    char agent[];
};

/* `own` of the stream, which frees it. */
struct liveuser {
    struct ws ws;       /* first: for ws_framing.keep_alive */
    struct buf message; /* that comes in */
    struct member *member;
    struct liveuser_guest *guest; /* NULL: it is none, or none any more */
};

/* Those who are told the count; the total, too; the count as the ancestor in Go has it;
 * and who has not said yet which site it is of, and will be told the latter. */
extern const struct framing liveuser_of_count, liveuser_of_total, liveuser_of_go,
    liveuser_of_guest;

struct liveuser *liveuser_new(void);

/* For member_intent, with the stream as @arg: another has its clientId, so it closes. */
void liveuser_replaced(struct member *m, void *arg);

#endif
