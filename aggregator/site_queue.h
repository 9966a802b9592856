/* site_queue: sites one behind the other, in the order in which they came. A site is in
 * one queue at most (site.next_dirty links it), which has as many as the store has sites.
 * Pure. */
#ifndef HC_SITE_QUEUE_H
#define HC_SITE_QUEUE_H

#include "site.h"

struct site_queue {
    struct site *head, **tail; /* tail points into the queue: it must not be moved */
    size_t n;
};

void site_queue_init(struct site_queue *q);

/* @s, which is in no queue, becomes the last. */
void site_queue_put(struct site_queue *q, struct site *s);

/* Takes the first one, NULL: there is none. */
struct site *site_queue_take(struct site_queue *q);

/* Takes @s out of the middle; it must be there. Looks at all before it. */
void site_queue_remove(struct site_queue *q, struct site *s);

/* All of @first, in their order, are before those of @q, and @first is empty. */
void site_queue_prepend(struct site_queue *q, struct site_queue *first);

#endif
