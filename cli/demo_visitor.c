/* When a page is shown all that will happen on it is decided (plan); then the earliest of
 * these moments comes next, until the one at which the page is left. */
#include "demo_visitor.h"

#include <assert.h>

#define SETTLE_MS 3000  /* nobody leaves a page sooner */
#define IDLE_MS 60000   /* as hc.js has it, of rests */
#define WRITING_MS 5000 /* and of typed */

#define DOZE_PERCENT 7 /* of pages: they are left open in front, and nothing is done */
#define DOZE_MS 150e3
#define AWAY_PERCENT 11 /* of pages: another tab is looked at for a while ... */
#define AWAY_MS 70e3
#define GONE_PERCENT 35 /* ... and of these, this one is never looked at again */

static ms_t earlier(ms_t a, ms_t b)
{
    return a < b ? a : b;
}

/* ---- plans --------------------------------------------------------------- */

static void plan_typing(struct demo_visitor *v, struct chance *c,
                        const struct shop_habit *habit, ms_t now)
{
    if (!chance_percent(c, habit->writes))
        return;
    v->typing = now + chance_between(c, 1500, SETTLE_MS);
    v->typed = v->typing + (v->go - v->typing) * 4 / 5;
}

static void plan_act(struct demo_visitor *v, struct chance *c,
                     const struct shop_habit *habit, ms_t now)
{
    if (habit->event == NULL || !chance_percent(c, habit->acts))
        return;
    v->act = chance_between(c, now + SETTLE_MS / 2, v->go);
    if (habit->then == SHOP_LEAVE)
        return;
    v->next = habit->then;
    v->go = v->act + chance_between(c, 1200, 5000);
}

static void plan_away(struct demo_visitor *v, struct chance *c, ms_t now)
{
    ms_t away = 2000 + chance_wait(c, AWAY_MS);

    v->hide = chance_between(c, v->act == DEMO_NEVER ? now + 1000 : v->act, v->go) + 1;
    v->show = v->hide + away;
    v->go = earlier(v->go + away, now + DEMO_STAY_MAX_MS) + 1;
    if (v->show < v->go && !chance_percent(c, GONE_PERCENT))
        return;
    v->show = DEMO_NEVER;
    v->next = SHOP_LEAVE;
}

/* Somebody who was there before does not go at once. */
static void plan_way(struct demo_visitor *v, struct chance *c, enum shop_kind kind)
{
    v->next = shop_pick_next(c, kind);
    while (v->lingers && v->views == 1 && v->next == SHOP_LEAVE)
        v->next = shop_pick_next(c, kind);
    if (v->views >= DEMO_VIEWS_MAX)
        v->next = SHOP_LEAVE;
}

static void plan(struct demo_visitor *v, struct chance *c, ms_t now)
{
    enum shop_kind kind = shop_page(v->page)->kind;
    const struct shop_habit *habit = shop_habit(kind);

    v->act = v->hide = v->show = v->typing = v->typed = DEMO_NEVER;
    v->go = now + SETTLE_MS + chance_wait(c, habit->stay_ms);
    plan_way(v, c, kind);
    plan_typing(v, c, habit, now);
    plan_act(v, c, habit, now);
    v->rests = v->go;
    if (chance_percent(c, DOZE_PERCENT))
        v->go += chance_wait(c, DOZE_MS);
    else if (chance_percent(c, AWAY_PERCENT))
        plan_away(v, c, now);
    v->go = earlier(v->go, now + DEMO_STAY_MAX_MS);
    if (v->views >= DEMO_VIEWS_MAX)
        v->next = SHOP_LEAVE; /* whatever an act leads to */
}

static ms_t next_due(const struct demo_visitor *v)
{
    return earlier(earlier(v->beat, v->act), earlier(earlier(v->hide, v->show), v->go));
}

/* ---- what is told -------------------------------------------------------- */

static char state_at(const struct demo_visitor *v, ms_t now)
{
    if (v->hidden)
        return 'b';
    if (now >= v->typing && now < v->typed + WRITING_MS)
        return 'w';
    return now < v->rests + IDLE_MS || v->rests >= v->go ? 'r' : 'i';
}

/* The time since the last beacon was attention when the visitor was active then. */
static void tell(struct demo_visitor *v, char kind, ms_t now, struct demo_beacon *b)
{
    *b = (struct demo_beacon){
        .at = now,
        .who = v->id,
        .view = v->views,
        .kind = kind,
        .state = state_at(v, now),
        .engaged = v->since == DEMO_NEVER ? 0 : now - v->since,
        .page = v->page,
        .query = "",
        .agent = v->agent,
        .country = v->country,
    };
    v->since = b->state == 'w' || b->state == 'r' ? now : DEMO_NEVER;
}

static void beat_again(struct demo_visitor *v, struct chance *c, ms_t now)
{
    v->beat = now + (v->hidden ? chance_between(c, 58000, 61000)
                               : chance_between(c, 13500, 16500));
}

static void show_page(struct demo_visitor *v, struct chance *c, ms_t now,
                      struct demo_beacon *b)
{
    v->shown = true;
    v->hidden = false;
    v->views++;
    v->since = DEMO_NEVER;
    plan(v, c, now);
    tell(v, 'v', now, b);
    v->beat = now + 5000;
    if (v->views > 1) {
        b->from = shop_page(v->before)->path;
    } else {
        b->referrer = v->source->referrer;
        b->query = v->source->query;
    }
}

/* Returns false when the visitor goes for good. */
static bool leave_page(struct demo_visitor *v, struct chance *c, ms_t now,
                       struct demo_beacon *b)
{
    tell(v, 'l', now, b);
    v->shown = false;
    v->before = v->page;
    if (v->next == SHOP_LEAVE)
        return false;
    v->page = shop_pick_page(c, v->next, v->page);
    v->due = now + chance_between(c, 150, 700); /* it is being loaded */
    return true;
}

static void beat(struct demo_visitor *v, struct chance *c, ms_t now,
                 struct demo_beacon *b)
{
    if (now == v->hide) {
        v->hide = DEMO_NEVER;
        v->hidden = true;
    } else if (now == v->show) {
        v->show = DEMO_NEVER;
        v->hidden = false;
        v->rests = v->go;
    }
    tell(v, 'h', now, b);
    beat_again(v, c, now);
}

static void act(struct demo_visitor *v, ms_t now, struct demo_beacon *b)
{
    v->act = DEMO_NEVER;
    tell(v, 'e', now, b);
    b->event = shop_habit(shop_page(v->page)->kind)->event;
}

/* ---- from arrival to end ------------------------------------------------- */

void demo_visitor_arrive(struct demo_visitor *v, struct chance *c, ms_t at,
                         const struct shop_source *source, bool lingers)
{
    *v = (struct demo_visitor){.due = at,
                               .id = chance_u64(c),
                               .source = source,
                               .agent = shop_pick_agent(c),
                               .country = shop_pick_country(c),
                               .lingers = lingers,
                               .since = DEMO_NEVER};
    v->page = v->before = shop_pick_page(c, source->lands, shop_pages());
}

bool demo_visitor_step(struct demo_visitor *v, struct chance *c, struct demo_beacon *b)
{
    ms_t now = v->due;

    if (v->shown && now == v->go)
        return leave_page(v, c, now, b);
    if (!v->shown)
        show_page(v, c, now, b);
    else if (now == v->act)
        act(v, now, b);
    else
        beat(v, c, now, b);
    v->due = next_due(v);
    assert(v->due >= now);
    return true;
}

bool demo_visitor_end(struct demo_visitor *v, ms_t at, struct demo_beacon *b)
{
    if (!v->shown)
        return false;
    tell(v, 'l', at, b);
    v->shown = false;
    return true;
}
