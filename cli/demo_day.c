/* Arrivals are a Poisson process whose rate follows the clock of the day: candidates come
 * at the highest rate there is, and each is taken with the share that the present rate
 * has of it (Lewis and Shedler, "Simulation of nonhomogeneous Poisson processes by
 * thinning", 1979). Who is there lies in a binary heap by what is due next. */
#include "demo_day.h"

#include <assert.h>

#define STAY_MS 120e3      /* on average, to reckon how many are there at the beginning */
#define OPENING_MS 4000    /* in which these come */
#define OPENING_SHARE 0.75 /* of them: the others would be about to go */

/* ---- the heap ------------------------------------------------------------ */

static void swap(struct demo_visitor *a, struct demo_visitor *b)
{
    struct demo_visitor c = *a;

    *a = *b;
    *b = c;
}

static void sift_last(struct demo_day *d)
{
    size_t i = d->here - 1;

    while (i > 0) {
        size_t parent = (i - 1) / 2;

        if (d->visitor[i].due >= d->visitor[parent].due)
            return;
        swap(&d->visitor[i], &d->visitor[parent]);
        i = parent;
    }
}

static void sift_down(struct demo_day *d, size_t i)
{
    for (;;) {
        size_t least = i, left = 2 * i + 1;

        for (size_t k = left; k < left + 2 && k < d->here; k++)
            if (d->visitor[k].due < d->visitor[least].due)
                least = k;
        if (least == i)
            return;
        swap(&d->visitor[i], &d->visitor[least]);
        i = least;
    }
}

static void drop_first(struct demo_day *d)
{
    swap(&d->visitor[0], &d->visitor[--d->here]);
    sift_down(d, 0);
}

/* ---- arrivals ------------------------------------------------------------ */

static double rate_at(const struct demo_day *d, ms_t clock)
{
    double a_day = (double)d->plan.visitors;

    return shop_rate(clock, a_day) + shop_newsletter_rate(clock, a_day);
}

static double highest_rate(const struct demo_day *d)
{
    double highest = 0;

    for (ms_t clock = 0; clock < MS_PER_DAY; clock += MS_PER_MINUTE) {
        double rate = rate_at(d, clock);

        highest = rate > highest ? rate : highest;
    }
    return highest * 1.01; /* between two of these minutes it may be a little higher */
}

static const struct shop_source *source_at(struct demo_day *d, ms_t at)
{
    ms_t clock = demo_day_clock(d, at);
    double all = rate_at(d, clock);
    double news = shop_newsletter_rate(clock, (double)d->plan.visitors);

    return chance_unit(&d->chance) * all < news ? shop_newsletter()
                                                : shop_pick_source(&d->chance);
}

static void admit(struct demo_day *d, ms_t at, bool lingers)
{
    if (d->here == DEMO_PEOPLE_MAX) {
        d->turned_away++;
        return;
    }
    demo_visitor_arrive(&d->visitor[d->here], &d->chance, at, source_at(d, at), lingers);
    d->visitors++;
    d->here++;
    sift_last(d);
}

/* Lets in who comes before what is due next. */
static void let_in(struct demo_day *d)
{
    while (d->next != DEMO_NEVER && (d->here == 0 || d->next <= d->visitor[0].due)) {
        ms_t at = d->next;
        double share = rate_at(d, demo_day_clock(d, at)) / d->rate_max;

        if (chance_unit(&d->chance) < share)
            admit(d, at, false);
        d->next = at + chance_wait(&d->chance, 1 / d->rate_max);
    }
}

/* ---- the day ------------------------------------------------------------- */

void demo_day_open(struct demo_day *d, const struct demo_plan *plan)
{
    size_t there;

    assert(plan->speed > 0 && plan->visitors > 0);
    d->plan = *plan;
    d->chance = (struct chance){plan->seed};
    d->rate_max = highest_rate(d);
    d->closed = DEMO_NEVER;
    d->now = 0;
    d->here = 0;
    d->visitors = d->turned_away = 0;
    there = (size_t)(rate_at(d, demo_day_clock(d, 0)) * STAY_MS * OPENING_SHARE + 0.5);
    for (size_t i = 0; i < there; i++)
        admit(d, chance_between(&d->chance, 0, OPENING_MS), true);
    d->next = chance_wait(&d->chance, 1 / d->rate_max);
}

/* After the end those without an open page have nothing to say. */
static void drop_silent(struct demo_day *d)
{
    while (d->here > 0 && !d->visitor[0].shown)
        drop_first(d);
}

ms_t demo_day_due(struct demo_day *d)
{
    if (d->closed != DEMO_NEVER) {
        drop_silent(d);
        return d->here > 0 ? d->closed : DEMO_NEVER;
    }
    let_in(d);
    return d->visitor[0].due;
}

void demo_day_take(struct demo_day *d, struct demo_beacon *b)
{
    bool stays;

    assert(demo_day_due(d) != DEMO_NEVER);
    if (d->closed != DEMO_NEVER)
        stays = !demo_visitor_end(&d->visitor[0], d->closed, b);
    else
        stays = demo_visitor_step(&d->visitor[0], &d->chance, b);
    d->now = b->at;
    if (stays)
        sift_down(d, 0);
    else
        drop_first(d);
}

void demo_day_close(struct demo_day *d, ms_t at)
{
    d->closed = at > d->now ? at : d->now;
    d->next = DEMO_NEVER;
}

ms_t demo_day_clock(const struct demo_day *d, ms_t at)
{
    return (ms_t)((double)d->plan.from + (double)at * d->plan.speed) % MS_PER_DAY;
}
