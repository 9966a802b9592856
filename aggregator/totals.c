/* totals: counters that only grow, and two maxima with their times.
 *
 * The peak of the day begins anew with the first who is online on another day (UTC).
 * Until then the old one is kept, and is not told any more. */
#include "totals.h"

static void begin(struct totals *t, ms_t at)
{
    if (t->total.since == 0)
        t->total.since = at;
    t->dirty = true;
}

void totals_view(struct totals *t, ms_t at)
{
    begin(t, at);
    t->total.views++;
}

void totals_visit(struct totals *t, ms_t at)
{
    begin(t, at);
    t->total.visits++;
}

void totals_join(struct totals *t, ms_t at, bool counted)
{
    begin(t, at);
    t->total.joins++;
    t->total.counted += counted;
}

void totals_begin_feed(struct totals *t, ms_t at)
{
    if (t->life > 0)
        return;
    t->life = at;
    t->dirty = true;
}

bool totals_is_new_day(const struct totals *t, ms_t now)
{
    return t->day != now / MS_PER_DAY;
}

ms_t totals_day_start(ms_t now)
{
    return now / MS_PER_DAY * MS_PER_DAY;
}

void totals_online(struct totals *t, uint64_t online, ms_t now)
{
    if (online > 0 && totals_is_new_day(t, now)) {
        t->day = now / MS_PER_DAY;
        t->peaks.day = 0;
    }
    if (online > t->peaks.day) {
        t->peaks.day = online;
        t->peaks.day_at = now;
        t->dirty = true;
    }
    if (online > t->peaks.all) {
        t->peaks.all = online;
        t->peaks.all_at = now;
        t->dirty = true;
    }
}

void totals_reset(struct totals *t, ms_t at)
{
    t->total = (struct total){.since = at};
    t->dirty = true;
}

struct peaks totals_peaks(const struct totals *t, ms_t now)
{
    struct peaks p = t->peaks;

    if (totals_is_new_day(t, now))
        p.day = p.day_at = 0;
    return p;
}
