/* hostport: HOST:PORT as text, taken apart. Pure. */
#ifndef HC_HOSTPORT_H
#define HC_HOSTPORT_H

#include <stddef.h>

#define HOSTPORT_HOST_MAX 256

struct hostport {
    char host[HOSTPORT_HOST_MAX]; /* name or address, IPv6 without its brackets */
    char port[6];                 /* 0 to 65535 */
};

/* Reads "192.0.2.1:80", "[2001:db8::1]:80" or "name:80". Returns 0, or -1 with a sentence
 * that begins with @option in @err. */
int hostport_parse(struct hostport *hp, const char *text, const char *option, char *err,
                   size_t err_n);

#endif
