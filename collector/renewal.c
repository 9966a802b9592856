/* A place for one, and uv_async_send, under a mutex, so that nobody wakes a loop that has
 * been closed. */
#include "renewal.h"

static void on_put(uv_async_t *async)
{
    struct renewal *r = async->data;
    struct files files;
    bool waited;

    uv_mutex_lock(&r->mutex);
    files = r->files;
    waited = r->waits;
    r->waits = false;
    uv_mutex_unlock(&r->mutex);
    if (waited)
        r->take(r->arg, &files);
}

int renewal_open(struct renewal *r, uv_loop_t *loop,
                 void (*take)(void *arg, const struct files *f), void *arg)
{
    int failed;

    *r = (struct renewal){.take = take, .arg = arg};
    if ((failed = uv_mutex_init(&r->mutex)) < 0)
        return failed;
    if ((failed = uv_async_init(loop, &r->async, on_put)) < 0) {
        uv_mutex_destroy(&r->mutex);
        return failed;
    }
    r->async.data = r;
    return 0;
}

void renewal_put(struct renewal *r, const struct files *f)
{
    uv_mutex_lock(&r->mutex);
    if (r->waits)
        files_drop(&r->files);
    r->waits = !r->closed;
    if (r->waits) {
        files_hold(&r->files, f);
        uv_async_send(&r->async);
    }
    uv_mutex_unlock(&r->mutex);
}

void renewal_close(struct renewal *r)
{
    uv_mutex_lock(&r->mutex);
    if (r->waits)
        files_drop(&r->files);
    r->waits = false;
    r->closed = true;
    uv_mutex_unlock(&r->mutex);
    uv_close((uv_handle_t *)&r->async, NULL);
}

void renewal_fini(struct renewal *r)
{
    uv_mutex_destroy(&r->mutex);
}
