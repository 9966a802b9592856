/* waiter: a place in a list of those who wait for the same thing.
 *
 * Embedded in who waits; leaving takes constant time and needs no list, so that whoever
 * goes away early takes itself out. All zero: waits for nothing. */
#ifndef HC_WAITER_H
#define HC_WAITER_H

#include <stddef.h>
#include <stdlib.h>

struct waiter {
    struct waiter *next;
    struct waiter **link; /* what points here: the list's head or another's next */
    void *wish; /* what this one wants in particular, for who keeps the list; malloc'ed,
                   or NULL, as it is after joining */
};

static inline void waiter_join(struct waiter *w, struct waiter **list)
{
    w->next = *list;
    w->link = list;
    w->wish = NULL;
    if (w->next)
        w->next->link = &w->next;
    *list = w;
}

/* Leaves, and hands its wish to the caller. */
static inline void *waiter_take(struct waiter *w)
{
    void *wish = w->wish;

    if (w->link == NULL)
        return NULL;
    *w->link = w->next;
    if (w->next)
        w->next->link = w->link;
    w->next = NULL;
    w->link = NULL;
    w->wish = NULL;
    return wish;
}

static inline void waiter_leave(struct waiter *w)
{
    free(waiter_take(w));
}

#endif
