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
    AT_SEQ = 32, /* of what goes up */
    AT_BASE = 40,
    AT_TS = 48,
    AT_ACK_NO = 32, /* of what comes down */
    AT_CUM = 40,
    AT_SACK = 48,
    AT_DURABLE = 56,
    AT_ECHO = 64,
    AT_WINDOW = 72,
    AT_ACK_ZERO = 74,
};

#define FLAG_RENEWED 1

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

/* What all types begin with, up to the stream. */
static void put_start(uint8_t *out, uint8_t type, uint8_t key_id, uint16_t shard,
                      uint16_t nshards)
{
    memset(out, 0, AT_STREAM);
    memcpy(out, "HC", 2);
    out[AT_VERSION] = VERSION;
    out[AT_TYPE] = type;
    out[AT_KEY_ID] = key_id;
    store16(out + AT_SHARD, shard);
    store16(out + AT_NSHARDS, nshards);
}

static void put_head(uint8_t *out, const struct wire_head *h, uint8_t key_id,
                     size_t body_n)
{
    put_start(out, h->type, key_id, h->shard, h->nshards);
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

static void take_ack(struct wire_ack *a, const uint8_t *bytes)
{
    a->shard = load16(bytes + AT_SHARD);
    a->nshards = load16(bytes + AT_NSHARDS);
    a->stream = load64(bytes + AT_STREAM);
    a->epoch = load64(bytes + AT_EPOCH);
    a->ack_no = load64(bytes + AT_ACK_NO);
    a->cum = load64(bytes + AT_CUM);
    a->sack = load64(bytes + AT_SACK);
    a->durable = load64(bytes + AT_DURABLE);
    a->echo_us = load64(bytes + AT_ECHO);
    a->window = load16(bytes + AT_WINDOW);
    a->renewed = bytes[AT_FLAGS] & FLAG_RENEWED;
}

static bool all_zero(const uint8_t *bytes, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

/* The fields that all types have, of at least WIRE_MIN bytes. */
static bool start_is_sound(const uint8_t *bytes)
{
    return load32(bytes + AT_RESERVED) == 0 &&
           load16(bytes + AT_SHARD) < load16(bytes + AT_NSHARDS);
}

static bool data_is_sound(const uint8_t *bytes, size_t n)
{
    size_t body_n = load16(bytes + AT_BODY_LEN);
    uint64_t seq = load64(bytes + AT_SEQ);

    return start_is_sound(bytes) && bytes[AT_FLAGS] == 0 &&
           n == tag_at(body_n) + WIRE_TAG && seq != 0 && seq >= load64(bytes + AT_BASE) &&
           (body_n == 0 || bytes[AT_TYPE] == WIRE_DATA) &&
           all_zero(bytes, WIRE_HEADER + body_n, tag_at(body_n));
}

static bool ack_is_sound(const uint8_t *bytes, size_t n)
{
    return start_is_sound(bytes) && bytes[AT_FLAGS] <= FLAG_RENEWED &&
           n == WIRE_ACK_BYTES && load16(bytes + AT_BODY_LEN) == 0 &&
           all_zero(bytes, AT_ACK_ZERO, WIRE_ACK_BYTES - WIRE_TAG);
}

static bool tag_is_right(const uint8_t *bytes, size_t n, const struct key *key)
{
    uint8_t tag[WIRE_TAG];

    crypto_shorthash_siphashx24(tag, bytes, n - WIRE_TAG, key->b);
    return sodium_memcmp(tag, bytes + n - WIRE_TAG, WIRE_TAG) == 0;
}

/* The checks before those of a type's own fields. */
static enum wire_verdict start_verdict(const uint8_t *bytes, size_t n)
{
    if (n < WIRE_MIN || n > DATAGRAM_MAX || memcmp(bytes, "HC", 2) != 0)
        return WIRE_BAD_SHAPE;
    return bytes[AT_VERSION] == VERSION ? WIRE_OK : WIRE_BAD_VERSION;
}

/* The checks after them, under the key of the datagram's direction. Two secrets may have
 * the same id. */
static enum wire_verdict tag_verdict(const uint8_t *bytes, size_t n,
                                     const struct secret *s)
{
    enum wire_verdict v = WIRE_BAD_KEY;

    for (unsigned i = 0; i < s->n; i++) {
        const struct secret_keys *k = &s->v[i];

        if (bytes[AT_KEY_ID] != k->key_id)
            continue;
        if (tag_is_right(bytes, n, bytes[AT_TYPE] == WIRE_ACK ? &k->down : &k->up))
            return WIRE_OK;
        v = WIRE_BAD_MAC;
    }
    return v;
}

size_t wire_frame(uint8_t *out, const struct wire_head *h, const void *body, size_t n,
                  const struct secret *s)
{
    size_t at = tag_at(n);

    assert(n <= BODY_MAX && h->shard < h->nshards);
    assert(h->type == WIRE_DATA || (h->type == WIRE_PING && n == 0));
    put_head(out, h, s->v[0].key_id, n);
    if (n > 0)
        memcpy(out + WIRE_HEADER, body, n);
    memset(out + WIRE_HEADER + n, 0, at - WIRE_HEADER - n);
    crypto_shorthash_siphashx24(out + at, out, at, s->v[0].up.b);
    return at + WIRE_TAG;
}

enum wire_verdict wire_open(const uint8_t *bytes, size_t n, const struct secret *s,
                            struct wire_head *h, const uint8_t **body, size_t *body_n)
{
    enum wire_verdict v = start_verdict(bytes, n);

    if (v != WIRE_OK)
        return v;
    if (bytes[AT_TYPE] != WIRE_DATA && bytes[AT_TYPE] != WIRE_PING)
        return WIRE_BAD_TYPE;
    if (!data_is_sound(bytes, n))
        return WIRE_BAD_SHAPE;
    if (s)
        v = tag_verdict(bytes, n, s);
    if (v != WIRE_OK)
        return v;
    take_head(h, bytes);
    *body = bytes + WIRE_HEADER;
    *body_n = load16(bytes + AT_BODY_LEN);
    return WIRE_OK;
}

void wire_ack_frame(uint8_t *out, const struct wire_ack *a, const struct secret *s)
{
    assert(a->shard < a->nshards);
    memset(out, 0, WIRE_ACK_BYTES);
    put_start(out, WIRE_ACK, s->v[0].key_id, a->shard, a->nshards);
    out[AT_FLAGS] = a->renewed ? FLAG_RENEWED : 0;
    store64(out + AT_STREAM, a->stream);
    store64(out + AT_EPOCH, a->epoch);
    store64(out + AT_ACK_NO, a->ack_no);
    store64(out + AT_CUM, a->cum);
    store64(out + AT_SACK, a->sack);
    store64(out + AT_DURABLE, a->durable);
    store64(out + AT_ECHO, a->echo_us);
    store16(out + AT_WINDOW, a->window);
    crypto_shorthash_siphashx24(out + WIRE_ACK_BYTES - WIRE_TAG, out,
                                WIRE_ACK_BYTES - WIRE_TAG, s->v[0].down.b);
}

enum wire_verdict wire_ack_open(const uint8_t *bytes, size_t n, const struct secret *s,
                                struct wire_ack *a)
{
    enum wire_verdict v = start_verdict(bytes, n);

    if (v != WIRE_OK)
        return v;
    if (bytes[AT_TYPE] != WIRE_ACK)
        return WIRE_BAD_TYPE;
    if (!ack_is_sound(bytes, n))
        return WIRE_BAD_SHAPE;
    if (s)
        v = tag_verdict(bytes, n, s);
    if (v != WIRE_OK)
        return v;
    take_ack(a, bytes);
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
