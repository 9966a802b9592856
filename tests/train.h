/* train: datagrams given to the kernel with one call, as a sender with UDP_SEGMENT does.
 */
#ifndef HC_TESTS_TRAIN_H
#define HC_TESTS_TRAIN_H

#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>

/* Sends @n bytes as datagrams of @each, the last of what is left. */
static inline void train_send(int fd, const void *bytes, size_t n, size_t each)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(uint16_t))];
    } control = {0};
    struct iovec iov = {(void *)(uintptr_t)bytes, n};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    uint16_t size = (uint16_t)each;

    c->cmsg_level = SOL_UDP;
    c->cmsg_type = UDP_SEGMENT;
    c->cmsg_len = CMSG_LEN(sizeof size);
    memcpy(CMSG_DATA(c), &size, sizeof size);
    assert_int_equal(sendmsg(fd, &m, 0), n);
}

#endif
