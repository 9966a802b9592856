/* A mutex, a list and uv_async_send, which wakes the loop once for any number of notes.
 * Sending happens under the mutex, so that nobody wakes a loop that has been closed. */
#include "mailbox.h"

#include <stdlib.h>

static void free_list(struct mail *m)
{
    for (struct mail *next; m; m = next) {
        next = m->next;
        free(m);
    }
}

/* Empties the box into the caller's hands. */
static struct mail *take_all(struct mailbox *mb, bool *dropped)
{
    struct mail *first;

    uv_mutex_lock(&mb->mutex);
    first = mb->first;
    *dropped = mb->dropped;
    mb->first = NULL;
    mb->end = &mb->first;
    mb->bytes = 0;
    mb->dropped = false;
    uv_mutex_unlock(&mb->mutex);
    return first;
}

static void on_mail(uv_async_t *async)
{
    struct mailbox *mb = async->data;
    bool dropped;
    struct mail *first = take_all(mb, &dropped);

    if (dropped && mb->overflowed)
        mb->overflowed(mb->arg);
    for (struct mail *m = first; m; m = m->next)
        mb->take(mb->arg, m);
    free_list(first);
}

int mailbox_open(struct mailbox *mb, uv_loop_t *loop,
                 void (*take)(void *arg, const struct mail *m),
                 void (*overflowed)(void *arg), void *arg)
{
    int r;

    *mb = (struct mailbox){.take = take, .overflowed = overflowed, .arg = arg};
    mb->end = &mb->first;
    if ((r = uv_mutex_init(&mb->mutex)) < 0)
        return r;
    if ((r = uv_async_init(loop, &mb->async, on_mail)) < 0) {
        uv_mutex_destroy(&mb->mutex);
        return r;
    }
    mb->async.data = mb;
    return 0;
}

static char *append(char *at, struct slice *s)
{
    if (s->n > 0)
        memcpy(at, s->p, s->n);
    s->p = at;
    return at + s->n;
}

static struct mail *copy(const struct mail *m)
{
    struct mail *own = malloc(sizeof *own + m->site.n + m->bytes.n);

    if (own == NULL)
        abort();
    *own = *m;
    own->next = NULL;
    append(append((char *)(own + 1), &own->site), &own->bytes);
    return own;
}

bool mailbox_put(struct mailbox *mb, const struct mail *m)
{
    bool fits;

    uv_mutex_lock(&mb->mutex);
    fits = m->bytes.n == 0 || mb->bytes + m->bytes.n <= MAILBOX_BYTES_MAX;
    if (!fits && !mb->closed)
        mb->dropped = true;
    if (fits && !mb->closed) {
        *mb->end = copy(m);
        mb->end = &(*mb->end)->next;
        mb->bytes += m->bytes.n;
        uv_async_send(&mb->async);
    }
    uv_mutex_unlock(&mb->mutex);
    return fits;
}

void mailbox_close(struct mailbox *mb)
{
    bool dropped;

    uv_mutex_lock(&mb->mutex);
    mb->closed = true;
    uv_mutex_unlock(&mb->mutex);
    free_list(take_all(mb, &dropped));
    uv_close((uv_handle_t *)&mb->async, NULL);
}

void mailbox_fini(struct mailbox *mb)
{
    uv_mutex_destroy(&mb->mutex);
}
