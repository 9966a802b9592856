/* datagram: one as it came. Borrowed: it lies where it was received. */
#ifndef HC_DATAGRAM_H
#define HC_DATAGRAM_H

#include <stddef.h>
#include <stdint.h>
#include "peer.h"

struct datagram {
    const uint8_t *bytes;
    size_t n;
    const struct peer *from;
};

#endif
