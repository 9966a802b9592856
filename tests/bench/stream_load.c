/* stream_load: holds many live streams open and says when each of them heard.
 *
 *   stream_load sse|ws HOST PORT TARGET STREAMS TRIGGER-HOST-OR-/PATH TRIGGER-PORT
 *
 * Opens the streams, waits until each has said something, and prints "ready MS". Then for
 * each line on stdin: the line, in which \n, \r and \\ are escapes, is written to the
 * trigger's connection (Redis, or a server's publishing port), and the first 16 bytes
 * behind "token-" in it are waited for in every stream. Prints "heard P50 P99 LAST", the
 * microseconds from the write to the arrival, or ends with code 1 and a sentence when a
 * stream ends or 20 s go by. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "lib/die.h"

#define STREAMS_MAX 19000
#define CONNECTING 256 /* at the same time, below every server's backlog */
#define BATCH 256
#define TOKEN 22 /* "token-" and 16 bytes */
#define PATIENCE_US 20e6

static struct stream {
    int fd;
    bool ready, heard;
    char tail[TOKEN]; /* what a token may have begun with */
    unsigned ntail;
} stream[STREAMS_MAX];
static double at[STREAMS_MAX];
static int streams, ready, heard, loop, trigger;
static char token[TOKEN + 1];
static double began;

static double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int dial(const char *host, const char *port)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};
    bool local = *host == '/';
    int fd = socket(local ? AF_UNIX : AF_INET, SOCK_STREAM, 0);

    if (local)
        snprintf(un.sun_path, sizeof un.sun_path, "%s", host);
    else
        inet_pton(AF_INET, host, &in.sin_addr);
    if (connect(fd, local ? (struct sockaddr *)&un : (struct sockaddr *)&in,
                local ? sizeof un : sizeof in) < 0)
        die("cannot connect to %s %s: %s", host, port, strerror(errno));
    return fd;
}

static void ask(int fd, bool ws, const char *host, const char *target)
{
    char request[1024];
    int n = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n",
                     target, host,
                     ws ? "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                          "Sec-WebSocket-Version: 13\r\n"
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                        : "Accept: text/event-stream\r\n");

    if (write(fd, request, (size_t)n) != n)
        die("cannot ask for a stream");
}

/* Whether the token stands in what has come now, or across the edge to what came before.
 */
static bool hears(struct stream *s, const char *bytes, size_t n)
{
    char edge[2 * TOKEN];
    size_t few = n < TOKEN ? n : TOKEN, have = s->ntail + few;
    bool found;

    memcpy(edge, s->tail, s->ntail);
    memcpy(edge + s->ntail, bytes, few);
    found =
        *token && (memmem(bytes, n, token, TOKEN) || memmem(edge, have, token, TOKEN));
    if (n >= TOKEN) {
        memcpy(s->tail, bytes + n - TOKEN, TOKEN);
        s->ntail = TOKEN;
    } else {
        s->ntail = have < TOKEN ? (unsigned)have : TOKEN;
        memmove(s->tail, edge + have - s->ntail, s->ntail);
    }
    return found;
}

static void on_bytes(struct stream *s, const char *bytes, size_t n)
{
    if (!s->ready) {
        s->ready = true;
        ready++;
    }
    if (hears(s, bytes, n) && !s->heard) {
        s->heard = true;
        at[heard++] = now_us() - began;
    }
}

/* Reads whatever has come; returns when nothing does for @ms. */
static void turn(int ms)
{
    static char bytes[256 * 1024];
    struct epoll_event event[BATCH];
    int n = epoll_wait(loop, event, BATCH, ms);

    for (int i = 0; i < n; i++) {
        struct stream *s = event[i].data.ptr;
        ssize_t r = recv(s->fd, bytes, sizeof bytes, MSG_DONTWAIT);

        if (r <= 0 && !(r < 0 && errno == EAGAIN))
            die("stream %d of %d ended", (int)(s - stream), streams);
        if (r > 0)
            on_bytes(s, bytes, (size_t)r);
    }
}

static void await(const int *what, int wanted, const char *name)
{
    double until = now_us() + PATIENCE_US;

    while (*what < wanted) {
        turn(100);
        if (now_us() > until)
            die("%d of %d streams %s", *what, wanted, name);
    }
}

static void open_all(bool ws, const char *host, const char *port, const char *target)
{
    for (int i = 0; i < streams; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &stream[i]};

        stream[i].fd = dial(host, port);
        ask(stream[i].fd, ws, host, target);
        epoll_ctl(loop, EPOLL_CTL_ADD, stream[i].fd, &event);
        if (i >= CONNECTING)
            await(&ready, i - CONNECTING, "have answered");
    }
    await(&ready, streams, "have answered");
}

static size_t unescape(char *line)
{
    char *to = line;

    for (const char *p = line; *p && *p != '\n'; p++) {
        if (*p != '\\') {
            *to++ = *p;
            continue;
        }
        p++;
        *to++ = *p == 'n' ? '\n' : *p == 'r' ? '\r' : *p;
    }
    return (size_t)(to - line);
}

static int by_time(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void tell(char *line)
{
    size_t n = unescape(line);
    const char *found = memmem(line, n, "token-", 6);
    char answer[4096];

    if (!found || found + TOKEN > line + n)
        die("no token in the message");
    memcpy(token, found, TOKEN);
    for (int i = 0; i < streams; i++)
        stream[i].heard = false;
    heard = 0;
    began = now_us();
    if (write(trigger, line, n) != (ssize_t)n)
        die("the trigger took no message");
    await(&heard, streams, "have heard");
    while (recv(trigger, answer, sizeof answer, MSG_DONTWAIT) > 0)
        ;
    qsort(at, (size_t)heard, sizeof *at, by_time);
    printf("heard %.0f %.0f %.0f\n", at[heard / 2], at[heard * 99 / 100], at[heard - 1]);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static char line[256 * 1024];
    double start = now_us();

    if (argc != 8 || (streams = atoi(argv[5])) < 1 || streams > STREAMS_MAX)
        die("usage: stream_load sse|ws HOST PORT TARGET STREAMS TRIGGER TRIGGER-PORT");
    loop = epoll_create1(0);
    trigger = dial(argv[6], argv[7]);
    open_all(strcmp(argv[1], "ws") == 0, argv[2], argv[3], argv[4]);
    printf("ready %.0f\n", (now_us() - start) / 1000);
    fflush(stdout);
    for (;;) {
        fd_set in;
        struct timeval soon = {.tv_usec = 10000};

        FD_ZERO(&in);
        FD_SET(0, &in);
        if (select(1, &in, NULL, NULL, &soon) == 0) {
            turn(0); /* comments and other chatter between messages */
            continue;
        }
        if (!fgets(line, sizeof line, stdin))
            return 0;
        tell(line);
    }
}
