/* passes: hits on their way into the store, many at a time.
 *
 * What a hit touches lies anywhere in memory, each place known from the one before: the
 * index of sites, the site, its tables, the visitor and the page, the page's counts. So
 * hits go together through passes, of which each asks for the memory that the next one
 * reads: the cache lines of all of them arrive together instead of one after the other.
 * Nothing is counted before the last pass, and there one hit after the other, in the
 * order in which they were taken. */
#ifndef HC_PASSES_H
#define HC_PASSES_H

#include "fold.h"
#include "path_memo.h"
#include "visit.h"

/* One hit on its way. */
struct seen {
    struct visit visit;
    const struct fold_origin *from;
    uint64_t site, path; /* their hashes */
    unsigned run;        /* hits of the same site and datagram just before */
};

/* What the passes share. All zero but for the first three. */
struct passes {
    struct store *st;
    struct fold_counts *counts;
    struct path_memo *memo;         /* NULL: none is kept */
    const struct fold_origin *from; /* the datagram that is being taken */
    struct site *site;              /* of the hit before: most datagrams are of one */
    struct slice id;                /* and the text that named it */
    bool repeated;                  /* that one has the datagram already */
    unsigned run;                   /* hits of it so far */
};

/* Before the passes: when each of the @n hits of one datagram happened, and by what its
 * site is found. @from must stay, but for its dating. */
void passes_note(const struct store *st, struct seen *seen, const struct hit *hits,
                 size_t n, const struct fold_origin *from);

/* Through all passes: the @n hits are in the store. The store's minute must be the one in
 * which they were noted. */
void passes_fold(struct passes *f, struct seen *seen, const struct hit *hits, size_t n);

/* ---- parts of them, for hits that come one by one ------------------------- */

/* The minute under which what happened at @at is filed. */
minute_t passes_minute(const struct store *st, ms_t at);

/* Whether @s has the datagram by its marks; else notes that it has it now. Called once
 * per run of hits: a datagram may come back to a site, so what counts is how far the site
 * was read back, not how far it is. */
bool passes_has_datagram(struct passes *f, struct site *s, uint64_t stream, uint64_t seq);

/* Finds the visitor and the page of a hit whose site and, if it has a path, hash of that
 * are known. */
void passes_find(struct passes *f, struct seen *seen, const struct hit *h);

#endif
