/* goals: a short list, tried from its beginning on each view and event of the site. An
 * operator may write anything into settings: what cannot be read is left out. */
#include "goals.h"

#include <stdlib.h>

#define FIELD "g:"

void goals_init(struct goals *g)
{
    *g = (struct goals){0};
}

void goals_fini(struct goals *g)
{
    for (size_t i = 0; i < g->n; i++)
        free(g->goal[i]);
    free(g->goal);
    goals_init(g);
}

void goals_begin(struct goals *g, struct slice version)
{
    goals_fini(g);
    if (version.n > GOALS_VERSION_MAX)
        version.n = GOALS_VERSION_MAX;
    if (version.n > 0)
        memcpy(g->version, version.p, version.n);
    g->version_n = (uint8_t)version.n;
}

/* ---- one setting ---------------------------------------------------------- */

static bool is_name(struct slice s)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

    for (size_t i = 0; i < s.n; i++)
        if (!memchr(alphabet, s.p[i], sizeof alphabet - 1))
            return false;
    return s.n > 0 && s.n <= SETTING_NAME_MAX;
}

/* Takes "path " or "event " off @value; what is left is within its bounds. */
static bool take_kind(struct slice *value, bool *is_event)
{
    *is_event = slice_starts(*value, SLICE("event "));
    if (*is_event)
        *value = slice_skip(*value, strlen("event "));
    else if (slice_starts(*value, SLICE("path ")))
        *value = slice_skip(*value, strlen("path "));
    else
        return false;
    return value->n > 0 && value->n <= (*is_event ? EVENT_NAME_MAX : PATH_MAX_BYTES);
}

static struct goal *goal_new(struct slice name, struct slice what, bool is_event)
{
    struct goal *goal = malloc(sizeof *goal + name.n + what.n);

    if (!goal)
        return NULL;
    *goal = (struct goal){
        .is_event = is_event, .name_n = (uint8_t)name.n, .what_n = (uint16_t)what.n};
    memcpy(goal->text, name.p, name.n);
    memcpy(goal->text + name.n, what.p, what.n);
    return goal;
}

/* Where a goal of this name belongs; *@taken: there is one. */
static size_t place_of(const struct goals *g, struct slice name, bool *taken)
{
    size_t i = 0;

    while (i < g->n && slice_cmp(goal_name(g->goal[i]), name) < 0)
        i++;
    *taken = i < g->n && slice_eq(goal_name(g->goal[i]), name);
    return i;
}

bool goals_add(struct goals *g, struct slice field, struct slice value)
{
    struct slice name;
    struct goal *goal;
    bool taken, is_event;
    size_t at;

    if (!slice_starts(field, SLICE(FIELD)))
        return false;
    name = slice_skip(field, strlen(FIELD));
    if (!is_name(name) || !take_kind(&value, &is_event) || g->n == GOALS_MAX)
        return false;
    at = place_of(g, name, &taken);
    if (!taken && !g->goal)
        g->goal = malloc(GOALS_MAX * sizeof(struct goal *));
    if (taken || !g->goal || !(goal = goal_new(name, value, is_event)))
        return false;
    memmove(g->goal + at + 1, g->goal + at, (g->n - at) * sizeof(struct goal *));
    g->goal[at] = goal;
    g->n++;
    return true;
}

/* ---- what reaches it ------------------------------------------------------ */

/* Takes what stands before the next * off @pattern, and that too; false: there is none.
 */
static bool take_segment(struct slice *pattern, struct slice *segment)
{
    const char *star = pattern->n > 0 ? memchr(pattern->p, '*', pattern->n) : NULL;

    if (!star)
        return false;
    *segment = (struct slice){pattern->p, (size_t)(star - pattern->p)};
    *pattern = slice_skip(*pattern, segment->n + 1);
    return true;
}

/* Takes everything up to the end of the first @segment off @path. */
static bool pass(struct slice *path, struct slice segment)
{
    const char *found;

    if (segment.n == 0)
        return true;
    found = path->n < segment.n ? NULL : memmem(path->p, path->n, segment.p, segment.n);
    if (!found)
        return false;
    *path = slice_skip(*path, (size_t)(found - path->p) + segment.n);
    return true;
}

static bool ends(struct slice path, struct slice end)
{
    return path.n >= end.n && slice_eq(slice_skip(path, path.n - end.n), end);
}

/* What stands between two stars is best found as early as can be: all that could follow a
 * later one may follow the first, too. So nothing is ever tried twice. */
bool goal_path_matches(struct slice pattern, struct slice path)
{
    struct slice segment;

    if (!take_segment(&pattern, &segment))
        return slice_eq(pattern, path);
    if (!slice_starts(path, segment))
        return false;
    path = slice_skip(path, segment.n);
    while (take_segment(&pattern, &segment))
        if (!pass(&path, segment))
            return false;
    return ends(path, pattern);
}

bool goal_is_reached(const struct goal *goal, const struct hit *h)
{
    struct slice what = {goal->text + goal->name_n, goal->what_n};

    if (goal->is_event)
        return h->kind == HIT_EVENT && slice_eq(h->name, what);
    return h->kind == HIT_VIEW && h->path.n > 0 && goal_path_matches(what, h->path);
}

size_t goals_bytes(const struct goals *g)
{
    size_t n = g->goal ? GOALS_MAX * sizeof(struct goal *) : 0;

    for (size_t i = 0; i < g->n; i++)
        n += sizeof *g->goal[i] + g->goal[i]->name_n + g->goal[i]->what_n;
    return n;
}
