/* frontier: how far every stream has come, against how far barriers say so. Pure.
 *
 * A stream that moves is put on a list, so that a barrier is made from those that moved
 * and not from all that there are. */
#ifndef HC_FRONTIER_H
#define HC_FRONTIER_H

#include "maturity.h"
#include "streams.h"

struct frontier {
    struct streams *streams;
    uint32_t moved; /* list of those that there may be something to mark of */
};

/* Nothing has moved. Call it when the streams are dropped, too. */
void frontier_init(struct frontier *f, struct streams *streams);

/* What @s expects has changed. */
void frontier_move(struct frontier *f, struct stream *s);

/* Adds to @b a mark for every stream that has come beyond its marks. Before they count as
 * made @bar, if there is one, may lower them; what it holds back is marked by a later
 * call. */
void frontier_mark(struct frontier *f, struct barrier *b,
                   void (*bar)(void *arg, struct barrier *b), void *arg);

/* All marks that have not matured are to be made again. Looks at all streams. */
void frontier_unmark(struct frontier *f);

/* The stream that @m marks; NULL: it was made in another epoch. */
struct stream *frontier_stream(const struct frontier *f, const struct barrier_mark *m);

#endif
