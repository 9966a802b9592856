#include "iso.h"

#include <stdio.h>
#include <time.h>

#define LAST INT64_C(253402300799999) /* of the year 9999 */

struct iso iso_of(ms_t t)
{
    time_t second;
    struct iso iso;
    struct tm utc;
    size_t n;

    if (t > LAST)
        t = LAST;
    second = t / 1000;
    gmtime_r(&second, &utc);
    n = strftime(iso.s, sizeof iso.s, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(iso.s + n, sizeof iso.s - n, ".%03dZ", (int)(t % 1000));
    return iso;
}
