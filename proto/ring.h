/* ring: sealed bodies in the order of their numbers, and the one still open. Pure.
 *
 * Everything lies in one piece of memory that the caller gives, without pointers into
 * itself: a shared file mapping will do, and then whoever maps it after the process was
 * killed finds every hit that had been added (collector/spool.h). Changes are ordered so
 * that a kill between any two instructions leaves the ring whole.
 *
 * Bodies are numbered base, base + 1, ... next - 1. They enter at the end (ring_seal) and
 * leave at the front (ring_drop). */
#ifndef HC_RING_H
#define HC_RING_H

#include <stdbool.h>
#include "body.h"

#define RING_BYTES_MIN (256 * 1024)

/* One sealed body. */
struct ring_record {
    uint32_t size;   /* of the record with its body, to the next one */
    uint16_t body_n; /* bytes of msgpack */
    uint16_t hits;   /* in it */
    mono_t sealed;   /* when */
    uint8_t tries;   /* epochs in which it was sent and not received */
    uint8_t zero[7];
    uint8_t body[];
};

struct ring; /* the memory itself; laid out in ring.c */

/* Makes an empty ring of @bytes (>= RING_BYTES_MIN) of zeroed memory, aligned to 16.
 * @stream names it for good; @next is the first number, usually 1. Returns it: the same
 * address. */
struct ring *ring_init(void *memory, size_t bytes, uint64_t stream, uint64_t next);

/* Takes over a ring that another process left in @bytes of memory: checks every record,
 * closes what was half done. Returns NULL when it is not a ring of this layout, or
 * damaged.
 */
struct ring *ring_adopt(void *memory, size_t bytes);

uint64_t ring_stream(const struct ring *r);
uint64_t ring_base(const struct ring *r);   /* the first number held, or next if empty */
uint64_t ring_next(const struct ring *r);   /* the number the open body will get */
size_t ring_capacity(const struct ring *r); /* bytes for records */
size_t ring_held(const struct ring *r);     /* bytes of records */
size_t ring_room(const struct ring *r);     /* the largest record that fits */
uint64_t ring_hits(const struct ring *r); /* in all records, the open body not included */

/* The open body, to be written with body.h: body_begin when its hits are 0. Another one
 * after each ring_seal. */
struct body_writer *ring_open_body(struct ring *r);

/* Bytes that a record of @body_n bytes takes. */
size_t ring_record_size(size_t body_n);

/* Moves the open body, which has hits, into a record numbered ring_next, and opens an
 * empty one. Returns the record, valid until it is dropped; NULL when there is no room:
 * then nothing changed. */
struct ring_record *ring_seal(struct ring *r, mono_t now);

/* The record at the front, NULL if none; and the one behind @rec, NULL at the end. */
struct ring_record *ring_first(struct ring *r);
struct ring_record *ring_after(struct ring *r, const struct ring_record *rec);

/* Forgets the record at the front, which must be there. */
void ring_drop(struct ring *r);

#endif
