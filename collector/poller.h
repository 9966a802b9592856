/* poller: which of a worker's connections have something to do.
 *
 * An epoll of their own, which hangs in libuv's loop as one descriptor. A socket in it
 * costs the eight bytes of `polled` and no handle of libuv's (248), a connection that
 * ends with its first answer is never in it, and closing needs neither a call nor a turn
 * of the loop. */
#ifndef HC_POLLER_H
#define HC_POLLER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <uv.h>

/* Events taken from the kernel at a time; more come in the next turn of the loop. */
#define POLLER_EVENTS_MAX 256

/* Embedded in whatever has a socket. */
struct polled {
    int fd;
    uint32_t wanted; /* EPOLLIN, EPOLLOUT, or 0: it is not polled */
};

/* @events: what was wanted and is there, or EPOLLERR, EPOLLHUP; EPOLLRDHUP: behind what
 * there is to read is its end. */
typedef void (*polled_fn)(struct polled *p, uint32_t events);

struct poller {
    uv_poll_t poll;
    int fd; /* of the epoll, -1: none */
    polled_fn ready;
    void (*told)(struct poller *ps);
    bool telling; /* @ready or @told is being called */
};

/* @ready is called for what came with one wait, at most once for each socket, and then
 * @told. Returns 0 or a negative uv error; close it in both cases. */
int poller_open(struct poller *ps, uv_loop_t *loop, polled_fn ready,
                void (*told)(struct poller *ps));

/* Has @ready called for @p when there is any of @events, and each time that more of it
 * comes, once in a turn of the loop: who leaves some of it calls poller_again. 0: not any
 * more, and an error is not told either. Returns 0 or a negative errno. Closing @p->fd
 * takes it out, too; its struct must last until the turn ends. */
int poller_want(struct poller *ps, struct polled *p, uint32_t events);

/* Has @ready called in the next turn if there is still something. */
void poller_again(struct poller *ps, struct polled *p);

/* Nothing is polled any more. */
void poller_close(struct poller *ps);

#endif
