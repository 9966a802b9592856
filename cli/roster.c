/* A sorted index over an array that only grows. Adding moves half of the index, 80 KB at
 * most, and happens once for each site. */
#include "roster.h"

#include <assert.h>
#include <stdlib.h>
#include "../proto/hit.h"

#define CAP_FIRST 64

/* Where @site stands in the index, or should; *found tells which. */
static size_t place_of(const struct roster *r, struct slice site, bool *found)
{
    size_t low = 0, high = r->n;

    *found = false;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int c = slice_cmp(roster_name(r, r->sorted[mid]), site);

        if (c == 0)
            *found = true;
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static void grow(struct roster *r)
{
    size_t cap = r->cap ? r->cap * 2 : CAP_FIRST;

    r->name = realloc(r->name, cap * sizeof *r->name);
    r->sorted = realloc(r->sorted, cap * sizeof *r->sorted);
    if (r->name == NULL || r->sorted == NULL)
        abort();
    r->cap = cap;
}

static int insert(struct roster *r, size_t at, struct slice site)
{
    if (r->n == ROSTER_MAX) {
        r->refused++;
        return -1;
    }
    if (r->n == r->cap)
        grow(r);
    memcpy(r->name[r->n], site.p, site.n);
    r->name[r->n][site.n] = '\0';
    memmove(r->sorted + at + 1, r->sorted + at, (r->n - at) * sizeof *r->sorted);
    r->sorted[at] = (uint32_t)r->n;
    return (int)r->n++;
}

void roster_fini(struct roster *r)
{
    free(r->name);
    free(r->sorted);
    *r = (struct roster){0};
}

int roster_find(const struct roster *r, struct slice site)
{
    bool found;
    size_t at = place_of(r, site, &found);

    return found ? (int)r->sorted[at] : -1;
}

int roster_add(struct roster *r, struct slice site)
{
    bool found;
    size_t at = place_of(r, site, &found);

    if (found)
        return (int)r->sorted[at];
    return site_valid(site) ? insert(r, at, site) : -1;
}

struct slice roster_name(const struct roster *r, size_t number)
{
    assert(number < r->n);
    return slice_of(r->name[number]);
}
