/* presence_tab: the times of a tab, and what its visitor's other tabs have to do with it.
 *
 * A tab counts while its state is not STATE_NONE. tab_tell is the only place where a
 * tab's state or page changes, and with it the numbers: it looks at the visitor's other
 * tabs, which are few (VISITOR_TABS_MAX). */
#include "presence_tab.h"

#include <string.h>

/* ---- times ---------------------------------------------------------------- */

ms_t tab_time(const struct presence *p, const struct tab *t)
{
    ms_t base = p->tabs.step * PRESENCE_STEP_MS;

    return base + (int32_t)(t->at - (uint32_t)base);
}

ms_t tab_end(const struct presence *p, const struct tab *t)
{
    ms_t at = tab_time(p, t);

    if (tab_will_fade(t))
        return at + tab_fresh(t->lasts);
    if (t->kind == TAB_OPEN)
        return at + tab_lasts(t->state, t->lasts);
    if (t->kind == TAB_SEED || t->state != STATE_NONE)
        return at;
    return at - PRESENCE_LEAVE_MS + PRESENCE_LEFT_MS;
}

void tab_schedule(struct presence *p, uint32_t i)
{
    int64_t step = tab_step_after(tab_end(p, &p->tabs.tab[i]));

    if (step < tabs_step(&p->tabs, i))
        tabs_put(&p->tabs, i, step);
}

/* ---- numbers -------------------------------------------------------------- */

static uint8_t more_active(uint8_t a, uint8_t b)
{
    static const uint8_t rank[HIT_STATES] = {[STATE_BACKGROUND] = 1,
                                             [STATE_IDLE] = 2,
                                             [STATE_READING] = 3,
                                             [STATE_WRITING] = 4};

    return rank[a] > rank[b] ? a : b;
}

uint8_t presence_state(const struct presence *p, uint64_t visitor)
{
    uint8_t state = STATE_NONE;

    for (uint32_t i = tabs_first(&p->tabs, visitor); i != TAB_NONE;
         i = tabs_next(&p->tabs, i))
        state = more_active(p->tabs.tab[i].state, state);
    return state;
}

/* A visitor's states: by all of the tabs, and by the fresh ones. */
struct states {
    uint8_t all, fresh;
};

static struct states states_of(const struct presence *p, uint64_t visitor)
{
    struct states s = {STATE_NONE, STATE_NONE};

    for (uint32_t i = tabs_first(&p->tabs, visitor); i != TAB_NONE;
         i = tabs_next(&p->tabs, i)) {
        const struct tab *t = &p->tabs.tab[i];

        s.all = more_active(t->state, s.all);
        if (!(t->marks & TAB_FADED))
            s.fresh = more_active(t->state, s.fresh);
    }
    return s;
}

static void count_visitor(struct online *o, struct states s, int by)
{
    uint64_t *const all[HIT_STATES] = {[STATE_WRITING] = &o->writing,
                                       [STATE_READING] = &o->reading,
                                       [STATE_IDLE] = &o->idle,
                                       [STATE_BACKGROUND] = &o->background};
    uint64_t *const fresh[HIT_STATES] = {[STATE_WRITING] = &o->fresh.writing,
                                         [STATE_READING] = &o->fresh.reading,
                                         [STATE_IDLE] = &o->fresh.idle,
                                         [STATE_BACKGROUND] = &o->fresh.background};

    if (s.all != STATE_NONE)
        *all[s.all] += (uint64_t)by;
    if (s.fresh != STATE_NONE)
        *fresh[s.fresh] += (uint64_t)by;
}

/* Whether a tab like this has its page open. */
static bool is_on_page(uint8_t state, uint8_t marks)
{
    return state != STATE_NONE && !(marks & TAB_FADED);
}

/* Whether the visitor of tab @i has @page open in another tab. */
static bool has_elsewhere(const struct presence *p, uint32_t i, uint16_t page)
{
    const struct tab *tab = p->tabs.tab;

    for (uint32_t k = tabs_first(&p->tabs, tab[i].visitor); k != TAB_NONE;
         k = tabs_next(&p->tabs, k))
        if (k != i && is_on_page(tab[k].state, tab[k].marks) && tab[k].page == page)
            return true;
    return false;
}

static void count_page(struct presence *p, struct pages *pages, uint32_t i, uint16_t id,
                       int by)
{
    struct page *page = pages_get(pages, id);

    if (!page || has_elsewhere(p, i, id))
        return;
    pages_open(pages, page, by);
    p->changed = true;
}

/* Tab @i, which still is as it was, is going to be in @state on @page with @marks. */
static void move_page(struct presence *p, struct pages *pages, uint32_t i, uint8_t state,
                      uint16_t page, uint8_t marks)
{
    const struct tab *t = &p->tabs.tab[i];
    bool was_on = is_on_page(t->state, t->marks), is_on = is_on_page(state, marks);

    if (was_on && is_on && page == t->page)
        return;
    if (was_on)
        count_page(p, pages, i, t->page, -1);
    if (is_on)
        count_page(p, pages, i, page, 1);
}

/* One tab more (@by 1) or less (-1) like tab @t. */
static void count_tab(struct online *o, const struct tab *t, int by)
{
    if (t->state == STATE_NONE)
        return;
    o->tabs += (uint64_t)by;
    if (t->marks & TAB_HELD)
        o->members += (uint64_t)by;
}

bool tab_tell(struct presence *p, struct pages *pages, uint32_t i, uint8_t state,
              uint16_t page, uint8_t marks)
{
    struct tab *t = &p->tabs.tab[i];
    struct online was = p->online;
    struct states before, after;

    if (t->state == state && t->page == page && t->marks == marks)
        return false;
    before = states_of(p, t->visitor);
    move_page(p, pages, i, state, page, marks);
    count_tab(&p->online, t, -1);
    t->state = state;
    t->page = page;
    t->marks = marks;
    count_tab(&p->online, t, 1);
    after = states_of(p, t->visitor);
    count_visitor(&p->online, before, -1);
    count_visitor(&p->online, after, 1);
    p->changed |= memcmp(&was, &p->online, sizeof was) != 0;
    return before.all == STATE_NONE && after.all != STATE_NONE;
}

void tab_end_count(struct presence *p, struct pages *pages, uint32_t i)
{
    tab_tell(p, pages, i, STATE_NONE, PAGE_NONE, 0);
}

void tab_drop(struct presence *p, struct pages *pages, uint32_t i)
{
    tab_end_count(p, pages, i);
    p->seeds -= p->tabs.tab[i].kind == TAB_SEED;
    tabs_remove(&p->tabs, i);
}

/* ---- finding tabs --------------------------------------------------------- */

uint32_t tab_find(const struct presence *p, uint64_t visitor, uint64_t id)
{
    uint32_t i = tabs_first(&p->tabs, visitor);

    while (i != TAB_NONE && (p->tabs.tab[i].id != id || p->tabs.tab[i].kind == TAB_SEED))
        i = tabs_next(&p->tabs, i);
    return i;
}

uint32_t tab_find_seed(const struct presence *p, uint64_t visitor)
{
    uint32_t i = tabs_first(&p->tabs, visitor);

    while (i != TAB_NONE && p->tabs.tab[i].kind != TAB_SEED)
        i = tabs_next(&p->tabs, i);
    return i;
}

bool tab_is_staler(const struct presence *p, const struct tab *a, const struct tab *b)
{
    bool a_counts = a->state != STATE_NONE, b_counts = b->state != STATE_NONE;
    bool a_held = a->marks & TAB_HELD, b_held = b->marks & TAB_HELD;

    if (a_counts != b_counts)
        return b_counts;
    if (a_counts && a_held != b_held)
        return b_held;
    return tab_time(p, a) < tab_time(p, b);
}

uint32_t tab_stalest(const struct presence *p, uint64_t visitor)
{
    uint32_t n = 0, stalest = TAB_NONE;

    for (uint32_t i = tabs_first(&p->tabs, visitor); i != TAB_NONE;
         i = tabs_next(&p->tabs, i), n++)
        if (stalest == TAB_NONE ||
            tab_is_staler(p, &p->tabs.tab[i], &p->tabs.tab[stalest]))
            stalest = i;
    return n < VISITOR_TABS_MAX ? TAB_NONE : stalest;
}
