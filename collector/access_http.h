/* access_http: access for HTTP requests.
 *
 * Tokens come in the header `Authorization: Bearer hc_...` only: there are no cookies, so
 * a page cannot make its visitor's browser do anything here, and the answers are not
 * readable from other origins. */
#ifndef HC_ACCESS_HTTP_H
#define HC_ACCESS_HTTP_H

#include "access.h"
#include "exchange.h"

/* Asks for @need, then calls @act, now or later; @wish is @n bytes, copied. Answers 202
 * {"site":...,"accepted":true} when it was done; 401 without a token of the site, 403
 * when it may not, 429 for a wrong one when its address has tried too many, 503 while
 * Redis cannot be asked. */
enum handled access_demand(struct exchange *x, enum scope need, access_act *act,
                           const void *wish, size_t n);

#endif
