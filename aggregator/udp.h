/* udp: the socket that datagrams come in by.
 *
 * Plain descriptors, no loop. Where the kernel has UDP_GRO it is asked for trains of
 * datagrams (inbox.h), else it gives up to 64 datagrams with one call. */
#ifndef HC_UDP_H
#define HC_UDP_H

#include "inbox.h"

/* What is asked of the kernel: some 1,800 full datagrams, or what a collector at full
 * speed sends in 20 ms, while this process is not running. */
#define UDP_RCVBUF (4 * 1024 * 1024)

/* What the kernel charges a full datagram of ours to the buffer with: 1,242 bytes of
 * frame in an allocation of 2,048, and 256 for the sk_buff before it (SKB_TRUESIZE). In
 * a train it is less: 1,616 of two, 1,217 of fifty. */
#define UDP_TRUESIZE 2304

#define UDP_TEXT 64 /* bytes for an address as text: "[IPv6]:port" */

struct udp_addr {
    struct sockaddr_storage sa;
    socklen_t n;
    int handed; /* a socket bound already, to be used instead; 0: none */
};

struct udp {
    int fd;
    int rcvbuf;         /* bytes granted, to be compared with UDP_RCVBUF */
    uint32_t drops_now; /* the kernel's own count, which wraps */
    uint64_t drops;     /* that the kernel dropped since udp_open; a train is one */
    struct inbox inbox;
};

/* Reads "127.0.0.1:7125", "[::1]:7125", "host:7125" or ":7125" (all addresses). Port 0
 * lets the kernel choose. A name is looked up, which may take a while: start-up only.
 * Returns 0, or -1 with a sentence that names --udp in @err. */
int udp_addr_parse(struct udp_addr *a, const char *text, char *err, size_t err_n);

/* Binds, or takes the socket that was handed over, with the buffer it has if that is
 * larger. An IPv6 address takes IPv4 too where it covers it. Returns 0, or -1 with a
 * sentence that names --udp in @err. The memory is the caller's and must not move. */
int udp_open(struct udp *u, const struct udp_addr *a, char *err, size_t err_n);
void udp_close(struct udp *u);

/* Sends one datagram, without waiting. Returns 0, also when the kernel has no room, which
 * is a loss like any on the way; -1 on another error. */
int udp_send(const struct udp *u, const struct peer *to, const uint8_t *bytes, size_t n);

/* How many full datagrams the receive buffer is good for. */
size_t udp_room(const struct udp *u);

/* Brings u->drops up to date. */
void udp_count_drops(struct udp *u);

/* Where the socket is bound, and any address, as text of UDP_TEXT bytes. */
void udp_local(const struct udp *u, char *out);
void udp_text(const struct sockaddr_storage *sa, char *out);

#endif
