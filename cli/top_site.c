/* A message tells the running minute only, and that is enough: the bar of a minute that
 * is over is what its last message said. Hits that come late change older bars; the next
 * read shows that. */
#include "top_site.h"

#include <string.h>
#include "news.h"

void top_site_want(struct top_site *s, mono_t due)
{
    if (s->wanted && s->due <= due)
        return;
    s->wanted = true;
    s->due = due;
}

void top_site_asked(struct top_site *s)
{
    s->wanted = false;
    s->asked = true;
    s->told = false;
}

static void take_numbers(struct top_site *s, const struct delta *d, mono_t now)
{
    size_t window = news_window(d, MINUTES_DEFAULT);

    s->heard = now;
    s->at = d->at;
    s->online = d->online;
    s->peaks = d->peaks;
    s->total = d->total;
    s->visitors = d->window[window].visitors;
    s->views = d->window[window].views;
    s->flags = d->flags;
}

static void take_bars(struct top_site *s, const struct summary *summary)
{
    s->minute = summary->now;
    for (unsigned i = 0; i < TOP_MINUTES; i++) {
        bool kept = i < summary->window;

        s->bar[i].visitors = kept ? summary->row[i].uniques : 0;
        s->bar[i].views = kept ? summary->row[i].views : 0;
    }
}

void top_site_read(struct top_site *s, const struct summary *summary, mono_t now)
{
    struct delta d = summary_delta(summary, (struct slice){"", 0});
    bool overtaken = s->told && (d.epoch < s->sequence.epoch ||
                                 (d.epoch == s->sequence.epoch && d.n < s->sequence.n));

    s->asked = false;
    if (overtaken)
        top_site_want(s, now + TOP_AGAIN_MS);
    if (overtaken && s->is_read)
        return;
    take_numbers(s, &d, now);
    take_bars(s, summary);
    s->is_read = true;
    if (!overtaken)
        s->sequence = (struct sequence){summary->known, d.epoch, d.n};
}

void top_site_turn(struct top_site *s, minute_t minute)
{
    minute_t by = minute - s->minute;

    if (minute <= s->minute)
        return;
    if (by > TOP_MINUTES)
        by = TOP_MINUTES;
    memmove(s->bar + by, s->bar, (TOP_MINUTES - by) * sizeof *s->bar);
    memset(s->bar, 0, by * sizeof *s->bar);
    s->minute = minute;
}

static void take_running(struct top_site *s, const struct delta *d)
{
    size_t one = news_window(d, 1);

    if (d->at <= 0)
        return;
    top_site_turn(s, minute_of(d->at));
    if (minute_of(d->at) != s->minute || d->window[one].minutes != 1)
        return;
    s->bar[0].visitors = d->window[one].visitors;
    s->bar[0].views = d->window[one].views;
}

bool top_site_message(struct top_site *s, const struct delta *d, mono_t now)
{
    uint64_t missing;

    switch (sequence_step(&s->sequence, d->epoch, d->n, &missing)) {
    case SEQUENCE_OLD:
        return false;
    case SEQUENCE_NEXT:
        break;
    default:
        top_site_want(s, now);
    }
    s->told = true;
    take_numbers(s, d, now);
    take_running(s, d);
    return true;
}

bool top_site_is_silent(const struct top_site *s, mono_t now)
{
    bool is_something = s->visitors > 0 || s->views > 0 || online_total(&s->online) > 0;

    return s->is_read && is_something && now - s->heard > TOP_SILENT_MS;
}
