/* commit_ahead: what of a commit may be in Redis before its record is: who is and was on
 * which page, ids of pages, log records, and the feed where it is too long to go with the
 * record. Pure. */
#ifndef HC_COMMIT_AHEAD_H
#define HC_COMMIT_AHEAD_H

#include "commit.h"

/* Adds to the part @out what is still to be written, until it has grown to the store's
 * part_bytes. Returns true when nothing is left: then the record goes with this part.
 * @scratch is overwritten. */
bool commit_ahead(struct commit *c, struct command *out, struct buf *scratch);

#endif
