/* near: the name that somebody who mistyped one probably meant.
 *
 *   near_init(&g, "lsiten", 6);
 *   near_consider(&g, "listen");       once for each name there is
 *   if (g.best[0]) ...                 "did you mean listen?"
 */
#ifndef HC_NEAR_H
#define HC_NEAR_H

#include <stddef.h>

#define NEAR_NAME_MAX 48 /* with the NUL; longer names are never suggested */

struct near {
    const char *text; /* what was written; the caller's */
    size_t n;
    char best[NEAR_NAME_MAX]; /* empty: nothing is near */
    size_t distance;          /* of the best */
};

void near_init(struct near *g, const char *text, size_t n);

/* Makes @name the best if what was written is its beginning, or if it takes fewer
 * insertions, deletions and replacements than the best so far, and at most one for every
 * three characters. */
void near_consider(struct near *g, const char *name);

#endif
