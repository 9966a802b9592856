/* Audience Meter floors the product of number and ratio, and never asks for less than
 * one; in thousandths that is exact. */
#include "damp.h"

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

static bool is_enough(const struct damp *d, uint64_t last, uint64_t now)
{
    uint64_t least = last / 1000 * d->ratio + last % 1000 * d->ratio / 1000;

    if (d->ratio == 0 || (now == 0 && last > 0))
        return true;
    return distance(now, last) >= (least > 1 ? least : 1);
}

int64_t damp_wait(const struct damp *d, uint64_t last, uint64_t now, int64_t age)
{
    int64_t until;

    if (is_enough(d, last, now))
        until = d->min_ms;
    else if (d->max_ms > 0)
        until = d->max_ms > d->min_ms ? d->max_ms : d->min_ms;
    else
        return -1;
    return age < until ? until - age : 0;
}

int64_t damp_parse(struct slice text, int64_t max)
{
    int64_t value = 0, unit = 1000; /* of a digit behind the point, ten times too much */
    bool fraction = false, any = false;

    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        if (c == '.' && !fraction) {
            fraction = true;
            continue;
        }
        if (c < '0' || c > '9')
            return -1;
        any = true;
        if (fraction)
            value += (c - '0') * (unit /= 10);
        else
            value = value * 10 + (c - '0') * 1000;
        if (value > max)
            return -1;
    }
    return any ? value : -1;
}
