/* audience_stream: a request that a member of Audience Meter holds open, as a stream.
 *
 * Frames are "data: NUMBER", how many are there, "data: SERVICE=TEXT", a message, and
 * "retry: -1" for who was replaced and shall not come back. */
#ifndef HC_DIALECTS_AUDIENCE_STREAM_H
#define HC_DIALECTS_AUDIENCE_STREAM_H

#include "../deadlines.h"
#include "../member.h"
#include "../stream.h"

/* `own` of the stream, which frees it. */
struct audience {
    struct stream *stream;
    struct member *member; /* NULL: has left */
    struct deadline life;
};

extern const struct framing audience_framing;

/* --max-conn-duration is over. */
void audience_due(struct deadline *d);

/* For member_intent, with the struct audience as @arg: another has its name, so it
 * closes. */
void audience_replaced(struct member *m, void *arg);

#endif
