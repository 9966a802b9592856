/* A frame is lines of text and an empty line. The body has no length and ends with the
 * connection. Clients send nothing after their request; what comes is read away. */
#include "sse.h"

#include <inttypes.h>
#include "conn.h"
#include "worker.h"

#define HEAD                                                                     \
    "Content-Type: text/event-stream; charset=utf-8\r\n"                         \
    "Cache-Control: private, no-cache, no-store, must-revalidate, max-age=0\r\n" \
    "X-Accel-Buffering: no\r\n" HEADER_OPEN HEADER_NO_SNIFF

static void put_frame(struct buf *out, const struct frame *f)
{
    if (f->kind == FRAME_HELLO || f->kind == FRAME_EVENT)
        buf_printf(out, "id: %" PRId64 "-%" PRIu64 "\n", f->life, f->id);
    buf_str(out, "event: ");
    buf_str(out, frame_name(f->kind));
    buf_slice(out, SLICE("\ndata: "));
    buf_slice(out, f->data);
    buf_slice(out, SLICE("\n\n"));
}

/* A comment, which proxies see and clients skip. */
static bool keep_alive(struct stream *s, struct buf *out)
{
    (void)s;
    buf_slice(out, SLICE(":\n\n"));
    return true;
}

static void farewell(struct stream *s, struct buf *out, unsigned retry_ms)
{
    (void)s;
    buf_printf(out, "retry: %u\n\n", retry_ms);
}

static void read_away(struct stream *s, const char *bytes, size_t n)
{
    (void)s;
    (void)bytes;
    (void)n;
}

const struct framing sse_framing = {.index = FRAMING_SSE,
                                    .is_public = true,
                                    .silence = DEADLINE_SILENCE,
                                    .frame = put_frame,
                                    .keep_alive = keep_alive,
                                    .farewell = farewell,
                                    .read = read_away};

/* Up to HTTP/1.0 only the end of the connection tells that an answer is whole; and who
 * asks for it gets it. */
static void put_head(struct exchange *x)
{
    bool ends = x->mode.http_1_0 || x->mode.head_only || x->mode.last;

    buf_printf(&x->worker->out,
               "HTTP/1.1 200 OK\r\nDate: %s\r\n" HEAD "Connection: %s\r\n\r\n",
               worker_date(x->worker)->text, ends ? "close" : "keep-alive");
}

enum handled sse_stream(struct exchange *x)
{
    struct stream_wish wish;
    enum handled refused = ANSWERED;

    if (!stream_admit(x, &wish) || !stream_may_read(x, &wish, &refused))
        return refused;
    put_head(x);
    if (x->mode.head_only) {
        x->conn->mode.last = true;
        return ANSWERED;
    }
    buf_printf(&x->worker->out, "retry: %u\n\n", stream_retry_ms());
    return stream_open(x, &wish, &sse_framing, NULL);
}
