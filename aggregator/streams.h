/* streams: every sender that was heard in this epoch, by id. Pure.
 *
 * A stream keeps its place, a number below streams.n, until the epoch ends; its address
 * in memory may change whenever another one is added. */
#ifndef HC_STREAMS_H
#define HC_STREAMS_H

#include "dating.h"
#include "early.h"
#include "peer.h"

#define NO_STREAM UINT32_MAX

struct stream {
    uint64_t id;
    uint64_t expected; /* all below were folded or skipped; at least 1 */
    uint64_t base;     /* the highest base its sender has told */
    uint64_t durable;  /* all up to this one are safe */
    uint64_t barred;   /* up to here barriers have been made (receiver_mark) */
    uint64_t ts_us;    /* the newest that came */
    struct dating dating;
    mono_t heard;
    mono_t owed_at;      /* an ACK is due at that time, INT64_MAX: none is owed */
    mono_t repeat_at;    /* not before this time is a possible replay answered */
    struct early *early; /* NULL: none came before its turn */
    uint32_t next_owing, next_moved; /* lists of the receiver, by place */
    uint32_t unacked;                /* datagrams taken since the last ACK */
    uint16_t shard, nshards;
    bool owing, moved; /* on that list */
    bool unechoed;     /* ts_us has not been told back */
    struct peer peer;  /* where the freshest datagram came from */
};

_Static_assert(sizeof(struct stream) == 144, "as limits.h says");

struct streams {
    struct stream *v; /* by place */
    uint32_t n, cap;
    uint32_t *index; /* open addressing by id, 2 * cap of place + 1, 0: empty */
};

void streams_init(struct streams *t);

/* Frees all of them, also what waits in them; what is left is empty and can be used. */
void streams_fini(struct streams *t);

/* The stream @id or NULL. Valid until the next streams_add. */
struct stream *streams_find(const struct streams *t, uint64_t id);

/* Adds @id, which must not be there, with everything else zero. NULL at STREAMS_MAX or
 * out of memory. */
struct stream *streams_add(struct streams *t, uint64_t id);

static inline uint32_t streams_place(const struct streams *t, const struct stream *s)
{
    return (uint32_t)(s - t->v);
}

#endif
