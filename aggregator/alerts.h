/* alerts: which of a site's numbers are beyond the bounds that an operator has set
 * (proto/alert.h). (rules, numbers, now) -> what goes on and off. Pure.
 *
 * They come with the goals, in settings of the same version, and are kept by name. One
 * whose rule is another, or gone, while it is on goes off first; a rule that is gone is
 * remembered until Redis has forgotten its alert. */
#ifndef HC_ALERTS_H
#define HC_ALERTS_H

#include "../proto/alert.h"

struct alert {
    char name[SETTING_NAME_MAX];
    uint8_t name_n;
    bool defined;  /* there is a rule */
    bool over;     /* on by a rule that is no more */
    bool dirty;    /* Redis does not have the state as it is, */
    bool inflight; /* but with the commit that is out it will */
    struct alert_rule rule;
    struct alert_state state;
    ms_t beyond; /* off, and the number has been beyond the limit since; 0: it is not */
};

struct alerts {
    struct alert *alert; /* @n of them, by name; room for ALERTS_KEPT_MAX */
    uint8_t n;
    ms_t due; /* when they are to be looked at again */
};

void alerts_init(struct alerts *a);
void alerts_fini(struct alerts *a);

/* New settings: between the two calls every rule there is is added. What a setting may be
 * and is refused for is as of goals (goals.h). */
void alerts_begin(struct alerts *a);
bool alerts_add(struct alerts *a, struct slice field, struct slice value);
void alerts_end(struct alerts *a);

/* How an alert stood when Redis was told last; what cannot be read is passed over. After
 * alerts_end. */
void alerts_restore(struct alerts *a, struct slice name, struct slice state);

/* Looks at all of them, the numbers being @value at @now, which does not step back.
 * Returns whether any has changed, which is dirty then. */
bool alerts_look(struct alerts *a, const uint64_t value[ALERT_WHATS], ms_t now);

/* Whether there are rules; whether Redis has to be told something. */
bool alerts_defined(const struct alerts *a);
bool alerts_dirty(const struct alerts *a);

/* Whether there is something that only time will tell: one that is about to go on, or
 * that has to be told. */
bool alerts_wait(const struct alerts *a);

/* Those that are on, by name, as far as they are to be shown: there is a rule. Returns
 * how many. Names are borrowed. */
size_t alerts_on(const struct alerts *a, struct alert_on on[ALERTS_MAX]);

/* The commit with what was dirty has ended. */
void alerts_told(struct alerts *a, bool done);

size_t alerts_bytes(const struct alerts *a);

static inline struct slice alert_name(const struct alert *al)
{
    return (struct slice){al->name, al->name_n};
}

#endif
