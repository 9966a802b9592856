/* body: hits to msgpack and back, the inside of a datagram.
 *
 * body   = [mono_ms, group, group, ...]
 * group  = [site, [event, event, ...]]
 * event  = [kind, dt_ms, visitor, path, state, tab?, name?, previous?, engaged?, stay?,
 *           traits?, referrer?, campaign?, term?]
 *
 * stay is lasts + 256 * marks; traits are device + 256 * browser + 65536 * c0 + 16777216
 * * c1 with the two letters of the country.
 *
 * site, path, name, referrer, campaign and term are either a string, which also becomes
 * the next entry of the datagram's dictionary, or the index of an entry already seen
 * (counting from 0, in order of appearance). dt_ms is the event's time minus mono_ms,
 * both the sender's monotonic clock. Of the elements with a question mark, trailing ones
 * that are 0 or empty are left out; elements after those known, of events and of groups,
 * are ignored, so later versions may append. state and engaged may be any number (the
 * latter is cut at ENGAGED_MAX_MS), kind is at most 255. The byte-level truth is in
 * PROTOCOL.md. */
#ifndef HC_BODY_H
#define HC_BODY_H

#include "cursor.h"
#include "hit.h"
#include "limits.h"

/* What a frame leaves for the body: DATAGRAM_MAX - header 56 - tag 16. */
#define BODY_MAX (DATAGRAM_MAX - 72)

/* The latest mono_ms: any dt_ms may be added to it. */
#define BODY_START_MAX (INT64_MAX - EVENT_AGE_MAX_MS)

/* Elements of an event that are always there. */
#define BODY_EVENT_LEAST 5

/* ---- writing: appends until full. Embed it; no heap, nothing to free. ---- */

struct body_name {
    uint16_t at;   /* offset of the text in bytes */
    uint16_t n;    /* its length */
    uint32_t hash; /* to compare cheaply */
};

struct body_writer {
    uint8_t bytes[BODY_MAX];
    size_t n;        /* bytes used */
    mono_t start;    /* mono_ms of this body */
    unsigned hits;   /* events in it */
    unsigned groups; /* groups opened */
    size_t group_at; /* where the open group's event count stands, 0: none open */
    unsigned in_group;
    unsigned group_site; /* dictionary entry of the open group's site */
    unsigned names;      /* dictionary entries */
    struct body_name name[DATAGRAM_NAMES_MAX];
};

/* Starts an empty body whose clock is @now, 0..BODY_START_MAX. */
void body_begin(struct body_writer *w, mono_t now);

/* Appends @h. Returns false and leaves the body as it was when it does not fit (bytes,
 * hits or names, or it is over EVENT_AGE_MAX_MS away from the body's clock): the caller
 * sends this one and begins another. A hit always fits an empty body; one out of reach
 * of its clock is moved to the end of the reach. Asserts site_valid(h->site), path and
 * name within their limits, visitor != 0, engaged <= ENGAGED_MAX_MS. bytes[0..n) is a
 * complete body between calls; and whoever finds the memory of a process that was killed
 * inside one can read the first `hits` of it: that number changes last. */
bool body_add(struct body_writer *w, const struct hit *h);

/* ---- reading: iterates borrowed slices. --------------------------------- */

struct body_reader {
    struct cursor c;
    mono_t start;
    uint32_t groups;   /* left */
    uint32_t events;   /* left in the open group */
    uint32_t extras;   /* elements of the open group after its events, to be skipped */
    struct slice site; /* of the open group */
    unsigned names;
    unsigned hits; /* read so far, unknown kinds included */
    struct slice name[DATAGRAM_NAMES_MAX];
};

/* Reads the head of a body. Returns 0, or -1 if it is malformed. */
int body_open(struct body_reader *r, const void *bytes, size_t n);

/* Reads the next hit. Returns 1 and fills @h, 0 at the end, -1 if the rest is malformed
 * (hits already returned were good). Slices in @h point into the datagram; a path or name
 * referred to again is the same pointer again. A body must be read to its 0 or -1 before
 * any hit of it is used if it is to be taken whole or not at all. */
int body_next(struct body_reader *r, struct hit *h);

#endif
