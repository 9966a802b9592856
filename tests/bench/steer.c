/* steer: has the sockets that share a port take the connections that come on their own
 * core: the first of them those of core 0, and so on.
 *
 *   steer PID PORT      PID: a process that listens there
 *
 * SO_REUSEPORT spreads connections by a hash, so that half of what two workers serve
 * comes from the other core. With each on a core of its own, beside a load of its own,
 * there are two units that share nothing but the program; that is what scaling.mjs wants
 * to see. A program of classic BPF belongs to all sockets of the port; this one is
 * attached by way of a copy of PID's, which the kernel gives to who may trace it. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "lib/die.h"

#define FDS_MAX 256 /* looked at; listening sockets are opened early */

static bool listens_on(int fd, int port)
{
    struct sockaddr_in at;
    socklen_t n = sizeof at, on_n = sizeof(int);
    int on = 0;

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &on_n) == 0 && on &&
           getsockname(fd, (struct sockaddr *)&at, &n) == 0 && ntohs(at.sin_port) == port;
}

static int attach(int fd)
{
    struct sock_filter by_core[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_CPU)),
        BPF_STMT(BPF_RET | BPF_A, 0),
    };
    struct sock_fprog program = {.len = 2, .filter = by_core};

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program);
}

/* Ends the program with a sentence when it cannot. */
static void steer(int pidfd, const char *pid, const char *port)
{
    for (int i = 0; i < FDS_MAX; i++) {
        int fd = (int)syscall(SYS_pidfd_getfd, pidfd, i, 0);

        if (fd < 0 && errno != EBADF)
            die("steer: the sockets of process %s: %s", pid, strerror(errno));
        if (fd >= 0 && listens_on(fd, atoi(port))) {
            if (attach(fd) < 0)
                die("steer: port %s: %s", port, strerror(errno));
            return;
        }
        if (fd >= 0)
            close(fd);
    }
    die("steer: process %s does not listen on port %s", pid, port);
}

int main(int argc, char **argv)
{
    int pidfd;

    if (argc != 3) {
        fputs("usage: steer PID PORT\n", stderr);
        return 2;
    }
    pidfd = (int)syscall(SYS_pidfd_open, atoi(argv[1]), 0);
    if (pidfd < 0)
        die("steer: process %s: %s", argv[1], strerror(errno));
    steer(pidfd, argv[1], argv[2]);
}
