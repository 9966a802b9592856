/* All answers of one read gather in the worker's buffer; conn_serve.c gives them to the
 * socket in one write. */
#include "exchange.h"

#include <stdio.h>
#include "worker.h"

#define ERROR_HEADERS HEADER_OPEN HEADER_NO_STORE HEADER_NO_SNIFF

void exchange_reply(struct exchange *x, const struct reply *r)
{
    reply_write(&x->worker->out, worker_date(x->worker), x->mode, r);
}

void exchange_canned(struct exchange *x, const struct canned *k)
{
    struct worker *w = x->worker;

    reply_prepared(&w->out, worker_date(w), x->mode, k, &w->prepared);
}

void exchange_error(struct exchange *x, int status, const char *reason,
                    const char *headers)
{
    char body[128], lines[512];

    snprintf(body, sizeof body, "{\"error\":\"%s\"}\n", reason);
    snprintf(lines, sizeof lines, "%s%s", ERROR_HEADERS, headers ? headers : "");
    exchange_reply(x, &(struct reply){.status = status,
                                      .type = "application/json",
                                      .headers = lines,
                                      .body = slice_of(body)});
}

enum handled exchange_not_found(struct exchange *x)
{
    COUNT(&x->worker->counters, not_found);
    exchange_error(x, 404, "not_found", NULL);
    return ANSWERED;
}
