/* Edge-triggered, so that the kernel need not look once more at each socket that was
 * read: a tenth of what it does for a pixel. Nobody looks at a socket that was read but
 * not emptied before more comes, unless poller_again is called. Without a wish a socket
 * must leave: the kernel tells errors unasked. */
#include "poller.h"

#include <errno.h>
#include <unistd.h>

#define EDGE (EPOLLET | EPOLLRDHUP)

static void on_events(uv_poll_t *poll, int status, int events)
{
    struct poller *ps = poll->data;
    struct epoll_event e[POLLER_EVENTS_MAX];
    int n = epoll_wait(ps->fd, e, POLLER_EVENTS_MAX, 0);

    (void)status;
    (void)events;
    ps->telling = true;
    for (int i = 0; i < n; i++)
        ps->ready(e[i].data.ptr, e[i].events);
    ps->told(ps);
    ps->telling = false;
}

int poller_open(struct poller *ps, uv_loop_t *loop, polled_fn ready,
                void (*told)(struct poller *ps))
{
    int r;

    ps->ready = ready;
    ps->told = told;
    ps->poll.data = ps;
    if ((ps->fd = epoll_create1(EPOLL_CLOEXEC)) < 0)
        return -errno;
    if ((r = uv_poll_init(loop, &ps->poll, ps->fd)) == 0)
        return uv_poll_start(&ps->poll, UV_READABLE, on_events);
    close(ps->fd);
    ps->fd = -1;
    return r;
}

int poller_want(struct poller *ps, struct polled *p, uint32_t events)
{
    struct epoll_event e = {.events = events | EDGE, .data.ptr = p};
    int op = !events ? EPOLL_CTL_DEL : p->wanted ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

    if (events == p->wanted)
        return 0;
    if (epoll_ctl(ps->fd, op, p->fd, &e) < 0)
        return -errno;
    p->wanted = events;
    return 0;
}

void poller_again(struct poller *ps, struct polled *p)
{
    struct epoll_event e = {.events = p->wanted | EDGE, .data.ptr = p};

    if (p->wanted)
        epoll_ctl(ps->fd, EPOLL_CTL_MOD, p->fd, &e); /* it is there: cannot fail */
}

void poller_close(struct poller *ps)
{
    if (ps->fd < 0)
        return;
    uv_close((uv_handle_t *)&ps->poll, NULL);
    close(ps->fd);
    ps->fd = -1;
}
