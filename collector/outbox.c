/* outbox: one buffer, one sendmsg.
 *
 * When the kernel refuses a train this is as if its first datagram had been refused: an
 * error that belongs to the socket (ECONNREFUSED, of an earlier one) or says that there
 * is no room. The others are tried one by one. Some errors say that trains do not go this
 * way: segments longer than the MTU, which cannot be fragmented, a device that computes
 * no checksums. Then none was refused, and from now on all go alone. */
#include "outbox.h"

#include <errno.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>

void outbox_init(struct outbox *o, int fd)
{
    /* An older kernel ignores what it does not know of a sendmsg, but not of this. */
    o->trains = setsockopt(fd, SOL_UDP, UDP_SEGMENT, &(int){0}, sizeof(int)) == 0;
    o->n = 0;
}

bool outbox_put(struct outbox *o, const uint8_t *bytes, size_t n)
{
    if (o->n == 0) {
        o->each = n;
        o->ends = !o->trains;
    } else if (o->ends || n > o->each || o->n >= UPLINK_TRAIN_MAX * o->each) {
        return false;
    } else {
        o->ends = n < o->each;
    }
    memcpy(o->bytes + o->n, bytes, n);
    o->n += n;
    return true;
}

/* Returns 0 or errno. */
static int send_train(struct outbox *o, int fd)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(uint16_t))];
    } control = {0};
    struct iovec iov = {o->bytes, o->n};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof control};
    uint16_t each = (uint16_t)o->each;

    control.align = (struct cmsghdr){.cmsg_level = SOL_UDP,
                                     .cmsg_type = UDP_SEGMENT,
                                     .cmsg_len = CMSG_LEN(sizeof each)};
    memcpy(CMSG_DATA(&control.align), &each, sizeof each);
    return sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? errno : 0;
}

static bool is_of_trains(int error)
{
    return error == EINVAL || error == EMSGSIZE || error == EIO || error == EOPNOTSUPP;
}

static void send_each(const struct outbox *o, int fd, size_t from,
                      void (*refused)(void *arg, int error), void *arg)
{
    for (size_t at = from; at < o->n; at += o->each) {
        size_t n = o->n - at < o->each ? o->n - at : o->each;

        if (send(fd, o->bytes + at, n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
            refused(arg, errno);
    }
}

static void send_all(struct outbox *o, int fd, void (*refused)(void *arg, int error),
                     void *arg)
{
    int error = send_train(o, fd);

    if (is_of_trains(error)) {
        o->trains = false;
        send_each(o, fd, 0, refused, arg);
    } else if (error) {
        refused(arg, error);
        send_each(o, fd, o->each, refused, arg);
    }
}

void outbox_send(struct outbox *o, int fd, void (*refused)(void *arg, int error),
                 void *arg)
{
    if (o->n > o->each)
        send_all(o, fd, refused, arg);
    else
        send_each(o, fd, 0, refused, arg);
    o->n = 0;
}
