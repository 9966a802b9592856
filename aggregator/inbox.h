/* inbox: the memory that datagrams are received in, and the batches they are taken out
 * in.
 *
 * recvmmsg(2) fills up to RECEIVE_SLOTS slots with one call. Where the kernel has UDP_GRO
 * (5.0) a slot may hold a train: datagrams of one sender that came together, all of one
 * length but the last, which may be shorter. They lie end to end; a control message tells
 * the length. A train costs the kernel little more than a datagram.
 *
 * Whatever the slots hold, it is handed out in batches of at most INBOX_BATCH, which are
 * known before the first of them is looked at. */
#ifndef HC_INBOX_H
#define HC_INBOX_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <time.h>
#include "../proto/limits.h"
#include "datagram.h"

#define INBOX_BATCH 64

/* Without trains: above DATAGRAM_MAX, what fills it is too long anyway. */
#define INBOX_SINGLE 2048

/* What the kernel may tell of a slot: the length of a train's datagrams, and what a
 * socket was made to tell that was handed over (Timestamping=, PassPacketInfo=). */
#define INBOX_CONTROL                                                    \
    (CMSG_SPACE(sizeof(int)) + CMSG_SPACE(3 * sizeof(struct timespec)) + \
     CMSG_SPACE(sizeof(struct in6_pktinfo)))

struct inbox {
    bool trains;    /* slots are of RECEIVE_SLOT_BYTES, not of INBOX_SINGLE */
    bool full;      /* the last call filled all slots that it was given */
    unsigned slots; /* that the next call is given */
    unsigned held;  /* slots that hold something */
    unsigned at;    /* of them, the one to be cut next */
    size_t offset;  /* and from where */
    struct mmsghdr msg[RECEIVE_SLOTS];
    struct iovec iov[RECEIVE_SLOTS];
    struct peer from[RECEIVE_SLOTS];
    struct datagram batch[INBOX_BATCH];
    union {
        struct cmsghdr align;
        char bytes[INBOX_CONTROL];
    } control[RECEIVE_SLOTS];
    uint8_t bytes[RECEIVE_SLOTS * RECEIVE_SLOT_BYTES]; /* touched as far as used */
};

/* @trains: the socket has UDP_GRO set. The memory is the caller's and must not move. */
void inbox_init(struct inbox *in, bool trains);

/* Takes what the slots still hold, else what is in the socket @fd, without waiting.
 * Returns how many datagrams: they are in->batch[0] to [n - 1], until the next call. 0
 * when there is none, -1 on an error of the socket (which it has reported by that). */
int inbox_receive(struct inbox *in, int fd);

/* Whether the slots hold more, of which the socket knows nothing. */
bool inbox_holds(const struct inbox *in);

#endif
