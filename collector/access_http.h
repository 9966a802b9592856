/* access_http: access for HTTP requests.
 *
 * Tokens come in the header `Authorization: Bearer hc_...` only: there are no cookies, so
 * a page cannot make its visitor's browser do anything here, and the answers are not
 * readable from other origins. */
#ifndef HC_ACCESS_HTTP_H
#define HC_ACCESS_HTTP_H

#include "access.h"
#include "exchange.h"

/* An answer and what it points to. */
struct verdict {
    struct reply reply;
    char lines[160];
};

/* What the request brings for a demand: its address and its token. */
struct demand access_of(const struct exchange *x, struct slice site, enum scope need);

/* Makes the answer to @o: what access_demand would answer. Uses worker->answer. */
void access_judge(struct verdict *v, struct worker *w, struct slice site,
                  const struct outcome *o);

/* Asks for @need, then calls @act, now or later; @wish is @n bytes, copied. Answers 202
 * {"site":...,"accepted":true} when it was done; 401 without a token of the site, 403
 * when it may not, 429 for a wrong one when its address has tried too many, 503 while
 * Redis cannot be asked. */
enum handled access_demand(struct exchange *x, enum scope need, access_act *act,
                           const void *wish, size_t n);

#endif
