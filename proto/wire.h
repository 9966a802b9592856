/* wire: the frames of datagrams: header, body, 16-byte MAC; at most 1,200 bytes.
 *
 * All integers little endian. DATA and PING go up, from a sender to the aggregator:
 *
 *    0  "HC"  magic                          16  u64  stream  random per sender
 *    2  u8    version = 1                    24  u64  epoch   the aggregator's, 0 unknown
 *    3  u8    type: 1 DATA, 2 PING           32  u64  seq     from 1, one per datagram
 *    4  u8    key_id                         40  u64  base    lowest that may come again
 *    5  u8    flags = 0                      48  u64  ts_us   sender's clock at sending
 *    6  u16   shard, below nshards           56  body, body_len bytes of msgpack (body.h)
 *    8  u16   nshards, at least 1                zero padding up to 80 bytes in all
 *   10  u16   body_len                       -16 tag = SipHash-2-4-128(up key, the rest)
 *   12  u32   reserved = 0
 *
 * A PING has no body, and its seq is the next one that will be used. ACK comes down, 96
 * bytes, and answers either; the first 16 bytes are as above with type 3, body_len 0, and
 * bit 0 of flags set when this process has had an epoch before:
 *
 *   16  u64   stream                        56  u64  durable  up to here they are safe
 *   24  u64   epoch of the aggregator       64  u64  echo_us  ts_us of the newest one
 *   32  u64   ack_no, grows in an epoch     72  u16  window   wanted beyond cum
 *   40  u64   cum  all up to this one came  74  6 bytes zero
 *   48  u64   sack bit i: cum + 2 + i came  80  tag under the down key
 *
 * What goes up may differ in epoch, base and ts_us each time a seq is sent; its body may
 * not. The MAC covers everything, so a header that verifies was written by somebody who
 * has the secret; that it is fresh, the epoch and ts_us tell. No ACK is larger than what
 * it answers, so nobody gains by asking in another's name. */
#ifndef HC_WIRE_H
#define HC_WIRE_H

#include <stdbool.h>
#include "limits.h"
#include "secret.h"

#define WIRE_HEADER 56
#define WIRE_TAG 16
#define WIRE_MIN 96 /* short datagrams are padded to it */
#define WIRE_ACK_BYTES WIRE_MIN

enum wire_type { WIRE_DATA = 1, WIRE_PING = 2, WIRE_ACK = 3 };

struct wire_head {
    uint8_t type; /* WIRE_DATA or WIRE_PING */
    uint8_t key_id;
    uint16_t shard, nshards;
    uint64_t stream, epoch, seq, base;
    uint64_t ts_us; /* CLOCK_BOOTTIME of the sender, microseconds */
};

struct wire_ack {
    uint16_t shard, nshards;
    uint64_t stream, epoch, ack_no;
    uint64_t cum;     /* 0: nothing yet */
    uint64_t sack;    /* of the 64 behind cum + 1 */
    uint64_t durable; /* 0: nothing yet */
    uint64_t echo_us; /* 0: this answers nothing in particular */
    uint16_t window;
    bool renewed; /* the aggregator began anew, and did not die of anything */
};

/* Why a datagram was refused, in the order of the checks; the fields that a version gives
 * its meaning to are looked at once version and type are known, as part of the shape. */
enum wire_verdict {
    WIRE_OK,
    WIRE_BAD_SHAPE,   /* shorter than WIRE_MIN, longer than DATAGRAM_MAX, magic; flags,
                         reserved, shard, body_len, padding, a seq of 0 or below base */
    WIRE_BAD_VERSION, /* a version this build does not speak */
    WIRE_BAD_TYPE,    /* a type this build does not know, or that goes the other way */
    WIRE_BAD_KEY,     /* no key of ours has its key_id: the secret files differ */
    WIRE_BAD_MAC,     /* damaged or forged */
};

/* Frames @body (n <= BODY_MAX; 0 for a PING) into @out (DATAGRAM_MAX bytes). Returns the
 * datagram's length. key_id comes from the first of @s, not from @h. Asserts shard <
 * nshards, and that the type is one that goes up. */
size_t wire_frame(uint8_t *out, const struct wire_head *h, const void *body, size_t n,
                  const struct secret *s);

/* Checks a datagram that came up. On WIRE_OK fills @h and points @body at @body_n bytes
 * inside @bytes. Nothing is read before it is known to be there. With @s NULL the two
 * last checks are left out (headcount decode without a secret). */
enum wire_verdict wire_open(const uint8_t *bytes, size_t n, const struct secret *s,
                            struct wire_head *h, const uint8_t **body, size_t *body_n);

/* The same for an ACK: WIRE_ACK_BYTES bytes into @out; and back, the same checks in the
 * same order. Its numbers may be any: whether they make sense only the sender knows. */
void wire_ack_frame(uint8_t *out, const struct wire_ack *a, const struct secret *s);
enum wire_verdict wire_ack_open(const uint8_t *bytes, size_t n, const struct secret *s,
                                struct wire_ack *a);

/* "ok", "bad_shape", ... : also the names of the counters. Static strings. */
const char *wire_verdict_name(enum wire_verdict v);

#endif
