/* liveuser_visit: the visitors of the day, as a fork of LiveUser counts them. */
#ifndef HC_DIALECTS_LIVEUSER_VISIT_H
#define HC_DIALECTS_LIVEUSER_VISIT_H

#include <jansson.h>
#include "../../proto/buf.h"
#include "../day_visitors.h"
#include "../exchange.h"

/* POST /v1/visit, a body {"visitorId","siteId"}: {"type":"visit","siteId","today","date",
 * "timestamp"}. It is no view and makes nobody online. */
enum handled liveuser_visit(struct exchange *x);

/* ---- its parts, which are pure ---- */

struct liveuser_visit {
    struct slice visitor;
    struct slice site; /* empty: it did not say */
};

/* Reads the body, NULL: it was no JSON. Returns NULL and @v, borrowed from @body, or why
 * it is refused: a literal without quotes. */
const char *liveuser_visit_read(struct liveuser_visit *v, const json_t *body);

/* The site: as it was said, or the host of the page, as the widget has it, written into
 * @out (REFERRER_MAX bytes), or the one of who says nothing. May be no site id. */
struct slice liveuser_visit_site(struct slice said, const struct http_request *rq,
                                 char *out);

/* Appends the answer, one line. */
void liveuser_visit_write(struct buf *out, struct slice site, const struct day_count *n);

#endif
