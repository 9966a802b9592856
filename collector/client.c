/* client: addresses as text and as bytes, networks, and the walk through X-Forwarded-For.
 */
#include "client.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#define HOPS_MAX 32

static void unmap(struct ip *ip)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    if (ip->n == 16 && memcmp(ip->b, mapped, sizeof mapped) == 0) {
        memmove(ip->b, ip->b + 12, 4);
        memset(ip->b + 4, 0, 12);
        ip->n = 4;
    }
}

/* Whether @s is ":" and a port, or empty. */
static bool is_port(struct slice s)
{
    unsigned port = 0;

    if (s.n == 0)
        return true;
    if (s.p[0] != ':' || s.n < 2 || s.n > 6)
        return false;
    for (size_t i = 1; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        port = port * 10 + (unsigned)(s.p[i] - '0');
    }
    return port <= 65535;
}

/* Cuts brackets and a port off. Returns false when they are malformed. */
static bool cut_port(struct slice *s)
{
    const char *end;

    if (s->n > 0 && s->p[0] == '[') {
        end = memchr(s->p, ']', s->n);
        if (!end || !is_port(slice_skip(*s, (size_t)(end + 1 - s->p))))
            return false;
        *s = (struct slice){s->p + 1, (size_t)(end - s->p - 1)};
        return memchr(s->p, ':', s->n) != NULL;
    }
    end = s->n ? memchr(s->p, ':', s->n) : NULL;
    if (!end || memchr(end + 1, ':', s->n - (size_t)(end + 1 - s->p)))
        return true; /* IPv4 alone, or IPv6 alone */
    if (!is_port(slice_skip(*s, (size_t)(end - s->p))))
        return false;
    s->n = (size_t)(end - s->p);
    return true;
}

/* An address alone, and whether it was written as IPv6. */
static int read_address(struct ip *ip, struct slice text, bool *is_v6)
{
    char z[INET6_ADDRSTRLEN];

    *ip = (struct ip){0};
    if (text.n == 0 || text.n >= sizeof z || memchr(text.p, 0, text.n))
        return -1;
    memcpy(z, text.p, text.n);
    z[text.n] = 0;
    *is_v6 = memchr(text.p, ':', text.n) != NULL;
    if (inet_pton(*is_v6 ? AF_INET6 : AF_INET, z, ip->b) != 1)
        return -1;
    ip->n = *is_v6 ? 16 : 4;
    unmap(ip);
    return 0;
}

int ip_parse(struct ip *ip, struct slice text)
{
    bool is_v6;

    *ip = (struct ip){0};
    text = slice_trim(text);
    return cut_port(&text) ? read_address(ip, text, &is_v6) : -1;
}

void ip_of_sockaddr(struct ip *ip, const struct sockaddr *sa)
{
    *ip = (struct ip){0};
    if (sa->sa_family == AF_INET) {
        ip->n = 4;
        memcpy(ip->b, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, 4);
    } else if (sa->sa_family == AF_INET6) {
        ip->n = 16;
        memcpy(ip->b, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, 16);
        unmap(ip);
    }
}

bool ip_is_loopback(const struct ip *ip)
{
    static const uint8_t v6[16] = {[15] = 1};

    if (ip->n == 4)
        return ip->b[0] == 127;
    return ip->n == 16 && memcmp(ip->b, v6, sizeof v6) == 0;
}

size_t ip_client_bytes(const struct ip *ip)
{
    return ip->n > 8 ? 8 : ip->n;
}

/* Clears the bits of @ip behind the first @bits. */
static void mask(struct ip *ip, unsigned bits)
{
    for (unsigned i = 0; i < ip->n; i++) {
        unsigned keep = bits > i * 8 ? bits - i * 8 : 0;

        if (keep < 8)
            ip->b[i] &= (uint8_t)(0xff00 >> keep);
    }
}

/* One to three digits. Returns -1 for anything else. */
static int read_bits(struct slice s)
{
    int bits = 0;

    if (s.n == 0 || s.n > 3)
        return -1;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return -1;
        bits = bits * 10 + (s.p[i] - '0');
    }
    return bits;
}

int cidr_parse(struct cidr *c, struct slice text)
{
    const char *slash;
    bool is_v6;
    int bits;

    text = slice_trim(text);
    slash = text.n ? memchr(text.p, '/', text.n) : NULL;
    bits = slash ? read_bits(slice_skip(text, (size_t)(slash + 1 - text.p))) : 128;
    if (slash)
        text.n = (size_t)(slash - text.p);
    if (read_address(&c->net, text, &is_v6) < 0)
        return -1;
    if (!slash)
        bits = c->net.n * 8;
    else if (is_v6 && c->net.n == 4)
        bits -= 96; /* the prefix that mapped it */
    if (bits < 0 || bits > c->net.n * 8)
        return -1;
    c->bits = (uint8_t)bits;
    mask(&c->net, c->bits);
    return 0;
}

bool trusted_has(const struct trusted *t, const struct ip *ip)
{
    for (size_t i = 0; i < t->n; i++) {
        struct ip net = *ip;

        if (t->v[i].net.n != ip->n)
            continue;
        mask(&net, t->v[i].bits);
        if (memcmp(net.b, t->v[i].net.b, ip->n) == 0)
            return true;
    }
    return false;
}

/* Hops as they are walked: from the last of the last line to the first of the first. */
struct hops {
    const struct slice *lines;
    size_t n;          /* lines not begun */
    struct slice line; /* what is left of the one begun, */
    bool begun;        /* if there is one */
};

/* Returns false when there are no more. A line that is empty holds one empty hop. */
static bool take_hop(struct hops *h, struct slice *hop)
{
    const char *comma;

    if (!h->begun) {
        if (h->n == 0)
            return false;
        h->line = h->lines[--h->n];
    }
    comma = h->line.n ? memrchr(h->line.p, ',', h->line.n) : NULL;
    h->begun = comma != NULL;
    *hop = comma ? slice_skip(h->line, (size_t)(comma + 1 - h->line.p)) : h->line;
    h->line.n -= hop->n + (comma ? 1 : 0);
    return true;
}

struct ip client_ip(const struct trusted *t, const struct ip *peer,
                    const struct slice *forwarded_for, size_t n)
{
    struct hops hops = {.lines = forwarded_for, .n = n};
    struct ip at = *peer, next;
    struct slice hop;

    for (int i = 0; i < HOPS_MAX && trusted_has(t, &at) && take_hop(&hops, &hop); i++) {
        if (ip_parse(&next, hop) < 0)
            break;
        at = next;
    }
    return at;
}

struct ip client_ip_named(const struct trusted *t, const struct ip *peer,
                          struct slice value)
{
    struct ip said;

    return trusted_has(t, peer) && ip_parse(&said, value) == 0 ? said : *peer;
}
