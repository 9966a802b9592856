/* The daemons answer one request a connection and close it, so the end of the answer is
 * the end of the stream; Content-Length tells whether it was the whole answer. */
#include "fetch.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "../proto/limits.h"

#define PIECE 16384 /* bytes read at once */

static int64_t clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Waits for @events on @fd. Returns 0, or an error as of errno. */
static int await(int fd, short events, int64_t until)
{
    struct pollfd p = {.fd = fd, .events = events};

    for (;;) {
        int64_t rest = until - clock_ms();
        int r = rest > 0 ? poll(&p, 1, (int)rest) : 0;

        if (r == 0)
            return ETIMEDOUT;
        if (r > 0)
            return 0;
        if (errno != EINTR)
            return errno;
    }
}

/* Returns a connected socket, or -1 with errno set. */
static int connect_to(const struct addrinfo *a, int64_t until)
{
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error = 0;
    socklen_t n = sizeof error;

    if (fd < 0)
        return -1;
    if (connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
        error = errno == EINPROGRESS ? await(fd, POLLOUT, until) : errno;
        if (error == 0)
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n);
    }
    if (error == 0)
        return fd;
    close(fd);
    errno = error;
    return -1;
}

/* The first address that answers. */
static int dial(const char *host, const char *port, int64_t until, char *err,
                size_t err_n)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found;
    int r = getaddrinfo(host, port, &hints, &found), fd = -1;

    if (r != 0) {
        snprintf(err, err_n, "%s", gai_strerror(r));
        return -1;
    }
    for (const struct addrinfo *a = found; a && fd < 0; a = a->ai_next)
        fd = connect_to(a, until);
    if (fd < 0)
        snprintf(err, err_n, "%s", strerror(errno));
    freeaddrinfo(found);
    return fd;
}

/* A fresh socket's buffer takes any request of ours in one call. */
static int ask(int fd, struct slice request)
{
    return send(fd, request.p, request.n, MSG_NOSIGNAL) == (ssize_t)request.n ? 0 : -1;
}

/* Returns 0 at the end of the stream, or -1 with errno set. */
static int read_all(int fd, struct buf *bytes, int64_t until)
{
    char piece[PIECE];

    for (;;) {
        ssize_t n = recv(fd, piece, sizeof piece, 0);

        if (n == 0)
            return 0;
        if (n > 0)
            buf_add(bytes, piece, (size_t)n);
        else if (errno != EAGAIN && errno != EINTR)
            return -1;
        else if ((errno = await(fd, POLLIN, until)) != 0)
            return -1;
        if (bytes->full) {
            errno = EMSGSIZE;
            return -1;
        }
    }
}

/* Takes a line off @s, without its end. */
static bool take_line(struct slice *s, struct slice *line)
{
    const char *end = s->n ? memmem(s->p, s->n, "\r\n", 2) : NULL;

    if (end == NULL)
        return false;
    *line = (struct slice){s->p, (size_t)(end - s->p)};
    *s = slice_skip(*s, line->n + 2);
    return true;
}

/* The number that @s begins with, -1 when it does not. */
static long number_of(struct slice s)
{
    char text[12] = "";
    char *end;
    long v;

    memcpy(text, s.p, s.n < sizeof text - 1 ? s.n : sizeof text - 1);
    v = strtol(text, &end, 10);
    return end > text && v >= 0 ? v : -1;
}

/* The value of @line if it is the field @name, with its colon. */
static bool is_field(struct slice line, const char *name, long *v)
{
    size_t n = strlen(name);

    if (line.n <= n || strncasecmp(line.p, name, n) != 0)
        return false;
    line = slice_skip(line, n);
    while (line.n > 0 && line.p[0] == ' ')
        line = slice_skip(line, 1);
    *v = number_of(line);
    return true;
}

int fetch_read(struct fetched *f, struct slice answer)
{
    const struct slice version = SLICE("HTTP/1.1 ");
    struct slice line;
    long n = -1;

    if (!take_line(&answer, &line) || !slice_starts(line, version))
        return -1;
    f->status = (int)number_of(slice_skip(line, version.n));
    f->retry_after = -1;
    if (f->status < 100 || f->status > 599)
        return -1;
    if (f->status == 204)
        n = 0;
    while (take_line(&answer, &line) && line.n > 0)
        if (!is_field(line, "Content-Length:", &n))
            is_field(line, "Retry-After:", &f->retry_after);
    f->body = answer;
    return line.n == 0 && n >= 0 && (size_t)n == answer.n ? 0 : -1;
}

int fetch_send(struct fetched *f, const char *host, const char *port,
               struct slice request, struct buf *bytes, char *err, size_t err_n)
{
    int64_t until = clock_ms() + FETCH_DEADLINE_MS;
    int fd = dial(host, port, until, err, err_n), r;

    if (fd < 0)
        return -1;
    r = ask(fd, request);
    if (r == 0)
        r = read_all(fd, bytes, until);
    if (r < 0)
        snprintf(err, err_n, "%s", strerror(errno));
    close(fd);
    if (r == 0 && (r = fetch_read(f, buf_get(bytes))) < 0)
        snprintf(err, err_n, "what answers there is no headcount");
    return r;
}

int fetch_get(struct fetched *f, const struct hostport *at, const char *path,
              struct buf *bytes, char *err, size_t err_n)
{
    char text[HOSTPORT_HOST_MAX + 256];
    bool v6 = strchr(at->host, ':');
    int n = snprintf(text, sizeof text,
                     "GET %s HTTP/1.1\r\nHost: %s%s%s:%s\r\n"
                     "User-Agent: headcount/" HC_VERSION "\r\nConnection: close\r\n\r\n",
                     path, v6 ? "[" : "", at->host, v6 ? "]" : "", at->port);

    return fetch_send(f, at->host, at->port, (struct slice){text, (size_t)n}, bytes, err,
                      err_n);
}
