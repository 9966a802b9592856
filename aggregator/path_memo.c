/* path_memo: paths of a site differ at their end as a rule, or in length. */
#include "path_memo.h"

#include <assert.h>
#include <string.h>

_Static_assert(sizeof((struct path_memo *)0)->place[0] == 64, "a cache line");

static uint64_t eight(const char *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

/* The sum of a path of less than eight bytes. */
static uint64_t sum_of_few(struct slice path)
{
    uint64_t v = 0;

    for (size_t i = 0; i < path.n; i++)
        v = v << 8 | (uint8_t)path.p[i];
    return v;
}

static size_t place_of(struct slice path)
{
    size_t last = path.n - 8;
    uint64_t sum = path.n < 8
                       ? sum_of_few(path)
                       : eight(path.p + last) + eight(path.p + last / 2) * 3 + path.n;

    return (size_t)(sum * UINT64_C(0x9e3779b97f4a7c15) >> (64 - PATH_MEMO_BITS));
}

void path_memo_init(struct path_memo *m)
{
    memset(m, 0, sizeof *m);
}

uint64_t path_memo_hash(struct path_memo *m, const struct key *key, struct slice path)
{
    size_t i;

    assert(path.n > 0);
    if (!m || path.n > PATH_MEMO_BYTES)
        return siphash(key, path.p, path.n);
    i = place_of(path);
    if (m->place[i].n != path.n || memcmp(m->place[i].path, path.p, path.n) != 0) {
        m->place[i].hash = siphash(key, path.p, path.n);
        m->place[i].n = (uint8_t)path.n;
        memcpy(m->place[i].path, path.p, path.n);
    }
    return m->place[i].hash;
}
