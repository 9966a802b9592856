/* proxy_header: what a proxy that hands on whole connections says in front of one: the
 * PROXY protocol, versions 1 (text) and 2 (binary), as HAProxy's proxy-protocol.txt has
 * it. Sections below are of that text. Pure. */
#ifndef HC_PROXY_HEADER_H
#define HC_PROXY_HEADER_H

#include <sys/types.h>
#include "client.h"

struct proxy_header {
    uint8_t version;  /* 1 or 2 */
    struct ip client; /* unknown: the proxy speaks for itself (LOCAL), or does not tell */
};

/* Reads the header at the start of @bytes. Returns its length, 0 when more bytes are
 * needed to tell, or -1 for what is none or longer than PROXY_HEADER_MAX. What a prefix
 * was said of stays so whatever follows. */
ssize_t proxy_header_read(struct proxy_header *h, const char *bytes, size_t n);

#endif
