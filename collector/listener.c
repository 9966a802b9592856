/* libuv cannot set SO_REUSEPORT before binding, so the socket is made by hand.
 *
 * TCP_DEFER_ACCEPT hands a connection over together with its first bytes: no wake-up for
 * connections that say nothing. What is set here is inherited by what is accepted.
 *
 * accept4 tells who comes, too, which libuv's would have to be asked for by another call.
 * Those beyond LISTENER_ACCEPTS_MAX wait in the kernel for the next turn: who floods a
 * port does not keep those who are there from theirs.
 *
 * When the process runs out of files, newcomers are closed with the one that the worker
 * has in reserve; our own cap lies well below. So that no other worker takes this file
 * while it is given up, they accept one by one from then on. Should something else take
 * it, there is nothing to be done with a newcomer, of whom the kernel would tell for
 * ever: the listener rests a moment, and then one that is idle makes room for a reserve,
 * if there is one and that helps. Without memory it does not rest but tries again in the
 * next turn: who rests leaves the epoll, and libuv aborts when the kernel has no memory
 * to take it in again. */
#include "listener.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <unistd.h>
#include "worker.h"

#define BACKLOG 4096       /* cut by the kernel to net.core.somaxconn */
#define DEFER_ACCEPT_SEC 5 /* then a silent connection is handed over after all */

static void set(int fd, int level, int option, int value)
{
    /* Best effort: without any of these it is slower, not wrong. */
    setsockopt(fd, level, option, &value, sizeof value);
}

int listener_bind(const struct address *at, bool shared)
{
    int fd = socket(at->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int err;

    if (fd < 0)
        return -errno;
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (shared)
        set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (bind(fd, &at->sa, at->n) == 0)
        return fd;
    err = errno;
    close(fd);
    return -err;
}

/* Files are the whole process's, and so is this. Once they have run out it is for good:
 * a lock that nobody waits for costs little beside a connection. */
static pthread_mutex_t accepting = PTHREAD_MUTEX_INITIALIZER;
static bool one_by_one; /* atomic */

static bool enter(void)
{
    return __atomic_load_n(&one_by_one, __ATOMIC_RELAXED) &&
           pthread_mutex_lock(&accepting) == 0;
}

static void leave(bool entered)
{
    if (entered)
        pthread_mutex_unlock(&accepting);
}

static void on_newcomers(uv_poll_t *poll, int status, int events);

static void on_rested(uv_timer_t *rest)
{
    struct listener *l = rest->data;
    bool entered = enter();

    conns_regain_reserve(l->worker);
    leave(entered);
    uv_poll_start(&l->poll, UV_READABLE, on_newcomers);
}

/* There are no files left: gives the reserve up, so that the newcomer can be closed,
 * instead of being told of it for ever. Returns whether it was: the file may have been
 * taken. */
static bool turn_away(struct listener *l)
{
    struct conns *cs = &l->worker->conns;
    struct address from = {.n = sizeof from.v6};
    bool entered;
    int fd;

    __atomic_store_n(&one_by_one, true, __ATOMIC_RELAXED);
    entered = enter();
    conns_give_reserve(cs);
    if ((fd = accept4(l->fd, &from.sa, &from.n, SOCK_CLOEXEC)) >= 0)
        close(fd);
    conns_keep_reserve(cs);
    leave(entered);
    return fd >= 0;
}

/* There was no file for a newcomer, who may still be there. Returns whether there may be
 * another. */
static bool cope(struct listener *l)
{
    if (turn_away(l))
        return true;
    if (l->worker->conns.reserve >= 0)
        return false; /* he left, or there are files again */
    uv_poll_stop(&l->poll);
    uv_timer_start(&l->rest, on_rested, LISTENER_REST_MS, 0);
    return false;
}

/* Returns whether there may be another. */
static bool take(struct listener *l)
{
    struct address from = {.n = sizeof from.v6};
    bool entered = enter();
    int fd = accept4(l->fd, &from.sa, &from.n, SOCK_NONBLOCK | SOCK_CLOEXEC);
    int err = errno;

    leave(entered);
    if (fd >= 0) {
        conns_accept(l, fd, &from);
        return true;
    }
    if (err == EAGAIN)
        return false;
    if (err == ECONNABORTED || err == EINTR)
        return true; /* who left already, or nobody */
    COUNT(&l->worker->counters, accept_errors);
    if (err == EMFILE || err == ENFILE)
        return cope(l);
    return err != ENOMEM && err != ENOBUFS;
}

static void on_newcomers(uv_poll_t *poll, int status, int events)
{
    struct listener *l = poll->data;

    (void)status;
    (void)events;
    for (int i = 0; i < LISTENER_ACCEPTS_MAX && take(l); i++)
        ;
}

int listener_open(struct listener *l, struct worker *w, enum port port, int fd)
{
    int r;

    l->port = port;
    l->fd = fd;
    l->poll.data = l;
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (port != PORT_FEED) /* who may just listen must be counted */
        set(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, DEFER_ACCEPT_SEC);
    r = listen(fd, BACKLOG) < 0 ? -errno : uv_poll_init(&w->loop, &l->poll, fd);
    if (r < 0) {
        close(fd);
        return r;
    }
    uv_timer_init(&w->loop, &l->rest);
    l->rest.data = l;
    l->worker = w;
    return uv_poll_start(&l->poll, UV_READABLE, on_newcomers);
}

int listener_open_at(struct listener *l, struct worker *w, enum port port,
                     const struct listen_addr *at, struct address *bound, char *err,
                     size_t err_n)
{
    int fd, r;

    *bound = (struct address){0};
    if (!at->on)
        return 0;
    bound->n = at->sa.ss_family == AF_INET6 ? sizeof bound->v6 : sizeof bound->v4;
    memcpy(&bound->sa, &at->sa, bound->n);
    if ((fd = at->handed ? at->handed : listener_bind(bound, false)) < 0)
        return listen_addr_explain(at, fd, err, err_n);
    if ((r = listener_open(l, w, port, fd)) < 0)
        return listen_addr_explain(at, r, err, err_n);
    bound->n = sizeof bound->v6;
    getsockname(fd, &bound->sa, &bound->n);
    return 0;
}

void listener_close(struct listener *l)
{
    if (l->worker == NULL)
        return;
    uv_close((uv_handle_t *)&l->poll, NULL);
    uv_close((uv_handle_t *)&l->rest, NULL);
    close(l->fd);
    l->worker = NULL;
}
