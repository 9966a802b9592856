/* waiter: a place in a list of those who wait for the same thing.
 *
 * Embedded in who waits; leaving takes constant time and needs no list, so that whoever
 * goes away early takes itself out. All zero: waits for nothing. */
#ifndef HC_WAITER_H
#define HC_WAITER_H

#include <stddef.h>

struct waiter {
    struct waiter *next;
    struct waiter **link; /* what points here: the list's head or another's next */
};

static inline void waiter_join(struct waiter *w, struct waiter **list)
{
    w->next = *list;
    w->link = list;
    if (w->next)
        w->next->link = &w->next;
    *list = w;
}

static inline void waiter_leave(struct waiter *w)
{
    if (w->link == NULL)
        return;
    *w->link = w->next;
    if (w->next)
        w->next->link = w->link;
    w->next = NULL;
    w->link = NULL;
}

#endif
