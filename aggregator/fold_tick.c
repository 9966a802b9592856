/* fold_tick: what becomes due by time alone, a bounded piece of it a call.
 *
 * Sites turn their minute one after the other, spread over ten seconds. Tabs end with
 * their step, and alerts are looked at each second; which sites have some that are due
 * stands in one array (store.h), so that the many that have none cost nothing. */
#include "fold.h"

#include "visit.h"

#define TURN_MS 10000    /* the sites turn their minute spread over this time */
#define TURN_STEP_MS 100 /* and are looked at so often meanwhile */
#define STALE_PART 8     /* a table is swept when one visitor in eight is stale, */
#define STALE_MINUTES 60 /* and each hour: nobody is remembered for longer */
#define TURN_SITES 256   /* at most so many a call, that a late one does not stall */
#define ALERT_EVERY_MS 1000

/* Brings one site into the new minute and tidies it; it may be gone afterwards. While
 * anybody is there it is committed each minute, for Redis forgets that (ONLINE_TTL_S);
 * and while it has alerts, for the answer tells what an operator makes of them. */
static void turn_site(struct store *st, struct site *s)
{
    if (s->state != SITE_LIVE)
        return; /* store_loaded will bring it here */
    store_peaks(st, s);
    if (site_advance(s, st->now) || online_total(&s->presence.online) > 0 ||
        alerts_defined(&s->alerts)) {
        s->tick = true;
        store_mark_dirty(st, s);
    }
    if (s->stale * STALE_PART > s->visitors.n ||
        (st->now + s->order) % STALE_MINUTES == 0)
        visit_drop_stale(st, s);
    pages_drop_empty(&s->pages);
    traits_drop_empty(&s->traits);
    if (site_is_empty(s))
        store_drop(st, s);
}

struct leaving {
    struct store *store;
    struct site *site;
};

static void on_left(void *arg, uint64_t visitor)
{
    struct leaving *l = arg;

    visit_left(l->store, l->site, visitor);
}

static void end_until(struct store *st, struct site *s, ms_t now, size_t *budget)
{
    struct leaving leaving = {st, s};

    presence_tick(&s->presence, &s->pages, now, budget, on_left, &leaving);
}

/* Whoever is there as a day begins is of its peak, though gone a moment later. */
static void end_tabs(struct store *st, struct site *s, size_t *budget)
{
    size_t before = s->presence.tabs.n;

    if (totals_is_new_day(&s->totals, st->clock)) {
        end_until(st, s, totals_day_start(st->clock), budget);
        store_peaks(st, s);
    }
    end_until(st, s, st->clock, budget);
    store_tabs(st, s, before);
}

/* Looks at the alerts of @s if they are due. While it is not known again who is there,
 * they stay as they are. */
static void look_at_alerts(struct store *st, struct site *s)
{
    uint64_t value[ALERT_WHATS];

    if (s->alerts.n == 0 || s->state != SITE_LIVE || s->alerts.due > st->clock)
        return;
    s->alerts.due = st->clock + ALERT_EVERY_MS;
    store_due(st, s);
    if (s->warming > st->clock)
        return;
    site_alert_values(s, value);
    if (alerts_look(&s->alerts, value, st->clock))
        store_mark_dirty(st, s);
}

/* Ends the tabs that are due in any site, and looks at alerts. Returns when the next ones
 * are. */
static ms_t tick_tabs(struct store *st)
{
    size_t budget = PRESENCE_TABS_A_TICK;

    if (st->clock < st->due_first)
        return st->due_first;
    st->due_first = INT64_MAX;
    for (size_t i = 0; i < st->nsites; i++) {
        if (st->due[i] <= st->clock) {
            end_tabs(st, st->site[i], &budget);
            look_at_alerts(st, st->site[i]);
        }
        if (st->due[i] < st->due_first)
            st->due_first = st->due[i];
    }
    return st->due_first;
}

/* Turns the sites that are due. Returns when the next ones are. */
static ms_t tick_minute(struct store *st, ms_t now)
{
    ms_t since;
    size_t keep;

    since = now - minute_start(st->now);
    keep = since >= TURN_MS || since < 0
               ? 0
               : st->turn_of * (size_t)(TURN_MS - since) / TURN_MS;
    /* Downwards: a site that is dropped is replaced by one already turned. */
    for (int n = 0; st->turn > keep && n < TURN_SITES; n++)
        turn_site(st, st->site[--st->turn]);
    if (st->turn > keep)
        return now + 1;
    return st->turn ? now + TURN_STEP_MS : minute_start(st->now + 1);
}

ms_t fold_tick(struct store *st, ms_t now)
{
    ms_t tabs, minute;

    store_clock(st, now);
    tabs = tick_tabs(st);
    if (st->tabs > 0 && tabs > now + PRESENCE_STEP_MS)
        tabs = now + PRESENCE_STEP_MS; /* a goodbye may make one due sooner */
    minute = tick_minute(st, now);
    if (tabs <= now)
        tabs = now + 1;
    return tabs < minute ? tabs : minute;
}
