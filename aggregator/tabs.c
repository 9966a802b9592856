/* tabs: an array with a free list, chains by visitor, lists by step.
 *
 * The array grows by a quarter, and the chains' heads are at least as many as nodes fit.
 * When three quarters are free the nodes are moved together in a smaller one; when all
 * are, nothing is kept. */
#include "tabs.h"

#include "prefetch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CAP_MIN 8
#define CAP_DOUBLES_BELOW 256

void tabs_init(struct tabs *t)
{
    *t = (struct tabs){.unused = TAB_NONE};
}

void tabs_fini(struct tabs *t)
{
    free(t->tab);
    free(t->wheel);
    tabs_init(t);
}

/* ---- chains --------------------------------------------------------------- */

static uint32_t *head_of(const struct tabs *t, uint64_t visitor)
{
    uint64_t mixed = visitor * UINT64_C(0x9e3779b97f4a7c15);

    return &t->chain[(mixed >> 32) & (t->chains - 1)];
}

static void link_chain(struct tabs *t, uint32_t i)
{
    uint32_t *head = head_of(t, t->tab[i].visitor);

    t->tab[i].chain = *head;
    *head = i;
}

static void unlink_chain(struct tabs *t, uint32_t i)
{
    uint32_t *link = head_of(t, t->tab[i].visitor);

    while (*link != i)
        link = &t->tab[*link].chain;
    *link = t->tab[i].chain;
}

/* Gives @t empty heads, @chains for chains. The old ones are still the caller's. */
static bool make_heads(struct tabs *t, uint32_t chains)
{
    size_t bytes = (TABS_STEPS + chains) * sizeof *t->wheel;
    uint32_t *heads = malloc(bytes);

    if (!heads)
        return false;
    memset(heads, 0xff, bytes); /* TAB_NONE */
    t->wheel = heads;
    t->chain = heads + TABS_STEPS;
    t->chains = chains;
    return true;
}

static void link_chains(struct tabs *t)
{
    for (uint32_t i = 0; i < t->used; i++)
        if (t->tab[i].visitor)
            link_chain(t, i);
}

/* As many heads as nodes. With fewer, for want of memory, chains are longer. */
static bool reserve_chains(struct tabs *t)
{
    uint32_t chains = t->chains ? t->chains : CAP_MIN, *old = t->wheel;

    while (chains < t->cap)
        chains *= 2;
    if (chains == t->chains)
        return true;
    if (!make_heads(t, chains))
        return old != NULL;
    if (old)
        memcpy(t->wheel, old, TABS_STEPS * sizeof *old);
    free(old);
    link_chains(t);
    return true;
}

static uint32_t own(const struct tabs *t, uint32_t i, uint64_t visitor)
{
    while (i != TAB_NONE && t->tab[i].visitor != visitor)
        i = t->tab[i].chain;
    return i;
}

uint32_t tabs_first(const struct tabs *t, uint64_t visitor)
{
    return t->n ? own(t, *head_of(t, visitor), visitor) : TAB_NONE;
}

uint32_t tabs_next(const struct tabs *t, uint32_t i)
{
    return own(t, t->tab[i].chain, t->tab[i].visitor);
}

void tabs_prefetch(const struct tabs *t, uint64_t visitor)
{
    if (t->n)
        prefetch(head_of(t, visitor));
}

void tabs_prefetch_tab(const struct tabs *t, uint64_t visitor)
{
    uint32_t i = t->n ? *head_of(t, visitor) : TAB_NONE;

    if (i != TAB_NONE)
        prefetch(&t->tab[i]);
}

/* ---- the wheel ------------------------------------------------------------ */

static void link_step(struct tabs *t, uint32_t i, unsigned slot)
{
    uint32_t head = t->wheel[slot];

    t->tab[i].slot = (uint8_t)slot;
    t->tab[i].prev = TAB_NONE;
    t->tab[i].next = head;
    if (head != TAB_NONE)
        t->tab[head].prev = i;
    t->wheel[slot] = i;
    t->busy |= UINT64_C(1) << slot;
}

static void unlink_step(struct tabs *t, uint32_t i)
{
    struct tab *tab = &t->tab[i];

    if (tab->slot == TABS_STEPS)
        return;
    if (tab->next != TAB_NONE)
        t->tab[tab->next].prev = tab->prev;
    if (tab->prev != TAB_NONE)
        t->tab[tab->prev].next = tab->next;
    else
        t->wheel[tab->slot] = tab->next;
    if (t->wheel[tab->slot] == TAB_NONE)
        t->busy &= ~(UINT64_C(1) << tab->slot);
    tab->slot = TABS_STEPS;
}

void tabs_put(struct tabs *t, uint32_t i, int64_t step)
{
    if (step < t->step)
        step = t->step;
    if (step > t->step + TABS_STEPS - 1)
        step = t->step + TABS_STEPS - 1;
    unlink_step(t, i);
    link_step(t, i, (unsigned)(step & (TABS_STEPS - 1)));
}

int64_t tabs_step(const struct tabs *t, uint32_t i)
{
    if (t->tab[i].slot == TABS_STEPS)
        return INT64_MAX;
    return t->step + ((t->tab[i].slot - t->step) & (TABS_STEPS - 1));
}

int64_t tabs_next_step(const struct tabs *t)
{
    unsigned at = (unsigned)(t->step & (TABS_STEPS - 1));

    if (t->busy == 0)
        return INT64_MAX;
    return t->step +
           __builtin_ctzll(t->busy >> at | t->busy << ((TABS_STEPS - at) % TABS_STEPS));
}

/* ---- nodes ---------------------------------------------------------------- */

static bool grow(struct tabs *t)
{
    uint32_t cap = t->cap ? t->cap : CAP_MIN / 2;
    struct tab *tab;

    cap += cap < CAP_DOUBLES_BELOW ? cap : cap / 4;
    tab = realloc(t->tab, cap * sizeof *tab);
    if (!tab)
        return false;
    t->tab = tab;
    t->cap = cap;
    return reserve_chains(t);
}

uint32_t tabs_add(struct tabs *t, uint64_t visitor)
{
    uint32_t i = t->unused;

    assert(visitor != 0);
    if (i != TAB_NONE)
        t->unused = t->tab[i].chain;
    else if ((t->used < t->cap && t->wheel) || grow(t))
        i = t->used++;
    else
        return TAB_NONE;
    t->tab[i] = (struct tab){.visitor = visitor, .slot = TABS_STEPS};
    link_chain(t, i);
    t->n++;
    return i;
}

void tabs_remove(struct tabs *t, uint32_t i)
{
    unlink_step(t, i);
    unlink_chain(t, i);
    t->tab[i].visitor = 0;
    t->tab[i].chain = t->unused;
    t->unused = i;
    t->n--;
}

void tabs_rename(struct tabs *t, uint32_t i, uint64_t visitor)
{
    unlink_chain(t, i);
    t->tab[i].visitor = visitor;
    link_chain(t, i);
}

/* Moves the nodes to a fresh array of half as many again; best effort: the large one
 * works as well. */
static void compact(struct tabs *t)
{
    struct tabs fresh;
    uint32_t chains = CAP_MIN;

    tabs_init(&fresh);
    fresh.step = t->step;
    fresh.cap = t->n + t->n / 2;
    while (chains < fresh.cap)
        chains *= 2;
    fresh.tab = malloc(fresh.cap * sizeof *fresh.tab);
    if (!fresh.tab || !make_heads(&fresh, chains)) {
        tabs_fini(&fresh);
        return;
    }
    for (uint32_t i = 0; i < t->used; i++) {
        if (!t->tab[i].visitor)
            continue;
        fresh.tab[fresh.used] = t->tab[i];
        link_step(&fresh, fresh.used++, t->tab[i].slot);
    }
    fresh.n = fresh.used;
    link_chains(&fresh);
    tabs_fini(t);
    *t = fresh;
}

void tabs_trim(struct tabs *t)
{
    int64_t step = t->step;

    if (t->n == 0 && t->cap > 0) {
        tabs_fini(t);
        t->step = step;
    } else if (t->cap > CAP_DOUBLES_BELOW && t->n < t->cap / 4) {
        compact(t);
    }
}

size_t tabs_bytes(const struct tabs *t)
{
    return t->cap * sizeof *t->tab +
           (t->wheel ? (TABS_STEPS + t->chains) * sizeof *t->wheel : 0);
}
