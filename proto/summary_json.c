/* The realtime answer as it goes over the wire, member by member in the order in which
 * PROTOCOL.md explains them. Decides nothing but which windows are listed. */
#include "summary.h"

#include <inttypes.h>
#include <stdio.h>

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
        json_end(j);
    }
    json_end(j);
}

static void write_recent(struct json *j, const struct summary *s)
{
    json_key(j, "recentEvents");
    json_begin_array(j);
    for (size_t i = 0; i < s->nrecent; i++)
        json_raw(j, s->recent[i]);
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
    write_recent(&j, s);
    write_windows(&j, s);
    write_series(&j, s);
    write_flags(&j, s);
    json_end(&j);
}
