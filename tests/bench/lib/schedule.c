#include "schedule.h"

uint64_t schedule_next(const struct schedule *s, uint64_t now)
{
    uint64_t due = now;

    if (s->begun == s->most)
        return UINT64_MAX;
    if (s->rate > 0)
        due = s->begin + (uint64_t)((double)s->begun * 1e9 / s->rate);
    return due < s->end ? due : UINT64_MAX;
}

bool schedule_take(struct schedule *s, uint64_t now, uint64_t *since)
{
    uint64_t due = schedule_next(s, now);

    if (due > now)
        return false;
    *since = due;
    s->begun++;
    return true;
}

uint64_t schedule_overdue(struct schedule *s, uint64_t now, struct histogram *h)
{
    uint64_t since, n = 0;

    for (; s->rate > 0 && schedule_take(s, now, &since); n++)
        histogram_add(h, now - since);
    return n;
}
