/* A message is nearly always far below its bound and written once. Paths come from
 * strangers, though, and one byte of theirs may take six of JSON; then the least is
 * looked for, by halving, that must be left out. The numbers alone always fit. */
#include "delta.h"

#include <assert.h>
#include "decimal.h"

/* The lists of a message, cut. */
struct lists {
    const struct page_count *pages;
    size_t npages;
    const struct recent_event *events;
    const struct slice *event_json;
    size_t nevents;
};

/* Without the @n oldest events. */
static struct lists events_without(struct lists l, size_t n)
{
    l.nevents -= n;
    if (n > 0 && l.event_json)
        l.event_json += n;
    if (n > 0)
        l.events += n;
    return l;
}

static struct lists lists_of(const struct delta *d)
{
    struct lists l = {d->pages, d->npages, d->events, d->event_json, d->nevents};

    if (l.npages > MESSAGE_PAGES_MAX)
        l.npages = MESSAGE_PAGES_MAX;
    if (l.nevents > MESSAGE_EVENTS_MAX)
        l = events_without(l, l.nevents - MESSAGE_EVENTS_MAX);
    return l;
}

/* Without the @n least interesting entries: pages at the tail, then the oldest events. */
static struct lists lists_without(struct lists l, size_t n)
{
    size_t pages = n < l.npages ? n : l.npages;
    size_t events = n - pages;

    l.npages -= pages;
    return events_without(l, events);
}

static void write_change(struct json *j, const struct delta *d)
{
    json_key(j, "d");
    json_begin_object(j);
    json_number(j, "pv", d->new_views);
    json_number(j, "ev", d->new_events);
    json_number(j, "new", d->new_visitors);
    json_end(j);
}

/* What is told of each window. */
enum measure { VISITORS, VIEWS, ENGAGED };

static uint64_t measured(const struct delta *d, size_t i, enum measure what)
{
    switch (what) {
    case VISITORS:
        return d->window[i].visitors;
    case VIEWS:
        return d->window[i].views;
    default:
        return d->window[i].engaged;
    }
}

/* The windows are ascending, so equal ones are neighbours. */
static void write_windows(struct json *j, const struct delta *d, const char *key,
                          enum measure what)
{
    unsigned before = 0;
    char minutes[DECIMAL_MAX + 1];

    json_key(j, key);
    json_begin_object(j);
    for (size_t i = 0; i < DELTA_WINDOWS; i++) {
        if (d->window[i].minutes == before)
            continue;
        before = d->window[i].minutes;
        minutes[decimal_write(minutes, before)] = '\0';
        json_number(j, minutes, measured(d, i, what));
    }
    json_end(j);
}

static void write_pages(struct json *j, const struct lists *l)
{
    json_key(j, "pages");
    json_begin_array(j);
    for (size_t i = 0; i < l->npages; i++) {
        json_begin_object(j);
        json_key(j, "path");
        json_slice(j, l->pages[i].path);
        json_number(j, "visitors", l->pages[i].visitors);
        json_number(j, "online", l->pages[i].online);
        json_end(j);
    }
    json_end(j);
}

/* Their numbers are those that the message tells. */
static void write_alerts(struct json *j, const struct delta *d)
{
    const uint64_t value[ALERT_WHATS] = {
        [ALERT_ONLINE] = online_total(&d->online),
        [ALERT_CURRENT] = d->window[1].visitors,
        [ALERT_VIEWS] = d->window[1].views,
    };

    if (d->alerts)
        alert_list_json(j, d->alerts, d->nalerts, value);
}

static void write_events(struct json *j, const struct lists *l)
{
    json_key(j, "events");
    json_begin_array(j);
    for (size_t i = 0; i < l->nevents; i++)
        if (l->event_json)
            json_raw(j, l->event_json[i]);
        else
            recent_event_json(j, &l->events[i]);
    json_end(j);
}

static void write_flags(struct json *j, unsigned flags)
{
    json_key(j, "flags");
    json_begin_array(j);
    if (flags & DELTA_TICK)
        json_str(j, "tick");
    if (flags & DELTA_CAPPED)
        json_str(j, "capped");
    if (flags & DELTA_LOADING)
        json_str(j, "loading");
    if (flags & DELTA_WARMING)
        json_str(j, "warming");
    json_end(j);
}

/* Returns whether it fitted. */
static bool write_message(struct buf *out, const struct delta *d, struct lists lists)
{
    struct json j;

    buf_clear(out);
    json_init(&j, out);
    json_begin_object(&j);
    json_number(&j, "v", DELTA_VERSION);
    json_key(&j, "site");
    json_slice(&j, d->site);
    json_number(&j, "e", d->epoch);
    json_number(&j, "q", d->commit);
    json_number(&j, "n", d->n);
    json_signed(&j, "t", d->at);
    write_change(&j, d);
    online_json(&j, &d->online);
    write_windows(&j, d, "visitors", VISITORS);
    write_windows(&j, d, "pv", VIEWS);
    write_windows(&j, d, "engaged", ENGAGED);
    standing_json(&j, &d->peaks, &d->total, d->life, d->last);
    write_pages(&j, &lists);
    write_alerts(&j, d);
    write_flags(&j, d->flags);
    write_events(&j, &lists);
    json_end(&j);
    return !out->full && out->n <= MESSAGE_MAX;
}

static void write_fresh(struct json *j, const struct online *o)
{
    json_key(j, "fresh");
    json_begin_object(j);
    json_number(j, "total",
                o->fresh.writing + o->fresh.reading + o->fresh.idle +
                    o->fresh.background);
    json_number(j, "writing", o->fresh.writing);
    json_number(j, "reading", o->fresh.reading);
    json_number(j, "idle", o->fresh.idle);
    json_number(j, "background", o->fresh.background);
    json_end(j);
}

void online_json(struct json *j, const struct online *o)
{
    uint64_t total = online_total(o);

    json_key(j, "online");
    json_begin_object(j);
    json_number(j, "total", total);
    json_number(j, "active", total - o->background);
    json_number(j, "writing", o->writing);
    json_number(j, "reading", o->reading);
    json_number(j, "idle", o->idle);
    json_number(j, "background", o->background);
    json_number(j, "tabs", o->tabs);
    json_number(j, "members", o->members);
    if (!online_is_fresh(o))
        write_fresh(j, o);
    json_end(j);
}

void standing_json(struct json *j, const struct peaks *p, const struct total *t,
                   ms_t life, uint64_t last)
{
    json_key(j, "peak");
    json_begin_object(j);
    json_number(j, "day", p->day);
    json_signed(j, "dayAt", p->day_at);
    json_number(j, "all", p->all);
    json_signed(j, "allAt", p->all_at);
    json_end(j);
    json_key(j, "total");
    json_begin_object(j);
    json_number(j, "views", t->views);
    json_number(j, "visits", t->visits);
    json_number(j, "connections", t->joins);
    json_number(j, "counted", t->counted);
    json_signed(j, "since", t->since);
    json_end(j);
    json_key(j, "feed");
    json_begin_object(j);
    json_signed(j, "life", life);
    json_number(j, "last", last);
    json_end(j);
}

void delta_encode(const struct delta *d, struct buf *out)
{
    struct lists all = lists_of(d);
    size_t low = 1, high = all.npages + all.nevents;

    assert(out->max >= MESSAGE_MAX);
    if (write_message(out, d, all))
        return;
    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (write_message(out, d, lists_without(all, mid)))
            high = mid;
        else
            low = mid + 1;
    }
    write_message(out, d, lists_without(all, high));
}
