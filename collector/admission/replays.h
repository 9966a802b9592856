/* replays: which beacons counted within the last hour, so that one that comes again does
 * not. Shared by all workers. Pure.
 *
 * A browser that got no answer sends a request once more, a script whose sendBeacon was
 * refused asks for the picture, and somebody may send what he captured a thousand times:
 * all are the same bytes. A beacon that tells its page-view id and when it was sent (v
 * and _) is an event with an id: its site, these two, kind, name, page and state. One
 * that lacks either is not judged. Whoever changes one of them makes another event, which
 * is what limits (quotas.h) are for. */
#ifndef HC_REPLAYS_H
#define HC_REPLAYS_H

#include "../../proto/hit.h"
#include "../../proto/secret.h"
#include "seen.h"

struct replays {
    struct key key;
    struct seen seen;
    _Alignas(64) uint64_t words[REPLAYS_KEPT];
};

/* @r is all zero. @key: random. */
void replays_init(struct replays *r, const struct key *key);

/* The id of the beacon of which @h was made, and which was @sent at; 0: it has none. */
uint64_t replays_id(const struct replays *r, const struct hit *h, struct slice sent);

/* Whether that id counted already; 0 never did. */
bool replays_has(const struct replays *r, uint64_t id, mono_t now);

/* It counts now, unless another thread was told so since replays_has. 0 is SEEN_NEW each
 * time. */
enum added replays_add(struct replays *r, uint64_t id, mono_t now);

#endif
