/* idle_load: opens connections, asks one thing on each, and is silent.
 *
 *   idle_load pixel|sse|ws IPV4 PORT CONNECTIONS TARGET
 *
 * When each has been answered "ready" is printed, and all stay open until stdin ends. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNS_MAX 19000

static int fd[CONNS_MAX];

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static const char *headers_of(const char *kind)
{
    if (strcmp(kind, "sse") == 0)
        return "Accept: text/event-stream\r\n";
    if (strcmp(kind, "ws") == 0)
        return "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
               "13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    return "";
}

static void open_one(int *to_fd, const struct sockaddr_in *to, const char *text, size_t n)
{
    *to_fd = socket(AF_INET, SOCK_STREAM, 0);
    if (*to_fd < 0 || connect(*to_fd, (const struct sockaddr *)to, sizeof *to) < 0)
        fail("connect");
    if (send(*to_fd, text, n, MSG_NOSIGNAL) != (ssize_t)n)
        fail("send");
}

int main(int argc, char **argv)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    struct rlimit files;
    char text[2048], answer[4096];
    int conns, n;

    if (argc != 6 || inet_pton(AF_INET, argv[2], &to.sin_addr) != 1 ||
        (conns = atoi(argv[4])) < 1 || conns > CONNS_MAX) {
        fprintf(stderr, "usage: idle_load pixel|sse|ws IPV4 PORT CONNECTIONS TARGET\n");
        return 2;
    }
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    to.sin_port = htons((uint16_t)atoi(argv[3]));
    n = snprintf(text, sizeof text,
                 "GET %s HTTP/1.1\r\nHost: stats.example.com\r\nUser-Agent: Mozilla/5.0 "
                 "(X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n%s\r\n",
                 argv[5], headers_of(argv[1]));
    for (int i = 0; i < conns; i++)
        open_one(&fd[i], &to, text, (size_t)n);
    for (int i = 0; i < conns; i++)
        if (recv(fd[i], answer, sizeof answer, 0) <= 0)
            fail("the server closed");
    printf("ready\n");
    fflush(stdout);
    while (read(STDIN_FILENO, answer, sizeof answer) > 0)
        ;
    return 0;
}
