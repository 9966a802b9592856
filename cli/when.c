/* The zone is TZ's. Formats are fixed and numeric, so that they do not depend on the
 * locale and sort as text; they stand in each call, where the compiler checks them. */
#include "when.h"

#include <string.h>
#include <time.h>

static struct tm local(ms_t t)
{
    time_t seconds = (time_t)(t / 1000);
    struct tm tm = {0};

    localtime_r(&seconds, &tm); /* no ms_t is beyond the years of an int */
    return tm;
}

/* @w, in which strftime put @n bytes: none if they had no room. */
static struct when put(struct when w, size_t n)
{
    if (n == 0)
        strcpy(w.s, "?");
    return w;
}

struct when when_clock(ms_t t)
{
    struct tm tm = local(t);
    struct when w;
    size_t n = strftime(w.s, sizeof w.s, "%H:%M:%S", &tm);

    return put(w, n);
}

struct when when_minute(ms_t t)
{
    struct tm tm = local(t);
    struct when w;
    size_t n = strftime(w.s, sizeof w.s, "%H:%M", &tm);

    return put(w, n);
}

struct when when_full(ms_t t)
{
    struct tm tm = local(t);
    struct when w;
    size_t n = strftime(w.s, sizeof w.s, "%Y-%m-%d %H:%M:%S %Z", &tm);

    return put(w, n);
}

struct when when_zone(ms_t t)
{
    struct tm tm = local(t);
    struct when w;
    size_t n = strftime(w.s, sizeof w.s, "%Z (%z)", &tm);

    return put(w, n);
}
