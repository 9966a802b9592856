/* Happy path: what a stream is told is two numbers, in the words of its generation; what
 * it says is answered at the end of each read.
 *
 * Failure modes: the client vanishes: it answers none of WS_PINGS_MAX pings and says
 * nothing else, and is given up. It says too much at once, or breaks the rules: it is
 * told so, and leaves at that moment, not when its connection is gone. What it says that
 * is nothing of ours is ignored; what it says twice at a time is answered once. A guest
 * that does not say in time which site it is of is closed. */
#include "liveuser_stream.h"

#include <stdlib.h>
#include "../../proto/hit.h"
#include "../conn.h"
#include "../stream_compose.h"
#include "../admission/admission.h"
#include "../worker.h"
#include "liveuser_message.h"

static uint64_t count_of(const struct feed *f)
{
    return liveuser_told(f->members, 0);
}

static uint64_t count_and_total_of(const struct feed *f)
{
    return liveuser_told(f->members, f->total.counted);
}

static void put_count(struct buf *out, const struct frame *f)
{
    if (f->kind == FRAME_STATE)
        liveuser_put_update(out, count_of(f->feed), false);
}

static void put_count_and_total(struct buf *out, const struct frame *f)
{
    if (f->kind == FRAME_STATE)
        liveuser_put_update(out, count_and_total_of(f->feed), true);
}

static void put_count_of_site(struct buf *out, const struct frame *f)
{
    if (f->kind == FRAME_STATE)
        liveuser_put_update_of(out, f->site, count_of(f->feed), f->feed->at);
}

static void put_nothing(struct buf *out, const struct frame *f)
{
    (void)out;
    (void)f;
}

static void leave(struct liveuser *lu)
{
    member_leave(lu->member);
    lu->member = NULL;
}

static bool keep_alive(struct stream *s, struct buf *out)
{
    struct liveuser *lu = s->own;

    if (lu->guest)
        COUNT(&stream_worker(s)->counters, ws_idle);
    return lu->guest == NULL && ws_framing.keep_alive(s, out);
}

static void farewell(struct stream *s, struct buf *out, unsigned retry_ms)
{
    leave(s->own);
    liveuser_put_shutdown(out);
    ws_framing.farewell(s, out, retry_ms);
}

static void on_gone(struct stream *s)
{
    struct liveuser *lu = s->own;

    leave(lu);
    free(lu->guest);
    buf_fini(&lu->message);
    free(lu);
    s->own = NULL;
}

/* It may let a guest in, whose framing is another then. */
static void on_bytes(struct stream *s, const char *bytes, size_t n);

#define LIVEUSER_FRAMING(i, after, f, of)                                        \
    {                                                                            \
        .index = i, .silence = after, .regular = true, .frame = f, .number = of, \
        .keep_alive = keep_alive, .farewell = farewell, .read = on_bytes,        \
        .gone = on_gone                                                          \
    }
const struct framing liveuser_of_count =
    LIVEUSER_FRAMING(FRAMING_LIVEUSER, DEADLINE_PING, put_count, count_of);
const struct framing liveuser_of_total = LIVEUSER_FRAMING(
    FRAMING_LIVEUSER_TOTAL, DEADLINE_PING, put_count_and_total, count_and_total_of);
const struct framing liveuser_of_go =
    LIVEUSER_FRAMING(FRAMING_LIVEUSER_GO, DEADLINE_PING, put_count_of_site, count_of);
const struct framing liveuser_of_guest =
    LIVEUSER_FRAMING(FRAMING_LIVEUSER_GUEST, DEADLINE_HEAD, put_nothing, NULL);

/* With the numbers that it was told last: newer ones have their turn. */
static void answer_heartbeat(struct stream *s, struct buf *out)
{
    liveuser_put_heartbeat(out, worker_now(stream_worker(s))->wall,
                           s->state ? &s->told : NULL, s->framing == &liveuser_of_total);
}

/* Takes part, as far as there is room. */
static bool join(struct stream *s, const struct member_intent *as)
{
    struct liveuser *lu = s->own;
    struct worker *w = stream_worker(s);

    if (!stream_has_room(w, as->site))
        return false;
    lu->member = member_join(w, as);
    return lu->member != NULL;
}

/* A guest says which site. Returns the code to close with, or 0. */
static uint16_t admit(struct stream *s, const struct liveuser_message *m)
{
    struct liveuser *lu = s->own;
    struct liveuser_guest *guest = lu->guest;
    struct slice site = {m->site, m->site_n};
    struct member_intent as = {.site = site,
                               .from = {.ip = guest->ip,
                                        .origin = {guest->origin, guest->origin_n},
                                        .user_agent = {guest->agent, guest->agent_n},
                                        .opts_out = guest->opts_out}};
    enum admission judged;

    if (!site_valid(site))
        return WS_POLICY;
    judged = admission_judge_site(stream_worker(s), site, &as.from);
    if (admission_refuses(judged))
        return WS_POLICY;
    as.silent = judged != ADMITTED;
    if (!join(s, &as))
        return WS_TRY_LATER;
    free(guest);
    lu->guest = NULL;
    s->framing = &liveuser_of_go;
    stream_watch(s, site, &(struct stream_wish){.no_feed = true, .joins = !as.silent});
    return 0;
}

/* What came in one read, to be answered at its end. */
struct heard {
    bool join, heartbeat;
};

/* Returns the code to close with, or 0. */
static uint16_t hear(struct stream *s, struct heard *heard)
{
    struct liveuser *lu = s->own;
    struct liveuser_message m;

    liveuser_message_parse(&m, buf_get(&lu->message));
    buf_fini(&lu->message);
    buf_init(&lu->message, LIVEUSER_MESSAGE_MAX);
    if (m.kind == LIVEUSER_NOTHING)
        COUNT(&stream_worker(s)->counters, ws_messages);
    if (m.kind == LIVEUSER_JOIN && lu->guest)
        return admit(s, &m);
    heard->join |= m.kind == LIVEUSER_JOIN;
    heard->heartbeat |= m.kind == LIVEUSER_HEARTBEAT && lu->guest == NULL;
    return 0;
}

/* Returns the code to close with, WS_NO_CODE among them, or 0. */
static uint16_t hear_all(struct stream *s, struct slice in, struct buf *out,
                         struct heard *heard)
{
    struct ws_reader *r = &((struct liveuser *)s->own)->ws.reader;
    enum ws_event event;
    uint16_t code = 0;

    while (code == 0 && (event = ws_reader_next(r, &in)) != WS_NOTHING) {
        if (event == WS_MESSAGE) {
            code = hear(s, heard);
        } else if (event == WS_PINGED) {
            ws_frame_head(out, WS_PONG, r->control_n);
            buf_add(out, r->control, r->control_n);
        } else if (event == WS_FAILED || event == WS_ENDED) {
            code = r->code;
        }
        if (event == WS_FAILED)
            COUNT(&stream_worker(s)->counters, ws_failed);
    }
    return code;
}

/* Pongs are no longer than pings, and there is one answer of each other kind, so that
 * `out` takes those of one read. */
static void on_bytes(struct stream *s, const char *bytes, size_t n)
{
    struct liveuser *lu = s->own;
    struct buf *out = &stream_worker(s)->out;
    struct heard heard = {false};
    uint16_t code = hear_all(s, (struct slice){bytes, n}, out, &heard);

    lu->ws.pings = 0;
    if (code == 0 && heard.join && !stream_conn(s)->blocked)
        stream_repeat(s, out);
    if (code == 0 && heard.heartbeat)
        answer_heartbeat(s, out);
    if (code) {
        leave(lu);
        ws_frame_close(out, code);
        stream_end(s, out->p, out->n);
    } else if (out->n > 0) {
        stream_say(s, out->p, out->n);
    }
    buf_clear(out);
}

struct liveuser *liveuser_new(void)
{
    struct liveuser *lu = calloc(1, sizeof *lu);

    if (lu == NULL)
        abort();
    buf_init(&lu->message, LIVEUSER_MESSAGE_MAX);
    lu->ws.reader.keep = &lu->message;
    return lu;
}

/* Another connection's turn: worker->out is in use. */
void liveuser_replaced(struct member *m, void *arg)
{
    struct stream *s = arg;
    struct liveuser *lu = s->own;
    struct buf last;

    (void)m;
    leave(lu);
    buf_init(&last, 64);
    ws_frame_close_saying(&last, WS_NORMAL, SLICE("replaced"));
    stream_end(s, last.p, last.n);
    buf_fini(&last);
}
