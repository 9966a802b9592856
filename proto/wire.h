/* wire: the frame of a datagram: header, body, 16-byte MAC; at most 1,200 bytes.
 *
 * All integers little endian:
 *
 *    0  "HC"  magic                          16  u64  stream  random per sender
 *    2  u8    version = 1                    24  u64  epoch   the aggregator's, 0 unknown
 *    3  u8    type: 1 DATA                   32  u64  seq     from 1, one per datagram
 *    4  u8    key_id                         40  u64  base    lowest that may come again
 *    5  u8    flags = 0                      48  u64  ts_us   sender's clock at sending
 *    6  u16   shard, below nshards           56  body, body_len bytes of msgpack (body.h)
 *    8  u16   nshards, at least 1                zero padding up to 80 bytes in all
 *   10  u16   body_len                       -16 tag = SipHash-2-4-128(up key, the rest)
 *   12  u32   reserved = 0
 *
 * Types 2 (PING) and 3 (ACK) are reserved for the acknowledged transport. The MAC covers
 * everything, so a header that verifies was written by somebody who has the secret. */
#ifndef HC_WIRE_H
#define HC_WIRE_H

#include "limits.h"
#include "secret.h"

#define WIRE_HEADER 56
#define WIRE_TAG 16
#define WIRE_MIN \
    96 /* short datagrams are padded to it: no reply is larger than its cause */

enum wire_type { WIRE_DATA = 1 };

struct wire_head {
    uint8_t type;
    uint8_t key_id;
    uint16_t shard, nshards;
    uint64_t stream, epoch, seq, base;
    uint64_t ts_us; /* CLOCK_BOOTTIME of the sender, microseconds */
};

/* Why a datagram was refused, in the order of the checks; the fields that a version gives
 * its meaning to are looked at once version and type are known, as part of the shape. */
enum wire_verdict {
    WIRE_OK,
    WIRE_BAD_SHAPE,   /* shorter than WIRE_MIN, longer than DATAGRAM_MAX, magic; flags,
                         reserved, shard, body_len, padding */
    WIRE_BAD_VERSION, /* a version this build does not speak */
    WIRE_BAD_TYPE,    /* a type this build does not know */
    WIRE_BAD_KEY,     /* another key_id: the secret files of the two nodes differ */
    WIRE_BAD_MAC,     /* damaged or forged */
};

/* Frames @body (n <= BODY_MAX) into @out (DATAGRAM_MAX bytes). Returns the datagram's
 * length. key_id comes from @s, not from @h. Asserts shard < nshards. */
size_t wire_frame(uint8_t *out, const struct wire_head *h, const void *body, size_t n,
                  const struct secret *s);

/* Checks a datagram as it came. On WIRE_OK fills @h and points @body at @body_n bytes
 * inside @bytes. Nothing is read before it is known to be there. With @s NULL the two
 * last checks are left out (headcount decode without a secret). */
enum wire_verdict wire_open(const uint8_t *bytes, size_t n, const struct secret *s,
                            struct wire_head *h, const uint8_t **body, size_t *body_n);

/* "ok", "bad_shape", ... : also the names of the counters. Static strings. */
const char *wire_verdict_name(enum wire_verdict v);

#endif
