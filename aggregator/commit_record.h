/* commit_record: how a part of a commit ends. Pure. */
#ifndef HC_COMMIT_RECORD_H
#define HC_COMMIT_RECORD_H

#include "commit.h"

/* It is the last part: how many are online, the counts of every row and the totals that
 * Redis does not have as they are, the renames of a rewrite, the marks and the record
 * {e, q}. Encodes the @message that goes
 * with them. */
void commit_record(struct commit *c, struct command *out, struct buf *message);

/* Refuses a part that counts on what is not there any more. */
void commit_try(const struct commit *c, struct command *out);

/* More parts follow: names this one, for the next to ask for; a rewrite claims the site,
 * another says that it is on its way. */
void commit_goes_on(const struct commit *c, struct command *out);

#endif
