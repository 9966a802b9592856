/* The key proves nothing about the client; its answer proves that this is no server of
 * something else that was tricked into replying. SHA-1 is good enough for that, and
 * nothing else here uses it. */
#include "ws_handshake.h"

#include <sha1.h>
#include <sodium.h>
#include "../proto/scan.h"

#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455, 1.3 */
#define KEY_BYTES 16

/* Upgrade is a list: clients may name several protocols, the one they like best first. */
static bool names_websocket(struct slice list)
{
    const char *p = list.p, *end = list.p + list.n;

    while (p < end) {
        const char *comma = memchr(p, ',', (size_t)(end - p));
        struct slice protocol = scan_trim(p, comma ? comma : end);

        if (SCAN_IS(protocol, "websocket"))
            return true;
        p = comma ? comma + 1 : end;
    }
    return false;
}

static bool is_key(struct slice key)
{
    uint8_t bytes[KEY_BYTES];
    size_t n;

    return sodium_base642bin(bytes, sizeof bytes, key.p, key.n, NULL, &n, NULL,
                             sodium_base64_VARIANT_ORIGINAL) == 0 &&
           n == sizeof bytes;
}

int ws_handshake_check(const struct http_request *r)
{
    if (r->method != HTTP_GET || r->http_1_0 || !r->upgrades ||
        !names_websocket(r->upgrade) || !slice_eq(r->ws_version, SLICE("13")))
        return 426;
    return is_key(r->ws_key) && !r->ws_repeated ? 101 : 400;
}

void ws_handshake_accept(struct slice key, char accept[WS_ACCEPT_LEN + 1])
{
    uint8_t digest[SHA1_DIGEST_LENGTH];
    SHA1_CTX sha1;

    SHA1Init(&sha1);
    SHA1Update(&sha1, (const uint8_t *)key.p, key.n);
    SHA1Update(&sha1, (const uint8_t *)GUID, sizeof GUID - 1);
    SHA1Final(digest, &sha1);
    sodium_bin2base64(accept, WS_ACCEPT_LEN + 1, digest, sizeof digest,
                      sodium_base64_VARIANT_ORIGINAL);
}
