/* The port is what follows the last colon; an IPv6 address must be in brackets, because
 * without them "::1:80" could be read in two ways. */
#include "address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST_MAX 256

struct parts {
    char host[HOST_MAX];
    char port[8];
};

static bool is_port(const char *s)
{
    size_t n = strlen(s);

    return n > 0 && n <= 5 && strspn(s, "0123456789") == n && atoi(s) <= 65535;
}

/* Takes "host:port" or "[host]:port" apart. */
static bool split(struct parts *p, const char *text)
{
    const char *colon = strrchr(text, ':');
    bool bracketed = text[0] == '[';
    const char *host = text + bracketed;
    size_t n;

    if (colon == NULL || !is_port(colon + 1))
        return false;
    n = (size_t)(colon - host);
    if (bracketed && (colon == host || host[--n] != ']'))
        return false;
    if (n == 0 || n >= HOST_MAX || (!bracketed && memchr(host, ':', n)))
        return false;
    memcpy(p->host, host, n);
    p->host[n] = '\0';
    strcpy(p->port, colon + 1);
    return true;
}

int address_parse(struct address *a, const char *text, const char *option, char *err,
                  size_t err_n)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found;
    struct parts p;
    int r;

    if (!split(&p, text)) {
        snprintf(err, err_n, "%s %s: give HOST:PORT or [IPV6]:PORT", option, text);
        return -1;
    }
    r = getaddrinfo(p.host, p.port, &hints, &found);
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
