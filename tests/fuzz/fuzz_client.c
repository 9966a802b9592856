/* Whose address a request counts for. Lines: the trusted networks, between commas; the
 * peer; then X-Forwarded-For line by line. Whatever they say, who is not trusted counts
 * for himself, and nobody for an address that stands nowhere. */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>

#include "../../collector/client.h"
#include "../text_list.h"

#define HEADERS_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool claim)
{
    if (!claim)
        abort();
}

static bool ip_eq(const struct ip *a, const struct ip *b)
{
    return a->n == b->n && memcmp(a->b, b->b, a->n) == 0;
}

/* As the C library writes it, it is the same address. */
static void check_ip(const struct ip *ip)
{
    char text[INET6_ADDRSTRLEN];
    struct ip again;

    must(ip->n == 4 || ip->n == 16);
    must(inet_ntop(ip->n == 4 ? AF_INET : AF_INET6, ip->b, text, sizeof text) != NULL);
    must(ip_parse(&again, slice_of(text)) == 0 && ip_eq(&again, ip));
    must(ip_client_bytes(ip) == (ip->n == 4 ? 4 : 8));
}

static void read_trusted(struct trusted *t, struct slice list)
{
    while (list.n > 0 && t->n < TRUSTED_MAX) {
        const char *comma = memchr(list.p, ',', list.n);
        struct slice one = {list.p, comma ? (size_t)(comma - list.p) : list.n};

        list = slice_skip(list, one.n + (comma != NULL));
        if (cidr_parse(&t->v[t->n], one) == 0) {
            must(t->v[t->n].bits <= 8 * t->v[t->n].net.n);
            must(trusted_has(&(struct trusted){.v = {t->v[t->n]}, .n = 1},
                             &t->v[t->n].net));
            t->n++;
        }
    }
}

/* Whether @ip stands in one of the lines, between commas. */
static bool stands_in(const struct slice *line, size_t n, const struct ip *ip)
{
    for (size_t i = 0; i < n; i++)
        for (struct slice rest = line[i]; rest.n > 0;) {
            const char *comma = memchr(rest.p, ',', rest.n);
            struct slice hop = {rest.p, comma ? (size_t)(comma - rest.p) : rest.n};
            struct ip found;

            rest = slice_skip(rest, hop.n + (comma != NULL));
            if (ip_parse(&found, slice_trim(hop)) == 0 && ip_eq(&found, ip))
                return true;
        }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = {(const char *)data, size}, line[HEADERS_MAX];
    struct trusted t = {.n = 0};
    struct ip peer, ip;
    size_t n = 0;

    read_trusted(&t, take_line(&rest));
    if (ip_parse(&peer, take_line(&rest)) < 0)
        return 0;
    check_ip(&peer);
    while (rest.n > 0 && n < HEADERS_MAX)
        line[n++] = take_line(&rest);
    ip = client_ip(&t, &peer, line, n);
    must(ip_eq(&ip, &peer) || (trusted_has(&t, &peer) && stands_in(line, n, &ip)));
    check_ip(&ip);
    ip = client_ip_named(&t, &peer, n > 0 ? line[0] : (struct slice){0});
    must(ip_eq(&ip, &peer) || (trusted_has(&t, &peer) && stands_in(line, n, &ip)));
    return 0;
}
