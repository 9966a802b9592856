/* udp_sink: takes datagrams on 127.0.0.1 and throws them away, so that whoever sends them
 * pays what sending to a listener costs. Prints its port, ends with SIGTERM. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#define BATCH 64
#define BYTES 2048

int main(void)
{
    static char bytes[BATCH][BYTES];
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    struct iovec iov[BATCH];
    struct mmsghdr msg[BATCH] = {0};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0 ||
        getsockname(fd, (struct sockaddr *)&at, &n) < 0) {
        perror("udp_sink");
        return 1;
    }
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    for (int i = 0; i < BATCH; i++) {
        iov[i] = (struct iovec){bytes[i], BYTES};
        msg[i].msg_hdr.msg_iov = &iov[i];
        msg[i].msg_hdr.msg_iovlen = 1;
    }
    while (recvmmsg(fd, msg, BATCH, MSG_WAITFORONE, NULL) > 0)
        ;
    perror("udp_sink");
    return 1;
}
