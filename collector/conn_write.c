/* Nearly every answer is taken by the socket at once; of the others the outlet keeps the
 * rest until it has room again. */
#include "conn.h"

#include <assert.h>
#include <errno.h>
#include "conn_serve.h"
#include "worker.h"

bool conn_write(struct conn *c, const char *bytes, size_t n)
{
    struct budget *budget = &c->worker->conns.budget;
    int r;

    assert(!c->blocked && c->state != CONN_CLOSING);
    r = outlet_write(&c->outlet, c->socket.fd, budget, bytes, n);
    if (r == 0)
        return true;
    c->blocked = r > 0;
    if (r > 0)
        conn_poll(c);
    else if (r == -ENOMEM)
        conn_starve(c);
    else
        conn_close(c);
    return false;
}

bool conn_flush(struct conn *c)
{
    struct buf *out = &c->worker->out;

    assert(!out->full);
    if (out->n > 0 && c->state != CONN_CLOSING)
        conn_write(c, out->p, out->n);
    buf_clear(out);
    return c->state != CONN_CLOSING && !c->blocked;
}

void conn_send(struct conn *c, const char *bytes, size_t n)
{
    if (!conn_write(c, bytes, n) && c->blocked) {
        conn_read_stop(c);
        conn_enter(c, CONN_WRITING);
    }
}

void conn_write_on(struct conn *c)
{
    int r = outlet_resume(&c->outlet, c->socket.fd, &c->worker->conns.budget);

    if (r > 0)
        return;
    c->blocked = false;
    if (r == 0)
        conn_poll(c);
    else
        conn_close(c);
    if (c->state == CONN_STREAMING)
        stream_written(&c->stream);
    else
        conn_serve(c, c->carry.p, c->carry.n); /* does nothing once it is closed */
}
