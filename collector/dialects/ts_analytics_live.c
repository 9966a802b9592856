/* Who was there last, one by one, out of the feed; the numbers beside it are exact. */
#include <stdio.h>
#include "../../proto/hit.h"
#include "../../proto/recent_event.h"
#include "ts_analytics.h"
#include "ts_analytics_ask.h"

#define LIVE_MAX 100      /* visitors */
#define ACTIVITIES_MAX 50 /* entries of the feed; together they fit ANSWER_MAX */

static struct slice country_of(const struct recent_event *e)
{
    return (struct slice){e->country, e->country[0] ? sizeof e->country : 0};
}

static struct slice device_of(const struct recent_event *e)
{
    return slice_of(e->device ? hit_device_name(e->device) : "");
}

/* What both lists tell of an entry. */
static void write_entry(struct json *j, const struct recent_event *e)
{
    char id[16];

    snprintf(id, sizeof id, "%08x...", e->visitor);
    ts_write_text(j, "visitorId", slice_of(e->visitor ? id : ""));
    ts_write_text(j, "path", e->path);
    ts_write_time(j, "timestamp", e->at);
    ts_write_text(j, "country", country_of(e));
    ts_write_text(j, "deviceType", device_of(e));
    ts_write_text(j, "browser", slice_of(e->browser ? hit_browser_name(e->browser) : ""));
}

static void write_visitor(struct json *j, const struct recent_event *e)
{
    json_begin_object(j);
    write_entry(j, e);
    json_end(j);
}

static void write_activity(struct json *j, const struct recent_event *e)
{
    json_begin_object(j);
    ts_write_count(j, "id", e->id);
    json_key(j, "type");
    json_str(j, hit_kind_name(e->kind));
    ts_write_text(j, "page", e->path);
    ts_write_text(j, "eventName", e->name);
    ts_write_text(j, "countryCode", country_of(e));
    ts_write_text(j, "device", device_of(e));
    write_entry(j, e);
    json_end(j);
}

/* Those who were seen among the entries so far. */
struct seen {
    uint32_t visitor[LIVE_MAX];
    size_t n;
};

/* Whether it is the newest entry of a visitor. */
static bool is_new(struct seen *seen, const struct recent_event *e)
{
    if (e->visitor == 0 || seen->n == LIVE_MAX)
        return false;
    for (size_t i = 0; i < seen->n; i++)
        if (seen->visitor[i] == e->visitor)
            return false;
    seen->visitor[seen->n++] = e->visitor;
    return true;
}

/* Entries of views and events in the window, the newest first: of all (@seen NULL) the
 * first ACTIVITIES_MAX, or of each visitor one. */
static void write_entries(struct json *j, const struct summary *s, struct seen *seen)
{
    ms_t oldest = minute_start(s->now - s->minutes + 1);
    struct recent_event e;
    struct buf text;
    size_t n = 0;

    buf_init(&text, RECENT_TEXT_MAX);
    for (size_t i = 0; i < s->nrecent && n < ACTIVITIES_MAX; i++) {
        if (!recent_event_parse(s->recent[i], &e, &text) || e.at < oldest ||
            (e.kind != HIT_VIEW && e.kind != HIT_EVENT))
            continue;
        if (seen == NULL) {
            write_activity(j, &e);
            n++;
        } else if (is_new(seen, &e)) {
            write_visitor(j, &e);
        }
    }
    buf_fini(&text);
}

static void write_live(const struct summary *s, struct slice site, unsigned how,
                       struct buf *out)
{
    struct summary_window w = summary_window(s, s->minutes);
    struct seen seen = {.n = 0};
    struct json j;

    ts_begin(&j, out, site);
    json_key(&j, "visitors");
    json_begin_array(&j);
    write_entries(&j, s, &seen);
    json_end(&j);
    ts_write_count(&j, "count", w.visitors);
    ts_write_count(&j, "pageviews", w.views);
    ts_write_time(&j, "lastUpdated", s->as_of);
    json_key(&j, "activities");
    json_begin_array(&j);
    write_entries(&j, s, NULL);
    json_end(&j);
    ts_finish(&j, s, how);
}

enum handled ts_live(struct exchange *x)
{
    return ts_ask(x, MINUTES_DEFAULT, write_live);
}
