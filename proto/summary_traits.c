/* Values are gathered in one growing list, row after row, and ranked in the end. Titles
 * are looked up in an index of the pages that are shown, for there may be more of them.
 */
#include "summary_traits.h"

#include <stdlib.h>

#define COUNT_MAX UINT32_MAX
#define LIST_MIN 64

static void add(struct summary *s, enum trait_kind kind, struct slice name,
                uint64_t views)
{
    size_t cap = s->traits_cap ? s->traits_cap * 2 : LIST_MIN;

    if (s->ntraits == s->traits_cap) {
        s->traits = realloc(s->traits, cap * sizeof *s->traits);
        if (!s->traits)
            abort();
        s->traits_cap = cap;
    }
    s->traits[s->ntraits++] =
        (struct trait_count){.name = name, .views = views, .kind = kind};
}

int summary_trait(struct summary *s, struct slice name, struct slice value, bool wanted)
{
    struct spread ignored = {{0}};
    enum trait_kind kind;
    struct slice what;
    uint64_t views;

    if (slice_eq(name, SLICE("qh")))
        return spread_read(wanted ? &s->spread : &ignored, value) ? 1 : -1;
    if (!trait_field(name, &kind, &what))
        return 0;
    if (!flat_parse(value, COUNT_MAX, &views))
        return -1;
    if (!wanted || views == 0)
        return 1;
    if (kind == TRAIT_REFERRER && slice_eq(what, SLICE("-")))
        what = SLICE(TRAIT_INTERNAL);
    add(s, kind, what, views);
    return 1;
}

void summary_goal(struct summary *s, struct slice name)
{
    if (name.n > 0)
        add(s, TRAIT_GOAL, name, 0);
}

/* Views that tell no referrer have no field: they are the rest. */
static void add_direct(struct summary *s)
{
    uint64_t views = summary_window(s, s->minutes).views, told = 0;

    for (size_t i = 0; i < s->ntraits; i++)
        if (s->traits[i].kind == TRAIT_REFERRER)
            told += s->traits[i].views;
    if (views > told)
        add(s, TRAIT_REFERRER, SLICE(TRAIT_DIRECT), views - told);
}

/* Of the values merged and not yet cut. */
static void count_sources(struct summary *s)
{
    uint64_t views[REFERRER_CLASSES] = {0};

    for (size_t i = 0; i < s->ntraits; i++)
        if (s->traits[i].kind == TRAIT_REFERRER)
            views[referrer_class(s->traits[i].name)] += s->traits[i].views;
    for (unsigned c = 0; c < REFERRER_CLASSES; c++) {
        size_t at = s->nsources;

        if (views[c] == 0)
            continue;
        for (; at > 0 && s->source[at - 1].views < views[c]; at--)
            s->source[at] = s->source[at - 1];
        s->source[at] = (struct source_count){(enum referrer_class)c, views[c]};
        s->nsources++;
    }
}

void summary_rank_traits(struct summary *s)
{
    add_direct(s);
    s->ntraits = trait_merge(s->traits, s->ntraits);
    count_sources(s);
    s->ntraits = trait_rank(s->traits, s->ntraits);
    for (size_t i = 0; i < s->ntraits; i++) {
        struct trait_list *l = &s->trait[s->traits[i].kind];

        if (l->n++ == 0)
            l->of = &s->traits[i];
    }
    s->queries.count = spread_count(&s->spread);
    s->queries.p50 = spread_quantile(&s->spread, 50);
    s->queries.p95 = spread_quantile(&s->spread, 95);
}

/* A page that is shown, and its place. */
struct shown {
    struct slice path;
    size_t at;
};

static int by_path(const void *a, const void *b)
{
    const struct shown *x = a, *y = b;

    return slice_cmp(x->path, y->path);
}

void summary_give_titles(struct summary *s, const struct slice *titles, size_t n)
{
    struct shown shown[ANSWER_PAGES_MAX + 1] = {{.at = 0}}, *found;

    for (size_t i = 0; i < s->npages; i++)
        shown[i] = (struct shown){s->pages[i].path, i};
    qsort(shown, s->npages, sizeof *shown, by_path);
    for (size_t i = 0; s->npages > 0 && i < n; i++) {
        struct shown wanted = {titles[2 * i], 0};

        found = bsearch(&wanted, shown, s->npages, sizeof *shown, by_path);
        if (found)
            s->title[found->at] = titles[2 * i + 1];
    }
}
