/* liveuser_socket: the WebSockets of LiveUser's widgets: who holds one open is there. */
#ifndef HC_DIALECTS_LIVEUSER_SOCKET_H
#define HC_DIALECTS_LIVEUSER_SOCKET_H

#include "../exchange.h"

/* GET /ws?siteId=&clientId=[&enableTotalCount=true][&reconnect=true]: counts from now on,
 * as clientId: whoever has that already is closed. 400 for what is no site id, or a
 * clientId longer than CLIENT_ID_MAX; 403, 426, 503 as /sites/:id/ws answers them. */
enum handled liveuser_socket(struct exchange *x);

/* GET / of the ancestor in Go: counts once it has said {"type":"join","siteId":...}. */
enum handled liveuser_by_root(struct exchange *x);

/* The same path without an Upgrade: 426. */
enum handled liveuser_no_socket(struct exchange *x);

#endif
