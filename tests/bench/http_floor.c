/* http_floor: what a pixel costs at the least. Servers that do nothing but what the
 * kernel makes everybody do; anything goes to them and is answered with the GIF.
 *
 *   http_floor bare             looks whether the end of a head is there, answers
 *   http_floor forward SINK     looks two headers up as well, packs 60 bytes of what was
 *                               asked, and sends them on, as datagrams of at most
 *                               1,400 bytes, to the port SINK of 127.0.0.1
 *   http_floor defer            one request a connection, which it closes:
 *                               TCP_DEFER_ACCEPT, reads when it accepts, no epoll_ctl
 *
 * A last argument PORT is the port to listen on, which others may share: SO_REUSEPORT.
 *
 * One thread, one epoll loop, one buffer; a request is taken to come whole and alone, so
 * that its end is that of what was read. Prints its port, ends with SIGTERM. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 64
#define BACKLOG 4096
#define READ_BYTES 65536
#define DATAGRAM_BYTES 1400
#define EVENT_BYTES 60 /* the most that an event of headcount takes on the wire */
#define LINGER_MS 5    /* of what waits for company, as SENDER_LINGER_MS */

/* As long as the answer of headcount. */
#define HEAD(connection)                                     \
    "HTTP/1.1 200 OK\r\n"                                    \
    "Date: Mon, 01 Dec 2025 12:00:00 GMT\r\n"                \
    "Content-Type: image/gif\r\n"                            \
    "Content-Length: 43\r\n"                                 \
    "Cache-Control: no-store, no-cache, must-revalidate\r\n" \
    "Access-Control-Allow-Origin: *\r\n" connection "\r\n"
#define GIF                                                                             \
    "GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\4\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D" \
    "\1\0;"

static const char answer[] = HEAD("") GIF;
static const char last_answer[] = HEAD("Connection: close\r\n") GIF;

static int sink = -1; /* where datagrams go; -1: nothing is forwarded */
static char datagram[DATAGRAM_BYTES];
static size_t packed;

static void flush(void)
{
    if (packed > 0)
        send(sink, datagram, packed, MSG_DONTWAIT); /* Best effort, it is the floor. */
    packed = 0;
}

struct value {
    const char *p;
    size_t n;
};

/* Takes the value of the header @name if that is what the line at @at says. */
static void take(struct value *v, const char *at, const char *end, const char *name)
{
    size_t n = strlen(name);
    const char *line_end;

    if ((size_t)(end - at) < n || memcmp(at, name, n) != 0)
        return;
    v->p = at + n;
    line_end = memchr(v->p, '\r', (size_t)(end - v->p));
    v->n = line_end ? (size_t)(line_end - v->p) : 0;
}

/* FNV-1a, a word at a time. */
static uint64_t hash(uint64_t h, const char *bytes, size_t n)
{
    uint64_t word = 0;

    for (; n >= sizeof word; n -= sizeof word, bytes += sizeof word) {
        memcpy(&word, bytes, sizeof word);
        h = (h ^ word) * UINT64_C(0x100000001b3);
    }
    memcpy(&word, bytes, n);
    return (h ^ word) * UINT64_C(0x100000001b3);
}

/* The visitor, by what tells browsers apart, and the target, cut. Lines are walked, up to
 * Referer, which Chrome sends later: two memmem() take twice as long. */
static void forward(const char *head, size_t n)
{
    const char *end = head + n, *at = memchr(head, '\n', n);
    size_t line_n = (size_t)(at - 1 - head);
    struct value agent = {"", 0}, from = {"", 0};
    uint64_t visitor;

    for (; at != NULL && from.n == 0; at = memchr(at, '\n', (size_t)(end - at))) {
        take(&agent, ++at, end, "User-Agent: ");
        take(&from, at, end, "Referer: ");
    }
    visitor = hash(hash(0xcbf29ce484222325, agent.p, agent.n), from.p, from.n);
    if (line_n > EVENT_BYTES - sizeof visitor)
        line_n = EVENT_BYTES - sizeof visitor;
    if (packed + EVENT_BYTES > DATAGRAM_BYTES)
        flush();
    memcpy(datagram + packed, &visitor, sizeof visitor);
    memcpy(datagram + packed + sizeof visitor, head, line_n);
    packed += EVENT_BYTES;
}

/* Returns false when the client is gone. */
static bool serve(int fd, const char *text, size_t text_n, int flags)
{
    static char bytes[READ_BYTES];
    ssize_t n = recv(fd, bytes, sizeof bytes, 0);

    if (n < 4 || memcmp(bytes + n - 4, "\r\n\r\n", 4) != 0)
        return false;
    if (sink >= 0)
        forward(bytes, (size_t)n);
    return send(fd, text, text_n, MSG_NOSIGNAL | flags) == (ssize_t)text_n;
}

static void accept_all(int epoll, int listener, bool once)
{
    int fd;

    while ((fd = accept4(listener, NULL, NULL, once ? 0 : SOCK_NONBLOCK)) >= 0) {
        struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};

        if (!once) {
            epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
            continue;
        }
        serve(fd, last_answer, sizeof last_answer - 1, MSG_MORE);
        close(fd);
    }
}

static void run(int listener, bool once)
{
    struct epoll_event event[BATCH], e = {.events = EPOLLIN, .data.fd = listener};
    int epoll = epoll_create1(0), n;

    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &e);
    for (;;) {
        n = epoll_wait(epoll, event, BATCH, packed ? LINGER_MS : -1);
        if (n == 0)
            flush();
        for (int i = 0; i < n; i++) {
            if (event[i].data.fd == listener)
                accept_all(epoll, listener, once);
            else if (!serve(event[i].data.fd, answer, sizeof answer - 1, 0))
                close(event[i].data.fd);
        }
    }
}

static struct sockaddr_in local(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                .sin_port = htons((uint16_t)port)};
}

static int listen_at(int port, bool once)
{
    struct sockaddr_in at = local(port);
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1, seconds = 5;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (once)
        setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof seconds);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, BACKLOG) < 0 ||
        getsockname(fd, (struct sockaddr *)&at, &n) < 0) {
        perror("http_floor");
        exit(1);
    }
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

static void connect_sink(int port)
{
    struct sockaddr_in to = local(port);

    sink = socket(AF_INET, SOCK_DGRAM, 0);
    if (connect(sink, (struct sockaddr *)&to, sizeof to) < 0) {
        perror("http_floor");
        exit(1);
    }
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "";
    bool once = strcmp(mode, "defer") == 0, forwards = strcmp(mode, "forward") == 0;
    int used = 2 + forwards;

    if (argc < used || argc > used + 1 ||
        (!once && !forwards && strcmp(mode, "bare") != 0)) {
        fputs("usage: http_floor bare|defer [PORT] | forward SINK [PORT]\n", stderr);
        return 2;
    }
    if (forwards)
        connect_sink(atoi(argv[2]));
    run(listen_at(argc > used ? atoi(argv[used]) : 0, once), once);
}
