/* pixel_load: keeps a server busy with keep-alive pixels, and says how many it answered.
 *
 *   pixel_load HOST PORT CONNECTIONS SECONDS TARGET
 *
 * One process, one epoll loop, one request outstanding per connection, each with the
 * headers that Chrome sends for an image (some 800 bytes) and a visitor id of its own. It
 * is cheaper than the servers it drives, which wrk is not. Prints: requests, seconds,
 * microseconds of its own CPU per request, and p50 and p99 of the answer time in
 * microseconds. An answer that is not 200 or 204, or a closed connection, ends it with
 * code 1. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNS_MAX 1024
#define BATCH 64
#define BUCKETS 100000 /* of one microsecond; slower ones fall into the last */

static const char headers[] =
    "Host: stats.example.com\r\n"
    "Connection: keep-alive\r\n"
    "sec-ch-ua: \"Chromium\";v=\"131\", \"Not_A Brand\";v=\"24\", \"Google "
    "Chrome\";v=\"131\"\r\n"
    "sec-ch-ua-mobile: ?0\r\n"
    "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, "
    "like "
    "Gecko) Chrome/131.0.0.0 Safari/537.36\r\n"
    "sec-ch-ua-platform: \"Windows\"\r\n"
    "Accept: image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8\r\n"
    "Sec-Fetch-Site: cross-site\r\n"
    "Sec-Fetch-Mode: no-cors\r\n"
    "Sec-Fetch-Dest: image\r\n"
    "Referer: https://www.example.com/articles/2025/11/how-many-people-are-here-now\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Accept-Language: en-US,en;q=0.9,de;q=0.8\r\n"
    "Priority: i\r\n"
    "\r\n";

static struct {
    int fd;
    double sent_at;
} conn[CONNS_MAX];
static uint64_t latency[BUCKETS], answered;
static const char *target;

static double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void fail(const char *what)
{
    fprintf(stderr, "pixel_load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void ask(int i)
{
    static uint64_t visitor;
    char text[2048];
    int n = snprintf(text, sizeof text, "GET %s%s%08llx HTTP/1.1\r\n%s", target,
                     strchr(target, '?') ? "&u=" : "?u=",
                     (unsigned long long)(++visitor * UINT64_C(0x9e3779b97f4a7c15) >> 32),
                     headers);

    conn[i].sent_at = now_us();
    if (send(conn[i].fd, text, (size_t)n, MSG_NOSIGNAL) != n)
        fail("send");
}

static void take(int i)
{
    char text[4096];
    ssize_t n = recv(conn[i].fd, text, sizeof text, 0);
    double us;

    if (n <= 0)
        fail("the server closed");
    if (n < 12 || (memcmp(text + 9, "200", 3) != 0 && memcmp(text + 9, "204", 3) != 0))
        fail("not 200 or 204");
    us = now_us() - conn[i].sent_at;
    latency[us < BUCKETS ? (int)us : BUCKETS - 1]++;
    answered++;
    ask(i);
}

static unsigned quantile(double q)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < BUCKETS; i++)
        if ((double)(sum += latency[i]) >= q * (double)answered)
            return i;
    return BUCKETS;
}

int main(int argc, char **argv)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    struct epoll_event event[BATCH];
    struct rusage cpu;
    int ep = epoll_create1(0), conns;
    double begin, end;

    if (argc != 6 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1 ||
        (conns = atoi(argv[3])) < 1 || conns > CONNS_MAX) {
        fprintf(stderr, "usage: pixel_load IPV4 PORT CONNECTIONS SECONDS TARGET\n");
        return 2;
    }
    to.sin_port = htons((uint16_t)atoi(argv[2]));
    target = argv[5];
    for (int i = 0; i < conns; i++) {
        struct epoll_event e = {.events = EPOLLIN, .data.u32 = (uint32_t)i};

        conn[i].fd = socket(AF_INET, SOCK_STREAM, 0);
        if (conn[i].fd < 0 || connect(conn[i].fd, (struct sockaddr *)&to, sizeof to) < 0)
            fail("connect");
        epoll_ctl(ep, EPOLL_CTL_ADD, conn[i].fd, &e);
        ask(i);
    }
    begin = now_us();
    end = begin + atof(argv[4]) * 1e6;
    while (now_us() < end) {
        int n = epoll_wait(ep, event, BATCH, 100);

        for (int k = 0; k < n; k++)
            take((int)event[k].data.u32);
    }
    end = now_us();
    getrusage(RUSAGE_SELF, &cpu);
    printf("%llu %.3f %.2f %u %u\n", (unsigned long long)answered, (end - begin) / 1e6,
           ((double)(cpu.ru_utime.tv_sec + cpu.ru_stime.tv_sec) * 1e6 +
            (double)(cpu.ru_utime.tv_usec + cpu.ru_stime.tv_usec)) /
               (double)answered,
           quantile(0.5), quantile(0.99));
    return 0;
}
