/* client_http: whose address an HTTP request counts for: client.h with what the request
 * and the command line say. */
#ifndef HC_CLIENT_HTTP_H
#define HC_CLIENT_HTTP_H

#include "client.h"
#include "exchange.h"

/* That of the header of --client-ip-header, or else X-Forwarded-For, of a trusted proxy;
 * or the peer's, which is what PROXY told of the connection, if it did. */
struct ip client_of(const struct exchange *x);

#endif
