/* Out: a call is formatted into the gathering buffer and put into the queue of calls. In
 * the next turn of the loop an idle callback swaps the buffers and writes. An idle
 * handle, because it runs before the loop waits, wherever in the turn the call was made,
 * and makes the loop not wait at all when it was made later than that.
 *
 * In: bytes are fed to the reader, whole replies go to the oldest call, messages of
 * subscriptions to push(). A reply that nobody asked for means that the two sides have
 * lost count, which nothing but a new connection heals.
 *
 * Redis writes after each few commands, and who waits is woken each time: that was a
 * tenth of what a commit costs Redis, and a fifth of what it costs us. So where it has
 * been given many, it is left alone for a moment, and then most of the answers are there.
 */
#include "redis_pipeline.h"

#include <assert.h>
#include <strings.h>
#include "../limits.h"
#include "../resp.h"

static void breaks(struct redis_pipeline *p, const char *why)
{
    p->broken(p->arg, why);
}

static bool is_text(const redisReply *reply, const char *text)
{
    return reply->type == REDIS_REPLY_STRING && strcmp(reply->str, text) == 0;
}

/* RESP2 has no type of its own for messages; it is the subscriptions that make an array
 * one, since a subscribed connection answers nothing else that begins so. */
static bool is_message(const struct redis_pipeline *p, const redisReply *reply)
{
    return p->subscribed > 0 && reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 &&
           (is_text(reply->element[0], "message") ||
            is_text(reply->element[0], "pmessage"));
}

/* ["subscribe", channel, how many now] and the like. */
static void count_subscriptions(struct redis_pipeline *p, const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 3 &&
        reply->element[2]->type == REDIS_REPLY_INTEGER)
        p->subscribed = reply->element[2]->integer;
}

static void take_reply(struct redis_pipeline *p, const redisReply *reply)
{
    struct redis_call call;

    if (is_message(p, reply)) {
        p->push(p->arg, reply);
    } else if (redis_calls_pop(&p->calls, &call)) {
        if (call.subscribes)
            count_subscriptions(p, reply);
        call.fn(call.arg, reply);
    } else {
        breaks(p, "a reply that nobody asked for");
    }
}

/* Each callback may end this by stopping the pipeline. The reader stays until the next
 * start, so that it may be stopped from here. */
static void take_replies(struct redis_pipeline *p)
{
    void *reply = NULL;

    while (p->stream && redisReaderGetReply(p->reader, &reply) == REDIS_OK && reply) {
        p->unfinished = 0;
        take_reply(p, reply);
        freeReplyObject(reply);
        reply = NULL;
    }
    if (p->stream == NULL)
        return;
    if (p->reader->err)
        breaks(p, p->reader->errstr);
    else if (p->unfinished > REDIS_REPLY_MAX)
        breaks(p, "a reply is too large");
}

static void on_space_wanted(uv_handle_t *handle, size_t suggested, uv_buf_t *b)
{
    struct redis_pipeline *p = handle->data;

    (void)suggested;
    *b = uv_buf_init(p->in, sizeof p->in);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
    struct redis_pipeline *p = stream->data;

    if (n < 0) {
        breaks(p, n == UV_EOF ? "closed by Redis" : uv_strerror((int)n));
    } else if (n > 0) {
        p->heard_at = uv_now(p->loop);
        p->paused = false;
        p->unfinished += (size_t)n;
        redisReaderFeed(p->reader, b->base, (size_t)n);
        take_replies(p);
    }
}

static void on_paused(uv_timer_t *pause)
{
    struct redis_pipeline *p = pause->data;

    uv_read_start(p->stream, on_space_wanted, on_read);
}

/* What a subscription has to say is not kept waiting. Another pause does not begin before
 * something was read, however often something is written: a loop writes before it polls,
 * so where each turn has a call, nothing would be read between the two. */
static void pause_reading(struct redis_pipeline *p)
{
    if (p->calls.n < REDIS_PAUSE_CALLS || p->subscribed > 0 || p->paused)
        return;
    p->paused = true;
    uv_read_stop(p->stream);
    uv_timer_start(&p->pause, on_paused, REDIS_PAUSE_MS, 0);
}

static void on_written(uv_write_t *write, int status);

static void write_gathered(struct redis_pipeline *p)
{
    struct buf taken = p->gathering;
    uv_buf_t b = uv_buf_init(taken.p, (unsigned)taken.n);
    int r;

    uv_idle_stop(&p->turn);
    if (p->writing.n > 0)
        return;
    p->gathering = p->writing;
    p->writing = taken;
    r = uv_write(&p->write, p->stream, &b, 1, on_written);
    if (r < 0) {
        buf_clear(&p->writing);
        breaks(p, uv_strerror(r));
    } else {
        pause_reading(p);
    }
}

/* Comes after redis_pipeline_stop too, when the stream is closed with bytes unwritten. */
static void on_written(uv_write_t *write, int status)
{
    struct redis_pipeline *p = write->data;

    buf_clear(&p->writing);
    if (p->stream && status < 0)
        breaks(p, uv_strerror(status));
    else if (p->stream && p->gathering.n > 0)
        write_gathered(p);
}

static void on_turn(uv_idle_t *turn)
{
    write_gathered(turn->data);
}

void redis_pipeline_init(struct redis_pipeline *p, uv_loop_t *loop,
                         void (*broken)(void *arg, const char *why),
                         void (*push)(void *arg, const redisReply *message), void *arg)
{
    p->loop = loop;
    p->stream = NULL;
    uv_idle_init(loop, &p->turn);
    p->turn.data = p;
    uv_timer_init(loop, &p->pause);
    p->pause.data = p;
    p->write.data = p;
    buf_init(&p->gathering, REDIS_OUTBOX_MAX);
    buf_init(&p->writing, REDIS_OUTBOX_MAX);
    redis_calls_init(&p->calls);
    p->reader = NULL;
    p->broken = broken;
    p->push = push;
    p->arg = arg;
}

int redis_pipeline_start(struct redis_pipeline *p, uv_stream_t *stream)
{
    assert(p->stream == NULL && p->writing.n == 0 && p->calls.n == 0);
    if (p->reader)
        redisReaderFree(p->reader);
    p->reader = redisReaderCreate();
    if (p->reader == NULL)
        return UV_ENOMEM;
    p->stream = stream;
    p->unfinished = 0;
    p->subscribed = 0;
    p->paused = false;
    p->heard_at = uv_now(p->loop);
    stream->data = p;
    return uv_read_start(stream, on_space_wanted, on_read);
}

static bool is_subscription(const char *verb, size_t n)
{
    static const char *const verbs[] = {"SUBSCRIBE", "UNSUBSCRIBE", "PSUBSCRIBE",
                                        "PUNSUBSCRIBE"};

    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strlen(verbs[i]) == n && strncasecmp(verbs[i], verb, n) == 0)
            return true;
    return false;
}

/* Room for a call of @n bytes, which will be written in the next turn. NULL: a bound
 * is met. */
static char *room_for(struct redis_pipeline *p, const struct redis_call *call, size_t n)
{
    if (n > REDIS_OUTBOX_MAX - p->gathering.n - p->writing.n ||
        redis_calls_push(&p->calls, call) < 0)
        return NULL;
    uv_idle_start(&p->turn, on_turn);
    return buf_room(&p->gathering, n);
}

int redis_pipeline_call(struct redis_pipeline *p, int argc, const char **argv,
                        const size_t *lens, redis_reply_fn fn, void *arg)
{
    struct redis_call call = {.fn = fn, .arg = arg, .at = uv_now(p->loop)};
    char *out;

    call.subscribes = is_subscription(argv[0], resp_length(argv, lens, 0));
    assert(argc == 2 || !call.subscribes);
    out = room_for(p, &call, resp_bytes((size_t)argc, argv, lens));
    if (!out)
        return -1;
    resp_put(out, (size_t)argc, argv, lens);
    return 0;
}

int redis_pipeline_write(struct redis_pipeline *p, struct slice resp, redis_reply_fn fn,
                         void *arg)
{
    struct redis_call call = {.fn = fn, .arg = arg, .at = uv_now(p->loop)};
    char *out = room_for(p, &call, resp.n);

    if (!out)
        return -1;
    memcpy(out, resp.p, resp.n);
    return 0;
}

void redis_pipeline_stop(struct redis_pipeline *p)
{
    p->stream = NULL;
    uv_idle_stop(&p->turn);
    uv_timer_stop(&p->pause);
    buf_clear(&p->gathering);
}

void redis_pipeline_fail_calls(struct redis_pipeline *p)
{
    struct redis_call call;

    while (redis_calls_pop(&p->calls, &call))
        call.fn(call.arg, NULL);
}

void redis_pipeline_close(struct redis_pipeline *p, uv_close_cb closed)
{
    uv_close((uv_handle_t *)&p->turn, closed);
    uv_close((uv_handle_t *)&p->pause, closed);
}

void redis_pipeline_fini(struct redis_pipeline *p)
{
    if (p->reader)
        redisReaderFree(p->reader);
    buf_fini(&p->gathering);
    buf_fini(&p->writing);
    redis_calls_fini(&p->calls);
}
