/* marks: how far each sender's datagrams are in a site. Pure.
 *
 * A mark says that every hit for this site up to number `seq` of a stream has been folded
 * into it. Marks are written with each commit, in the same instant as the counts, and
 * read back with them: so whoever reads the site later, after a crash, knows of every
 * datagram that is sent again whether the counts have it.
 *
 * A mark is needed as long as its sender may send that number again. The sender's `base`
 * tells (receiver.h): a mark below it is dropped. A sender that fell silent needs none
 * after SENDER_RETENTION_MS. */
#ifndef HC_MARKS_H
#define HC_MARKS_H

#include <stdbool.h>
#include "../proto/buf.h"
#include "../proto/limits.h"
#include "../proto/slice.h"
#include "../proto/units.h"

struct mark {
    uint64_t stream;
    uint64_t seq;
    uint64_t loaded; /* seq as it was read from Redis, 0: began with us */
    minute_t at;     /* last moved */
};

struct marks {
    struct mark *v;
    uint16_t n, cap;
};

void marks_init(struct marks *m);
void marks_fini(struct marks *m);

/* Tells the base of a stream, 0: it has not been heard of in this epoch. */
typedef uint64_t (*marks_base_fn)(void *arg, uint64_t stream);

/* The mark of @stream, made if need be (seq 0); NULL when out of memory. At
 * SITE_MARKS_MAX one makes room, of a stream without a base if there is any, and of those
 * the one that moved longest ago; *@evicted is counted up. @base NULL: none is known.
 * Valid until the next call. */
struct mark *marks_get(struct marks *m, uint64_t stream, minute_t now, marks_base_fn base,
                       void *arg, uint64_t *evicted);

/* Drops the marks that no sender can reach any more. */
void marks_prune(struct marks *m, minute_t now, marks_base_fn base, void *arg);

/* The field `w` of the meta hash: for each mark stream and seq, little endian, 8 bytes
 * each. Reading replaces what is there and sets `loaded`; returns -1 when @text is not of
 * that form. */
void marks_write(const struct marks *m, struct buf *out);
int marks_read(struct marks *m, struct slice text, minute_t now);

#endif
