/* ws: GET /sites/:id/ws: a stream as a WebSocket (RFC 6455). */
#ifndef HC_WS_H
#define HC_WS_H

#include "stream.h"
#include "ws_reader.h"

/* What one has besides its stream, in stream.own; its own to free. */
struct ws {
    struct ws_reader reader;
    unsigned pings; /* sent and not answered */
};

extern const struct framing ws_framing;

/* The handler. */
enum handled ws_stream(struct exchange *x);

/* -- for dialects -- */

/* Whether the request may be switched; answers it if not. */
bool ws_is_wanted(struct exchange *x);

/* Appends the head of the answer that switches it. */
void ws_put_head(struct exchange *x);

#endif
