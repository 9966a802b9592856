/* Each lane keeps the bytes of its unanswered requests, the oldest first:
 *
 *     bytes  |  answered  |  sent, unanswered  |  not sent  |
 *            0            at                   sent         n
 *
 * An answer moves `at` on. When the connection ends in good order (an answer said so) the
 * collector has not read beyond that answer, and the rest is sent again over the next.
 * When it breaks, what was sent completely may have been counted: it stays unanswered,
 * because a beacon sent twice would count twice. */
#include "lanes.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "interrupt.h"

#define LANE_BYTES (64 * 1024) /* requests of one lane; more wait in the log */
#define READ_BYTES (16 * 1024)
#define REDIAL_MS 200

struct lane {
    int fd; /* -1: not connected */
    size_t at, sent, n;
    unsigned first, queued; /* a ring of the requests' lengths */
    uint16_t length[REPLAY_PIPELINE_MAX];
    mono_t moved;  /* when bytes went either way */
    mono_t redial; /* not before */
    struct answers answers;
    char bytes[LANE_BYTES];
};

struct lanes {
    struct addrinfo *addresses;
    char head[URL_BASE_MAX + 32];                 /* "GET /base/hc.gif?" */
    char tail[sizeof(struct collector_url) + 64]; /* " HTTP/1.1" to the blank line */
    struct tally *tally;
    bool reached; /* the last dial succeeded */
    mono_t since; /* of the first dial that failed after that */
    char why[256];
    unsigned n;
    struct lane lane[];
};

/* ---- connecting ---------------------------------------------------------- */

/* Waits for a connect under way. Returns 0 or an errno. */
static int finish_connect(int fd)
{
    struct pollfd p = {fd, POLLOUT, 0};
    int error = 0;
    socklen_t n = sizeof error;

    switch (interrupt_poll(&p, 1, LANES_DIAL_MS)) {
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

static void note_failure(struct lanes *l, mono_t now)
{
    snprintf(l->why, sizeof l->why, "%s", strerror(errno));
    if (l->reached)
        l->since = now;
    l->reached = false;
}

/* Tries the addresses in turn. Returns whether the lane is connected. */
static bool lane_dial(struct lanes *l, struct lane *lane, mono_t now)
{
    if (now < lane->redial)
        return false;
    for (const struct addrinfo *a = l->addresses; a && lane->fd < 0; a = a->ai_next)
        lane->fd = dial(a);
    if (lane->fd < 0) {
        note_failure(l, now);
        lane->redial = now + REDIAL_MS;
        return false;
    }
    l->reached = true;
    lane->moved = now;
    answers_init(&lane->answers);
    return true;
}

/* ---- requests ------------------------------------------------------------ */

/* Forgets the oldest request. */
static void lane_drop_first(struct lane *lane)
{
    assert(lane->queued > 0);
    lane->at += lane->length[lane->first];
    lane->first = (lane->first + 1) % REPLAY_PIPELINE_MAX;
    if (--lane->queued == 0)
        lane->at = lane->sent = lane->n = 0;
}

static void lane_close(struct lane *lane)
{
    if (lane->fd >= 0)
        close(lane->fd);
    lane->fd = -1;
    lane->sent = lane->at; /* what is left is for the next connection */
}

/* The connection ended without saying so. */
static void lane_break(struct lane *lane)
{
    while (lane->queued > 0 && lane->at + lane->length[lane->first] <= lane->sent)
        lane_drop_first(lane);
    lane_close(lane);
}

/* Makes room for @n bytes. */
static bool lane_room(struct lane *lane, size_t n)
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

static void lane_put(struct lane *lane, const char *p, size_t n)
{
    memcpy(lane->bytes + lane->n, p, n);
    lane->n += n;
}

static void lane_flush(struct lanes *l, struct lane *lane, mono_t now)
{
    ssize_t n;

    if (lane->sent == lane->n || (lane->fd < 0 && !lane_dial(l, lane, now)))
        return;
    n = send(lane->fd, lane->bytes + lane->sent, lane->n - lane->sent, MSG_NOSIGNAL);
    if (n > 0) {
        if (lane->sent == lane->at)
            lane->moved = now; /* the wait for answers begins */
        lane->sent += (size_t)n;
    } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
        lane_break(lane);
    }
}

/* ---- answers ------------------------------------------------------------- */

/* Counts the answer to the oldest request. Returns false when the connection is of no
 * further use, having closed it: the collector said so, or answered a request that it has
 * not seen whole. */
static bool lane_answered(struct lanes *l, struct lane *lane, const struct answer *a)
{
    bool early = lane->at + lane->length[lane->first] > lane->sent;

    tally_answer(l->tally, a);
    lane_drop_first(lane);
    if (a->lost || early)
        lane_break(lane);
    else if (a->last)
        lane_close(lane);
    return lane->fd >= 0;
}

/* Takes what came. Returns false when the connection was closed over it. */
static bool lane_take(struct lanes *l, struct lane *lane, const char *p, size_t n)
{
    struct answer answer;
    bool whole;

    while (n > 0) {
        ssize_t taken = answers_take(&lane->answers, p, n, &whole, &answer);

        /* No HTTP; or an answer to nothing, the last word on an idle connection. */
        if (taken < 0 || lane->sent == lane->at) {
            lane_break(lane);
            return false;
        }
        if (whole && !lane_answered(l, lane, &answer))
            return false;
        p += taken;
        n -= (size_t)taken;
    }
    return true;
}

static void lane_read(struct lanes *l, struct lane *lane, mono_t now)
{
    char bytes[READ_BYTES];
    ssize_t n;

    do {
        n = recv(lane->fd, bytes, sizeof bytes, 0);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            lane_break(lane);
            return;
        }
        if (n > 0)
            lane->moved = now;
    } while (n > 0 && lane_take(l, lane, bytes, (size_t)n));
}

static void lane_check(struct lane *lane, mono_t now)
{
    if (lane->fd < 0)
        return;
    if (lane->sent > lane->at && now - lane->moved >= LANES_ANSWER_MS)
        lane_break(lane);
    else if (lane->queued == 0 && now - lane->moved >= LANES_IDLE_MS)
        lane_close(lane);
}

/* ---- all of them --------------------------------------------------------- */

struct lanes *lanes_new(const struct collector_url *url, unsigned n, struct tally *tally,
                        char *err, size_t err_n)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct lanes *l = calloc(1, sizeof *l + n * sizeof *l->lane);
    int rc;

    if (l == NULL)
        abort();
    l->tally = tally;
    l->n = n;
    l->reached = true;
    for (unsigned i = 0; i < n; i++)
        l->lane[i].fd = -1;
    snprintf(l->head, sizeof l->head, "GET %s/hc.gif?", url->base);
    snprintf(l->tail, sizeof l->tail,
             " HTTP/1.1\r\nHost: %s\r\nUser-Agent: headcount/%s\r\n\r\n", url->authority,
             HC_VERSION);
    rc = getaddrinfo(url->host, url->port, &hints, &l->addresses);
    if (rc == 0 && lane_dial(l, &l->lane[0], mono_now()))
        return l;
    snprintf(err, err_n, "%s", rc == 0 ? l->why : gai_strerror(rc));
    lanes_free(l);
    return NULL;
}

void lanes_free(struct lanes *l)
{
    for (unsigned i = 0; i < l->n; i++)
        lane_close(&l->lane[i]);
    if (l->addresses)
        freeaddrinfo(l->addresses);
    free(l);
}

bool lanes_send(struct lanes *l, uint64_t who, struct slice query)
{
    struct lane *lane = &l->lane[who % l->n];
    size_t head = strlen(l->head), tail = strlen(l->tail), n = head + query.n + tail;

    assert(n <= UINT16_MAX);
    if (!lane_room(lane, n))
        return false;
    lane_put(lane, l->head, head);
    lane_put(lane, query.p, query.n);
    lane_put(lane, l->tail, tail);
    lane->length[(lane->first + lane->queued++) % REPLAY_PIPELINE_MAX] = (uint16_t)n;
    l->tally->sent++;
    return true;
}

void lanes_flush(struct lanes *l, mono_t now)
{
    for (unsigned i = 0; i < l->n; i++) {
        lane_check(&l->lane[i], now);
        lane_flush(l, &l->lane[i], now);
    }
}

nfds_t lanes_fds(struct lanes *l, struct pollfd *fds)
{
    for (unsigned i = 0; i < l->n; i++) {
        const struct lane *lane = &l->lane[i];

        fds[i] = (struct pollfd){.fd = lane->fd, .events = POLLIN};
        if (lane->sent < lane->n)
            fds[i].events |= POLLOUT;
    }
    return l->n;
}

void lanes_on_poll(struct lanes *l, const struct pollfd *fds, nfds_t n, mono_t now)
{
    for (nfds_t i = 0; i < n; i++)
        if (fds[i].fd >= 0 && fds[i].revents & (POLLIN | POLLHUP | POLLERR))
            lane_read(l, &l->lane[i], now);
}

uint64_t lanes_waiting(const struct lanes *l)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < l->n; i++)
        n += l->lane[i].queued;
    return n;
}

bool lanes_given_up(const struct lanes *l, mono_t now)
{
    return !l->reached && now - l->since >= LANES_GIVE_UP_MS;
}

const char *lanes_why(const struct lanes *l)
{
    return l->why;
}
