/* stats_port: accepts, writes, shuts, closes.
 *
 * Happy path: one write carries everything, one shutdown says so. What the client has
 * sent is read away unseen meanwhile, or closing would reset the connection before the
 * answer was read.
 *
 * Failure modes: a client that does not read ends with its deadline; all have the same
 * time, so the oldest is always the next and one timer serves all. */
#include "stats_port.h"

#include <stdio.h>
#include <stdlib.h>

#include "stats.h"

#define BACKLOG 16

struct stats_conn {
    uv_tcp_t tcp;
    struct stats_port *port;
    struct stats_conn *older, *newer;
    uint64_t deadline; /* uv_now */
    struct buf out;
    uv_write_t write;
    uv_shutdown_t shutdown;
    char unseen[256];
};

static void on_conn_closed(uv_handle_t *handle)
{
    struct stats_conn *c = handle->data;

    buf_fini(&c->out);
    free(c);
}

static void close_conn(struct stats_conn *c)
{
    struct stats_port *p = c->port;

    if (uv_is_closing((uv_handle_t *)&c->tcp))
        return;
    *(c->older ? &c->older->newer : &p->oldest) = c->newer;
    *(c->newer ? &c->newer->older : &p->newest) = c->older;
    p->nconns--;
    uv_close((uv_handle_t *)&c->tcp, on_conn_closed);
}

static void on_deadline(uv_timer_t *timer);

/* Lets the timer strike for the oldest connection. */
static void arm(struct stats_port *p)
{
    uint64_t now = uv_now(p->deadline.loop);

    if (p->oldest == NULL)
        uv_timer_stop(&p->deadline);
    else
        uv_timer_start(&p->deadline, on_deadline,
                       p->oldest->deadline > now ? p->oldest->deadline - now : 0, 0);
}

static void on_deadline(uv_timer_t *timer)
{
    struct stats_port *p = timer->data;

    while (p->oldest && p->oldest->deadline <= uv_now(timer->loop)) {
        p->env.counters->stats_timeouts++;
        close_conn(p->oldest);
    }
    arm(p);
}

static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *buf)
{
    struct stats_conn *c = handle->data;

    (void)wanted;
    *buf = uv_buf_init(c->unseen, sizeof c->unseen);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    (void)buf;
    if (n < 0 && n != UV_EOF)
        close_conn(stream->data);
}

static void on_shut(uv_shutdown_t *shutdown, int status)
{
    struct stats_conn *c = shutdown->data;

    (void)status;
    close_conn(c);
}

static void on_written(uv_write_t *write, int status)
{
    struct stats_conn *c = write->data;

    if (status < 0 || uv_shutdown(&c->shutdown, (uv_stream_t *)&c->tcp, on_shut) < 0)
        close_conn(c);
}

static int answer(struct stats_conn *c)
{
    const struct stats_env *env = &c->port->env;
    uv_buf_t bytes;

    env->counters->stats_answers++;
    stats_json(env->store, env->clock->wall(env->clock->arg), env->clean_ms, &c->out);
    bytes = uv_buf_init(c->out.p, (unsigned)c->out.n);
    return uv_write(&c->write, (uv_stream_t *)&c->tcp, &bytes, 1, on_written);
}

static struct stats_conn *new_conn(struct stats_port *p)
{
    struct stats_conn *c = calloc(1, sizeof *c);

    if (c == NULL)
        abort();
    c->port = p;
    c->tcp.data = c->write.data = c->shutdown.data = c;
    c->deadline = uv_now(p->listener.loop) + STATS_DEADLINE_MS;
    buf_init(&c->out, STATS_MAX);
    uv_tcp_init(p->listener.loop, &c->tcp);
    c->older = p->newest;
    *(p->newest ? &p->newest->newer : &p->oldest) = c;
    p->newest = c;
    p->nconns++;
    return c;
}

static void on_newcomer(uv_stream_t *listener, int status)
{
    struct stats_port *p = listener->data;
    struct stats_conn *c;

    if (status < 0)
        return;
    if (p->nconns == STATS_CONNS_MAX) {
        p->env.counters->stats_displaced++;
        close_conn(p->oldest);
    }
    c = new_conn(p);
    if (uv_accept(listener, (uv_stream_t *)&c->tcp) < 0 ||
        uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read) < 0 || answer(c) < 0)
        close_conn(c);
    arm(p);
}

int stats_port_open(struct stats_port *p, uv_loop_t *loop, const struct listen_addr *addr,
                    const struct stats_env *env, char *err, size_t err_n)
{
    int r;

    *p = (struct stats_port){.env = *env};
    if (!addr->on)
        return 0;
    p->is_open = true;
    uv_timer_init(loop, &p->deadline);
    uv_tcp_init(loop, &p->listener);
    p->listener.data = p->deadline.data = p;
    r = uv_tcp_bind(&p->listener, (const struct sockaddr *)&addr->sa, 0);
    if (r == 0)
        r = uv_listen((uv_stream_t *)&p->listener, BACKLOG, on_newcomer);
    if (r == 0)
        return 0;
    stats_port_close(p);
    return listen_addr_explain(addr, r, err, err_n);
}

void stats_port_announce(const struct stats_port *p, const char *program)
{
    char text[LISTEN_ADDR_TEXT];
    struct sockaddr_storage sa;
    int n = sizeof sa;

    if (!p->is_open)
        return;
    uv_tcp_getsockname(&p->listener, (struct sockaddr *)&sa, &n);
    printf("event=listening program=%s proto=stats addr=%s\n", program,
           listen_addr_text(&sa, text));
    fflush(stdout);
}

void stats_port_close(struct stats_port *p)
{
    if (!p->is_open)
        return;
    p->is_open = false;
    while (p->oldest)
        close_conn(p->oldest);
    uv_close((uv_handle_t *)&p->deadline, NULL);
    uv_close((uv_handle_t *)&p->listener, NULL);
}
