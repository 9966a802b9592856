/* events: the handler of POST /e, which takes in hits by the batch, and queries of
 * programs. */
#ifndef HC_EVENTS_H
#define HC_EVENTS_H

#include "exchange.h"

/* One or many from the body, or from the query when there is no body. JSON is answered
 * 202 with who was refused and why, a form 204; 400 when nothing of it was taken. With a
 * query of a program among them, all of it needs a token of scope send, of the site that
 * the first query names; without, nothing of it is taken. One that is brought without
 * need must be right as well, of the site of the first event: then no limit holds for the
 * events of that site. */
enum handled events_post(struct exchange *x);

#endif
