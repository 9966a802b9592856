/* presence: what a sign means for its tab, and what time does to all of them.
 *
 * A sign finds its tab, or the seed that stands for it, and if it is newer than what is
 * known it sets time, state and page. A goodbye leaves the state until its second is
 * over, which it may be when it comes; then the tab is remembered without one. */
#include "presence.h"

#include "presence_tab.h"

/* The step that @now is in; never one before those looked at. */
static int64_t present_step(const struct presence *p, ms_t now)
{
    int64_t step = now / PRESENCE_STEP_MS;

    return step < p->tabs.step - 1 ? p->tabs.step - 1 : step;
}

static bool is_over(const struct presence *p, ms_t end, ms_t now)
{
    return tab_step_after(end) <= present_step(p, now);
}

/* When the sign happened; a goodbye at its end. */
static ms_t time_of_sign(const struct sign *s)
{
    return s->leave && !s->held ? s->at + PRESENCE_LEAVE_MS : s->at;
}

/* Of a tab that says this now. */
static uint8_t marks_of(const struct presence *p, const struct sign *s, ms_t now)
{
    bool faded = s->lasts > 0 && !s->held && is_over(p, s->at + tab_fresh(s->lasts), now);

    return (s->held ? TAB_HELD : 0) | (faded ? TAB_FADED : 0);
}

/* The state of a tab that was in @before. */
static uint8_t state_after(const struct sign *s, uint8_t before)
{
    if (s->state != STATE_NONE && s->state < HIT_STATES)
        return s->state;
    return before != STATE_NONE ? before : STATE_READING;
}

static void begin_if_empty(struct presence *p, ms_t now)
{
    if (p->tabs.n == 0)
        p->tabs.step = now / PRESENCE_STEP_MS + 1;
}

/* With the first tab that says how long it lasts the fresh numbers are to be told. */
static void set_lasts(struct presence *p, uint32_t i, uint8_t lasts)
{
    p->tabs.tab[i].lasts = lasts;
    if (lasts == 0 || p->fades)
        return;
    p->fades = p->changed = true;
}

/* A tab that is not known. Of one that leaves it is only remembered that it did. */
static enum presence_verdict begin(struct presence *p, struct pages *pages,
                                   const struct sign *s, ms_t now, size_t room)
{
    uint32_t stalest = tab_stalest(p, s->visitor), i;
    bool displaced = false, entered = false;

    if (stalest != TAB_NONE) {
        const struct tab *t = &p->tabs.tab[stalest];

        displaced = t->state != STATE_NONE;
        if (displaced && (s->leave || tab_time(p, t) >= s->at))
            return PRESENCE_OLD;
        if (displaced && (s->held || t->marks & TAB_HELD))
            return PRESENCE_FULL; /* connections are not to be missed */
        tab_drop(p, pages, stalest);
        room++;
    }
    i = room > 0 ? tabs_add(&p->tabs, s->visitor) : TAB_NONE;
    if (i == TAB_NONE)
        return s->leave ? PRESENCE_OLD : PRESENCE_FULL;
    p->tabs.tab[i].id = s->tab;
    p->tabs.tab[i].at = (uint32_t)time_of_sign(s);
    p->tabs.tab[i].kind = s->leave ? TAB_LEFT : TAB_OPEN;
    p->tabs.tab[i].page = PAGE_NONE;
    if (!s->leave) {
        set_lasts(p, i, s->lasts);
        entered = tab_tell(p, pages, i, state_after(s, STATE_NONE), s->page,
                           marks_of(p, s, now));
    }
    tab_schedule(p, i);
    return displaced ? PRESENCE_DISPLACED : entered ? PRESENCE_ENTERED : PRESENCE_TAKEN;
}

/* Tab @i has just said goodbye; the second for which it still counts may be over. A
 * connection has none. */
static enum presence_verdict leave(struct presence *p, struct pages *pages, uint32_t i,
                                   bool held, ms_t now)
{
    const struct tab *t = &p->tabs.tab[i];
    bool ends = t->state != STATE_NONE && (held || is_over(p, tab_time(p, t), now));

    if (ends)
        tab_end_count(p, pages, i);
    tab_schedule(p, i);
    return ends && presence_state(p, t->visitor) == STATE_NONE ? PRESENCE_LEFT
                                                               : PRESENCE_TAKEN;
}

/* Tab @i, or the seed that stands for it, says this now. */
static enum presence_verdict go_on(struct presence *p, struct pages *pages, uint32_t i,
                                   const struct sign *s, ms_t now)
{
    struct tab *t = &p->tabs.tab[i];
    bool entered;

    p->seeds -= t->kind == TAB_SEED;
    t->id = s->tab;
    t->at = (uint32_t)time_of_sign(s);
    t->kind = s->leave ? TAB_LEFT : TAB_OPEN;
    if (s->leave)
        return leave(p, pages, i, s->held, now);
    set_lasts(p, i, s->lasts);
    entered = tab_tell(p, pages, i, state_after(s, t->state),
                       s->page == PAGE_NONE ? t->page : s->page, marks_of(p, s, now));
    tab_schedule(p, i);
    return entered ? PRESENCE_ENTERED : PRESENCE_TAKEN;
}

static bool is_older(const struct presence *p, const struct sign *s, const struct tab *t)
{
    ms_t at = time_of_sign(s), known = tab_time(p, t);

    if (t->kind == TAB_SEED)
        return false;
    return at < known || (at == known && t->kind == TAB_LEFT && !s->leave && !s->begins);
}

/* What the sign tells of a tab that was in @before is over at @now. */
static bool says_nothing(const struct presence *p, const struct sign *s, uint8_t before,
                         ms_t now)
{
    if (!s->leave)
        return is_over(p, s->at + tab_lasts(state_after(s, before), s->lasts), now);
    return before == STATE_NONE && is_over(p, s->at + PRESENCE_LEFT_MS, now);
}

void presence_init(struct presence *p)
{
    *p = (struct presence){.changed = false};
    tabs_init(&p->tabs);
}

void presence_fini(struct presence *p)
{
    tabs_fini(&p->tabs);
    presence_init(p);
}

uint64_t presence_own(uint64_t visitor, uint64_t tab)
{
    uint64_t own = visitor ^ (tab + 1) * UINT64_C(0x9e3779b97f4a7c15);

    own = (own ^ own >> 32) * UINT64_C(0xd6e8feb86659fd93);
    own ^= own >> 32;
    return own > VISITOR_NOBODY ? own : own + VISITOR_NOBODY + 1;
}

bool presence_is_beyond(const struct presence *p, uint64_t visitor, uint64_t previous,
                        uint64_t tab)
{
    uint32_t stalest;

    if (tabs_first(&p->tabs, presence_own(visitor, tab)) != TAB_NONE)
        return true;
    if (previous && tabs_first(&p->tabs, presence_own(previous, tab)) != TAB_NONE)
        return true;
    if (tab_find(p, visitor, tab) != TAB_NONE)
        return false;
    stalest = tab_stalest(p, visitor);
    return stalest != TAB_NONE && p->tabs.tab[stalest].state != STATE_NONE;
}

enum presence_verdict presence_take(struct presence *p, struct pages *pages,
                                    const struct sign *s, ms_t now, size_t room)
{
    const struct tab *t;
    uint32_t i;

    begin_if_empty(p, now);
    if (s->previous)
        presence_rename(p, pages, s->previous, s->visitor);
    i = tab_find(p, s->visitor, s->tab);
    if (i == TAB_NONE)
        i = tab_find_seed(p, s->visitor);
    if (i == TAB_NONE)
        return says_nothing(p, s, STATE_NONE, now) ? PRESENCE_OLD
                                                   : begin(p, pages, s, now, room);
    t = &p->tabs.tab[i];
    if (is_older(p, s, t))
        return PRESENCE_OLD;
    if (!says_nothing(p, s, t->state, now))
        return go_on(p, pages, i, s, now);
    if (t->kind == TAB_OPEN) /* it counted for longer by what was known before */
        tab_drop(p, pages, i);
    return PRESENCE_OLD;
}

bool presence_seed(struct presence *p, struct pages *pages, uint64_t visitor,
                   uint16_t page, uint8_t state, ms_t now, ms_t until)
{
    uint32_t i;

    begin_if_empty(p, now);
    if (is_over(p, until, now) || tabs_first(&p->tabs, visitor) != TAB_NONE)
        return true;
    i = p->tabs.n < SITE_TABS_MAX ? tabs_add(&p->tabs, visitor) : TAB_NONE;
    if (i == TAB_NONE)
        return false;
    p->tabs.tab[i].at = (uint32_t)until;
    p->tabs.tab[i].kind = TAB_SEED;
    p->seeds++;
    tab_tell(p, pages, i, state, page, 0);
    tab_schedule(p, i);
    return true;
}

/* ---- time ----------------------------------------------------------------- */

static bool is_due(const struct presence *p, uint32_t i)
{
    return tab_step_after(tab_end(p, &p->tabs.tab[i])) <= p->tabs.step;
}

/* The wheel comes by tab @i. Returns whether it says goodbye at this moment. */
static bool look_at(struct presence *p, struct pages *pages, uint32_t i)
{
    struct tab *t = &p->tabs.tab[i];
    bool leaves = false;

    if (tab_will_fade(t) && is_due(p, i))
        tab_tell(p, pages, i, t->state, t->page, t->marks | TAB_FADED);
    if (t->kind == TAB_LEFT && t->state != STATE_NONE && is_due(p, i)) {
        tab_end_count(p, pages, i);
        leaves = true;
    }
    if (is_due(p, i))
        tab_drop(p, pages, i);
    else
        tabs_put(&p->tabs, i, tab_step_after(tab_end(p, t)));
    return leaves;
}

bool presence_tick(struct presence *p, struct pages *pages, ms_t now, size_t *budget,
                   void (*left)(void *arg, uint64_t visitor), void *arg)
{
    int64_t last = now / PRESENCE_STEP_MS, step;
    uint32_t i;

    while ((step = tabs_next_step(&p->tabs)) <= last) {
        p->tabs.step = step;
        while ((i = p->tabs.wheel[step & (TABS_STEPS - 1)]) != TAB_NONE) {
            uint64_t visitor = p->tabs.tab[i].visitor;

            if (*budget == 0)
                return false;
            --*budget;
            if (look_at(p, pages, i) && presence_state(p, visitor) == STATE_NONE)
                left(arg, visitor);
        }
    }
    if (p->tabs.step <= last)
        p->tabs.step = last + 1;
    tabs_trim(&p->tabs);
    return true;
}

ms_t presence_next(const struct presence *p)
{
    int64_t step = tabs_next_step(&p->tabs);

    return step == INT64_MAX ? INT64_MAX : step * PRESENCE_STEP_MS;
}

size_t presence_bytes(const struct presence *p)
{
    return tabs_bytes(&p->tabs);
}
