/* The texts are random, so a plain fast hash keeps them as well as a slow one would:
 * there is nothing to guess. Of what is not shaped like a token no hash is made, and
 * nobody is asked. */
#include "token.h"

#include <sodium.h>
#include "../proto/scan.h"

#define TOKEN_PREFIX SLICE("hc_")

_Static_assert(TOKEN_HASH == crypto_generichash_BYTES, "BLAKE2b-256");

static bool is_base64url(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '_';
}

static bool is_token(struct slice text)
{
    if (text.n != TOKEN_TEXT || !slice_starts(text, TOKEN_PREFIX))
        return false;
    for (size_t i = TOKEN_PREFIX.n; i < text.n; i++)
        if (!is_base64url(text.p[i]))
            return false;
    return true;
}

enum bearer token_of_text(struct slice text, struct token_hash *hash)
{
    if (text.n == 0)
        return BEARER_NONE;
    if (!is_token(text))
        return BEARER_BAD;
    crypto_generichash(hash->b, sizeof hash->b, (const uint8_t *)text.p, text.n, NULL, 0);
    return BEARER_TOKEN;
}

enum bearer token_of_header(struct slice authorization, struct token_hash *hash)
{
    const char *blank =
        authorization.n ? memchr(authorization.p, ' ', authorization.n) : NULL;
    struct slice scheme = {authorization.p,
                           blank ? (size_t)(blank - authorization.p) : authorization.n};
    struct slice text = slice_skip(authorization, scheme.n);

    if (!SCAN_IS(scheme, "bearer"))
        return BEARER_NONE;
    while (text.n > 0 && *text.p == ' ')
        text = slice_skip(text, 1);
    return text.n > 0 ? token_of_text(text, hash) : BEARER_BAD;
}

static enum scope scope_named(struct slice name)
{
    if (slice_eq(name, SLICE("read")))
        return SCOPE_READ;
    if (slice_eq(name, SLICE("send")))
        return SCOPE_SEND;
    return slice_eq(name, SLICE("admin")) ? SCOPE_ADMIN : SCOPE_NONE;
}

bool token_parse(struct token *t, struct slice value)
{
    const char *blank = value.n ? memchr(value.p, ' ', value.n) : NULL;
    size_t scope_n = blank ? (size_t)(blank - value.p) : value.n,
           hex_n = value.n - scope_n;
    size_t bytes = 0;

    t->scope = scope_named((struct slice){value.p, scope_n});
    if (t->scope == SCOPE_NONE || hex_n != 1 + 2 * TOKEN_HASH)
        return false;
    return sodium_hex2bin(t->hash.b, sizeof t->hash.b, blank + 1, hex_n - 1, NULL, &bytes,
                          NULL) == 0 &&
           bytes == TOKEN_HASH;
}

enum scope token_scope(const struct token *tokens, size_t n,
                       const struct token_hash *hash)
{
    unsigned best = SCOPE_NONE;

    for (size_t i = 0; i < n; i++) {
        bool same = sodium_memcmp(tokens[i].hash.b, hash->b, TOKEN_HASH) == 0;
        unsigned scope = (unsigned)tokens[i].scope * same;

        best = scope > best ? scope : best;
    }
    return (enum scope)best;
}
