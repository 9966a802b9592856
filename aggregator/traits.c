/* traits: a list of values, and an index of it by the keyed hash of kind and name: hosts
 * are what strangers send. */
#include "traits.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define INDEX_MIN 16
#define LIST_MIN 8

/* Of devices and browsers there are no more than their enums have. */
static const size_t bounds[TRAIT_KINDS] = {
    [TRAIT_REFERRER] = REFERRERS_MAX, [TRAIT_DEVICE] = HIT_DEVICES,
    [TRAIT_BROWSER] = HIT_BROWSERS,   [TRAIT_COUNTRY] = COUNTRIES_MAX,
    [TRAIT_CAMPAIGN] = CAMPAIGNS_MAX, [TRAIT_TERM] = CAMPAIGNS_MAX,
    [TRAIT_GOAL] = GOALS_COUNTED_MAX,
};

static uint64_t hash_of(const struct traits *t, enum trait_kind kind, struct slice name)
{
    return siphash(t->key, name.p, name.n) ^ (uint64_t)(kind + 1) << 56;
}

/* The index entry of @hash, or the empty one where it belongs. */
static struct trait **seek(const struct traits *t, uint64_t hash)
{
    size_t i = hash & (t->index_cap - 1);

    while (t->index[i] && t->index[i]->hash != hash)
        i = (i + 1) & (t->index_cap - 1);
    return &t->index[i];
}

static void reindex(struct traits *t)
{
    memset(t->index, 0, t->index_cap * sizeof(struct trait *));
    for (size_t i = 0; i < t->n; i++)
        *seek(t, t->trait[i]->hash) = t->trait[i];
}

/* Makes room for one value more, in the list and in an index at most half full. */
static bool reserve(struct traits *t)
{
    size_t cap = t->cap ? t->cap * 2 : LIST_MIN;
    size_t index_cap = t->index_cap ? t->index_cap * 2 : INDEX_MIN;
    struct trait **list, **index;

    if (t->n == t->cap) {
        list = realloc(t->trait, cap * sizeof(struct trait *));
        if (!list)
            return false;
        t->trait = list;
        t->cap = cap;
    }
    if ((t->n + 1) * 2 <= t->index_cap)
        return true;
    index = calloc(index_cap, sizeof(struct trait *));
    if (!index)
        return false;
    free(t->index);
    t->index = index;
    t->index_cap = index_cap;
    reindex(t);
    return true;
}

static size_t trait_bytes(const struct traits *t)
{
    return sizeof(struct trait) + t->slots * sizeof(uint32_t);
}

/* What stands for the values beyond the bound, and is not counted among them: it may be
 * read back before they are. */
static bool is_other(struct slice name)
{
    return slice_eq(name, SLICE(TRAIT_OTHER));
}

static struct trait *add(struct traits *t, uint64_t hash, enum trait_kind kind,
                         struct slice name)
{
    struct trait *v;

    assert(name.n > 0 && name.n <= TRAIT_NAME_MAX);
    if (!reserve(t) || !(v = calloc(1, trait_bytes(t))))
        return NULL;
    v->hash = hash;
    v->kind = kind;
    v->name_n = (uint8_t)name.n;
    memcpy(v->name, name.p, name.n);
    pool_take(t->pool, t->n);
    t->trait[t->n++] = v;
    t->of[kind] += !is_other(name);
    *seek(t, hash) = v;
    return v;
}

static bool has_room(const struct traits *t, enum trait_kind kind)
{
    return t->of[kind] + 1 < bounds[kind];
}

/* The value, made if need be; NULL when out of memory. One place of a kind is kept for
 * TRAIT_OTHER, which is given, and *@capped set, when there are too many of the site; or
 * of all, unless it is @sure to have its place. */
static struct trait *get(struct traits *t, enum trait_kind kind, struct slice name,
                         bool sure, bool *capped)
{
    uint64_t hash = hash_of(t, kind, name);
    struct trait *v = t->n > 0 ? *seek(t, hash) : NULL;

    if (v)
        return v;
    if (!is_other(name) &&
        (!has_room(t, kind) || (!sure && !pool_has_room(t->pool, t->n)))) {
        *capped = true;
        return get(t, kind, SLICE(TRAIT_OTHER), sure, capped);
    }
    return add(t, hash, kind, name);
}

void traits_init(struct traits *t, unsigned slots, const struct key *key,
                 struct pool *pool)
{
    *t = (struct traits){.slots = slots, .key = key, .pool = pool};
}

void traits_fini(struct traits *t)
{
    for (size_t i = 0; i < t->n; i++)
        free(t->trait[i]);
    free(t->trait);
    free(t->index);
    pool_give(t->pool, t->n, t->n);
    traits_init(t, t->slots, t->key, t->pool);
}

static void count(struct trait *v, unsigned slot)
{
    if (!v)
        return;
    v->at[slot]++;
    v->views++;
    v->dirty |= UINT64_C(1) << slot;
}

/* Counts a value that may be the same as of the view before. */
static unsigned count_text(struct traits *t, unsigned slot, enum trait_kind kind,
                           struct slice name)
{
    struct trait **latest = &t->latest[kind];
    bool capped = false;

    if (!*latest || !slice_eq(name, trait_name(*latest)))
        *latest = get(t, kind, name, false, &capped);
    count(*latest, slot);
    return capped;
}

static void count_named(struct traits *t, unsigned slot, enum trait_kind kind,
                        const char *name, struct trait **known)
{
    bool capped = false;

    if (!*known)
        *known = get(t, kind, slice_of(name), true, &capped); /* there are few */
    count(*known, slot);
}

unsigned traits_view(struct traits *t, unsigned slot, const struct hit *h)
{
    struct slice country = {h->country, h->country[0] ? sizeof h->country : 0};
    unsigned capped = 0;

    if (h->device && h->device < HIT_DEVICES)
        count_named(t, slot, TRAIT_DEVICE, hit_device_name(h->device),
                    &t->device[h->device]);
    if (h->browser && h->browser < HIT_BROWSERS)
        count_named(t, slot, TRAIT_BROWSER, hit_browser_name(h->browser),
                    &t->browser[h->browser]);
    if (h->referrer.n)
        capped += count_text(t, slot, TRAIT_REFERRER, h->referrer);
    if (country.n)
        capped += count_text(t, slot, TRAIT_COUNTRY, country);
    if (h->campaign.n)
        capped += count_text(t, slot, TRAIT_CAMPAIGN, h->campaign);
    if (h->term.n)
        capped += count_text(t, slot, TRAIT_TERM, h->term);
    return capped;
}

bool traits_goal(struct traits *t, unsigned slot, struct slice name)
{
    bool capped = false;

    count(get(t, TRAIT_GOAL, name, false, &capped), slot);
    return !capped;
}

/* Before values are freed. */
static void forget_known(struct traits *t)
{
    memset(t->device, 0, sizeof t->device);
    memset(t->browser, 0, sizeof t->browser);
    memset(t->latest, 0, sizeof t->latest);
}

static bool is_named(struct slice name, const char *(*of)(unsigned), unsigned n)
{
    for (unsigned i = 1; i < n; i++)
        if (slice_eq(name, slice_of(of(i))))
            return true;
    return false;
}

/* Whether a view may have told such a value; of hosts and campaigns all but
 * the length is believed. */
static bool is_value(enum trait_kind kind, struct slice name)
{
    switch (kind) {
    case TRAIT_DEVICE:
        return is_named(name, hit_device_name, HIT_DEVICES);
    case TRAIT_BROWSER:
        return is_named(name, hit_browser_name, HIT_BROWSERS);
    case TRAIT_COUNTRY:
        return name.n == 2 || is_other(name);
    case TRAIT_CAMPAIGN:
    case TRAIT_TERM:
        return name.n > 0 && name.n <= CAMPAIGN_MAX;
    default:
        return name.n > 0 && name.n <= REFERRER_MAX;
    }
}

bool traits_restore(struct traits *t, enum trait_kind kind, struct slice name,
                    unsigned slot, uint32_t views)
{
    bool capped = false;
    struct trait *v;

    if (!is_value(kind, name) || !(v = get(t, kind, name, true, &capped)) || capped ||
        v->at[slot] > 0)
        return false;
    v->at[slot] = views;
    v->views += views;
    return true;
}

void traits_clear_slot(struct traits *t, unsigned slot)
{
    for (size_t i = 0; i < t->n; i++) {
        struct trait *v = t->trait[i];

        v->views -= v->at[slot];
        v->at[slot] = 0;
        v->dirty &= ~(UINT64_C(1) << slot);
        v->inflight &= ~(UINT64_C(1) << slot);
    }
}

void traits_drop_empty(struct traits *t)
{
    size_t kept = 0;

    forget_known(t);

    for (size_t i = 0; i < t->n; i++) {
        struct trait *v = t->trait[i];

        if (v->views > 0 || v->dirty || v->inflight) {
            t->trait[kept++] = v;
            continue;
        }
        t->of[v->kind] -= !is_other(trait_name(v));
        free(v);
    }
    if (kept == t->n)
        return;
    pool_give(t->pool, t->n, t->n - kept);
    t->n = kept;
    if (t->n == 0)
        traits_fini(t);
    else
        reindex(t);
}

size_t traits_bytes(const struct traits *t)
{
    return t->n * trait_bytes(t) + (t->cap + t->index_cap) * sizeof(struct trait *);
}
