/* badge: how many are online, as a picture of 20 pixels height or as JSON. Pure.
 *
 * Every text that a stranger may have chosen is escaped, and bytes that no XML may carry
 * become U+FFFD. */
#ifndef HC_BADGE_H
#define HC_BADGE_H

#include <stdint.h>
#include "../proto/buf.h"
#include "badge_look.h"

/* What it shows. */
struct badge_numbers {
    uint64_t online, current;
    uint64_t epoch, commit;
};

void badge_svg(struct buf *out, const struct badge_look *look, struct slice site,
               const struct badge_numbers *n);

/* What shields.io asks an endpoint for, and unless is_bare site, online, current, rev. */
void badge_json(struct buf *out, const struct badge_look *look, struct slice site,
                const struct badge_numbers *n);

#endif
