/* peer: an address that answers go to, IPv4 or IPv6, in 28 bytes. */
#ifndef HC_PEER_H
#define HC_PEER_H

#include <netinet/in.h>

struct peer {
    union {
        struct sockaddr sa;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    };
};

static inline socklen_t peer_size(const struct peer *p)
{
    return p->sa.sa_family == AF_INET6 ? sizeof p->in6 : sizeof p->in;
}

#endif
