/* The header's bytes are proxy_header.c's; here is what becomes of the connection. */
#include "proxied.h"

#include "conn.h"
#include "conn_serve.h"
#include "proxy_header.h"
#include "worker.h"

bool proxied_expect(struct conn *c)
{
    if (!trusted_has(&c->worker->setup->trusted, &c->peer)) {
        COUNT(&c->worker->counters, proxy_missing);
        conn_close(c);
        return false;
    }
    c->awaits_proxy = true;
    return true;
}

/* Whom the proxy told is the peer from now on; of a connection of its own it is itself.
 * Returns false if that address has too many. */
static bool be_introduced(struct conn *c, const struct proxy_header *said)
{
    c->awaits_proxy = false;
    c->proxy_version = said->version;
    if (said->client.n == 0)
        return true;
    c->peer = said->client;
    return !conns_crowded(c);
}

size_t proxied_take(struct conn *c, const char *bytes, size_t n)
{
    struct proxy_header said;
    ssize_t length = proxy_header_read(&said, bytes, n);

    if (length > 0)
        return be_introduced(c, &said) ? (size_t)length : 0;
    if (length < 0) {
        COUNT(&c->worker->counters, proxy_bad);
        conn_close(c);
    } else if (conn_keep(c, bytes, n)) {
        conn_read_on(c);
    }
    return 0;
}
