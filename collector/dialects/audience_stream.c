/* Happy path: the number of members, damped as the original does (../damp.h) and told
 * again after the longest delay, which keeps the connection alive; messages in between.
 *
 * Failure modes: the connection is lost, or another has its name: the member leaves, and
 * the original's client is told not to come back. The collector stops, or the stream is
 * older than --max-conn-duration: it leaves, and is told when to come again. */
#include "audience_stream.h"

#include <inttypes.h>
#include <stdlib.h>
#include "../../proto/recent_event.h"
#include "../container.h"
#include "../stream_compose.h"

static uint64_t members_of(const struct feed *f)
{
    return f->members;
}

/* A message's text has no line breaks (text_normalize). */
static void put_message(struct buf *out, struct slice json)
{
    struct recent_event e;
    struct buf text;

    buf_init(&text, FEED_EVENT_MAX);
    if (recent_event_parse(json, &e, &text) && e.kind == HIT_MESSAGE) {
        buf_slice(out, SLICE("data: "));
        buf_slice(out, e.name.n ? e.name : SLICE("message"));
        buf_slice(out, SLICE("="));
        buf_slice(out, e.path);
        buf_slice(out, SLICE("\n\n"));
    }
    buf_fini(&text);
}

/* Looks no further than at the type, for most events are none. */
static bool is_message(struct slice json)
{
    uint64_t id;

    return json_take(&json, SLICE("{\"id\":")) && json_take_u64(&json, &id) &&
           json_take(&json, SLICE(",\"type\":\"message\""));
}

static void put_frame(struct buf *out, const struct frame *f)
{
    if (f->kind == FRAME_STATE)
        buf_printf(out, "data: %" PRIu64 "\n\n", members_of(f->feed));
    else if (f->kind == FRAME_EVENT && is_message(f->data))
        put_message(out, f->data);
}

static bool keep_alive(struct stream *s, struct buf *out)
{
    if (s->wish.damp.max_ms == 0 || !stream_repeat(s, out))
        buf_slice(out, SLICE(":\n\n"));
    return true;
}

static void leave(struct audience *a)
{
    member_leave(a->member);
    a->member = NULL;
    deadline_clear(&a->life);
}

static void farewell(struct stream *s, struct buf *out, unsigned retry_ms)
{
    leave(s->own);
    buf_printf(out, "retry: %u\n\n", retry_ms);
}

static void read_away(struct stream *s, const char *bytes, size_t n)
{
    (void)s;
    (void)bytes;
    (void)n;
}

static void on_gone(struct stream *s)
{
    leave(s->own);
    free(s->own);
}

const struct framing audience_framing = {.index = FRAMING_AUDIENCE,
                                         .silence = DEADLINE_AUDIENCE,
                                         .frame = put_frame,
                                         .number = members_of,
                                         .keep_alive = keep_alive,
                                         .farewell = farewell,
                                         .read = read_away,
                                         .gone = on_gone};

void audience_due(struct deadline *d)
{
    stream_farewell(CONTAINER(d, struct audience, life)->stream);
}

void audience_replaced(struct member *m, void *arg)
{
    static const char bye[] = "retry: -1\n\n";
    struct audience *a = arg;

    (void)m;
    deadline_clear(&a->life);
    stream_end(a->stream, bye, sizeof bye - 1);
}
