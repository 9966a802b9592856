/* udp_floor: what it takes to have datagrams at all: receives and counts them.
 *
 *   udp_floor recvmmsg   64 at a time, when 1 ms has passed since the socket was empty
 *   udp_floor gro        the same, but trains of them in slots of 64 KiB (UDP_GRO)
 *   udp_floor libuv      uv_udp_recv_start as it comes, woken by each
 *
 * Prints its port on 127.0.0.1; on SIGTERM the datagrams that came, the CPU nanoseconds
 * it had since the first, how many the kernel dropped, and how many were received with
 * one call at most. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/udp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#define RCVBUF (4 * 1024 * 1024)
#define SLOT 2048
#define BATCH 64
#define TRAIN 65536
#define TRAINS 16
#define EMPTY_US 1000

static volatile sig_atomic_t ended;
static unsigned long long datagrams;
static unsigned most;
static double began = -1;

static double cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void on_end(int signum)
{
    (void)signum;
    ended = 1;
}

static void count(unsigned n)
{
    if (began < 0)
        began = cpu_ns();
    datagrams += n;
    most = n > most ? n : most;
}

/* Datagrams in one message: as many as its length has segments. */
static unsigned segments(struct msghdr *m, unsigned n)
{
    int size;
    struct cmsghdr *c = CMSG_FIRSTHDR(m);

    if (!c || c->cmsg_level != SOL_UDP || c->cmsg_type != UDP_GRO)
        return 1;
    memcpy(&size, CMSG_DATA(c), sizeof size);
    return (n + (unsigned)size - 1) / (unsigned)size;
}

/* Receives until there is no more, and sleeps, and again. */
static void drain(int fd, unsigned slots, size_t slot)
{
    static struct mmsghdr msg[BATCH];
    static struct iovec iov[BATCH];
    static struct sockaddr_storage from[BATCH];
    static char control[BATCH][CMSG_SPACE(sizeof(int))];
    char *bytes = calloc(slots, slot);

    while (!ended) {
        int n;
        unsigned sum = 0;

        for (unsigned i = 0; i < slots; i++) {
            iov[i] = (struct iovec){bytes + i * slot, slot};
            msg[i].msg_hdr = (struct msghdr){.msg_name = &from[i],
                                             .msg_namelen = sizeof from[i],
                                             .msg_iov = &iov[i],
                                             .msg_iovlen = 1,
                                             .msg_control = control[i],
                                             .msg_controllen = sizeof control[i]};
        }
        n = recvmmsg(fd, msg, slots, MSG_DONTWAIT, NULL);
        for (int i = 0; i < n; i++)
            sum += segments(&msg[i].msg_hdr, msg[i].msg_len);
        if (n > 0)
            count(sum);
        if (n < (int)slots)
            usleep(EMPTY_US);
    }
    free(bytes);
}

static void on_buffer(uv_handle_t *h, size_t n, uv_buf_t *buf)
{
    static char bytes[TRAIN];

    (void)h;
    (void)n;
    *buf = uv_buf_init(bytes, sizeof bytes);
}

static void on_datagram(uv_udp_t *h, ssize_t n, const uv_buf_t *buf,
                        const struct sockaddr *from, unsigned flags)
{
    (void)h;
    (void)buf;
    (void)flags;
    if (n >= 0 && from)
        count(1);
}

static void on_signal(uv_signal_t *s, int signum)
{
    (void)signum;
    uv_stop(s->loop);
}

static void run_libuv(int fd)
{
    uv_loop_t loop;
    uv_udp_t udp;
    uv_signal_t end;

    uv_loop_init(&loop);
    uv_udp_init(&loop, &udp);
    uv_udp_open(&udp, fd);
    uv_udp_recv_start(&udp, on_buffer, on_datagram);
    uv_signal_init(&loop, &end);
    uv_signal_start(&end, on_signal, SIGTERM);
    uv_run(&loop, UV_RUN_DEFAULT);
}

static int open_socket(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), size = RCVBUF;

    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0 ||
        getsockname(fd, (struct sockaddr *)&at, &n) < 0) {
        perror("udp_floor");
        exit(1);
    }
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "recvmmsg";
    uint32_t info[SK_MEMINFO_VARS] = {0};
    socklen_t n = sizeof info;
    int fd = open_socket();

    signal(SIGTERM, on_end);
    if (strcmp(how, "libuv") == 0) {
        run_libuv(fd);
    } else if (strcmp(how, "gro") == 0) {
        if (setsockopt(fd, SOL_UDP, UDP_GRO, &(int){1}, sizeof(int)) < 0) {
            perror("udp_floor: UDP_GRO");
            return 1;
        }
        drain(fd, TRAINS, TRAIN);
    } else {
        drain(fd, BATCH, SLOT);
    }
    getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &n);
    printf("%llu %.0f %u %u\n", datagrams, began < 0 ? 0 : cpu_ns() - began,
           info[SK_MEMINFO_DROPS], most);
    return 0;
}
