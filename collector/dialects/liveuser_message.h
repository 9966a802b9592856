/* liveuser_message: what LiveUser's widget says, and what it is told. Pure.
 *
 *   {"type":"join","siteId":"shop","clientId":"..."}
 *   {"type":"heartbeat","siteId":"shop","clientId":"...","timestamp":1763776801}
 *
 *   {"type":"update","count":3,"totalCount":1234}
 *   {"type":"update","siteId":"shop","count":3,"timestamp":1763776801}
 *   {"type":"heartbeat","timestamp":1763776801,"count":3,"totalCount":1234}
 *   {"type":"shutdown","message":"..."} */
#ifndef HC_DIALECTS_LIVEUSER_MESSAGE_H
#define HC_DIALECTS_LIVEUSER_MESSAGE_H

#include "../../proto/buf.h"
#include "../../proto/limits.h"
#include "../../proto/units.h"

/* What is told of a state, in one number, so that two are the same exactly when they tell
 * the same: how many are connected, and how often somebody was counted. Those beyond 24
 * and 40 bits are told as the most that these take. */
uint64_t liveuser_told(uint64_t count, uint64_t total);

enum liveuser_kind { LIVEUSER_NOTHING, LIVEUSER_JOIN, LIVEUSER_HEARTBEAT };

struct liveuser_message {
    enum liveuser_kind kind; /* of what is no message of ours: LIVEUSER_NOTHING */
    size_t site_n;
    char site[SITE_MAX + 1]; /* of a join; a longer one is cut to a byte more than any
                                site has; not NUL-terminated */
};

/* Reads what came. */
void liveuser_message_parse(struct liveuser_message *m, struct slice text);

/* Each appends a whole WebSocket message. @with_total: the total, too. */
void liveuser_put_update(struct buf *out, uint64_t told, bool with_total);
void liveuser_put_update_of(struct buf *out, struct slice site, uint64_t told, ms_t at);
void liveuser_put_shutdown(struct buf *out);

/* The same; without numbers while @told is NULL. */
void liveuser_put_heartbeat(struct buf *out, ms_t now, const uint64_t *told,
                            bool with_total);

#endif
