/* The happy path: the request is switched, and every frame of the stream goes out as one
 * text message. What the client says is read by the rules and ignored; its pings are
 * answered, all those of one read with one write. No extension and no subprotocol is
 * agreed on.
 *
 * Failure modes: the client breaks a rule: it is told which, and that was the last. It
 * says goodbye: so do we. It answers none of WS_PINGS_MAX pings: it is given up. In the
 * first two cases and at a farewell of ours the socket is shut for writing, and what the
 * client still sends, its own close frame too, is read away for a short while.
 *
 * A WebSocket has no `retry:`; browsers do not come again by themselves. */
#include "ws.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "conn.h"
#include "worker.h"
#include "ws_handshake.h"

static void put_frame(struct buf *out, const struct frame *f)
{
    char start[96], id[48] = "";
    int n;

    if (f->kind == FRAME_HELLO || f->kind == FRAME_EVENT)
        snprintf(id, sizeof id, "\"id\":\"%" PRId64 "-%" PRIu64 "\",", f->life, f->id);
    n = snprintf(start, sizeof start, "{\"type\":\"%s\",%s\"data\":", frame_name(f->kind),
                 id);
    ws_frame_head(out, WS_TEXT, (size_t)n + f->data.n + 1);
    buf_add(out, start, (size_t)n);
    buf_slice(out, f->data);
    buf_slice(out, SLICE("}"));
}

static bool keep_alive(struct stream *s, struct buf *out)
{
    struct ws *ws = s->own;

    if (ws->pings == WS_PINGS_MAX)
        return false;
    ws->pings++;
    ws_frame_head(out, WS_PING, 0);
    return true;
}

static void farewell(struct stream *s, struct buf *out, unsigned retry_ms)
{
    (void)s;
    (void)retry_ms;
    ws_frame_close(out, WS_GOING_AWAY);
}

/* Makes what is to be said to the bytes that came. Returns the last event, by which the
 * caller sees whether it is over. */
static enum ws_event answer(struct stream *s, struct slice in, struct buf *out)
{
    struct counters *n = &stream_worker(s)->counters;
    struct ws *ws = s->own;
    enum ws_event event;

    while ((event = ws_reader_next(&ws->reader, &in)) != WS_NOTHING) {
        if (event == WS_ENDED || event == WS_FAILED) {
            ws_frame_close(out, ws->reader.code);
            return event;
        } else if (event == WS_PINGED) {
            ws_frame_head(out, WS_PONG, ws->reader.control_n);
            buf_add(out, ws->reader.control, ws->reader.control_n);
        } else if (event == WS_PONGED) {
            ws->pings = 0;
        } else {
            COUNT(n, ws_messages);
        }
    }
    return WS_NOTHING;
}

/* The answers are no longer than what they answer, so `out` takes those of one read. */
static void on_bytes(struct stream *s, const char *bytes, size_t n)
{
    struct worker *w = stream_worker(s);
    enum ws_event event = answer(s, (struct slice){bytes, n}, &w->out);

    if (event == WS_FAILED)
        COUNT(&w->counters, ws_failed);
    if (event != WS_NOTHING)
        stream_end(s, w->out.p, w->out.n);
    else if (w->out.n > 0)
        stream_say(s, w->out.p, w->out.n);
    buf_clear(&w->out);
}

static void on_gone(struct stream *s)
{
    free(s->own);
    s->own = NULL;
}

const struct framing ws_framing = {.index = FRAMING_WS,
                                   .is_public = true,
                                   .silence = DEADLINE_PING,
                                   .frame = put_frame,
                                   .keep_alive = keep_alive,
                                   .farewell = farewell,
                                   .read = on_bytes,
                                   .gone = on_gone};

/* RFC 9110, 15.5.22 wants to hear what it could be switched to. */
bool ws_is_wanted(struct exchange *x)
{
    int status = ws_handshake_check(x->request);

    if (status == 101)
        return true;
    COUNT(&x->worker->counters, ws_refused);
    if (status == 426)
        exchange_error(x, status, "upgrade_required",
                       "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                       "Sec-WebSocket-Version: 13\r\n");
    else
        exchange_error(x, status, "bad_websocket_key", NULL);
    return false;
}

void ws_put_head(struct exchange *x)
{
    char accept[WS_ACCEPT_LEN + 1];

    ws_handshake_accept(x->request->ws_key, accept);
    buf_printf(&x->worker->out,
               "HTTP/1.1 101 Switching Protocols\r\nDate: %s\r\nUpgrade: websocket\r\n"
               "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
               worker_date(x->worker)->text, accept);
}

enum handled ws_stream(struct exchange *x)
{
    struct stream_wish wish;
    enum handled refused = ANSWERED;
    struct ws *ws;

    if (!ws_is_wanted(x) || !stream_admit(x, &wish) ||
        !stream_may_read(x, &wish, &refused))
        return refused;
    if ((ws = calloc(1, sizeof *ws)) == NULL)
        abort();
    ws_put_head(x);
    return stream_open(x, &wish, &ws_framing, ws);
}
