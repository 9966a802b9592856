/* listen_addr: where a port for operators and neighbours is, as an option says. */
#ifndef HC_LISTEN_ADDR_H
#define HC_LISTEN_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define LISTEN_ADDR_TEXT 64 /* bytes of "[IPv6]:port" */

struct listen_addr {
    struct sockaddr_storage sa;
    bool on;            /* false: no such port */
    int handed;         /* a socket bound already, to be used instead; 0: none */
    const char *option; /* "--admin-listen", for messages; borrowed */
    const char *text;   /* as given; borrowed */
};

/* Reads the value of @option: HOST:PORT, or "" or "none" for no port. A name is looked
 * up. Returns 0, or -1 with a sentence that names the option in @err. */
int listen_addr_parse(struct listen_addr *a, const char *option, const char *text,
                      char *err, size_t err_n);

/* Makes @fd (handed.h) the port, even of an @a that is off; 0: leaves it alone. */
void listen_addr_hand(struct listen_addr *a, int fd);

/* Says in @err why the address could not be listened on, @error being a uv error. Returns
 * -1. */
int listen_addr_explain(const struct listen_addr *a, int error, char *err, size_t err_n);

/* Writes the numeric form of an IPv4 or IPv6 address into @out (LISTEN_ADDR_TEXT bytes)
 * and returns it. */
const char *listen_addr_text(const struct sockaddr_storage *sa, char *out);

#endif
