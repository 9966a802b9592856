/* inbox: recvmmsg into slots, slots cut into datagrams.
 *
 * The length told of a train is the kernel's, cut from what a sender said of its own
 * datagrams or found equal in them: whether one of them is any good is seen when it is
 * opened. A slot without a length is one datagram, also an empty one. */
#include "inbox.h"

#include <errno.h>
#include <netinet/udp.h>
#include <string.h>

/* Slots that a call is given after one that brought a train: full ones then hold some 900
 * datagrams, not 3,500, which all belong to one turn of the loop. */
#define TRAINS 16

void inbox_init(struct inbox *in, bool trains)
{
    size_t size = trains ? RECEIVE_SLOT_BYTES : INBOX_SINGLE;

    in->trains = trains;
    in->full = false;
    in->slots = RECEIVE_SLOTS;
    in->held = in->at = 0;
    in->offset = 0;
    for (size_t i = 0; i < RECEIVE_SLOTS; i++) {
        in->iov[i] = (struct iovec){in->bytes + i * size, size};
        in->msg[i].msg_hdr = (struct msghdr){
            .msg_name = &in->from[i],
            .msg_iov = &in->iov[i],
            .msg_iovlen = 1,
            .msg_control = trains ? &in->control[i] : NULL,
        };
    }
}

bool inbox_holds(const struct inbox *in)
{
    return in->at < in->held;
}

/* The length of the datagrams in slot @i, all of it if it is one. */
static size_t length(const struct inbox *in, unsigned i)
{
    struct msghdr m = in->msg[i].msg_hdr; /* CMSG_NXTHDR wants one that may change */
    int told = 0;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
        if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO)
            memcpy(&told, CMSG_DATA(c), sizeof told);
    return told > 0 ? (size_t)told : in->msg[i].msg_len;
}

/* Takes datagrams of slot @i from in->offset on, the first @n are in the batch already.
 * Returns how many there are then. */
static unsigned cut(struct inbox *in, unsigned i, unsigned n)
{
    size_t all = in->msg[i].msg_len, each = length(in, i);

    do {
        size_t left = all - in->offset;

        in->batch[n++] =
            (struct datagram){(const uint8_t *)in->iov[i].iov_base + in->offset,
                              left < each ? left : each, &in->from[i]};
        in->offset += each;
    } while (in->offset < all && n < INBOX_BATCH);
    return n;
}

static unsigned take_batch(struct inbox *in)
{
    unsigned n = 0;

    while (inbox_holds(in) && n < INBOX_BATCH) {
        n = cut(in, in->at, n);
        if (in->offset < in->msg[in->at].msg_len)
            break;
        in->at++;
        in->offset = 0;
    }
    return n;
}

/* The kernel shortens both in every call. */
static void offer(struct inbox *in)
{
    for (unsigned i = 0; i < in->slots; i++) {
        in->msg[i].msg_hdr.msg_namelen = sizeof in->from[i];
        in->msg[i].msg_hdr.msg_controllen = in->trains ? sizeof in->control[i] : 0;
    }
}

static bool brought_train(const struct inbox *in)
{
    for (unsigned i = 0; i < in->held; i++)
        if (in->msg[i].msg_hdr.msg_controllen > 0 && in->msg[i].msg_len > length(in, i))
            return true;
    return false;
}

int inbox_receive(struct inbox *in, int fd)
{
    int n;

    if (inbox_holds(in))
        return (int)take_batch(in);
    offer(in);
    do
        n = recvmmsg(fd, in->msg, in->slots, MSG_DONTWAIT, NULL);
    while (n < 0 && errno == EINTR);
    in->full = n == (int)in->slots;
    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? 0 : n;
    in->held = (unsigned)n;
    in->at = 0;
    in->slots = brought_train(in) ? TRAINS : RECEIVE_SLOTS;
    return (int)take_batch(in);
}
