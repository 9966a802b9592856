/* whoami: GET /debug/whoami: what the collector makes of a request, for operators who
 * want to see what their proxy does. */
#ifndef HC_WHOAMI_H
#define HC_WHOAMI_H

#include "exchange.h"

/* Answers who ?site= has given a token of scope admin: the connection, what was told of
 * it, what of that is believed, and what becomes of a hit. Nothing is counted. Nothing
 * secret is in it but addresses, so no page may read it and nobody keeps it. */
enum handled whoami_show(struct exchange *x);

#endif
