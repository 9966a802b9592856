/* alerts: a short array, by name. Between two looks a number may have been anything: an
 * alert tells what is so each second. */
#include "alerts.h"

#include <assert.h>
#include <stdlib.h>

void alerts_init(struct alerts *a)
{
    *a = (struct alerts){0};
}

void alerts_fini(struct alerts *a)
{
    free(a->alert);
    alerts_init(a);
}

/* ---- rules ---------------------------------------------------------------- */

/* Where an alert of this name belongs; *@there: it is. */
static size_t place_of(const struct alerts *a, struct slice name, bool *there)
{
    size_t i = 0;

    while (i < a->n && slice_cmp(alert_name(&a->alert[i]), name) < 0)
        i++;
    *there = i < a->n && slice_eq(alert_name(&a->alert[i]), name);
    return i;
}

/* NULL: there is no room or memory. */
static struct alert *insert(struct alerts *a, struct slice name)
{
    struct alert *al;
    bool there;
    size_t at;

    if (!a->alert)
        a->alert = calloc(ALERTS_KEPT_MAX, sizeof *a->alert);
    if (!a->alert || a->n == ALERTS_KEPT_MAX)
        return NULL;
    at = place_of(a, name, &there);
    al = &a->alert[at];
    memmove(al + 1, al, (a->n - at) * sizeof *al);
    *al = (struct alert){.name_n = (uint8_t)name.n};
    memcpy(al->name, name.p, name.n);
    a->n++;
    return al;
}

/* Drops one without a rule, of which there is one; if it can be, one that is known to be
 * off. What Redis still has of it is met when the site is read back, or forgotten with
 * the next rewrite: all rules have been replaced twice between two commits. */
static void make_room(struct alerts *a)
{
    size_t at = a->n;

    for (size_t i = 0; i < a->n; i++) {
        const struct alert *al = &a->alert[i];

        if (!al->defined && (at == a->n || !(al->state.on || al->dirty)))
            at = i;
    }
    assert(at < a->n);
    a->n--;
    memmove(a->alert + at, a->alert + at + 1, (a->n - at) * sizeof *a->alert);
}

static void drop_undefined(struct alerts *a)
{
    size_t n = 0;

    for (size_t i = 0; i < a->n; i++) {
        const struct alert *al = &a->alert[i];

        if (al->defined || al->state.on || al->dirty || al->inflight)
            a->alert[n++] = *al;
    }
    a->n = (uint8_t)n;
    if (n == 0)
        alerts_fini(a);
}

static size_t count_defined(const struct alerts *a)
{
    size_t n = 0;

    for (size_t i = 0; i < a->n; i++)
        n += a->alert[i].defined;
    return n;
}

void alerts_begin(struct alerts *a)
{
    for (size_t i = 0; i < a->n; i++)
        a->alert[i].defined = false;
}

static bool is_same(const struct alert_rule *a, const struct alert_rule *b)
{
    return a->below == b->below && a->what == b->what && a->limit == b->limit &&
           a->back == b->back && a->hold == b->hold;
}

bool alerts_add(struct alerts *a, struct slice field, struct slice value)
{
    struct alert_rule rule;
    struct alert *al;
    struct slice name;
    bool there;
    size_t at;

    if (!slice_starts(field, SLICE(FIELD_ALERT)))
        return false;
    name = slice_skip(field, strlen(FIELD_ALERT));
    if (!alert_name_valid(name) || !alert_rule_read(&rule, value) ||
        count_defined(a) == ALERTS_MAX)
        return false;
    at = place_of(a, name, &there);
    if (there && a->alert[at].defined)
        return false;
    if (!there && a->n == ALERTS_KEPT_MAX)
        make_room(a);
    al = there ? &a->alert[at] : insert(a, name);
    if (!al)
        return false;
    al->defined = true;
    if (!is_same(&al->rule, &rule)) {
        al->over = al->state.on;
        al->beyond = 0;
    }
    al->rule = rule;
    return true;
}

void alerts_end(struct alerts *a)
{
    for (size_t i = 0; i < a->n; i++) {
        struct alert *al = &a->alert[i];

        if (al->defined)
            continue;
        al->over = al->state.on;
        al->beyond = 0;
        al->dirty |= al->state.at > 0; /* what Redis has of it is to go */
    }
    drop_undefined(a);
}

/* What it was told by is this rule. */
static bool is_by(const struct alert_state *s, const struct alert_rule *r)
{
    return s->below == r->below && s->what == r->what && s->limit == r->limit;
}

void alerts_restore(struct alerts *a, struct slice name, struct slice state)
{
    struct alert_state s;
    struct alert *al;
    bool there;
    size_t at;

    if (!alert_name_valid(name) || !alert_state_read(&s, state))
        return;
    at = place_of(a, name, &there);
    al = there ? &a->alert[at] : insert(a, name);
    if (!al)
        return;
    al->state = s;
    al->over = s.on && !(al->defined && is_by(&s, &al->rule));
    al->dirty |= !al->defined;
}

/* ---- a look --------------------------------------------------------------- */

static bool is_beyond(const struct alert_rule *r, uint64_t value)
{
    return r->below ? value <= r->limit : value >= r->limit;
}

static bool is_back(const struct alert_rule *r, uint64_t value)
{
    return r->below ? value >= r->back : value <= r->back;
}

/* The time of a change at @now: later than that of the one before, by which changes are
 * told apart, also where our clock was set back meanwhile or another host's was ahead. */
static ms_t after(const struct alert_state *s, ms_t now)
{
    return now > s->at || s->at >= (ms_t)EPOCH_MAX ? now : s->at + 1;
}

static void go_on(struct alert *al, uint64_t value, ms_t now)
{
    al->state = (struct alert_state){.on = true,
                                     .below = al->rule.below,
                                     .what = al->rule.what,
                                     .limit = al->rule.limit,
                                     .since = al->beyond,
                                     .at = after(&al->state, now),
                                     .value = value};
    al->beyond = 0;
    al->dirty = true;
}

static void go_off(struct alert *al, uint64_t value, ms_t now)
{
    al->state.on = al->over = false;
    al->state.at = after(&al->state, now);
    al->state.value = value;
    al->dirty = true;
}

/* Returns whether it has changed. */
static bool look(struct alert *al, const uint64_t value[ALERT_WHATS], ms_t now)
{
    uint64_t v = value[al->rule.what];

    if (al->state.on) {
        if (!al->over && !is_back(&al->rule, v))
            return false;
        go_off(al, value[al->state.what], now);
        return true;
    }
    if (!al->defined || !is_beyond(&al->rule, v)) {
        al->beyond = 0;
        return false;
    }
    if (al->beyond == 0)
        al->beyond = now;
    if (now - al->beyond < (ms_t)al->rule.hold * 1000)
        return false;
    go_on(al, v, now);
    return true;
}

bool alerts_look(struct alerts *a, const uint64_t value[ALERT_WHATS], ms_t now)
{
    bool changed = false;

    for (size_t i = 0; i < a->n; i++)
        changed |= look(&a->alert[i], value, now);
    return changed;
}

/* ---- what is asked of them ------------------------------------------------- */

bool alerts_defined(const struct alerts *a)
{
    return count_defined(a) > 0;
}

bool alerts_dirty(const struct alerts *a)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->alert[i].dirty)
            return true;
    return false;
}

bool alerts_wait(const struct alerts *a)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->alert[i].dirty || a->alert[i].inflight || a->alert[i].beyond ||
            a->alert[i].over)
            return true;
    return false;
}

size_t alerts_on(const struct alerts *a, struct alert_on on[ALERTS_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < a->n; i++) {
        const struct alert *al = &a->alert[i];

        if (al->defined && al->state.on)
            on[n++] = (struct alert_on){alert_name(al), al->state};
    }
    return n;
}

void alerts_told(struct alerts *a, bool done)
{
    for (size_t i = 0; i < a->n; i++) {
        struct alert *al = &a->alert[i];

        al->dirty |= al->inflight && !done;
        al->inflight = false;
    }
    drop_undefined(a);
}

size_t alerts_bytes(const struct alerts *a)
{
    return a->alert ? ALERTS_KEPT_MAX * sizeof *a->alert : 0;
}
