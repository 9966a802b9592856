/* The realtime answer as it goes over the wire, member by member in the order in which
 * PROTOCOL.md explains them. Decides nothing but which windows are listed. */
#include "summary.h"

#include <inttypes.h>
#include <stdio.h>
#include "iso.h"
#include "shares.h"

static void write_revision(struct json *j, const struct summary *s)
{
    char text[48];

    snprintf(text, sizeof text, "%" PRIu64 ".%" PRIu64, s->epoch, s->commit);
    json_key(j, "rev");
    json_str(j, text);
}

static void write_totals(struct json *j, const struct summary *s)
{
    struct summary_window w = summary_window(s, s->minutes);

    json_key(j, "minutes");
    json_u64(j, s->minutes);
    json_key(j, "window");
    json_u64(j, s->window);
    json_key(j, "currentVisitors");
    json_u64(j, w.visitors);
    json_key(j, "pageViews");
    json_u64(j, w.views);
}

static void write_attention(struct json *j, const struct summary *s)
{
    struct summary_window w = summary_window(s, s->minutes);

    json_key(j, "engagedTime");
    json_fixed(j, summary_attention(&w), 1);
}

static void write_pages(struct json *j, const struct summary *s)
{
    json_key(j, "activePages");
    json_begin_array(j);
    for (size_t i = 0; i < s->npages; i++) {
        json_begin_object(j);
        json_key(j, "path");
        json_slice(j, s->pages[i].path);
        json_key(j, "visitors");
        json_u64(j, s->pages[i].visitors);
        json_key(j, "online");
        json_u64(j, s->pages[i].online);
        if (s->title[i].n > 0) {
            json_key(j, "title");
            json_slice(j, s->title[i]);
        }
        json_end(j);
    }
    json_end(j);
}

static void write_trait(struct json *j, const struct trait_list *l, const char *key)
{
    json_key(j, key);
    json_begin_array(j);
    for (size_t i = 0; i < l->n; i++) {
        json_begin_object(j);
        json_key(j, "name");
        json_slice(j, l->of[i].name);
        json_key(j, "views");
        json_u64(j, l->of[i].views);
        if (l->of[i].kind == TRAIT_REFERRER) {
            json_key(j, "class");
            json_str(j, referrer_class_name(referrer_class(l->of[i].name)));
        }
        json_end(j);
    }
    json_end(j);
}

static void write_goals(struct json *j, const struct trait_list *l)
{
    json_key(j, "goals");
    json_begin_array(j);
    for (size_t i = 0; i < l->n; i++) {
        json_begin_object(j);
        json_key(j, "name");
        json_slice(j, l->of[i].name);
        json_key(j, "count");
        json_u64(j, l->of[i].views);
        json_end(j);
    }
    json_end(j);
}

static void write_sources(struct json *j, const struct summary *s)
{
    json_key(j, "sources");
    json_begin_array(j);
    for (size_t i = 0; i < s->nsources; i++) {
        json_begin_object(j);
        json_key(j, "name");
        json_str(j, referrer_class_name(s->source[i].class));
        json_key(j, "views");
        json_u64(j, s->source[i].views);
        json_end(j);
    }
    json_end(j);
}

static void write_traits(struct json *j, const struct summary *s)
{
    write_trait(j, &s->trait[TRAIT_REFERRER], "referrers");
    write_sources(j, s);
    write_trait(j, &s->trait[TRAIT_DEVICE], "devices");
    write_trait(j, &s->trait[TRAIT_BROWSER], "browsers");
    write_trait(j, &s->trait[TRAIT_COUNTRY], "countries");
    write_trait(j, &s->trait[TRAIT_CAMPAIGN], "campaigns");
    write_trait(j, &s->trait[TRAIT_TERM], "terms");
    write_goals(j, &s->trait[TRAIT_GOAL]);
}

static void write_queries(struct json *j, const struct summary *s)
{
    json_key(j, "queries");
    json_begin_object(j);
    json_key(j, "count");
    json_u64(j, s->queries.count);
    json_key(j, "p50");
    json_u64(j, s->queries.p50);
    json_key(j, "p95");
    json_u64(j, s->queries.p95);
    json_end(j);
}

static void write_recent(struct json *j, const struct summary *s)
{
    json_key(j, "recentEvents");
    json_begin_array(j);
    for (size_t i = 0; i < s->nrecent; i++)
        recent_event_public(j, s->recent[i]);
    json_end(j);
}

static void write_window(struct json *j, const struct summary *s, unsigned minutes)
{
    struct summary_window w = summary_window(s, minutes);

    json_begin_object(j);
    json_key(j, "minutes");
    json_u64(j, minutes);
    json_key(j, "visitors");
    json_u64(j, w.visitors);
    json_key(j, "pageViews");
    json_u64(j, w.views);
    json_key(j, "events");
    json_u64(j, w.events);
    json_key(j, "engagedMs");
    json_u64(j, w.engaged);
    json_end(j);
}

/* One minute, the default, the whole window and the one asked for, each once. */
static void write_windows(struct json *j, const struct summary *s)
{
    json_key(j, "windows");
    json_begin_array(j);
    for (unsigned m = 1; m <= s->window; m++)
        if (m == 1 || m == MINUTES_DEFAULT || m == s->minutes || m == s->window)
            write_window(j, s, m);
    json_end(j);
}

static void write_row(struct json *j, const struct summary_row *row, bool running)
{
    json_begin_object(j);
    json_key(j, "minute");
    json_i64(j, minute_start(row->minute));
    json_key(j, "visitors");
    json_u64(j, row->uniques);
    json_key(j, "pageViews");
    json_u64(j, row->views);
    json_key(j, "events");
    json_u64(j, row->events);
    if (row->queries) {
        json_key(j, "queries");
        json_u64(j, row->queries);
        json_key(j, "queryP50");
        json_u64(j, row->query_p50);
        json_key(j, "queryP95");
        json_u64(j, row->query_p95);
    }
    if (running) {
        json_key(j, "partial");
        json_bool(j, true);
    }
    json_end(j);
}

static void write_series(struct json *j, const struct summary *s)
{
    json_key(j, "series");
    json_begin_array(j);
    for (unsigned i = s->window; i-- > 0;)
        write_row(j, &s->row[i], i == 0);
    json_end(j);
}

/* ---- what clients of ts-analytics read ---- */

#define TOP_PAGES 10
#define HOUR_MINUTES 60

static void write_top_page(struct json *j, const struct page_count *p, unsigned percent)
{
    json_begin_object(j);
    json_key(j, "name");
    json_slice(j, p->path);
    json_key(j, "value");
    json_u64(j, p->visitors);
    json_key(j, "percentage");
    json_u64(j, percent);
    json_end(j);
}

/* The pages are ranked: those that are only open stand behind those with visitors. */
static void write_top_pages(struct json *j, const struct summary *s)
{
    uint64_t visitors[TOP_PAGES];
    unsigned percent[TOP_PAGES];
    size_t n = 0;

    for (; n < TOP_PAGES && n < s->npages && s->pages[n].visitors > 0; n++)
        visitors[n] = s->pages[n].visitors;
    shares_percent(visitors, n, percent);
    json_key(j, "topActivePages");
    json_begin_array(j);
    for (size_t i = 0; i < n; i++)
        write_top_page(j, &s->pages[i], percent[i]);
    json_end(j);
}

/* Only when any is known. Views are what is counted of countries. */
static void write_locations(struct json *j, const struct summary *s)
{
    const struct trait_list *list = &s->trait[TRAIT_COUNTRY];

    if (list->n == 0)
        return;
    json_key(j, "locations");
    json_begin_array(j);
    for (size_t i = 0; i < list->n; i++) {
        json_begin_object(j);
        json_key(j, "country");
        json_slice(j, list->of[i].name);
        json_key(j, "visitors");
        json_u64(j, list->of[i].views);
        json_end(j);
    }
    json_end(j);
}

static void write_dashboard(struct json *j, const struct summary *s)
{
    struct iso iso = iso_of(s->as_of);
    unsigned hour = s->window < HOUR_MINUTES ? s->window : HOUR_MINUTES;

    json_key(j, "timestamp");
    json_str(j, iso.s);
    json_key(j, "pageViewsLastHour");
    json_u64(j, summary_window(s, hour).views);
    write_top_pages(j, s);
    write_locations(j, s);
}

/* Their numbers are those that the answer tells. */
static void write_alerts(struct json *j, const struct summary *s)
{
    struct summary_window w = summary_window(s, ALERT_MINUTES);
    const uint64_t value[ALERT_WHATS] = {
        [ALERT_ONLINE] = online_total(&s->online),
        [ALERT_CURRENT] = w.visitors,
        [ALERT_VIEWS] = w.views,
    };

    alert_list_json(j, s->alert, s->nalerts, value);
}

static void write_flags(struct json *j, const struct summary *s)
{
    json_key(j, "flags");
    json_begin_array(j);
    if (s->capped)
        json_str(j, "capped");
    if (s->loading)
        json_str(j, "loading");
    if (s->warming)
        json_str(j, "warming");
    if (!s->known)
        json_str(j, "unknown");
    if (s->demo)
        json_str(j, "demo");
    json_end(j);
}

void summary_json(const struct summary *s, struct slice site, struct buf *out)
{
    struct json j;

    json_init(&j, out);
    json_begin_object(&j);
    json_key(&j, "site");
    json_slice(&j, site);
    write_revision(&j, s);
    json_key(&j, "asOf");
    json_i64(&j, s->as_of);
    write_totals(&j, s);
    online_json(&j, &s->online);
    standing_json(&j, &s->peaks, &s->total, s->life, s->last);
    write_attention(&j, s);
    write_pages(&j, s);
    write_traits(&j, s);
    write_queries(&j, s);
    write_recent(&j, s);
    write_windows(&j, s);
    write_series(&j, s);
    write_dashboard(&j, s);
    write_alerts(&j, s);
    write_flags(&j, s);
    json_end(&j);
}
