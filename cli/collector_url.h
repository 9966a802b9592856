/* collector_url: http://HOST[:PORT][/BASE], where a replay sends its beacons. */
#ifndef HC_COLLECTOR_URL_H
#define HC_COLLECTOR_URL_H

#include <stddef.h>

#define URL_HOST_MAX 256
#define URL_BASE_MAX 128

struct collector_url {
    char host[URL_HOST_MAX];          /* name or address, IPv6 without brackets */
    char port[8];                     /* "80" when none was given */
    char authority[URL_HOST_MAX + 8]; /* as given, for the Host header */
    char base[URL_BASE_MAX];          /* path without its last slash; "" for none */
};

/* Returns 0, or -1 with a sentence that names --collector in @err. */
int collector_url_parse(struct collector_url *u, const char *text, char *err,
                        size_t err_n);

#endif
