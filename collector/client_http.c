/* One header or the other, never both: an operator who names one has a proxy that writes
 * that and lets clients write the other. */
#include "client_http.h"

#include "conn.h"
#include "worker.h"

struct ip client_of(const struct exchange *x)
{
    const struct http_request *rq = x->request;
    const struct setup *setup = x->worker->setup;

    if (setup->client_ip_header.n == 0)
        return client_ip(&setup->trusted, &x->conn->peer, rq->forwarded_for,
                         rq->nforwarded_for);
    return client_ip_named(&setup->trusted, &x->conn->peer,
                           rq->client_ip_repeated ? (struct slice){0} : rq->client_ip);
}
