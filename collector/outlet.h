/* outlet: writes to a socket at once, and keeps what the socket does not take. */
#ifndef HC_OUTLET_H
#define HC_OUTLET_H

#include <uv.h>
#include "carry.h"

/* What was kept is gone: @status 0, or a negative uv error if it never went out. */
typedef void (*outlet_fn)(uv_stream_t *stream, int status);

/* Writes @bytes. Returns 0 when the socket took them all; 1 when it did not: then a copy
 * of the rest, taken from @budget, is under way, and @done will be called, also if the
 * stream is closed before; else a negative uv error, UV_ENOMEM if the budget forbids it.
 * Not to be called again before @done. */
int outlet_write(uv_stream_t *stream, struct budget *budget, const char *bytes, size_t n,
                 outlet_fn done);

#endif
