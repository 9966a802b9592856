/* message: takes the numbers of the windows, who is there, what was counted for ever, the
 * fullest pages and the new events of a site. */
#include "message.h"

static uint64_t engaged(const struct site *s, unsigned minutes)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < minutes; i++)
        sum += s->row[slot_of(s, s->now - i)].engaged;
    return sum;
}

static void fill_windows(const struct site *s, struct delta *d)
{
    const unsigned want[DELTA_WINDOWS] = {1, 5, WINDOW_MAX};

    for (int i = 0; i < DELTA_WINDOWS; i++) {
        unsigned minutes = want[i] < s->window ? want[i] : s->window;

        d->window[i].minutes = minutes;
        d->window[i].visitors = site_visitors(s, minutes);
        d->window[i].views = site_views(s, minutes);
        d->window[i].engaged = engaged(s, minutes);
    }
}

static size_t fill_events(const struct site *s, uint64_t after, struct recent_event *out)
{
    uint64_t id = recent_first(&s->recent);
    size_t n = 0;

    if (id <= after)
        id = after + 1;
    if (s->recent.last >= MESSAGE_EVENTS_MAX && id <= s->recent.last - MESSAGE_EVENTS_MAX)
        id = s->recent.last - MESSAGE_EVENTS_MAX + 1;
    for (; id <= s->recent.last; id++)
        out[n++] = recent_get(&s->recent, id);
    return n;
}

static unsigned flags_of(const struct site *s, ms_t now)
{
    return (s->tick ? DELTA_TICK : 0) | (s->capped ? DELTA_CAPPED : 0) |
           (s->state == SITE_LOADING ? DELTA_LOADING : 0) |
           (s->warming > now ? DELTA_WARMING : 0);
}

void message_encode(struct site *s, uint64_t epoch, ms_t now, const struct online *online,
                    uint64_t events_after, struct buf *out)
{
    struct page_count pages[MESSAGE_PAGES_MAX];
    struct recent_event events[MESSAGE_EVENTS_MAX];
    struct alert_on on[ALERTS_MAX];
    ms_t at = site_time(s, now);
    struct delta d = {
        .site = site_id(s),
        .epoch = epoch,
        .commit = s->commit,
        .n = ++s->message,
        .at = at,
        .new_views = s->news.views,
        .new_events = s->news.events,
        .new_visitors = s->news.visitors,
        .online = *online,
        .peaks = totals_peaks(&s->totals, at),
        .total = s->totals.total,
        .life = s->totals.life,
        .last = s->recent.last,
        .pages = pages,
        .events = events,
        .alerts = alerts_defined(&s->alerts) ? on : NULL,
        .nalerts = alerts_on(&s->alerts, on),
        .flags = flags_of(s, now),
    };

    fill_windows(s, &d);
    d.npages = site_top_pages(s, d.window[1].minutes, pages, MESSAGE_PAGES_MAX);
    d.nevents = fill_events(s, events_after, events);
    delta_encode(&d, out);
    s->news_sent = s->news;
    s->news = (struct site_news){0};
    s->tick = false;
}
