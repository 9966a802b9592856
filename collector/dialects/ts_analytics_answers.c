/* One writer for each address; report.c asks Redis, shares answers and keeps them.
 *
 * A dashboard of the original asks for days. Kept are minutes, so every answer is of the
 * longest window there is, or of ?minutes=, and says which that was and what was asked
 * for. What minutes cannot tell is null, a list of what is not known empty. */
#include <stdio.h>
#include "../../proto/hit.h"
#include "../../proto/shares.h"
#include "ts_analytics.h"
#include "ts_analytics_ask.h"

/* ---- numbers ---- */

/* A session is told from the next by nothing that is kept: a visitor of the window counts
 * as one. */
static void write_stats(const struct summary *s, struct slice site, unsigned how,
                        struct buf *out)
{
    struct summary_window w = summary_window(s, s->minutes);
    struct json j;

    ts_begin(&j, out, site);
    ts_write_count(&j, "pageViews", w.views);
    ts_write_count(&j, "uniqueVisitors", w.visitors);
    ts_write_count(&j, "sessions", w.visitors);
    ts_write_count(&j, "events", w.events);
    ts_write_null(&j, "bounceRate");
    if (w.engaged > 0 && w.visitors > 0) {
        json_key(&j, "avgSessionDuration");
        json_fixed(&j, summary_attention(&w), 1);
    } else {
        ts_write_null(&j, "avgSessionDuration");
    }
    json_key(&j, "avgPagesPerSession");
    json_fixed(&j, w.visitors ? (double)w.views / (double)w.visitors : 0, 2);
    ts_write_count(&j, "realtime", summary_window(s, 2).visitors);
    ts_finish(&j, s, how);
}

static void write_timeseries(const struct summary *s, struct slice site, unsigned how,
                             struct buf *out)
{
    struct json j;

    ts_begin(&j, out, site);
    json_key(&j, "timeSeries");
    json_begin_array(&j);
    for (unsigned i = s->minutes; i-- > 0;) {
        json_begin_object(&j);
        ts_write_time(&j, "date", minute_start(s->row[i].minute));
        ts_write_count(&j, "pageViews", s->row[i].views);
        ts_write_count(&j, "uniqueVisitors", s->row[i].uniques);
        ts_write_count(&j, "sessions", s->row[i].uniques);
        ts_write_count(&j, "events", s->row[i].events);
        json_end(&j);
    }
    json_end(&j);
    ts_finish(&j, s, how);
}

/* ---- lists ---- */

static void write_item(struct json *j, struct slice name, uint64_t value,
                       unsigned percent)
{
    json_key(j, "name");
    json_slice(j, name);
    ts_write_count(j, "value", value);
    ts_write_count(j, "percentage", percent);
}

static void write_page(struct json *j, const struct page_count *p, struct slice title,
                       unsigned percent)
{
    json_begin_object(j);
    write_item(j, p->path, p->visitors, percent);
    ts_write_text(j, "path", p->path);
    if (title.n > 0)
        ts_write_text(j, "title", title);
    ts_write_count(j, "visitors", p->visitors);
    ts_write_count(j, "online", p->online);
    json_end(j);
}

static void write_pages(const struct summary *s, struct slice site, unsigned how,
                        struct buf *out)
{
    unsigned limit = ts_limit(how), percent[TS_LIMIT_MAX];
    size_t n = s->npages < limit ? s->npages : limit;
    uint64_t visitors[TS_LIMIT_MAX];
    struct json j;

    for (size_t i = 0; i < n; i++)
        visitors[i] = s->pages[i].visitors;
    shares_percent(visitors, n, percent);
    ts_begin(&j, out, site);
    json_key(&j, "pages");
    json_begin_array(&j);
    for (size_t i = 0; i < n; i++)
        write_page(&j, &s->pages[i], s->title[i], percent[i]);
    json_end(&j);
    ts_finish(&j, s, how);
}

/* Of the views of the window, so many had each value. */
static void write_traits(const struct summary *s, struct slice site, unsigned how,
                         struct buf *out, const char *key, enum trait_kind kind)
{
    const struct trait_count *t = s->trait[kind].of;
    size_t limit = ts_limit(how), n = s->trait[kind].n < limit ? s->trait[kind].n : limit;
    uint64_t views[TS_LIMIT_MAX];
    unsigned percent[TS_LIMIT_MAX];
    struct json j;

    for (size_t i = 0; i < n; i++)
        views[i] = t[i].views;
    shares_percent(views, n, percent);
    ts_begin(&j, out, site);
    json_key(&j, key);
    json_begin_array(&j);
    for (size_t i = 0; i < n; i++) {
        json_begin_object(&j);
        write_item(&j, t[i].name, t[i].views, percent[i]);
        json_end(&j);
    }
    json_end(&j);
    ts_finish(&j, s, how);
}

static void write_referrers(const struct summary *s, struct slice site, unsigned how,
                            struct buf *out)
{
    write_traits(s, site, how, out, "referrers", TRAIT_REFERRER);
}

static void write_devices(const struct summary *s, struct slice site, unsigned how,
                          struct buf *out)
{
    write_traits(s, site, how, out, "devices", TRAIT_DEVICE);
}

static void write_browsers(const struct summary *s, struct slice site, unsigned how,
                           struct buf *out)
{
    write_traits(s, site, how, out, "browsers", TRAIT_BROWSER);
}

static void write_countries(const struct summary *s, struct slice site, unsigned how,
                            struct buf *out)
{
    write_traits(s, site, how, out, "countries", TRAIT_COUNTRY);
}

/* ---- handlers ---- */

enum handled ts_stats(struct exchange *x)
{
    return ts_ask(x, WINDOW_MAX, write_stats);
}

enum handled ts_timeseries(struct exchange *x)
{
    return ts_ask(x, WINDOW_MAX, write_timeseries);
}

enum handled ts_pages(struct exchange *x)
{
    return ts_ask(x, WINDOW_MAX, write_pages);
}

enum handled ts_referrers(struct exchange *x)
{
    return ts_ask(x, WINDOW_MAX, write_referrers);
}

enum handled ts_devices(struct exchange *x)
{
    return ts_ask(x, WINDOW_MAX, write_devices);
}

enum handled ts_browsers(struct exchange *x)
{
    return ts_ask(x, WINDOW_MAX, write_browsers);
}

enum handled ts_countries(struct exchange *x)
{
    return ts_ask(x, WINDOW_MAX, write_countries);
}

/* What nobody tells us: an empty list under @name. */
static enum handled nothing(struct exchange *x, const char *name)
{
    char body[64];

    if (!site_valid(x->at.id)) {
        exchange_error(x, 400, "bad_site", NULL);
        return ANSWERED;
    }
    snprintf(body, sizeof body, "{\"%s\":[],\"available\":false}\n", name);
    exchange_reply(x,
                   &(struct reply){.status = 200,
                                   .type = "application/json",
                                   .headers = HEADER_OPEN HEADER_NO_STORE HEADER_NO_SNIFF,
                                   .body = slice_of(body)});
    return ANSWERED;
}

enum handled ts_regions(struct exchange *x)
{
    return nothing(x, "regions");
}

enum handled ts_cities(struct exchange *x)
{
    return nothing(x, "cities");
}

enum handled ts_goals(struct exchange *x)
{
    return nothing(x, "goals");
}
