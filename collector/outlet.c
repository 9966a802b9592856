/* Nearly every answer fits the socket's buffer: one write(2) and nothing to remember. */
#include "outlet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct rest {
    uv_write_t req;
    struct budget *budget;
    outlet_fn done;
    size_t n;
    char bytes[];
};

static void on_written(uv_write_t *req, int status)
{
    struct rest *r = req->data;
    uv_stream_t *stream = req->handle;
    outlet_fn done = r->done;

    budget_give(r->budget, r->n);
    free(r);
    done(stream, status);
}

static int queue(uv_stream_t *stream, struct budget *budget, const char *bytes, size_t n,
                 outlet_fn done)
{
    struct rest *r;
    uv_buf_t b;
    int err;

    if (!budget_take(budget, n))
        return UV_ENOMEM;
    if ((r = malloc(sizeof *r + n)) == NULL)
        abort();
    r->req.data = r;
    r->budget = budget;
    r->done = done;
    r->n = n;
    memcpy(r->bytes, bytes, n);
    b = uv_buf_init(r->bytes, (unsigned)n);
    if ((err = uv_write(&r->req, stream, &b, 1, on_written)) == 0)
        return 1;
    budget_give(budget, n);
    free(r);
    return err;
}

int outlet_write(uv_stream_t *stream, struct budget *budget, const char *bytes, size_t n,
                 outlet_fn done)
{
    uv_os_fd_t fd;
    ssize_t taken;

    if (uv_fileno((uv_handle_t *)stream, &fd) < 0)
        return UV_EBADF;
    taken = send(fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (taken < 0 && errno != EAGAIN && errno != EINTR)
        return -errno;
    if (taken < 0)
        taken = 0;
    if ((size_t)taken == n)
        return 0;
    return queue(stream, budget, bytes + taken, n - (size_t)taken, done);
}
