/* Looks names up, which may take a while: start-up only. */
#include "listen_addr.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>
#include "../hostport.h"

static bool is_off(const char *text)
{
    return *text == '\0' || strcmp(text, "none") == 0;
}

int listen_addr_parse(struct listen_addr *a, const char *option, const char *text,
                      char *err, size_t err_n)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found;
    struct hostport hp;
    int r;

    *a = (struct listen_addr){.option = option, .text = text, .on = !is_off(text)};
    if (!a->on)
        return 0;
    if (hostport_parse(&hp, text, option, err, err_n) < 0)
        return -1;
    r = getaddrinfo(hp.host, hp.port, &hints, &found);
    if (r != 0) {
        snprintf(err, err_n, "%s %s: %s", option, text, gai_strerror(r));
        return -1;
    }
    memcpy(&a->sa, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return 0;
}

void listen_addr_hand(struct listen_addr *a, int fd)
{
    if (fd == 0)
        return;
    a->on = true;
    a->handed = fd;
}

int listen_addr_explain(const struct listen_addr *a, int error, char *err, size_t err_n)
{
    if (error == UV_EADDRINUSE)
        snprintf(err, err_n,
                 "%s %s: the port is in use, perhaps by another of these on this "
                 "machine; give each its own, or port 0 for any, or none",
                 a->option, a->text);
    else
        snprintf(err, err_n, "%s %s: %s", a->option, a->text, uv_strerror(error));
    return -1;
}

const char *listen_addr_text(const struct sockaddr_storage *sa, char *out)
{
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)sa;
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)sa;
    char host[INET6_ADDRSTRLEN] = "?";

    if (sa->ss_family == AF_INET6) {
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
        snprintf(out, LISTEN_ADDR_TEXT, "[%s]:%d", host, ntohs(v6->sin6_port));
    } else {
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
        snprintf(out, LISTEN_ADDR_TEXT, "%s:%d", host, ntohs(v4->sin_port));
    }
    return out;
}
