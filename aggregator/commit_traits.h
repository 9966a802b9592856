/* commit_traits: what of a commit is neither a count nor a page: the traits of views, in
 * hashes of their own, how long queries took, the titles of pages. Pure. */
#ifndef HC_COMMIT_TRAITS_H
#define HC_COMMIT_TRAITS_H

#include "commit.h"

/* What of views and queries Redis does not have, of all rows together, bytes at most. */
size_t traits_due(const struct site *s);

/* The slots whose views are told apart by something that Redis does not have. */
uint64_t traits_slots(const struct site *s);

/* How long the queries of one row took, if that is due. */
void op_row_queries(struct command *c, const struct site *s, unsigned slot, bool staged);

/* The traits of one row's views that are due; nothing where none are. */
void op_row_traits(struct command *c, const struct site *s, unsigned slot, bool staged);

/* Of a rewrite: stages it for all rows, and takes it off what is due, until the part is
 * full (false) or nothing is left. What is folded meanwhile is due again. */
bool part_traits(struct commit *c, struct command *out);

/* Titles of pages, in any part; and that they are known as long as the newest row. */
bool part_titles(struct commit *c, struct command *out);
void op_expire_titles(struct command *c, const struct site *s);

#endif
