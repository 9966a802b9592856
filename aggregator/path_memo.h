/* path_memo: the keyed hashes of paths that came of late, so that the few pages most
 * people are on are not hashed for each of them. Pure.
 *
 * A table of as many places as PATH_MEMO_PLACES, each with the path that was there last:
 * found by a cheap sum of its bytes, and compared byte by byte. Who fills it with paths
 * that collide makes others be hashed as if there were no table. */
#ifndef HC_PATH_MEMO_H
#define HC_PATH_MEMO_H

#include "../proto/secret.h"
#include "../proto/slice.h"

#define PATH_MEMO_BITS 9 /* 32 KiB */
#define PATH_MEMO_PLACES (1 << PATH_MEMO_BITS)
#define PATH_MEMO_BYTES 55 /* longer paths are hashed each time */

struct path_memo {
    struct {
        uint64_t hash;
        uint8_t n; /* 0: empty */
        char path[PATH_MEMO_BYTES];
    } place[PATH_MEMO_PLACES];
};

void path_memo_init(struct path_memo *m);

/* siphash of @path, 1 byte or more, by @key, which must always be the same. @m NULL: no
 * memo is kept. */
uint64_t path_memo_hash(struct path_memo *m, const struct key *key, struct slice path);

#endif
