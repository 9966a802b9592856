/* token: what lets a service change or read a site: a text that only its holder knows.
 *
 * "hc_" and 43 characters of base64url, 32 random bytes. Redis has the hash only, in a
 * field t:NAME of the site's settings: "SCOPE HASH", the 64 hex digits of BLAKE2b-256 of
 * the text. A token comes in the Authorization header and never in an address, where it
 * would end up in logs. Pure. */
#ifndef HC_TOKEN_H
#define HC_TOKEN_H

#include <stdint.h>
#include "../proto/slice.h"

#define TOKEN_TEXT 46 /* bytes */
#define TOKEN_HASH 32

/* Each may do what those before it may. */
enum scope { SCOPE_NONE, SCOPE_READ, SCOPE_SEND, SCOPE_ADMIN };

struct token_hash {
    uint8_t b[TOKEN_HASH];
};

struct token {
    enum scope scope;
    struct token_hash hash;
};

/* What a request brings. */
enum bearer { BEARER_NONE, BEARER_BAD, BEARER_TOKEN };

/* Reads the header's value: BEARER_TOKEN and the hash of the token; BEARER_NONE when it
 * is empty or of another scheme; BEARER_BAD when what is there is no token of ours. */
enum bearer token_of_header(struct slice authorization, struct token_hash *hash);

/* The same of a token that comes alone. */
enum bearer token_of_text(struct slice text, struct token_hash *hash);

/* Reads the value of a field t:NAME. Returns whether it is one. */
bool token_parse(struct token *t, struct slice value);

/* The scope of whoever has the token of @hash: the highest of those that are it. Compares
 * with all @n whatever it finds, so the time it takes tells nothing. */
enum scope token_scope(const struct token *tokens, size_t n,
                       const struct token_hash *hash);

#endif
