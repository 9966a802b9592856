/* Frames carry JSON of our own writing; an event may come from an aggregator that is
 * newer and knows kinds that are unknown here. */
#include "feed_line.h"

#include <inttypes.h>
#include "../proto/hit.h"
#include "../proto/json.h"
#include "../proto/recent_event.h"
#include "../proto/utf8.h"
#include "feed.h"

static void put_safe(struct buf *out, struct slice s)
{
    while (s.n > 0) {
        struct slice c = s;
        uint32_t code;
        bool good = utf8_next(&s, &code);

        c.n -= s.n;
        buf_slice(out, good && !utf8_is_unsafe(code) ? c : SLICE("\xef\xbf\xbd"));
    }
}

static void put_clock(struct buf *out, ms_t at)
{
    unsigned s = (unsigned)(at / 1000 % 86400);

    buf_printf(out, "%02u:%02u:%02u", s / 3600, s / 60 % 60, s % 60);
}

/* " on /cart", or nothing when there is no such text. */
static void put_more(struct buf *out, const char *before, struct slice text)
{
    if (text.n == 0)
        return;
    buf_str(out, before);
    put_safe(out, text);
}

static void put_event(struct buf *out, const struct recent_event *e)
{
    put_clock(out, e->at);
    if (e->kind == HIT_EVENT) {
        put_more(out, " event ", e->name);
        put_more(out, " on ", e->path);
    } else if (e->kind == HIT_MESSAGE) {
        put_more(out, " message ", e->name);
        put_more(out, e->name.n > 0 ? ": " : " message ", e->path);
    } else if (e->kind == HIT_QUERY) {
        buf_printf(out, " query %" PRIu32 " ms", e->ms);
        put_more(out, " ", e->name);
        put_more(out, e->name.n > 0 ? ": " : " ", e->path);
    } else {
        buf_str(out, " view");
        put_more(out, " ", e->path);
    }
    buf_str(out, "\n");
}

/* {"site":"shop",...: the site's alphabet needs no escapes. */
static void put_hello(struct buf *out, struct slice json)
{
    const char *end;

    json_take(&json, SLICE("{\"site\":\""));
    end = memchr(json.p, '"', json.n);
    buf_str(out, "ok watching ");
    buf_slice(out, (struct slice){json.p, end ? (size_t)(end - json.p) : 0});
    buf_str(out, "\n");
}

/* {"from":3,"to":5} */
static void put_gap(struct buf *out, struct slice json)
{
    uint64_t from = 0, to = 0;

    if (json_take(&json, SLICE("{\"from\":")) && json_take_u64(&json, &from) &&
        json_take(&json, SLICE(",\"to\":")) && json_take_u64(&json, &to) && to > from)
        buf_printf(out, "# %" PRIu64 " events were missed\n", to - from + 1);
    else
        buf_str(out, "# 1 event was missed\n");
}

void feed_line_text(struct buf *out, const struct frame *f)
{
    struct recent_event e;
    struct buf text;

    if (f->kind == FRAME_HELLO) {
        put_hello(out, f->data);
    } else if (f->kind == FRAME_GAP) {
        put_gap(out, f->data);
    } else if (f->kind == FRAME_EVENT) {
        buf_init(&text, FEED_EVENT_MAX);
        if (recent_event_parse(f->data, &e, &text))
            put_event(out, &e);
        else
            buf_printf(out, "# event %" PRIu64 " cannot be shown here\n", f->id);
        buf_fini(&text);
    }
}

void feed_line_json(struct buf *out, const struct frame *f)
{
    if (f->kind != FRAME_EVENT) {
        feed_line_text(out, f);
        return;
    }
    buf_slice(out, f->data);
    buf_str(out, "\n");
}
