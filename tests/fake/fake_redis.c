/* Each connection feeds a redisReader: a command is an array of strings, which reads like
 * a reply. Answers gather in one buffer for each connection and leave in one write at a
 * time. */
#include "fake_redis.h"

#include <assert.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#include "../../proto/buf.h"

#define RULES_MAX 32
#define PEERS_MAX 64
#define SPOKEN_MAX (32 * 1024 * 1024)

union handle {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
};

struct peer {
    union handle h;
    struct fake_redis *fake;
    redisReader *reader;
    uv_write_t write;
    struct buf out;
    size_t in_the_air; /* bytes of out being written */
    size_t written;    /* bytes of out gone */
    bool last;         /* close when all is written */
    char in[4096];
};

struct rule {
    const char *command;
    const char *answer;
    bool last;
};

struct fake_redis {
    union handle listener;
    uv_loop_t *loop;
    bool is_unix, drips, deaf, closing;
    struct rule rule[RULES_MAX];
    size_t rules;
    struct peer *peer[PEERS_MAX];
    size_t peers;
    unsigned accepted;
    struct buf heard;
};

static void free_if_gone(struct fake_redis *f)
{
    if (!f->closing || f->peers > 0)
        return;
    buf_fini(&f->heard);
    free(f);
}

static void on_listener_closed(uv_handle_t *h)
{
    struct fake_redis *f = h->data;

    f->closing = true;
    free_if_gone(f);
}

static void on_peer_closed(uv_handle_t *h)
{
    struct peer *p = h->data;
    struct fake_redis *f = p->fake;
    size_t i = 0;

    while (f->peer[i] != p)
        i++;
    f->peer[i] = f->peer[--f->peers];
    redisReaderFree(p->reader);
    buf_fini(&p->out);
    free(p);
    free_if_gone(f);
}

static void hang_up(struct peer *p)
{
    if (!uv_is_closing(&p->h.handle))
        uv_close(&p->h.handle, on_peer_closed);
}

static void pump(struct peer *p);

static void on_written(uv_write_t *write, int status)
{
    struct peer *p = write->data;

    p->written += p->in_the_air;
    p->in_the_air = 0;
    if (p->written == p->out.n) {
        buf_clear(&p->out);
        p->written = 0;
    }
    if (status == 0)
        pump(p);
}

static void pump(struct peer *p)
{
    size_t left = p->out.n - p->written;
    uv_buf_t b;

    if (p->in_the_air > 0 || uv_is_closing(&p->h.handle))
        return;
    if (left == 0) {
        if (p->last)
            hang_up(p);
        return;
    }
    p->in_the_air = p->fake->drips ? 1 : left;
    b = uv_buf_init(p->out.p + p->written, (unsigned)p->in_the_air);
    assert(uv_write(&p->write, &p->h.stream, &b, 1, on_written) == 0);
}

/* uv_write keeps the pointer, so nothing may grow the buffer meanwhile. */
static void say(struct peer *p, const char *bytes)
{
    assert(p->in_the_air == 0 || p->out.n + strlen(bytes) < p->out.cap);
    buf_str(&p->out, bytes);
}

static void note(struct fake_redis *f, const redisReply *command, char *line, size_t n)
{
    line[0] = '\0';
    for (size_t i = 0; i < command->elements; i++) {
        const redisReply *arg = command->element[i];

        if (i > 0)
            strncat(line, " ", n - strlen(line) - 1);
        strncat(line, arg->len > 64 ? "..." : arg->str, n - strlen(line) - 1);
    }
    buf_printf(&f->heard, "%s\n", line);
}

static void answer(struct peer *p, const redisReply *command)
{
    struct fake_redis *f = p->fake;
    char line[512];

    note(f, command, line, sizeof line);
    for (size_t i = f->rules; i-- > 0;) {
        const struct rule *r = &f->rule[i];

        if (strncmp(line, r->command, strlen(r->command)) == 0) {
            say(p, r->answer);
            p->last = r->last;
            return;
        }
    }
    say(p, strncmp(line, "PING", 4) == 0 ? "+PONG\r\n" : "+OK\r\n");
}

static void on_space_wanted(uv_handle_t *h, size_t suggested, uv_buf_t *b)
{
    struct peer *p = h->data;

    (void)suggested;
    *b = uv_buf_init(p->in, sizeof p->in);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
    struct peer *p = stream->data;
    void *command = NULL;

    if (n < 0) {
        hang_up(p);
        return;
    }
    redisReaderFeed(p->reader, b->base, (size_t)n);
    while (!p->last && redisReaderGetReply(p->reader, &command) == REDIS_OK && command) {
        answer(p, command);
        freeReplyObject(command);
    }
    pump(p);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct fake_redis *f = listener->data;
    struct peer *p = calloc(1, sizeof *p);

    assert(status == 0 && f->peers < PEERS_MAX);
    if (f->is_unix)
        uv_pipe_init(f->loop, &p->h.pipe, 0);
    else
        uv_tcp_init(f->loop, &p->h.tcp);
    p->h.handle.data = p;
    p->write.data = p;
    p->fake = f;
    p->reader = redisReaderCreate();
    buf_init(&p->out, SPOKEN_MAX);
    buf_printf(&p->out, "%*s", 1 << 20, ""); /* grows once, see say() */
    buf_clear(&p->out);
    assert(uv_accept(listener, &p->h.stream) == 0);
    f->peer[f->peers++] = p;
    f->accepted++;
    if (!f->deaf)
        uv_read_start(&p->h.stream, on_space_wanted, on_read);
}

struct fake_redis *fake_redis_open(uv_loop_t *loop, const char *path)
{
    struct fake_redis *f = calloc(1, sizeof *f);
    struct sockaddr_in any;

    f->loop = loop;
    f->is_unix = path != NULL;
    buf_init(&f->heard, SPOKEN_MAX);
    if (path) {
        uv_pipe_init(loop, &f->listener.pipe, 0);
        assert(uv_pipe_bind(&f->listener.pipe, path) == 0);
    } else {
        uv_tcp_init(loop, &f->listener.tcp);
        uv_ip4_addr("127.0.0.1", 0, &any);
        assert(uv_tcp_bind(&f->listener.tcp, (struct sockaddr *)&any, 0) == 0);
    }
    f->listener.handle.data = f;
    return f;
}

void fake_redis_listen(struct fake_redis *f)
{
    assert(uv_listen(&f->listener.stream, 16, on_connection) == 0);
}

int fake_redis_port(const struct fake_redis *f)
{
    struct sockaddr_in a;
    int n = sizeof a;

    assert(uv_tcp_getsockname(&f->listener.tcp, (struct sockaddr *)&a, &n) == 0);
    return ntohs(a.sin_port);
}

static void add_rule(struct fake_redis *f, struct rule rule)
{
    assert(f->rules < RULES_MAX);
    f->rule[f->rules++] = rule;
}

void fake_redis_answer(struct fake_redis *f, const char *command, const char *text)
{
    add_rule(f, (struct rule){command, text, false});
}

void fake_redis_answer_last(struct fake_redis *f, const char *command, const char *text)
{
    add_rule(f, (struct rule){command, text, true});
}

void fake_redis_drip(struct fake_redis *f)
{
    f->drips = true;
}

void fake_redis_deafen(struct fake_redis *f)
{
    f->deaf = true;
    for (size_t i = 0; i < f->peers; i++)
        uv_read_stop(&f->peer[i]->h.stream);
}

void fake_redis_hear(struct fake_redis *f)
{
    f->deaf = false;
    for (size_t i = 0; i < f->peers; i++)
        uv_read_start(&f->peer[i]->h.stream, on_space_wanted, on_read);
}

void fake_redis_say(struct fake_redis *f, const char *bytes)
{
    for (size_t i = 0; i < f->peers; i++) {
        say(f->peer[i], bytes);
        pump(f->peer[i]);
    }
}

bool fake_redis_is_silent(const struct fake_redis *f)
{
    for (size_t i = 0; i < f->peers; i++)
        if (f->peer[i]->out.n > 0)
            return false;
    return true;
}

const char *fake_redis_heard(struct fake_redis *f)
{
    buf_add(&f->heard, "", 1);
    f->heard.n--;
    return f->heard.p;
}

unsigned fake_redis_accepted(const struct fake_redis *f)
{
    return f->accepted;
}

void fake_redis_close(struct fake_redis *f)
{
    for (size_t i = 0; i < f->peers; i++)
        hang_up(f->peer[i]);
    uv_close(&f->listener.handle, on_listener_closed);
}
