/* Patterns are read from their end, segment by segment, and so are paths: then "*" is
 * simply what is left. */
#include "pattern.h"

/* Takes the last "/segment" off @s; without a slash all of it. */
static struct slice take_last(struct slice *s)
{
    const char *slash = s->n ? memrchr(s->p, '/', s->n) : NULL;
    size_t keep = slash ? (size_t)(slash - s->p) : 0;
    struct slice segment = slice_skip(*s, keep);

    s->n = keep;
    return segment;
}

static bool fits(struct slice wanted, struct slice segment, struct route_match *m)
{
    struct slice *hole = slice_eq(wanted, SLICE("/:id"))     ? &m->id
                         : slice_eq(wanted, SLICE("/:more")) ? &m->more
                                                             : NULL;

    if (hole == NULL)
        return slice_eq(wanted, segment);
    if (segment.n < 2)
        return false;
    *hole = slice_skip(segment, 1);
    return true;
}

static bool ends_with(struct slice path, struct slice end)
{
    return path.n > end.n && slice_eq(slice_skip(path, path.n - end.n), end);
}

static bool begins_or_is(struct slice path, struct slice pattern)
{
    if (pattern.n == 0 || pattern.p[pattern.n - 1] != '*')
        return slice_eq(pattern, path);
    pattern.n--;
    return slice_starts(path, pattern);
}

bool pattern_match(struct slice pattern, struct slice path, struct route_match *m)
{
    bool any = pattern.n > 0 && *pattern.p == '*';

    *m = (struct route_match){0};
    if (!any && !memchr(pattern.p, ':', pattern.n))
        return begins_or_is(path, pattern);
    if (any && pattern.n > 1 && pattern.p[1] != '/')
        return ends_with(path, slice_skip(pattern, 1));
    pattern = slice_skip(pattern, any);
    while (pattern.n > 0) {
        struct slice wanted = take_last(&pattern), segment = take_last(&path);

        if (!fits(wanted, segment, m))
            return false;
    }
    m->prefix = path;
    return any || path.n == 0;
}
