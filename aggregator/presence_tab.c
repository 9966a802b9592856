/* presence_tab: the times of a tab, and what its visitor's other tabs have to do with it.
 *
 * A tab counts while its state is not STATE_NONE. tab_tell is the only place where a
 * tab's state or page changes, and with it the numbers: it looks at the visitor's other
 * tabs, which are few (VISITOR_TABS_MAX). */
#include "presence_tab.h"

/* ---- times ---------------------------------------------------------------- */

ms_t tab_time(const struct presence *p, const struct tab *t)
{
    ms_t base = p->tabs.step * PRESENCE_STEP_MS;

    return base + (int32_t)(t->at - (uint32_t)base);
}

ms_t tab_end(const struct presence *p, const struct tab *t)
{
    ms_t at = tab_time(p, t);

    if (t->kind == TAB_OPEN)
        return at + tab_lasts(t->state);
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

static void count_visitor(struct online *o, uint8_t state, int by)
{
    switch (state) {
    case STATE_WRITING:
        o->writing += (uint64_t)by;
        break;
    case STATE_READING:
        o->reading += (uint64_t)by;
        break;
    case STATE_IDLE:
        o->idle += (uint64_t)by;
        break;
    case STATE_BACKGROUND:
        o->background += (uint64_t)by;
        break;
    default:
        break;
    }
}

/* Whether the visitor of tab @i has @page open in another tab. */
static bool has_elsewhere(const struct presence *p, uint32_t i, uint16_t page)
{
    const struct tab *tab = p->tabs.tab;

    for (uint32_t k = tabs_first(&p->tabs, tab[i].visitor); k != TAB_NONE;
         k = tabs_next(&p->tabs, k))
        if (k != i && tab[k].state != STATE_NONE && tab[k].page == page)
            return true;
    return false;
}

static void count_page(struct presence *p, struct pages *pages, uint32_t i, uint16_t id,
                       int by)
{
    struct page *page = pages_get(pages, id);

    if (!page || has_elsewhere(p, i, id))
        return;
    page->online += (uint32_t)by;
    page->online_dirty = true;
    p->changed = true;
}

bool tab_tell(struct presence *p, struct pages *pages, uint32_t i, uint8_t state,
              uint16_t page)
{
    struct tab *t = &p->tabs.tab[i];
    bool counted = t->state != STATE_NONE, counts = state != STATE_NONE;
    uint8_t before, after;

    if (t->state == state && t->page == page)
        return false;
    before = presence_state(p, t->visitor);
    if (counted && !(counts && page == t->page))
        count_page(p, pages, i, t->page, -1);
    if (counts && !(counted && page == t->page))
        count_page(p, pages, i, page, 1);
    t->state = state;
    t->page = page;
    after = presence_state(p, t->visitor);
    count_visitor(&p->online, before, -1);
    count_visitor(&p->online, after, 1);
    p->online.tabs += (uint64_t)((int)counts - (int)counted);
    p->changed |= before != after || counted != counts;
    return before == STATE_NONE && after != STATE_NONE;
}

void tab_drop(struct presence *p, struct pages *pages, uint32_t i)
{
    tab_tell(p, pages, i, STATE_NONE, PAGE_NONE);
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

    return a_counts != b_counts ? b_counts : tab_time(p, a) < tab_time(p, b);
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
