/* network: datagrams between places, as bad as UDP may be and a little worse.
 *
 * Each way a datagram may be lost, doubled, held back so that others overtake it, or
 * damaged in a byte; whole ways may be cut; and somebody records what goes up and sends
 * it again whenever he likes, also to aggregators that were born since. */
#ifndef HC_SIM_NETWORK_H
#define HC_SIM_NETWORK_H

#include "../../proto/limits.h"
#include "world.h"

/* Places: two aggregators, then the senders. */
#define AGGREGATORS 2
#define SENDERS 6
#define PLACES (AGGREGATORS + SENDERS)

#define TAPE 32 /* datagrams that the eavesdropper keeps */

struct packet {
    unsigned from, to;
    uint16_t n;
    bool used;
    uint8_t bytes[DATAGRAM_MAX];
};

struct network {
    struct world *world;
    /* Per mille of the datagrams; ack_loss is of those that come down. */
    unsigned loss, ack_loss, dup, reorder, corrupt;
    bool cut;               /* nothing gets through */
    bool away[PLACES];      /* or nothing from and to that place */
    struct packet **packet; /* on their way; slots are used again */
    size_t npackets;
    struct packet tape[TAPE];
    uint64_t taped, sent, lost;
    /* Takes what arrives. */
    void (*deliver)(void *arg, unsigned to, unsigned from, const uint8_t *bytes,
                    size_t n);
    void *arg;
};

void network_init(struct network *net, struct world *w);
void network_fini(struct network *net);

/* Sends a copy of @bytes. */
void network_send(struct network *net, unsigned from, unsigned to, const uint8_t *bytes,
                  size_t n);

/* Sends one of the recorded datagrams once more, to @to. */
void network_replay(struct network *net, unsigned to);

/* From now on it is perfect. */
void network_calm(struct network *net);

#endif
