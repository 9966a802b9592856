/* The text is read from its end, since all but the site have a fixed length. */
#include "joined.h"

#include <inttypes.h>
#include <stdio.h>
#include "../proto/hex.h"
#include "../proto/hit.h"

struct slice joined_write(const struct joined *j, char out[JOINED_MAX + 1])
{
    int n =
        snprintf(out, JOINED_MAX + 1, "%.*s %016" PRIx64 " %016" PRIx64 " %016" PRIx64,
                 (int)j->site.n, j->site.p, j->tab, j->visitor, j->instance);

    return (struct slice){out, (size_t)n};
}

/* Takes 16 digits off the end of @s, and the blank before them. */
static bool take_number(struct slice *s, uint64_t *v)
{
    *v = 0;
    if (s->n < 17 || s->p[s->n - 17] != ' ')
        return false;
    for (size_t i = s->n - 16; i < s->n; i++) {
        int digit = hex_digit(s->p[i]);

        if (digit < 0)
            return false;
        *v = *v << 4 | (uint64_t)digit;
    }
    s->n -= 17;
    return true;
}

bool joined_read(struct joined *j, struct slice text)
{
    j->site = text;
    return take_number(&j->site, &j->instance) && take_number(&j->site, &j->visitor) &&
           take_number(&j->site, &j->tab) && site_valid(j->site) &&
           j->instance <= INT64_MAX;
}
