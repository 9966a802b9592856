/* batch_load: keeps a server busy with POST /e, fifty events of JSON each, and says how
 * many it took.
 *
 *   batch_load HOST PORT CONNECTIONS SECONDS SITE
 *
 * One process, one request outstanding per connection, each event of a visitor of its
 * own. Prints: events, seconds. An answer that is not 202 ends it with code 1. */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EVENTS 50
#define BATCH 64

static const char *site;
static uint64_t answered;

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static size_t put_events(char *at, size_t room)
{
    static uint64_t visitor;
    size_t n = 0;

    for (int i = 0; i < EVENTS; i++) {
        visitor += UINT64_C(0x9e3779b97f4a7c15);
        n += (size_t)snprintf(
            at + n, room - n,
            "%c{\"i\":\"%s\",\"p\":\"/articles/2025/11/how-many-%d\","
            "\"k\":\"v\",\"u\":\"%08x\",\"v\":\"Zk3x9Q%02d\","
            "\"t\":\"How many people are here now\","
            "\"r\":\"https://news.example.com/item?id=%d\",\"a\":\"r\"}",
            i ? ',' : '[', site, i % 10, (unsigned)(visitor >> 32), i, i);
    }
    return n + (size_t)snprintf(at + n, room - n, "]");
}

static void ask(int fd)
{
    static char body[32 * 1024], text[33 * 1024];
    size_t n = put_events(body, sizeof body);
    int all = snprintf(text, sizeof text,
                       "POST /e HTTP/1.1\r\nHost: stats.example.com\r\n"
                       "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 "
                       "(KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36\r\n"
                       "Content-Type: text/plain\r\nContent-Length: %zu\r\n\r\n%s",
                       n, body);

    if (send(fd, text, (size_t)all, MSG_NOSIGNAL) != all)
        fail("send");
}

static void take(int fd)
{
    char text[4096];
    ssize_t n = recv(fd, text, sizeof text, 0);

    if (n < 12 || memcmp(text + 9, "202", 3) != 0) {
        fprintf(stderr, "batch_load: not taken: %.*s\n", n > 0 ? (int)n : 0, text);
        exit(1);
    }
    answered++;
    ask(fd);
}

int main(int argc, char **argv)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    struct epoll_event event[BATCH];
    int ep = epoll_create1(0);
    double begin, end;

    if (argc != 6 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) {
        fprintf(stderr, "usage: batch_load IPV4 PORT CONNECTIONS SECONDS SITE\n");
        return 2;
    }
    to.sin_port = htons((uint16_t)atoi(argv[2]));
    site = argv[5];
    for (int i = 0; i < atoi(argv[3]); i++) {
        struct epoll_event e = {.events = EPOLLIN,
                                .data.fd = socket(AF_INET, SOCK_STREAM, 0)};

        if (e.data.fd < 0 || connect(e.data.fd, (struct sockaddr *)&to, sizeof to) < 0)
            fail("connect");
        epoll_ctl(ep, EPOLL_CTL_ADD, e.data.fd, &e);
        ask(e.data.fd);
    }
    begin = now_s();
    end = begin + atof(argv[4]);
    while (now_s() < end)
        for (int i = 0, n = epoll_wait(ep, event, BATCH, 100); i < n; i++)
            take(event[i].data.fd);
    printf("%llu %.3f\n", (unsigned long long)answered * EVENTS, now_s() - begin);
    return 0;
}
