/* presence_rename: at midnight a visitor has another id, and its tabs go with it.
 *
 * Mostly nobody is known under the new id, and no number changes. If somebody is, because
 * a hit under yesterday's id came after one of today's, the tabs of both are put
 * together, with the same bounds as if they had always been one visitor's. */
#include "presence_tab.h"

/* Two nodes that are the same tab: the one heard of last is right. */
static void join(struct presence *p, struct pages *pages, const struct tab *moved,
                 uint32_t i)
{
    struct tab *t = &p->tabs.tab[i];
    ms_t at = tab_time(p, moved), known = tab_time(p, t);

    if (at < known || (at == known && t->kind == TAB_LEFT))
        return;
    t->at = moved->at;
    t->kind = moved->kind;
    t->lasts = moved->lasts;
    tab_tell(p, pages, i, moved->state, moved->page, moved->marks);
    tab_schedule(p, i);
}

/* Tab @i of somebody else is @to's, who has tabs. */
static void hand_over(struct presence *p, struct pages *pages, uint32_t i, uint64_t to)
{
    struct tab moved = p->tabs.tab[i];
    uint32_t same = tab_find(p, to, moved.id), seed = tab_find_seed(p, to), stalest;

    if (moved.kind == TAB_SEED || same != TAB_NONE) {
        tab_drop(p, pages, i);
        if (moved.kind != TAB_SEED)
            join(p, pages, &moved, same);
        return;
    }
    if (moved.marks & TAB_HELD &&
        tabs_first(&p->tabs, presence_own(to, moved.id)) != TAB_NONE) {
        tab_drop(p, pages, i); /* there it stands alone */
        return;
    }
    if (seed != TAB_NONE)
        tab_drop(p, pages, seed);
    stalest = tab_stalest(p, to);
    if (stalest != TAB_NONE && !tab_is_staler(p, &p->tabs.tab[stalest], &moved)) {
        tab_drop(p, pages, i);
        return;
    }
    if (stalest != TAB_NONE)
        tab_drop(p, pages, stalest);
    tab_end_count(p, pages, i);
    tabs_rename(&p->tabs, i, to);
    tab_tell(p, pages, i, moved.state, moved.page, moved.marks);
}

void presence_rename(struct presence *p, struct pages *pages, uint64_t from, uint64_t to)
{
    bool known = tabs_first(&p->tabs, to) != TAB_NONE;
    uint32_t i;

    if (from == to)
        return;
    while ((i = tabs_first(&p->tabs, from)) != TAB_NONE)
        if (known)
            hand_over(p, pages, i, to);
        else
            tabs_rename(&p->tabs, i, to);
}

bool presence_is_alone(const struct presence *p, uint64_t visitor)
{
    uint32_t i = tabs_first(&p->tabs, visitor);

    return i == TAB_NONE ||
           (tabs_next(&p->tabs, i) == TAB_NONE && !(p->tabs.tab[i].marks & TAB_HELD));
}

void presence_name(struct presence *p, struct pages *pages, uint64_t from, uint64_t to,
                   uint64_t tab)
{
    uint32_t i = tab_find(p, from, tab);

    if (i != TAB_NONE && !(p->tabs.tab[i].marks & TAB_HELD) &&
        tab_find(p, to, tab) == TAB_NONE)
        hand_over(p, pages, i, to);
}
