/* client: whose address a request counts for.
 *
 * The peer's own, unless the peer is a trusted proxy: then X-Forwarded-For is walked from
 * the right, past trusted addresses, to the first one that is not; or a header with one
 * address, which the operator names, is taken at its word. A spoofed header from anybody
 * else is ignored. IPv4 mapped into IPv6 is unmapped. */
#ifndef HC_CLIENT_H
#define HC_CLIENT_H

#include <stdint.h>
#include <sys/socket.h>
#include "../proto/slice.h"

#define TRUSTED_MAX 32 /* --trusted-proxy networks */

struct ip {
    uint8_t b[16];
    uint8_t n; /* 4, 16, or 0: unknown */
};

struct cidr {
    struct ip net;
    uint8_t bits;
};

struct trusted {
    struct cidr v[TRUSTED_MAX];
    size_t n;
};

/* "192.0.2.7", "2001:db8::1", "[2001:db8::1]", each with an optional :port (IPv6: only in
 * brackets). Returns 0, or -1. */
int ip_parse(struct ip *ip, struct slice text);
void ip_of_sockaddr(struct ip *ip, const struct sockaddr *sa);

/* Whether it is this host's own: 127.0.0.0/8 or ::1. */
bool ip_is_loopback(const struct ip *ip);

/* How many of its first bytes tell clients apart: all of IPv4, of IPv6 the 8 of a /64,
 * of which one household has every address. */
size_t ip_client_bytes(const struct ip *ip);

/* "10.0.0.0/8", "::1/128", or an address alone. Returns 0, or -1; host bits may be set
 * and are cleared. */
int cidr_parse(struct cidr *c, struct slice text);
bool trusted_has(const struct trusted *t, const struct ip *ip);

/* The address that counts by X-Forwarded-For, of which there are @n lines in the order
 * they came. At most 32 hops are walked. An unreadable hop ends the walk at the last
 * readable address. */
struct ip client_ip(const struct trusted *t, const struct ip *peer,
                    const struct slice *forwarded_for, size_t n);

/* The address that counts by a header that holds one. Anything but one address: the
 * peer's own. */
struct ip client_ip_named(const struct trusted *t, const struct ip *peer,
                          struct slice value);

#endif
