/* admin: accepts, reads one head, answers, closes.
 *
 * The happy path: a head arrives, in as many pieces as it likes; the answer is written;
 * the write side is shut; what the client still sends is read away until it closes, so
 * that no reset overtakes the answer (RFC 9112, section 9.6).
 *
 * Failure modes: what is no request is answered with its status and goes the same way. A
 * client that ends in the middle is closed. Every connection ends ADMIN_DEADLINE_MS after
 * it began, whatever it was doing; since all have the same time, the oldest is always the
 * next, and one timer serves all. */
#include "admin.h"

#include <stdio.h>
#include <stdlib.h>
#include "../limits.h"
#include "admin_pages.h"

#define BACKLOG 64

struct admin_conn {
    uv_tcp_t tcp;
    struct admin *admin;
    struct admin_conn *older, *newer;
    uint64_t deadline; /* uv_now */
    bool answered;
    bool shut;      /* the answer is written and our side closed */
    bool ended;     /* the client sends no more */
    size_t drained; /* bytes read after the request */
    size_t n;       /* of head */
    char head[ADMIN_REQUEST_MAX];
    struct buf out; /* while it is written */
    uv_write_t write;
    uv_shutdown_t shutdown;
};

COUNTERS_ROWS(admin_counters, ADMIN_COUNTERS);

static void on_conn_closed(uv_handle_t *handle)
{
    struct admin_conn *c = handle->data;

    buf_fini(&c->out);
    free(c);
}

static void unlink_conn(struct admin_conn *c)
{
    struct admin *a = c->admin;

    *(c->older ? &c->older->newer : &a->oldest) = c->newer;
    *(c->newer ? &c->newer->older : &a->newest) = c->older;
    a->nconns--;
}

/* Whatever was under way on it ends with an error, which its callbacks ignore. */
static void close_conn(struct admin_conn *c)
{
    if (uv_is_closing((uv_handle_t *)&c->tcp))
        return;
    unlink_conn(c);
    uv_close((uv_handle_t *)&c->tcp, on_conn_closed);
}

static void on_deadline(uv_timer_t *timer);

/* Lets the timer strike for the oldest connection. */
static void arm(struct admin *a)
{
    uint64_t now = uv_now(a->deadline.loop);

    if (a->oldest == NULL)
        uv_timer_stop(&a->deadline);
    else
        uv_timer_start(&a->deadline, on_deadline,
                       a->oldest->deadline > now ? a->oldest->deadline - now : 0, 0);
}

static void on_deadline(uv_timer_t *timer)
{
    struct admin *a = timer->data;

    while (a->oldest && a->oldest->deadline <= uv_now(timer->loop)) {
        a->counters.admin_timeouts++;
        close_conn(a->oldest);
    }
    arm(a);
}

static void on_shut(uv_shutdown_t *shutdown, int status)
{
    struct admin_conn *c = shutdown->data;

    c->shut = true;
    if (status < 0 || c->ended)
        close_conn(c);
}

static void on_written(uv_write_t *write, int status)
{
    struct admin_conn *c = write->data;

    if (status < 0 || uv_shutdown(&c->shutdown, (uv_stream_t *)&c->tcp, on_shut) < 0)
        close_conn(c);
}

static void send_answer(struct admin_conn *c)
{
    uv_buf_t bytes = uv_buf_init(c->out.p, (unsigned)c->out.n);

    c->answered = true;
    if (uv_write(&c->write, (uv_stream_t *)&c->tcp, &bytes, 1, on_written) < 0)
        close_conn(c);
}

static void write_refusal(struct admin_conn *c, int status)
{
    const struct admin_reply reply = {.status = status,
                                      .type = "text/plain; charset=utf-8",
                                      .body = SLICE("not a request\n")};

    admin_http_write(&c->out, &reply, false);
}

/* Answers as soon as it is clear what. */
static void on_bytes(struct admin_conn *c)
{
    struct admin_counters *counters = &c->admin->counters;
    struct admin_request request;
    int status = admin_http_parse(&request, (struct slice){c->head, c->n});

    if (status == 0)
        return;
    if (status == 200)
        status = admin_pages_answer(c->admin, &request, &c->out);
    else
        write_refusal(c, status);
    counters->admin_requests++;
    if (status >= 400 && status != 500 && status != 503)
        counters->admin_refused++;
    send_answer(c);
}

static void on_end(struct admin_conn *c)
{
    c->ended = true;
    if (!c->answered)
        c->admin->counters.admin_broken++;
    if (!c->answered || c->shut)
        close_conn(c);
}

static void on_drained(struct admin_conn *c, size_t n)
{
    c->drained += n;
    if (c->drained > ADMIN_DRAIN_MAX)
        close_conn(c);
}

/* A head never fills its buffer: it would have been refused. What comes after it may
 * overwrite it, because the answer is made. */
static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *buf)
{
    struct admin_conn *c = handle->data;
    size_t used = c->answered ? 0 : c->n;

    (void)wanted;
    *buf = uv_buf_init(c->head + used, (unsigned)(sizeof c->head - used));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct admin_conn *c = stream->data;

    (void)buf;
    if (n == 0)
        return; /* nothing to read after all */
    if (n < 0) {
        on_end(c);
    } else if (c->answered) {
        on_drained(c, (size_t)n);
    } else {
        c->n += (size_t)n;
        on_bytes(c);
    }
}

static void link_conn(struct admin *a, struct admin_conn *c)
{
    c->older = a->newest;
    *(a->newest ? &a->newest->newer : &a->oldest) = c;
    a->newest = c;
    a->nconns++;
}

static struct admin_conn *new_conn(struct admin *a)
{
    struct admin_conn *c = calloc(1, sizeof *c);

    if (c == NULL)
        abort();
    c->admin = a;
    c->tcp.data = c->write.data = c->shutdown.data = c;
    c->deadline = uv_now(a->listener.loop) + a->deadline_ms;
    buf_init(&c->out, ADMIN_ANSWER_MAX + ADMIN_REQUEST_MAX);
    uv_tcp_init(a->listener.loop, &c->tcp);
    link_conn(a, c);
    return c;
}

static void on_newcomer(uv_stream_t *listener, int status)
{
    struct admin *a = listener->data;
    struct admin_conn *c;

    if (status < 0)
        return;
    if (a->nconns == ADMIN_CONNS_MAX) {
        a->counters.admin_displaced++;
        close_conn(a->oldest);
    }
    c = new_conn(a);
    if (uv_accept(listener, (uv_stream_t *)&c->tcp) < 0 ||
        uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read) < 0)
        close_conn(c);
    arm(a);
}

int admin_open(struct admin *a, uv_loop_t *loop, const struct listen_addr *addr,
               const struct admin_env *env, char *err, size_t err_n)
{
    int r;

    *a = (struct admin){
        .env = *env, .opened = uv_now(loop), .deadline_ms = ADMIN_DEADLINE_MS};
    if (!addr->on)
        return 0;
    a->is_open = true;
    uv_timer_init(loop, &a->deadline);
    uv_tcp_init(loop, &a->listener);
    a->listener.data = a->deadline.data = a;
    r = addr->handed ? uv_tcp_open(&a->listener, addr->handed)
                     : uv_tcp_bind(&a->listener, (const struct sockaddr *)&addr->sa, 0);
    if (r == 0)
        r = uv_listen((uv_stream_t *)&a->listener, BACKLOG, on_newcomer);
    if (r < 0) {
        admin_close(a);
        return listen_addr_explain(addr, r, err, err_n);
    }
    return 0;
}

void admin_announce(const struct admin *a)
{
    char text[LISTEN_ADDR_TEXT];
    struct sockaddr_storage sa;
    int n = sizeof sa;

    if (!a->is_open)
        return;
    uv_tcp_getsockname(&a->listener, (struct sockaddr *)&sa, &n);
    printf("event=listening program=%s proto=admin addr=%s\n", a->env.program,
           listen_addr_text(&sa, text));
    fflush(stdout);
}

void admin_close(struct admin *a)
{
    if (!a->is_open)
        return;
    a->is_open = false;
    while (a->oldest)
        close_conn(a->oldest);
    uv_close((uv_handle_t *)&a->deadline, NULL);
    uv_close((uv_handle_t *)&a->listener, NULL);
}

struct counters_table admin_table(const struct admin *a)
{
    return (struct counters_table){&a->counters, admin_counters_rows,
                                   COUNTERS_COUNT(ADMIN_COUNTERS)};
}
