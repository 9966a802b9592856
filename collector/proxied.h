/* proxied: connections of which a proxy says in front whose they are (--proxy-protocol).
 * A receiver must not guess whether that is there (proxy-protocol.txt, 2): it has to be,
 * and who is no trusted proxy is closed. */
#ifndef HC_PROXIED_H
#define HC_PROXIED_H

#include <stdbool.h>
#include <stddef.h>

struct conn;

/* Returns whether @c comes from a proxy that is trusted, and is to be read; else it is
 * closed, and counted. */
bool proxied_expect(struct conn *c);

/* Takes what the proxy says from the front of @bytes, which is all that came so far: then
 * the connection is the client's. Returns its length, or 0 if it is not all here, wrong,
 * or of nobody who may connect: then the connection reads on or is closed. */
size_t proxied_take(struct conn *c, const char *bytes, size_t n);

#endif
