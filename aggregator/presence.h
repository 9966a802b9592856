/* presence: who has the site open at this moment, and in which tabs. Pure.
 *
 * A tab is one page shown once: a visitor and a page-view id. It counts for a while after
 * each hit (PRESENCE_ACTIVE_MS; hidden ones PRESENCE_HIDDEN_MS), in the state that the
 * hit told; a leave ends it after PRESENCE_LEAVE_MS. A visitor is the most active of its
 * tabs: writing, reading, idle, background. So closing one of three tabs changes nothing,
 * and a hidden tab takes nothing from a visible one.
 *
 * A hit may say how long its tab lasts instead. Such a tab is fresh for half of that
 * time; then it leaves its page and fades: it still counts, but not among the fresh ones.
 *
 * A tab that is held is a connection: its leave ends it without delay, and it does not
 * fade. It makes none of its visitor's tabs go. Where there is no room for it (many
 * people behind one address), it stands for a visitor of its own (presence_own), found
 * again by presence_is_beyond.
 *
 * What counts is when things happened, not in which order they arrived: a hit older than
 * the tab's newest changes nothing, and a tab that left is remembered for
 * PRESENCE_LEFT_MS. A goodbye is taken as of its end, PRESENCE_LEAVE_MS later, so that
 * neither does a beat bring the tab back that the browser sent along with it. Of a
 * connection it is over as it comes.
 *
 * Time goes in steps of PRESENCE_STEP_MS: what ends, ends with the first step at or after
 * its time. A beat only moves the tab's time; the wheel finds out when it comes by, and
 * puts it further (tabs.h). */
#ifndef HC_PRESENCE_H
#define HC_PRESENCE_H

#include "../proto/delta.h"
#include "../proto/hit.h"
#include "pages.h"
#include "tabs.h"

struct presence {
    struct tabs tabs;     /* those that left and are remembered included */
    struct online online; /* as of the last step looked at */
    uint64_t seeds;       /* visitors of it that are known from a load only */
    bool fades;           /* there has been a tab that says how long it lasts */
    bool changed;         /* a number of it, or of a page: the owner's to clear */
};

void presence_init(struct presence *p);
void presence_fini(struct presence *p);

/* What a hit says. */
struct sign {
    uint64_t visitor, previous; /* as in a hit */
    uint64_t tab;               /* 0: the visitor's nameless one */
    ms_t at;
    uint16_t page; /* PAGE_NONE: the tab stays where it is */
    uint8_t state; /* enum hit_state; STATE_NONE: it stays as it is, a new tab is read */
    uint8_t lasts; /* as in a hit */
    bool leave;
    bool begins; /* a connection was opened: in the ms in which the tab's last one was
                    closed it is the later of the two */
    bool held;   /* the tab is a connection */
};

enum presence_verdict {
    PRESENCE_TAKEN,
    PRESENCE_ENTERED,   /* taken; before it the visitor was not present */
    PRESENCE_LEFT,      /* taken; a goodbye that is over: since it the visitor is not */
    PRESENCE_OLD,       /* nothing new: too old to count, or older than what is known */
    PRESENCE_DISPLACED, /* taken; another tab of the visitor made room */
    PRESENCE_FULL,      /* no room or no memory: the visitor is not present by this */
};

/* Whether @visitor has no room for held tab @tab: it is known as, or has to become, that
 * of presence_own. What @visitor had under another id must have been renamed. */
bool presence_is_beyond(const struct presence *p, uint64_t visitor, uint64_t previous,
                        uint64_t tab);

/* The visitor that a held tab of @visitor stands for alone; never 0 or VISITOR_NOBODY. */
uint64_t presence_own(uint64_t visitor, uint64_t tab);

/* Takes a sign, at time @now (the wall clock; sign.at <= now). @room: how many tabs may
 * be added. Pages are told how many visitors have them open (pages_open).
 * What was known of the visitor from a load only (presence_seed) is replaced. */
enum presence_verdict presence_take(struct presence *p, struct pages *pages,
                                    const struct sign *s, ms_t now, size_t room);

/* @from is @to from now on: the tabs of both are one visitor's. presence_take does so by
 * itself. */
void presence_rename(struct presence *p, struct pages *pages, uint64_t from, uint64_t to);

/* Whether @visitor has no more than one tab, and that is no connection: it is somebody
 * alone, as far as can be told. */
bool presence_is_alone(const struct presence *p, uint64_t visitor);

/* Tab @tab of @from, unless it is a connection, is @to's from now on, who has none such.
 */
void presence_name(struct presence *p, struct pages *pages, uint64_t from, uint64_t to,
                   uint64_t tab);

/* The site was read back: @visitor was there before the restart, in @state. It counts
 * until @until, or until it is heard of. Nothing changes when it is known already. False
 * at SITE_TABS_MAX or out of memory. */
bool presence_seed(struct presence *p, struct pages *pages, uint64_t visitor,
                   uint16_t page, uint8_t state, ms_t now, ms_t until);

/* Ends what is over at @now, looking at no more than *@budget tabs, which is lowered.
 * Calls @left, which must not change @p, for each visitor whose last tab said goodbye.
 * Returns whether it is done; if not, call again. */
bool presence_tick(struct presence *p, struct pages *pages, ms_t now, size_t *budget,
                   void (*left)(void *arg, uint64_t visitor), void *arg);

/* When presence_tick has something to look at again, INT64_MAX: never. */
ms_t presence_next(const struct presence *p);

/* How many visitors are present of whom something was heard. */
static inline uint64_t presence_heard(const struct presence *p)
{
    return online_total(&p->online) - p->seeds;
}

/* The state that @visitor counts in, STATE_NONE when it is not present. */
uint8_t presence_state(const struct presence *p, uint64_t visitor);

/* Bytes allocated. */
size_t presence_bytes(const struct presence *p);

#endif
