/* message: takes the numbers of the windows, who is there, what was counted for ever, the
 * fullest pages and the new events of a site. */
#include "message.h"

/* The windows are ascending: each goes on where the one before has ended. */
static void fill_windows(const struct site *s, struct delta *d)
{
    const unsigned want[DELTA_WINDOWS] = {1, 5, WINDOW_MAX};
    uint64_t visitors = 0, views = 0, engaged = 0;
    unsigned minutes = 0;

    for (int i = 0; i < DELTA_WINDOWS; i++) {
        for (; minutes < want[i] && minutes < s->window; minutes++) {
            const struct site_row *row = &s->row[slot_of(s, s->now - minutes)];

            visitors += row->last;
            views += row->views;
            engaged += row->engaged;
        }
        d->window[i].minutes = minutes;
        d->window[i].visitors = visitors;
        d->window[i].views = views;
        d->window[i].engaged = engaged;
    }
}

uint64_t message_first_event(const struct site *s, uint64_t events_after)
{
    uint64_t id = recent_first(&s->recent);

    if (id <= events_after)
        id = events_after + 1;
    if (s->recent.last >= MESSAGE_EVENTS_MAX && id <= s->recent.last - MESSAGE_EVENTS_MAX)
        id = s->recent.last - MESSAGE_EVENTS_MAX + 1;
    return id;
}

static void fill_events(const struct site *s, uint64_t id, struct recent_event *out)
{
    for (; id <= s->recent.last; id++)
        *out++ = recent_get(&s->recent, id);
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
    message_encode_told(s, epoch, now, online, events_after, NULL, out);
}

void message_encode_told(struct site *s, uint64_t epoch, ms_t now,
                         const struct online *online, uint64_t events_after,
                         const struct slice *event_json, struct buf *out)
{
    uint64_t first = message_first_event(s, events_after);
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
        .event_json = event_json,
        .nevents = first <= s->recent.last ? s->recent.last - first + 1 : 0,
        .alerts = alerts_defined(&s->alerts) ? on : NULL,
        .nalerts = alerts_on(&s->alerts, on),
        .flags = flags_of(s, now),
    };

    fill_windows(s, &d);
    d.npages = site_top_pages(s, d.window[1].minutes, pages, MESSAGE_PAGES_MAX);
    if (!event_json)
        fill_events(s, first, events);
    delta_encode(&d, out);
    s->news_sent = s->news;
    s->news = (struct site_news){0};
    s->tick = false;
}
