/* site_queue: a list with a pointer to its last link. */
#include "site_queue.h"

void site_queue_init(struct site_queue *q)
{
    *q = (struct site_queue){.tail = &q->head};
}

void site_queue_put(struct site_queue *q, struct site *s)
{
    s->next_dirty = NULL;
    *q->tail = s;
    q->tail = &s->next_dirty;
    q->n++;
}

struct site *site_queue_take(struct site_queue *q)
{
    struct site *s = q->head;

    if (s)
        site_queue_remove(q, s);
    return s;
}

void site_queue_remove(struct site_queue *q, struct site *s)
{
    struct site **link = &q->head;

    while (*link != s)
        link = &(*link)->next_dirty;
    *link = s->next_dirty;
    if (!*link)
        q->tail = link;
    q->n--;
}

void site_queue_prepend(struct site_queue *q, struct site_queue *first)
{
    if (first->n == 0)
        return;
    *first->tail = q->head;
    if (q->n == 0)
        q->tail = first->tail;
    q->head = first->head;
    q->n += first->n;
    site_queue_init(first);
}
