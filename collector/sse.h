/* sse: GET /sites/:id/stream: a stream as Server-Sent Events (WHATWG HTML, 9.2). */
#ifndef HC_SSE_H
#define HC_SSE_H

#include "stream.h"

extern const struct framing sse_framing;

/* The handler. */
enum handled sse_stream(struct exchange *x);

#endif
