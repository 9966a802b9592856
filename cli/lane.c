/* An answer takes the oldest request off the front. When the connection ends in good
 * order (an answer said so) the collector has not read beyond that answer, and the rest
 * is sent again over the next. When it breaks, what was sent completely may have been
 * counted: it stays unanswered, because a beacon sent twice would count twice. */
#include "lane.h"

#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include "interrupt.h"

#define READ_BYTES (16 * 1024)

/* ---- the connection ------------------------------------------------------ */

/* Waits for a connect under way. Returns 0 or an errno. */
static int finish_connect(int fd)
{
    struct pollfd p = {fd, POLLOUT, 0};
    int error = 0;
    socklen_t n = sizeof error;

    switch (interrupt_poll(&p, 1, LANE_DIAL_MS)) {
    case 0:
        return ETIMEDOUT;
    case -1:
        return errno;
    default:
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n);
        return error;
    }
}

/* Returns a connected socket, or -1 with errno. */
static int dial(const struct addrinfo *a)
{
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error = 0, on = 1;

    if (fd < 0)
        return -1;
    if (connect(fd, a->ai_addr, a->ai_addrlen) < 0)
        error = errno == EINPROGRESS ? finish_connect(fd) : errno;
    if (error == 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        return fd;
    }
    close(fd);
    errno = error;
    return -1;
}

void lane_init(struct lane *lane)
{
    lane->fd = -1;
    lane->at = lane->sent = lane->n = 0;
    lane->first = lane->queued = 0;
}

int lane_dial(struct lane *lane, const struct addrinfo *address, mono_t now)
{
    lane->fd = dial(address);
    lane->moved = now;
    answers_init(&lane->answers);
    return lane->fd < 0 ? -1 : 0;
}

/* Forgets the oldest request. */
static void drop_first(struct lane *lane)
{
    assert(lane->queued > 0);
    lane->at += lane->length[lane->first];
    lane->first = (lane->first + 1) % REPLAY_PIPELINE_MAX;
    if (--lane->queued == 0)
        lane->at = lane->sent = lane->n = 0;
}

void lane_close(struct lane *lane)
{
    if (lane->fd >= 0)
        close(lane->fd);
    lane->fd = -1;
    lane->sent = lane->at; /* what is left is for the next connection */
}

/* The connection ended without saying so. */
static void break_off(struct lane *lane)
{
    while (lane->queued > 0 && lane->at + lane->length[lane->first] <= lane->sent)
        drop_first(lane);
    lane_close(lane);
}

bool lane_room(struct lane *lane, size_t n)
{
    if (lane->queued == REPLAY_PIPELINE_MAX)
        return false;
    if (sizeof lane->bytes - lane->n < n && lane->at > 0) {
        memmove(lane->bytes, lane->bytes + lane->at, lane->n - lane->at);
        lane->n -= lane->at;
        lane->sent -= lane->at;
        lane->at = 0;
    }
    return sizeof lane->bytes - lane->n >= n;
}

void lane_put(struct lane *lane, const char *p, size_t n)
{
    memcpy(lane->bytes + lane->n, p, n);
    lane->n += n;
}

void lane_end(struct lane *lane, size_t n)
{
    assert(n <= UINT16_MAX);
    lane->length[(lane->first + lane->queued++) % REPLAY_PIPELINE_MAX] = (uint16_t)n;
}

bool lane_has_unsent(const struct lane *lane)
{
    return lane->sent < lane->n;
}

void lane_write(struct lane *lane, mono_t now)
{
    ssize_t n =
        send(lane->fd, lane->bytes + lane->sent, lane->n - lane->sent, MSG_NOSIGNAL);

    if (n > 0) {
        if (lane->sent == lane->at)
            lane->moved = now; /* the wait for answers begins */
        lane->sent += (size_t)n;
    } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
        break_off(lane);
    }
}

/* ---- answers ------------------------------------------------------------- */

/* Counts the answer to the oldest request. Returns false when the connection is of no
 * further use, having closed it: the collector said so, or answered a request that it has
 * not seen whole. */
static bool answered(struct lane *lane, struct tally *tally, const struct answer *a)
{
    bool early = lane->at + lane->length[lane->first] > lane->sent;

    tally_answer(tally, a);
    drop_first(lane);
    if (a->lost || early)
        break_off(lane);
    else if (a->last)
        lane_close(lane);
    return lane->fd >= 0;
}

/* Takes what came. Returns false when the connection was closed over it. */
static bool take(struct lane *lane, struct tally *tally, const char *p, size_t n)
{
    struct answer answer;
    bool whole;

    while (n > 0) {
        ssize_t taken = answers_take(&lane->answers, p, n, &whole, &answer);

        /* No HTTP; or an answer to nothing, the last word on an idle connection. */
        if (taken < 0 || lane->sent == lane->at) {
            break_off(lane);
            return false;
        }
        if (whole && !answered(lane, tally, &answer))
            return false;
        p += taken;
        n -= (size_t)taken;
    }
    return true;
}

void lane_read(struct lane *lane, struct tally *tally, mono_t now)
{
    char bytes[READ_BYTES];
    ssize_t n;

    do {
        n = recv(lane->fd, bytes, sizeof bytes, 0);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            break_off(lane);
            return;
        }
        if (n > 0)
            lane->moved = now;
    } while (n > 0 && take(lane, tally, bytes, (size_t)n));
}

void lane_check(struct lane *lane, mono_t now)
{
    if (lane->fd < 0)
        return;
    if (lane->sent > lane->at && now - lane->moved >= LANE_ANSWER_MS)
        break_off(lane);
    else if (lane->queued == 0 && now - lane->moved >= LANE_IDLE_MS)
        lane_close(lane);
}
