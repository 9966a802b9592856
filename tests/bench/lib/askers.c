/* The happy path of a request: its asker has a connection, so it is one send, one event
 * and one recv. On a new connection it is sent behind connect() at once, which on
 * loopback has done its work by then; where not, epoll tells when.
 *
 * Failure modes are those of enum askers_end. After one the asker rests for REST_NS, so
 * that a server which is away is not called a hundred thousand times a second. A
 * connection that the server closes between two requests is no error.
 *
 * Who is free lies on a stack. Rests and timeouts are looked for every SWEEP_NS among
 * all: they are rare, and nobody's figure. */
#include "askers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "answer.h"

#define BATCH 64
#define READ_BYTES 65536
#define SWEEP_NS 20000000
#define REST_NS 50000000
#define GRACE_NS 1000000000

enum asker_state {
    FREE,       /* on the stack; with a connection or without */
    CONNECTING, /* the request goes out as soon as it can */
    ASKING,
    LEAVING, /* answered; the server is to close */
    RESTING, /* after an error */
};

struct asker {
    int fd; /* -1: none */
    enum asker_state state;
    uint64_t since; /* its request is measured from then */
    uint64_t begun; /* when the state began */
    struct answer answer;
};

struct askers {
    const struct askers_wish *wish;
    struct schedule *schedule;
    struct request *request;
    struct askers_told *told;
    int epoll;
    bool failed; /* and that ends it */
    uint64_t now;
    unsigned nfree, busy; /* busy: has a request under way */
    struct asker **free;
    struct asker *all;
};

static uint64_t clock_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void enter(struct askers *as, struct asker *a, enum asker_state state)
{
    a->state = state;
    a->begun = as->now;
    if (state == FREE)
        as->free[as->nfree++] = a;
}

static void hang_up(struct asker *a)
{
    if (a->fd >= 0)
        close(a->fd);
    a->fd = -1;
}

/* ---- the end of a request ---- */

static void count(struct askers *as, enum askers_end end)
{
    as->told->count[end]++;
    as->busy--;
}

static void fail(struct askers *as, struct asker *a, enum askers_end end)
{
    count(as, end);
    as->failed = as->failed || !as->wish->go_on;
    hang_up(a);
    enter(as, a, RESTING);
}

static void succeed(struct askers *as, struct asker *a)
{
    if (a->answer.status / 100 != 2) {
        fail(as, a, ASKERS_status);
        return;
    }
    count(as, ASKERS_answered);
    histogram_add(&as->told->latency, as->now - a->since);
    as->told->took = as->now - as->schedule->begin;
    if (as->wish->once == ONCE_SERVER && !a->answer.to_end) {
        enter(as, a, LEAVING);
        return;
    }
    if (as->wish->once != ONCE_NO)
        hang_up(a);
    enter(as, a, FREE);
}

/* ---- its way ---- */

static void watch(struct askers *as, struct asker *a, int operation, uint32_t events)
{
    struct epoll_event e = {.events = events | EPOLLET | EPOLLRDHUP, .data.ptr = a};

    epoll_ctl(as->epoll, operation, a->fd, &e); /* Cannot fail: the descriptor is open. */
}

static bool is_not_yet(int err)
{
    return err == EAGAIN || err == EINPROGRESS || err == ENOTCONN;
}

/* Sends the drawn request. Requests are smaller than any buffer of a socket, so what does
 * not fit is an error. */
static void send_request(struct askers *as, struct asker *a)
{
    struct request *r = as->request;
    ssize_t n;

    request_draw(r);
    n = send(a->fd, r->text, r->n, MSG_NOSIGNAL);
    if (n == (ssize_t)r->n)
        enter(as, a, ASKING);
    else if (n < 0 && a->state == CONNECTING && is_not_yet(errno))
        watch(as, a, EPOLL_CTL_MOD, EPOLLOUT);
    else
        fail(as, a, n < 0 && errno == ECONNREFUSED ? ASKERS_refused : ASKERS_reset);
}

static void dial(struct askers *as, struct asker *a)
{
    const struct sockaddr_in *to = &as->wish->to;

    a->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    enter(as, a, CONNECTING);
    if (a->fd < 0 || (connect(a->fd, (const struct sockaddr *)to, sizeof *to) < 0 &&
                      errno != EINPROGRESS)) {
        fail(as, a, ASKERS_refused);
        return;
    }
    watch(as, a, EPOLL_CTL_ADD, EPOLLIN);
    send_request(as, a);
}

static void ask_all_due(struct askers *as)
{
    uint64_t since;

    while (as->nfree > 0 && schedule_take(as->schedule, as->now, &since)) {
        struct asker *a = as->free[--as->nfree];

        as->busy++;
        a->since = since;
        answer_clear(&a->answer);
        if (a->fd < 0)
            dial(as, a);
        else
            send_request(as, a);
    }
}

static void on_writable(struct askers *as, struct asker *a)
{
    int err = 0;
    socklen_t n = sizeof err;

    getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &err, &n);
    if (err) {
        fail(as, a, ASKERS_refused);
        return;
    }
    watch(as, a, EPOLL_CTL_MOD, EPOLLIN);
    send_request(as, a);
}

static void on_answer(struct askers *as, struct asker *a, const char *bytes, ssize_t n)
{
    enum answer_is is;

    if (n < 0) {
        fail(as, a, ASKERS_reset);
        return;
    }
    is = n == 0 ? answer_end(&a->answer) : answer_take(&a->answer, bytes, (size_t)n);
    if (is == ANSWER_WHOLE)
        succeed(as, a);
    else if (is == ANSWER_BROKEN)
        fail(as, a, n == 0 ? ASKERS_closed : ASKERS_broken);
}

/* Takes what there is. Returns whether there may be more. */
static bool take(struct askers *as, struct asker *a)
{
    static char bytes[READ_BYTES];
    ssize_t n = recv(a->fd, bytes, sizeof bytes, 0);

    if (n < 0 && errno == EAGAIN)
        return false;
    if (a->state == ASKING) {
        on_answer(as, a, bytes, n);
    } else {
        hang_up(a);
        if (a->state == LEAVING)
            enter(as, a, FREE);
    }
    return n == sizeof bytes;
}

/* Edge-triggered: what is left is not told again, and an end is told with the bytes in
 * front of it. */
static void on_event(struct askers *as, struct asker *a, uint32_t events)
{
    bool ends = events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);

    if (a->fd < 0)
        return; /* it failed after the event had been fetched */
    if (a->state == CONNECTING) {
        on_writable(as, a);
        return;
    }
    while (a->fd >= 0 && (take(as, a) || ends))
        ;
}

/* ---- the loop ---- */

static void sweep(struct askers *as)
{
    for (unsigned i = 0; i < as->wish->connections; i++) {
        struct asker *a = &as->all[i];
        uint64_t age = as->now - a->begun;

        if (a->state == RESTING && age > REST_NS) {
            enter(as, a, FREE);
        } else if (a->state == LEAVING && age > as->wish->timeout_ns) {
            hang_up(a);
            enter(as, a, FREE);
        } else if ((a->state == ASKING || a->state == CONNECTING) &&
                   age > as->wish->timeout_ns) {
            fail(as, a, ASKERS_timeout);
        }
    }
}

/* Until something happens, the next request is due and somebody is free for it, or
 * @sweep. */
static void wait_and_take(struct askers *as, uint64_t sweep_at)
{
    struct epoll_event event[BATCH];
    uint64_t until = as->nfree ? schedule_next(as->schedule, as->now) : UINT64_MAX;
    uint64_t wait;
    struct timespec t;
    int n;

    until = until < sweep_at ? until : sweep_at;
    wait = until > as->now ? until - as->now : 0;
    t = (struct timespec){(time_t)(wait / 1000000000), (long)(wait % 1000000000)};
    n = epoll_pwait2(as->epoll, event, BATCH, &t, NULL);
    for (int i = 0; i < n; i++) {
        as->now = clock_now();
        on_event(as, event[i].data.ptr, event[i].events);
        ask_all_due(as);
    }
}

/* No more requests begin, and none is under way or worth waiting for. */
static bool is_over(const struct askers *as)
{
    const struct schedule *s = as->schedule;

    if (as->failed || as->now > s->end + GRACE_NS)
        return true;
    return as->busy == 0 && schedule_next(s, as->now) == UINT64_MAX;
}

static void loop(struct askers *as)
{
    uint64_t swept = as->now;

    while (!is_over(as)) {
        ask_all_due(as);
        wait_and_take(as, swept + SWEEP_NS);
        as->now = clock_now();
        if (as->now - swept >= SWEEP_NS) {
            sweep(as);
            swept = as->now;
        }
    }
}

/* Those who still wait, and those that nobody was free for. */
static void settle(struct askers *as)
{
    struct askers_told *told = as->told;

    for (unsigned i = 0; i < as->wish->connections; i++) {
        struct asker *a = &as->all[i];

        if (a->state == ASKING || a->state == CONNECTING) {
            histogram_add(&told->latency, as->now - a->since);
            count(as, ASKERS_unanswered);
        }
        hang_up(a);
    }
    told->count[ASKERS_unanswered] +=
        schedule_overdue(as->schedule, as->now, &told->latency);
}

int askers_run(const struct askers_wish *wish, struct schedule *s, struct request *r,
               struct askers_told *told)
{
    struct askers as = {.wish = wish, .schedule = s, .request = r, .told = told};
    int err;

    as.all = calloc(wish->connections, sizeof *as.all);
    as.free = calloc(wish->connections, sizeof(struct asker *));
    as.epoll = epoll_create1(EPOLL_CLOEXEC);
    as.now = clock_now();
    for (unsigned i = 0; as.all && as.free && i < wish->connections; i++) {
        as.all[i].fd = -1;
        enter(&as, &as.all[i], FREE);
    }
    err = as.all && as.free ? 0 : ENOMEM;
    if (err == 0 && as.epoll < 0)
        err = EMFILE;
    if (err == 0) {
        loop(&as);
        settle(&as);
    }
    if (as.epoll >= 0)
        close(as.epoll);
    free(as.all);
    free(as.free);
    errno = err;
    return err ? -1 : 0;
}
