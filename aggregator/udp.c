/* udp: opens and sizes one UDP socket.
 *
 * The receive buffer is asked for with SO_RCVBUFFORCE, which only the privileged may,
 * then with SO_RCVBUF, which net.core.rmem_max cuts; what came of it is read back, for
 * neither call says. Drops are the kernel's SK_MEMINFO_DROPS. */
#include "udp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_port(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return digits > 0 && digits <= 5 && text[digits] == '\0' && atoi(text) <= UINT16_MAX;
}

/* Cuts "host:port" in two, without the brackets of IPv6. Returns 0, or -1. */
static int split(const char *text, char *host, size_t host_n, const char **port)
{
    const char *colon = strrchr(text, ':');
    size_t n;

    if (!colon || !is_port(colon + 1))
        return -1;
    *port = colon + 1;
    n = (size_t)(colon - text);
    if (n >= 2 && text[0] == '[' && text[n - 1] == ']') {
        text++;
        n -= 2;
    } else if (memchr(text, ':', n)) {
        return -1; /* IPv6 without brackets could be read in two ways */
    }
    if (n >= host_n)
        return -1;
    memcpy(host, text, n);
    host[n] = '\0';
    return 0;
}

int udp_addr_parse(struct udp_addr *a, const char *text, char *err, size_t err_n)
{
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found;
    char host[256];
    const char *port;
    int r;

    if (split(text, host, sizeof host, &port) < 0) {
        snprintf(err, err_n, "--udp: \"%s\" is not HOST:PORT or [IPv6]:PORT", text);
        return -1;
    }
    r = getaddrinfo(host[0] ? host : NULL, port, &hints, &found);
    if (r != 0) {
        snprintf(err, err_n, "--udp: \"%s\": %s", text, gai_strerror(r));
        return -1;
    }
    memcpy(&a->sa, found->ai_addr, found->ai_addrlen);
    a->n = found->ai_addrlen;
    a->handed = 0;
    freeaddrinfo(found);
    return 0;
}

/* Asks for UDP_RCVBUF, unless there is as much: systemd may exceed net.core.rmem_max,
 * and asking again would cut it. Best effort. Returns what was granted: the kernel
 * doubles every size for its own needs and tells the double (socket(7)). */
static int grow_rcvbuf(int fd)
{
    int size = 0;
    socklen_t n = sizeof size;

    if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &n) == 0 && size / 2 >= UDP_RCVBUF)
        return size / 2;
    size = UDP_RCVBUF;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &n);
    return size / 2;
}

static int bind_socket(const struct udp_addr *a)
{
    int fd = socket(a->sa.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int off = 0, failed;

    if (fd < 0)
        return -1;
    if (a->sa.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(fd, (const struct sockaddr *)&a->sa, a->n) == 0)
        return fd;
    failed = errno;
    close(fd);
    errno = failed;
    return -1;
}

void udp_count_drops(struct udp *u)
{
    uint32_t info[SK_MEMINFO_VARS];
    socklen_t n = sizeof info;

    if (getsockopt(u->fd, SOL_SOCKET, SO_MEMINFO, info, &n) < 0)
        return; /* a kernel before 4.12 */
    u->drops += info[SK_MEMINFO_DROPS] - u->drops_now;
    u->drops_now = info[SK_MEMINFO_DROPS];
}

int udp_open(struct udp *u, const struct udp_addr *a, char *err, size_t err_n)
{
    char text[UDP_TEXT];

    u->drops = u->drops_now = 0;
    u->fd = a->handed ? a->handed : bind_socket(a);
    if (u->fd < 0) {
        int failed = errno;

        udp_text(&a->sa, text);
        if (failed == EADDRINUSE)
            snprintf(err, err_n,
                     "--udp %s: the port is in use; stop the other program or choose "
                     "another port",
                     text);
        else
            snprintf(err, err_n, "--udp %s: %s", text, strerror(failed));
        return -1;
    }
    u->rcvbuf = grow_rcvbuf(u->fd);
    udp_count_drops(u); /* what a socket older than us has dropped is not ours */
    u->drops = 0;
    inbox_init(&u->inbox,
               setsockopt(u->fd, SOL_UDP, UDP_GRO, &(int){1}, sizeof(int)) == 0);
    return 0;
}

void udp_close(struct udp *u)
{
    udp_count_drops(u);
    close(u->fd);
    u->fd = -1;
}

int udp_send(const struct udp *u, const struct peer *to, const uint8_t *bytes, size_t n)
{
    ssize_t sent;

    do
        sent = sendto(u->fd, bytes, n, MSG_DONTWAIT, &to->sa, peer_size(to));
    while (sent < 0 && errno == EINTR);
    return sent >= 0 || errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
}

/* The kernel takes twice what it granted (grow_rcvbuf). The other half is left to network
 * cards whose drivers put every datagram into a page of its own. */
size_t udp_room(const struct udp *u)
{
    return (size_t)u->rcvbuf / UDP_TRUESIZE;
}

void udp_local(const struct udp *u, char *out)
{
    struct sockaddr_storage sa = {0};
    socklen_t n = sizeof sa;

    getsockname(u->fd, (struct sockaddr *)&sa, &n);
    udp_text(&sa, out);
}

void udp_text(const struct sockaddr_storage *sa, char *out)
{
    char host[INET6_ADDRSTRLEN] = "?";

    if (sa->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;

        inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
        snprintf(out, UDP_TEXT, "[%s]:%u", host, ntohs(in6->sin6_port));
    } else {
        const struct sockaddr_in *in = (const struct sockaddr_in *)sa;

        inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
        snprintf(out, UDP_TEXT, "%s:%u", host, ntohs(in->sin_port));
    }
}
