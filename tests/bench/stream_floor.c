/* stream_floor: the least that pushing a message to many can cost: a bare write loop.
 *
 * Prints two ports. Whoever connects to the first and asks anything is answered the head
 * of an event stream and kept. Each chunk that comes on a connection to the second is
 * written to all of them with one send() each. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define STREAMS_MAX 19000
#define BATCH 256

static int stream[STREAMS_MAX], streams;

static int listen_any(int *port)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    socklen_t n = sizeof in;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, (struct sockaddr *)&in, n) < 0 || listen(fd, 4096) < 0)
        exit(1);
    getsockname(fd, (struct sockaddr *)&in, &n);
    *port = ntohs(in.sin_port);
    return fd;
}

static void watch(int loop, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event);
}

static void publish(const char *bytes, size_t n)
{
    for (int i = 0; i < streams; i++)
        if (send(stream[i], bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EAGAIN)
            stream[i--] = stream[--streams];
}

int main(void)
{
    static const char head[] =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    static char bytes[256 * 1024];
    struct epoll_event event[BATCH];
    int loop = epoll_create1(0), port[2], listener[2], publisher = -1;

    for (int i = 0; i < 2; i++)
        watch(loop, listener[i] = listen_any(&port[i]));
    printf("%d %d\n", port[0], port[1]);
    fflush(stdout);
    for (;;) {
        int n = epoll_wait(loop, event, BATCH, -1);

        for (int i = 0; i < n; i++) {
            int fd = event[i].data.fd, newcomer;
            ssize_t r;

            if (fd == listener[0] || fd == listener[1]) {
                while ((newcomer = accept4(fd, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                    watch(loop, newcomer);
                    if (fd == listener[1])
                        publisher = newcomer;
                }
                continue;
            }
            r = recv(fd, bytes, sizeof bytes, 0);
            if (r <= 0)
                close(fd);
            else if (fd == publisher)
                publish(bytes, (size_t)r);
            else if (streams < STREAMS_MAX && send(fd, head, sizeof head - 1, 0) > 0)
                stream[streams++] = fd;
        }
    }
}
