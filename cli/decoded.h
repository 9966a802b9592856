/* decoded: what a datagram says, taken apart for people.
 *
 * The verdict is that of whom it is for: the aggregator's for DATA and PING (wire_open,
 * then body_next to its end), the collector's for an ACK (wire_ack_open). Without a
 * secret the last two checks are left out and the MAC is called unchecked; with one, a
 * datagram that only fails them is opened all the same, because that is when one looks.
 */
#ifndef HC_DECODED_H
#define HC_DECODED_H

#include "../proto/body.h"
#include "../proto/buf.h"
#include "../proto/wire.h"
#include "term.h"

struct decoded {
    size_t n; /* its bytes */
    enum wire_verdict verdict;
    bool checked; /* against a secret */
    bool opened;  /* what the type has of the rest is filled */
    uint8_t type; /* enum wire_type */
    struct wire_head head;
    struct wire_ack ack;
    size_t body_n;
    bool malformed; /* the body, from hit nhits on */
    mono_t clock;
    size_t nhits;
    struct hit hit[DATAGRAM_HITS_MAX];
};

/* Checks and reads @n bytes; @s may be NULL. Texts of hits point into @bytes. */
void decoded_open(struct decoded *d, const uint8_t *bytes, size_t n,
                  const struct secret *s);

/* "ok", or the verdict of the program that refuses it: a name of wire_verdict_name, or
 * "malformed" for the body. Static strings. */
const char *decoded_verdict(const struct decoded *d);

/* "good", "wrong", "of another key" or "unchecked". */
const char *decoded_mac(const struct decoded *d);

/* Appends lines for a terminal, or one line of JSON in which numbers of 64 bits are
 * strings: what a sender chooses freely is above 2^53 at times. */
void decoded_text(const struct decoded *d, const struct term *term, struct buf *out);
void decoded_json(const struct decoded *d, struct buf *out);

#endif
