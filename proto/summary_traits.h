/* summary_traits: of a realtime answer what views are told apart by, how long queries
 * took, and the titles of its pages; for summary_parse.c and summary_counts.c. Pure. */
#ifndef HC_SUMMARY_TRAITS_H
#define HC_SUMMARY_TRAITS_H

#include "flat.h"
#include "summary.h"

/* Takes a field of a row that is a trait or the histogram of queries; it counts if the
 * row is @wanted. Returns 1 if it was one, 0 if it is none, -1 if it cannot be read. */
int summary_trait(struct summary *s, struct slice name, struct slice value, bool wanted);

/* Takes a goal of the settings: it is told though nothing reached it. */
void summary_goal(struct summary *s, struct slice name);

/* All rows have been read: ranks the values, and gives each page its title of those that
 * stand at @titles, @n pairs of path and title. */
void summary_rank_traits(struct summary *s);
void summary_give_titles(struct summary *s, const struct slice *titles, size_t n);

#endif
