/* All that is given must hold; of the kinds one. A message or query has no path, so a
 * filter for paths takes none. */
#include "filter.h"

#include <stdio.h>

struct kind {
    const char *name; /* as the option has it */
    const char *type; /* as events have it */
};

static const struct kind kinds[] = {
    {"view", "pageview"}, {"event", "event"}, {"message", "message"}, {"query", "query"}};
#define KINDS (sizeof kinds / sizeof *kinds)

static const char *type_of(const char *name)
{
    for (size_t i = 0; i < KINDS; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return kinds[i].type;
    return NULL;
}

int filter_check(const struct filter *f, char *err, size_t err_n)
{
    for (size_t i = 0; i < f->kinds.n; i++) {
        if (type_of(f->kinds.v[i]))
            continue;
        snprintf(err, err_n, "--kind \"%s\" is none of view, event, message and query",
                 f->kinds.v[i]);
        return -1;
    }
    return 0;
}

bool filter_is_open(const struct filter *f)
{
    return f->kinds.n == 0 && !f->path && !f->name && !f->grep;
}

static bool takes_kind(const struct filter *f, struct slice type)
{
    for (size_t i = 0; i < f->kinds.n; i++)
        if (slice_eq(type, slice_of(type_of(f->kinds.v[i]))))
            return true;
    return f->kinds.n == 0;
}

static bool takes_path(const struct filter *f, const struct sighting *s)
{
    struct slice path = slice_of(f->path);

    if (f->path == NULL)
        return true;
    if (sighting_is_message(s))
        return false;
    return strchr(f->path, '*') ? pattern_matches(path, s->path)
                                : slice_starts(s->path, path);
}

static bool has(struct slice text, const char *part)
{
    return memmem(text.p, text.n, part, strlen(part)) != NULL;
}

bool filter_takes(const struct filter *f, const struct sighting *s)
{
    return takes_kind(f, s->type) && takes_path(f, s) &&
           (f->name == NULL || slice_eq(s->name, slice_of(f->name))) &&
           (f->grep == NULL || has(s->path, f->grep) || has(s->name, f->grep));
}

/* Back to the last * and one byte further whenever it does not go on: no pattern takes
 * more steps than the lengths multiplied. */
bool pattern_matches(struct slice pattern, struct slice text)
{
    size_t p = 0, t = 0, star = SIZE_MAX, from = 0;

    while (t < text.n) {
        if (p < pattern.n && pattern.p[p] == '*') {
            star = p++;
            from = t;
        } else if (p < pattern.n && pattern.p[p] == text.p[t]) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++from;
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '*')
        p++;
    return p == pattern.n;
}
