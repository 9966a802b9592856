/* wire: framing and checking of datagrams.
 *
 * The header's fields lie at fixed offsets; numbers are put together from bytes, which
 * compilers turn into single loads and stores where the machine's order allows it.
 *
 * Checking goes from cheap to dear: size and magic, version and type, the other fields
 * and the padding, then the key's name, then the MAC over all of it. Whatever fails,
 * nothing is told to the sender: an unauthenticated datagram gets no answer. */
#include "wire.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "body.h"

#define VERSION 1

enum {
    AT_VERSION = 2,
    AT_TYPE = 3,
    AT_KEY_ID = 4,
    AT_FLAGS = 5,
    AT_SHARD = 6,
    AT_NSHARDS = 8,
    AT_BODY_LEN = 10,
    AT_RESERVED = 12,
    AT_STREAM = 16,
    AT_EPOCH = 24,
    AT_SEQ = 32,
    AT_BASE = 40,
    AT_TS = 48,
};

_Static_assert(BODY_MAX + WIRE_HEADER + WIRE_TAG == DATAGRAM_MAX, "a full body fits");
_Static_assert(WIRE_TAG == crypto_shorthash_siphashx24_BYTES, "128 bits of tag");
_Static_assert(sizeof((struct key *)0)->b == crypto_shorthash_siphashx24_KEYBYTES,
               "a key is the MAC's key");

static void store16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static void store64(uint8_t *p, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

static uint16_t load16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t load32(const uint8_t *p)
{
    return (uint32_t)load16(p + 2) << 16 | load16(p);
}

static uint64_t load64(const uint8_t *p)
{
    return (uint64_t)load32(p + 4) << 32 | load32(p);
}

/* Where the tag stands: behind the body and, after a short one, its padding. */
static size_t tag_at(size_t body_n)
{
    size_t at = WIRE_HEADER + body_n;

    return at < WIRE_MIN - WIRE_TAG ? WIRE_MIN - WIRE_TAG : at;
}

static void put_head(uint8_t *out, const struct wire_head *h, uint8_t key_id,
                     size_t body_n)
{
    memset(out, 0, WIRE_HEADER);
    memcpy(out, "HC", 2);
    out[AT_VERSION] = VERSION;
    out[AT_TYPE] = h->type;
    out[AT_KEY_ID] = key_id;
    store16(out + AT_SHARD, h->shard);
    store16(out + AT_NSHARDS, h->nshards);
    store16(out + AT_BODY_LEN, (uint16_t)body_n);
    store64(out + AT_STREAM, h->stream);
    store64(out + AT_EPOCH, h->epoch);
    store64(out + AT_SEQ, h->seq);
    store64(out + AT_BASE, h->base);
    store64(out + AT_TS, h->ts_us);
}

static void take_head(struct wire_head *h, const uint8_t *bytes)
{
    h->type = bytes[AT_TYPE];
    h->key_id = bytes[AT_KEY_ID];
    h->shard = load16(bytes + AT_SHARD);
    h->nshards = load16(bytes + AT_NSHARDS);
    h->stream = load64(bytes + AT_STREAM);
    h->epoch = load64(bytes + AT_EPOCH);
    h->seq = load64(bytes + AT_SEQ);
    h->base = load64(bytes + AT_BASE);
    h->ts_us = load64(bytes + AT_TS);
}

/* The fields of a DATA datagram of at least WIRE_MIN bytes. */
static bool fields_are_sound(const uint8_t *bytes, size_t n)
{
    size_t body_n = load16(bytes + AT_BODY_LEN);

    if (bytes[AT_FLAGS] != 0 || load32(bytes + AT_RESERVED) != 0)
        return false;
    if (load16(bytes + AT_SHARD) >= load16(bytes + AT_NSHARDS))
        return false;
    if (n != tag_at(body_n) + WIRE_TAG)
        return false;
    for (size_t i = WIRE_HEADER + body_n; i < tag_at(body_n); i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

static bool tag_is_right(const uint8_t *bytes, size_t n, const struct key *key)
{
    uint8_t tag[WIRE_TAG];

    crypto_shorthash_siphashx24(tag, bytes, n - WIRE_TAG, key->b);
    return sodium_memcmp(tag, bytes + n - WIRE_TAG, WIRE_TAG) == 0;
}

size_t wire_frame(uint8_t *out, const struct wire_head *h, const void *body, size_t n,
                  const struct secret *s)
{
    size_t at = tag_at(n);

    assert(n <= BODY_MAX && h->shard < h->nshards);
    put_head(out, h, s->key_id, n);
    memcpy(out + WIRE_HEADER, body, n);
    memset(out + WIRE_HEADER + n, 0, at - WIRE_HEADER - n);
    crypto_shorthash_siphashx24(out + at, out, at, s->up.b);
    return at + WIRE_TAG;
}

enum wire_verdict wire_open(const uint8_t *bytes, size_t n, const struct secret *s,
                            struct wire_head *h, const uint8_t **body, size_t *body_n)
{
    if (n < WIRE_MIN || n > DATAGRAM_MAX || memcmp(bytes, "HC", 2) != 0)
        return WIRE_BAD_SHAPE;
    if (bytes[AT_VERSION] != VERSION)
        return WIRE_BAD_VERSION;
    if (bytes[AT_TYPE] != WIRE_DATA)
        return WIRE_BAD_TYPE;
    if (!fields_are_sound(bytes, n))
        return WIRE_BAD_SHAPE;
    if (s && bytes[AT_KEY_ID] != s->key_id)
        return WIRE_BAD_KEY;
    if (s && !tag_is_right(bytes, n, &s->up))
        return WIRE_BAD_MAC;
    take_head(h, bytes);
    *body = bytes + WIRE_HEADER;
    *body_n = load16(bytes + AT_BODY_LEN);
    return WIRE_OK;
}

const char *wire_verdict_name(enum wire_verdict v)
{
    static const char *const names[] = {
        [WIRE_OK] = "ok",
        [WIRE_BAD_SHAPE] = "bad_shape",
        [WIRE_BAD_VERSION] = "bad_version",
        [WIRE_BAD_TYPE] = "bad_type",
        [WIRE_BAD_KEY] = "bad_key",
        [WIRE_BAD_MAC] = "bad_mac",
    };

    return names[v];
}
