/* Whatever is told is told by what the stream remembers: the id of the last event, and
 * the number of the last state. A stream that was not greeted yet is first given its
 * place in the feed. */
#include "stream_compose.h"

#include <inttypes.h>
#include <stdio.h>
#include "../proto/log.h"
#include "watch.h"
#include "worker.h"

const char *frame_name(enum frame_kind kind)
{
    static const char *const names[] = {"hello", "state", "event", "gap"};

    return names[kind];
}

static void put_gap(struct buf *out, const struct framing *framing,
                    const struct feed_item *gap)
{
    char json[80];
    int n = snprintf(json, sizeof json, "{\"from\":%" PRIu64 ",\"to\":%" PRIu64 "}",
                     gap->from, gap->to);

    framing->frame(out, &(struct frame){.kind = FRAME_GAP, .data = {json, (size_t)n}});
}

static void put_event(struct buf *out, const struct framing *framing,
                      const struct feed *f, const struct feed_item *item)
{
    struct frame frame = {
        .kind = FRAME_EVENT, .life = f->life, .id = item->to, .data = item->json};
    struct buf shown;
    struct json j;

    buf_init(&shown, FEED_EVENT_MAX);
    if (framing->is_public && recent_event_is_query(item->json)) {
        json_init(&j, &shown);
        recent_event_public(&j, item->json);
        frame.data = buf_get(&shown);
    }
    framing->frame(out, &frame);
    buf_fini(&shown);
}

void stream_put_events(struct buf *out, const struct framing *framing,
                       const struct feed *f, uint64_t after)
{
    struct feed_item item;
    enum feed_step step;

    for (; (step = feed_next(f, after, &item)) != FEED_END; after = item.to) {
        if (step == FEED_GAP)
            put_gap(out, framing, &item);
        else
            put_event(out, framing, f, &item);
    }
}

void stream_put_state(struct buf *out, const struct framing *framing,
                      const struct watch *w)
{
    framing->frame(out, &(struct frame){.kind = FRAME_STATE,
                                        .data = buf_get(&w->feed.state),
                                        .site = site_node_name(&w->node),
                                        .feed = &w->feed});
}

/* Where the stream begins. Returns whether that is where the client left off. */
static bool resume(struct stream *s, const struct feed *f)
{
    const struct stream_wish *wish = &s->wish;

    s->cursor = f->told;
    if (wish->earliest)
        s->cursor = feed_earliest(f);
    else if (!wish->resumes || !feed_resumes(f, wish->life, wish->id))
        return false;
    else
        s->cursor = wish->id;
    return true;
}

/* A stream that goes on is greeted with the id it came with: should it break before it
 * has what it missed, it has missed that still. */
static void put_hello(struct buf *out, struct stream *s, const struct feed *f)
{
    struct slice site = site_node_name(&s->watch->node);
    bool resumed = resume(s, f);
    uint64_t missed = f->told > s->cursor && !s->wish.no_feed ? f->told - s->cursor : 0;
    char json[256];
    int n = snprintf(json, sizeof json,
                     "{\"site\":\"%.*s\",\"resumed\":%s,\"missed\":%" PRIu64
                     ",\"life\":%" PRId64 ",\"last\":%" PRIu64 "}",
                     (int)site.n, site.p, resumed ? "true" : "false", missed, f->life,
                     f->told);

    if (resumed)
        COUNT(&stream_worker(s)->counters, streams_resumed);
    s->greeted = true;
    s->framing->frame(out, &(struct frame){.kind = FRAME_HELLO,
                                           .life = f->life,
                                           .id = s->cursor,
                                           .data = {json, (size_t)n}});
}

static uint64_t number(const struct stream *s)
{
    const struct feed *f = &s->watch->feed;

    return s->framing->number ? s->framing->number(f) : f->online;
}

/* Whether a state that is not the first is worth telling. */
static bool is_news(const struct stream *s)
{
    return s->framing->number == NULL ||
           (!s->watch->feed.settling && number(s) != s->told);
}

/* Whether the state may be told now; else sees to it that it is in time. */
static bool passes_damping(struct stream *s, mono_t now)
{
    int64_t wait;

    if (!damp_is_on(&s->wish.damp))
        return true;
    wait = damp_wait(&s->wish.damp, s->told, number(s), now - s->told_at);
    if (wait > 0)
        watch_remind(s->watch);
    return wait == 0;
}

static void log_told(const struct stream *s, struct worker *w)
{
    struct slice site = site_node_name(&s->watch->node);

    if (s->framing->number && w->setup->log_members)
        log_line("event=notified site=%.*s number=%" PRIu64 " worker=%u", (int)site.n,
                 site.p, s->told, w->n);
}

static void put_state(struct stream *s, struct buf *out)
{
    struct worker *w = stream_worker(s);

    stream_put_state(out, s->framing, s->watch);
    s->state = s->watch->feed.states;
    s->told = number(s);
    s->told_at = worker_now(w)->mono;
    log_told(s, w);
}

bool stream_repeat(struct stream *s, struct buf *out)
{
    if (s->watch == NULL || s->state == 0 || s->watch->feed.settling)
        return false;
    put_state(s, out);
    return true;
}

void stream_compose(struct stream *s, struct buf *out)
{
    const struct feed *f = &s->watch->feed;
    mono_t now = worker_now(stream_worker(s))->mono;

    if (!f->known || s->waits > 0 || watch_awaits_events(s->watch))
        return;
    if (!s->greeted)
        put_hello(out, s, f);
    if (!s->wish.no_feed)
        stream_put_events(out, s->framing, f, s->cursor);
    if (s->cursor < f->told)
        s->cursor = f->told;
    if (s->state == 0 || (s->state != f->states && is_news(s) && passes_damping(s, now)))
        put_state(s, out);
}
