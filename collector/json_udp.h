/* json_udp: the port where programs send events as datagrams of JSON (json_hit.h).
 *
 * Nobody is answered and nobody is asked who they are, so it is open only where
 * --json-udp says; of worker 0 alone. */
#ifndef HC_JSON_UDP_H
#define HC_JSON_UDP_H

#include <uv.h>
#include "../proto/loop/listen_addr.h"
#include "address.h"

struct worker;

struct json_udp {
    uv_udp_t udp;
    struct worker *worker; /* NULL: was never opened */
};

/* Takes datagrams at @at, unless that is off. Writes the address with its real port to
 * @bound. Returns 0, or -1 with a sentence in @err; close it in both cases. */
int json_udp_open(struct json_udp *j, struct worker *w, const struct listen_addr *at,
                  struct address *bound, char *err, size_t err_n);

/* One that was never opened is left alone. */
void json_udp_close(struct json_udp *j);

#endif
