/* ws_handshake: whether a request may become a WebSocket (RFC 6455, section 4.2). */
#ifndef HC_WS_HANDSHAKE_H
#define HC_WS_HANDSHAKE_H

#include "http.h"

/* Judges @r. Returns 101 when it may be switched; 426 when it asks for nothing of the
 * kind or for another version; 400 when its key is not the base64 of 16 bytes, or key or
 * version came more than once. */
int ws_handshake_check(const struct http_request *r);

/* Writes the value of Sec-WebSocket-Accept for @key, any text, and a NUL. */
#define WS_ACCEPT_LEN 28
void ws_handshake_accept(struct slice key, char accept[WS_ACCEPT_LEN + 1]);

#endif
