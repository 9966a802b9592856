/* joined: what members tell each other on the channel hc:!joined: that a tab is held
 * anew. Pure.
 *
 *   SITE TAB VISITOR INSTANCE      the last three as 16 hexadecimal digits */
#ifndef HC_JOINED_H
#define HC_JOINED_H

#include <stdbool.h>
#include <stdint.h>
#include "../proto/limits.h"
#include "../proto/slice.h"

struct joined {
    struct slice site;
    uint64_t tab;
    uint64_t visitor;  /* 0: nobody holds it */
    uint64_t instance; /* of who holds it; below 2^63, so that those behind it can grow */
};

#define JOINED_MAX (SITE_MAX + 3 * 17) /* bytes of the text */

/* Writes the text into @out, with a NUL behind it; it is returned without. */
struct slice joined_write(const struct joined *j, char out[JOINED_MAX + 1]);

/* Takes such a text apart; the site points into it. Returns whether it is one. */
bool joined_read(struct joined *j, struct slice text);

#endif
