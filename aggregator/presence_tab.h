/* presence_tab: one tab among those of its site. Of presence alone. Pure.
 *
 * A tab's `at` is the low half of a time: of its newest sign; when it left, of the end of
 * its goodbye, which of a held one takes no time; of a seed, of its end. All of them lie
 * within days of the present step. */
#ifndef HC_PRESENCE_TAB_H
#define HC_PRESENCE_TAB_H

#include "presence.h"
#include "visitors.h"

/* The first step at which what lasts until @end is over. */
static inline int64_t tab_step_after(ms_t end)
{
    return (end + PRESENCE_STEP_MS - 1) / PRESENCE_STEP_MS;
}

/* How long a tab counts that was heard of in @state, and @lasts so many seconds if not
 * 0. */
static inline ms_t tab_lasts(uint8_t state, uint8_t lasts)
{
    if (lasts > 0)
        return lasts * 1000;
    return state == STATE_BACKGROUND ? PRESENCE_HIDDEN_MS : PRESENCE_ACTIVE_MS;
}

/* And the part of them in which it is fresh. */
static inline ms_t tab_fresh(uint8_t lasts)
{
    return lasts * 1000 / 2;
}

/* Whether it is fresh and will not always be. */
static inline bool tab_will_fade(const struct tab *t)
{
    return t->kind == TAB_OPEN && t->lasts > 0 && !(t->marks & (TAB_FADED | TAB_HELD));
}

/* Its `at` in full. */
ms_t tab_time(const struct presence *p, const struct tab *t);

/* When it has to be looked at: it fades, does not count any more, or is to be forgotten.
 */
ms_t tab_end(const struct presence *p, const struct tab *t);

/* Makes sure that it is looked at in time. */
void tab_schedule(struct presence *p, uint32_t i);

/* From now on it is in @state on @page, and @marks are its. Returns whether its visitor
 * was not present before, and is. */
bool tab_tell(struct presence *p, struct pages *pages, uint32_t i, uint8_t state,
              uint16_t page, uint8_t marks);

/* It does not count any more. */
void tab_end_count(struct presence *p, struct pages *pages, uint32_t i);

/* Takes it out. */
void tab_drop(struct presence *p, struct pages *pages, uint32_t i);

/* The visitor's tab @id, or what stands for all of its tabs since a restart; TAB_NONE. */
uint32_t tab_find(const struct presence *p, uint64_t visitor, uint64_t id);
uint32_t tab_find_seed(const struct presence *p, uint64_t visitor);

/* Whether of two tabs the first is the one to do without: one that does not count, else
 * one that is not held, else the one not heard of for longer. */
bool tab_is_staler(const struct presence *p, const struct tab *a, const struct tab *b);

/* The tab that makes room for another of @visitor; TAB_NONE: there is room. */
uint32_t tab_stalest(const struct presence *p, uint64_t visitor);

#endif
