/* livestats: what pings of livestats.js say. Pure.
 *
 * A ping is a form: state (0 idle, 1 reading, 2 writing), url and title of the page. It
 * says that somebody is there and not that a page was opened, so it is a heartbeat. */
#ifndef HC_DIALECTS_LIVESTATS_H
#define HC_DIALECTS_LIVESTATS_H

#include "../beacon.h"

#define LIVESTATS_TAB_TEXT 16 /* digits of a hash, in hexadecimal */

/* Fills @b from the body of a ping: kind, state, page and title; of texts that are longer
 * than any that is kept only the beginning. Writes the tab, a hash of the page's address
 * as it was sent under @key, into @tab (LIVESTATS_TAB_TEXT bytes). False when the ping
 * has no state, or one that is none of the three. */
bool livestats_ping(struct beacon *b, struct slice form, const struct key *key,
                    char *tab);

#endif
