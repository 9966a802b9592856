/* Names are looked up when the daemon starts, and kept: an address that changes under a
 * running one needs a restart, and nobody waits for a resolver while serving. */
#include "address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include "../proto/hostport.h"

int address_parse(struct address *a, const char *text, const char *option, char *err,
                  size_t err_n)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found;
    struct hostport hp;
    int r;

    if (hostport_parse(&hp, text, option, err, err_n) < 0)
        return -1;
    r = getaddrinfo(hp.host, hp.port, &hints, &found);
    if (r != 0) {
        snprintf(err, err_n, "%s %s: %s", option, text, gai_strerror(r));
        return -1;
    }
    *a = (struct address){.n = found->ai_addrlen};
    memcpy(&a->v6, found->ai_addr, found->ai_addrlen); /* the larger of the two */
    freeaddrinfo(found);
    return 0;
}

const char *address_text(const struct address *a, char *out)
{
    char host[INET6_ADDRSTRLEN] = "?";

    if (a->sa.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &a->v6.sin6_addr, host, sizeof host);
        snprintf(out, ADDRESS_TEXT_MAX, "[%s]:%d", host, address_port(a));
    } else {
        inet_ntop(AF_INET, &a->v4.sin_addr, host, sizeof host);
        snprintf(out, ADDRESS_TEXT_MAX, "%s:%d", host, address_port(a));
    }
    return out;
}

int address_port(const struct address *a)
{
    return ntohs(a->sa.sa_family == AF_INET6 ? a->v6.sin6_port : a->v4.sin_port);
}
