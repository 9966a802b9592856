/* recount_renamings: a list for each old id, the earliest renaming first, which is the
 * one met last. Nearly all ids have one in a window; an office's has as many as people in
 * it were named. A record is mostly older than all that were met, so the first one
 * decides. */
#include "recount_renamings.h"

#include <stdlib.h>

#include "../proto/limits.h"
#include "minute_log.h"

#define CAP_MIN 16

static bool reserve(struct renamings *r)
{
    size_t cap = r->cap ? r->cap * 2 : CAP_MIN;
    struct renaming *of;

    if (r->n < r->cap)
        return true;
    if (r->n >= SITE_VISITORS_MAX)
        return false;
    of = realloc(r->of, cap * sizeof *of);
    if (!of)
        return false;
    r->of = of;
    r->cap = cap;
    return true;
}

void renamings_init(struct renamings *r)
{
    *r = (struct renamings){.of = NULL};
    visitors_init(&r->first);
}

void renamings_fini(struct renamings *r)
{
    visitors_fini(&r->first);
    free(r->of);
    renamings_init(r);
}

bool renamings_add(struct renamings *r, uint64_t old, uint64_t to, uint32_t number)
{
    struct visitor *v = visitors_get(&r->first, old);

    if (v && !log_is_later(r->of[v->seen - 1].number, number))
        return false;
    if (!reserve(r) || (!v && !(v = visitors_put(&r->first, old))))
        return false;
    r->of[r->n++] = (struct renaming){.to = to, .next = v->seen, .number = number};
    v->seen = r->n;
    return true;
}

uint64_t renamings_resolve(const struct renamings *r, uint64_t id, uint32_t number)
{
    const struct visitor *v = visitors_get(&r->first, id);

    for (size_t i = v ? v->seen : 0; i > 0; i = r->of[i - 1].next)
        if (log_is_later(r->of[i - 1].number, number))
            return r->of[i - 1].to;
    return id;
}
