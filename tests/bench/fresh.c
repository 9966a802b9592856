/* fresh: how old a number is when it is told.
 *
 *   fresh HOST PORT REDIS-SOCKET SITES EVERY-MS SECONDS
 *
 * Each site has a connection for its beacons and an event stream; one connection to Redis
 * is subscribed to all. Every EVERY-MS each site gets a beacon of a new visitor on a page
 * of its own, at times that were fixed before, whatever the server does (open loop); the
 * sites take turns evenly. The time runs from when the answer has arrived here until the
 * page is named in a message of Redis, and in one of the stream; one clock, one process.
 * A site's first beacons are not counted: it is read back from Redis then. EVERY-MS above
 * STREAM_STATE_MS keeps each site quiet.
 *
 * Prints "redis P50 P99 MOST sse P50 P99 MOST n", microseconds. Ends with code 1 and a
 * sentence when a beacon has not been told before the next one of its site is due. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "lib/die.h"
#include "lib/histogram.h"

#define SITES_MOST 256
#define WARM_UP 3 /* beacons of each site */
#define TOKEN 16  /* "/fresh-" and a number of nine digits */
#define BATCH 64
#define START_NS UINT64_C(500000000)

enum role { BEACONS, STREAM, REDIS };

/* A connection, and the end of what came last, in which a token may have begun. */
struct ear {
    enum role role;
    int fd;
    struct site *site; /* NULL: of all */
    size_t ntail;
    char tail[TOKEN];
};

static struct site {
    struct ear beacons, stream;
    bool ready; /* the stream has been answered */
    unsigned sent;
    uint64_t answered, at_redis, at_stream; /* ns, 0: not yet */
    char token[TOKEN + 1];
} site[SITES_MOST];

static struct ear redis = {.role = REDIS};
static struct histogram redis_ns, stream_ns;
static unsigned sites, told;
static int loop;

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* ---- connections -------------------------------------------------------- */

static void dial(struct ear *e, const struct sockaddr *to, socklen_t n)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = e};

    e->fd = socket(to->sa_family, SOCK_STREAM, 0);
    if (e->fd < 0 || connect(e->fd, to, n) < 0)
        die("cannot connect: %s", strerror(errno));
    epoll_ctl(loop, EPOLL_CTL_ADD, e->fd, &event);
}

static void __attribute__((format(printf, 2, 3))) say(int fd, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (send(fd, text, (size_t)n, MSG_NOSIGNAL) != n)
        die("cannot send: %s", strerror(errno));
}

static void open_site(unsigned i, const struct sockaddr_in *to)
{
    struct site *s = &site[i];

    s->beacons = (struct ear){.role = BEACONS, .site = s};
    s->stream = (struct ear){.role = STREAM, .site = s};
    dial(&s->beacons, (const struct sockaddr *)to, sizeof *to);
    dial(&s->stream, (const struct sockaddr *)to, sizeof *to);
    say(s->stream.fd,
        "GET /sites/fresh-%u/stream HTTP/1.1\r\nHost: x\r\nAccept: "
        "text/event-stream\r\n\r\n",
        i);
    say(redis.fd, "SUBSCRIBE hc:fresh-%u\r\n", i);
}

static void open_all(const char *host, const char *port, const char *path)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)atoi(port))};
    struct sockaddr_un un = {.sun_family = AF_UNIX};

    loop = epoll_create1(0);
    inet_pton(AF_INET, host, &in.sin_addr);
    snprintf(un.sun_path, sizeof un.sun_path, "%s", path);
    dial(&redis, (struct sockaddr *)&un, sizeof un);
    for (unsigned i = 0; i < sites; i++)
        open_site(i, &in);
}

/* ---- beacons and what becomes of them ----------------------------------- */

static void send_beacon(struct site *s)
{
    static unsigned number;

    if (s->sent > 0 && !(s->answered && s->at_redis && s->at_stream))
        die("%s: %s before the next beacon was due", s->token,
            !s->answered   ? "not answered"
            : !s->at_redis ? "not published"
                           : "not streamed");
    s->answered = s->at_redis = s->at_stream = 0;
    s->sent++;
    snprintf(s->token, sizeof s->token, "/fresh-%09u", ++number);
    say(s->beacons.fd, "GET /hc.gif?i=fresh-%u&p=%s&u=%u HTTP/1.1\r\nHost: x\r\n\r\n",
        (unsigned)(s - site), s->token, number);
}

static void note(struct histogram *h, uint64_t from, uint64_t to)
{
    histogram_add(h, to > from ? to - from : 0);
}

static void settle(struct site *s)
{
    if (!s->answered || !s->at_redis || !s->at_stream || s->sent <= WARM_UP)
        return;
    told++;
    note(&redis_ns, s->answered, s->at_redis);
    note(&stream_ns, s->answered, s->at_stream);
}

/* Looks for the site's token in @text, if it is missing there. */
static void seek(struct site *s, uint64_t *at, const char *text, size_t n, uint64_t now)
{
    if (*at == 0 && s->sent > 0 && memmem(text, n, s->token, TOKEN)) {
        *at = now;
        settle(s);
    }
}

static void hear(struct ear *e, const char *text, size_t n, uint64_t now)
{
    struct site *s = e->site;

    if (e->role == BEACONS) {
        s->answered = now;
        settle(s);
    } else if (e->role == STREAM) {
        s->ready = true;
        seek(s, &s->at_stream, text, n, now);
    } else {
        for (unsigned i = 0; i < sites; i++)
            seek(&site[i], &site[i].at_redis, text, n, now);
    }
}

static void read_some(struct ear *e)
{
    static char text[TOKEN + 256 * 1024];
    uint64_t now = now_ns();
    ssize_t r;
    size_t n;

    memcpy(text, e->tail, e->ntail);
    r = recv(e->fd, text + e->ntail, sizeof text - e->ntail, MSG_DONTWAIT);
    if (r < 0 && errno == EAGAIN)
        return;
    if (r <= 0)
        die("a connection ended");
    n = e->ntail + (size_t)r;
    hear(e, text, n, now);
    e->ntail = n < TOKEN - 1 ? n : TOKEN - 1;
    memcpy(e->tail, text + n - e->ntail, e->ntail);
}

static void turn_until(uint64_t due)
{
    struct epoll_event event[BATCH];

    for (uint64_t now; (now = now_ns()) < due;) {
        int n = epoll_wait(loop, event, BATCH, (int)((due - now) / 1000000 + 1));

        for (int i = 0; i < n; i++)
            read_some(event[i].data.ptr);
    }
}

static void print(const char *name, const struct histogram *h)
{
    printf("%s %.0f %.0f %.0f ", name, (double)histogram_at(h, 0.5) / 1e3,
           (double)histogram_at(h, 0.99) / 1e3, (double)h->most / 1e3);
}

int main(int argc, char **argv)
{
    uint64_t begin, gap, rounds;

    if (argc != 7 || (sites = (unsigned)atoi(argv[4])) < 1 || sites > SITES_MOST)
        die("usage: fresh HOST PORT REDIS-SOCKET SITES EVERY-MS SECONDS");
    open_all(argv[1], argv[2], argv[3]);
    gap = strtoull(argv[5], NULL, 10) * 1000000 / sites;
    rounds = strtoull(argv[6], NULL, 10) * 1000000000 / gap / sites + WARM_UP;
    begin = now_ns() + START_NS;
    for (uint64_t i = 0; i < rounds * sites; i++) {
        turn_until(begin + i * gap);
        if (!site[i % sites].ready)
            die("a stream was not answered");
        send_beacon(&site[i % sites]);
    }
    turn_until(now_ns() + START_NS);
    print("redis", &redis_ns);
    print("sse", &stream_ns);
    printf("%u\n", told);
    return 0;
}
