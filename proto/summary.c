/* What can be asked of a summary once it is parsed: sums of its last rows, and the
 * message that would tell the same. It has no window longer than its own, W: more minutes
 * than that are as good as W. */
#include "summary.h"

#include <stdlib.h>

unsigned minutes_parse(struct slice text)
{
    unsigned minutes = 0;

    if (text.n == 0)
        return MINUTES_DEFAULT;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return 0;
        minutes = minutes * 10 + (unsigned)(text.p[i] - '0');
        if (minutes > WINDOW_MAX)
            minutes = WINDOW_MAX;
    }
    return minutes;
}

void summary_fini(struct summary *s)
{
    free(s->pages);
    free(s->traits);
    s->pages = NULL;
    s->traits = NULL;
    s->npages = s->ntraits = s->traits_cap = 0;
}

struct summary_window summary_window(const struct summary *s, unsigned minutes)
{
    struct summary_window w = {0};

    for (unsigned i = 0; i < minutes && i < s->window; i++) {
        w.visitors += s->row[i].last;
        w.views += s->row[i].views;
        w.events += s->row[i].events;
        w.engaged += s->row[i].engaged;
    }
    return w;
}

double summary_attention(const struct summary_window *w)
{
    return w->visitors ? (double)w->engaged / 1000 / (double)w->visitors : 0;
}

struct delta summary_delta(const struct summary *s, struct slice site)
{
    const unsigned windows[DELTA_WINDOWS] = {
        1, s->window < MINUTES_DEFAULT ? s->window : MINUTES_DEFAULT, s->window};
    struct delta d = {
        .site = site,
        .epoch = s->epoch,
        .commit = s->commit,
        .n = s->n,
        .at = s->as_of,
        .online = s->online,
        .peaks = s->peaks,
        .total = s->total,
        .life = s->life,
        .last = s->last,
        .pages = s->pages,
        .npages = s->npages < MESSAGE_PAGES_MAX ? s->npages : MESSAGE_PAGES_MAX,
        .flags = (s->capped ? DELTA_CAPPED : 0) | (s->loading ? DELTA_LOADING : 0) |
                 (s->warming ? DELTA_WARMING : 0),
        .alerts = s->has_alerts ? s->alert : NULL,
        .nalerts = s->nalerts,
    };

    for (size_t i = 0; i < DELTA_WINDOWS; i++) {
        struct summary_window w = summary_window(s, windows[i]);

        d.window[i].minutes = windows[i];
        d.window[i].visitors = w.visitors;
        d.window[i].views = w.views;
        d.window[i].engaged = w.engaged;
    }
    return d;
}
