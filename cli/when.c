/* The zone is TZ's. Formats are fixed and numeric, so that they do not depend on the
 * locale and sort as text. */
#include "when.h"

#include <string.h>
#include <time.h>

static struct when format(ms_t t, const char *fmt)
{
    time_t seconds = (time_t)(t / 1000);
    struct when w;
    struct tm tm;

    if (!localtime_r(&seconds, &tm) || strftime(w.s, sizeof w.s, fmt, &tm) == 0)
        strcpy(w.s, "?");
    return w;
}

struct when when_clock(ms_t t)
{
    return format(t, "%H:%M:%S");
}

struct when when_minute(ms_t t)
{
    return format(t, "%H:%M");
}

struct when when_full(ms_t t)
{
    return format(t, "%Y-%m-%d %H:%M:%S %Z");
}

struct when when_zone(ms_t t)
{
    return format(t, "%Z (%z)");
}
