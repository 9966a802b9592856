/* site_alert: an operator's alerts, from options to a rule and from settings to a list.
 */
#ifndef HC_SITE_ALERT_H
#define HC_SITE_ALERT_H

#include <hiredis/hiredis.h>
#include "../proto/alert.h"
#include "../proto/buf.h"
#include "term.h"

/* Options of `headcount site alert SITE add`; NULL where not given. */
struct site_alert_opts {
    const char *above, *below, *of, *back, *hold;
};

/* Puts the rule together. Returns 0, or -1 with a sentence in @err. */
int site_alert_rule(const struct site_alert_opts *o, struct alert_rule *r, char *err,
                    size_t err_n);

/* The alerts among the fields and values of @all, by name. */
void site_alert_print(const redisReply *all, const struct term *term, bool json,
                      struct buf *out);

#endif
