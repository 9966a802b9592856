/* Datagrams from strangers. What has the right shape is signed and must then open to the
 * same; what opens must be exactly what framing it again gives; its body is read too. */
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../proto/body.h"
#include "../../proto/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool claim)
{
    if (!claim)
        abort();
}

static void read_body(const uint8_t *body, size_t n)
{
    static struct body_reader r;
    struct hit h;
    unsigned hits = 0;

    if (body_open(&r, body, n) != 0)
        return;
    while (body_next(&r, &h) == 1) {
        must(site_valid(h.site) && h.path.n <= PATH_MAX_BYTES);
        must(h.name.n <= EVENT_NAME_MAX && h.visitor != 0 && h.state < HIT_STATES);
        must(h.path.n == 0 || ((const uint8_t *)h.path.p >= body &&
                               (const uint8_t *)h.path.p + h.path.n <= body + n));
        must(++hits <= DATAGRAM_HITS_MAX);
    }
}

/* @data has the shape of a datagram. */
static void check_signed(const uint8_t *data, size_t size, struct secret s)
{
    uint8_t sent[DATAGRAM_MAX], again[DATAGRAM_MAX];
    struct wire_head h;
    const uint8_t *body;
    size_t n;

    memcpy(sent, data, size);
    s.v[0].key_id = sent[4];
    crypto_shorthash_siphashx24(sent + size - WIRE_TAG, sent, size - WIRE_TAG,
                                s.v[0].up.b);
    must(wire_open(sent, size, &s, &h, &body, &n) == WIRE_OK);
    must(wire_frame(again, &h, body, n, &s) == size);
    must(memcmp(sent, again, size) == 0);
    read_body(data + WIRE_HEADER, n);
    sent[size / 2] ^= 1;
    must(wire_open(sent, size, &s, &h, &body, &n) != WIRE_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct secret s;
    static bool ready;
    enum wire_verdict bare, checked;
    struct wire_head h;
    const uint8_t *body;
    size_t n;

    if (!ready)
        secret_init(&s, "the fuzzer's secret", 19);
    ready = true;
    checked = wire_open(data, size, &s, &h, &body, &n);
    bare = wire_open(data, size, NULL, &h, &body, &n);
    must(bare == WIRE_OK ? checked == WIRE_OK || checked >= WIRE_BAD_KEY
                         : checked == bare);
    if (bare == WIRE_OK)
        check_signed(data, size, s);
    return 0;
}
