/* Doubly linked rings with a sentinel each, so that no operation has a special case. */
#include "deadlines.h"

#include <stddef.h>

void deadlines_init(struct deadlines *ds, const int ms[DEADLINE_CLASSES])
{
    for (int i = 0; i < DEADLINE_CLASSES; i++) {
        ds->list[i] = (struct deadline){.prev = &ds->list[i], .next = &ds->list[i]};
        ds->ms[i] = ms[i];
    }
}

void deadline_clear(struct deadline *d)
{
    if (d->next == NULL)
        return;
    d->prev->next = d->next;
    d->next->prev = d->prev;
    d->prev = d->next = NULL;
}

void deadline_set(struct deadlines *ds, struct deadline *d, enum deadline_class class,
                  mono_t now)
{
    struct deadline *end = &ds->list[class];

    deadline_clear(d);
    d->class = class;
    d->due = now + ds->ms[class];
    d->prev = end->prev;
    d->next = end;
    end->prev->next = d;
    end->prev = d;
}

struct deadline *deadlines_oldest(const struct deadlines *ds, enum deadline_class class)
{
    const struct deadline *end = &ds->list[class];

    return end->next != end ? end->next : NULL;
}

struct deadline *deadlines_take(struct deadlines *ds, mono_t now)
{
    for (int i = 0; i < DEADLINE_CLASSES; i++) {
        struct deadline *d = deadlines_oldest(ds, i);

        if (d && d->due <= now) {
            deadline_clear(d);
            return d;
        }
    }
    return NULL;
}

mono_t deadlines_next(const struct deadlines *ds)
{
    mono_t next = INT64_MAX;

    for (int i = 0; i < DEADLINE_CLASSES; i++) {
        const struct deadline *d = deadlines_oldest(ds, i);

        if (d && d->due < next)
            next = d->due;
    }
    return next;
}
