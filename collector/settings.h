/* settings: what an operator has set for a site, as far as requests need it: its tokens,
 * and whether it is closed: read with one of them only.
 *
 * Read from hc:{S}:c when a request needs them, and kept for SETTINGS_CACHE_MS: a token
 * that is taken back is refused that much later at most. Pure. */
#ifndef HC_SETTINGS_H
#define HC_SETTINGS_H

#include "../proto/limits.h"
#include "../proto/units.h"
#include "token.h"

struct settings {
    char site[SITE_MAX];
    size_t site_n; /* 0: free */
    mono_t read_at;
    bool closed;
    struct token tokens[SITE_TOKENS_MAX];
    size_t ntokens;
};

struct settings_cache {
    struct settings v[SETTINGS_MAX];
};

/* Those of @site as they were read in the last SETTINGS_CACHE_MS, or NULL. */
const struct settings *settings_find(const struct settings_cache *c, struct slice site,
                                     mono_t now);

/* The place to keep @site's in, empty: its own, or that of those read longest ago. Valid
 * until the next call. */
struct settings *settings_begin(struct settings_cache *c, struct slice site, mono_t now);

/* Lets go of @site's: they have changed. */
void settings_forget(struct settings_cache *c, struct slice site);

/* One field and its value, as settings.lua gives them; what is of no use here passes.
 * Returns false for a token beyond SITE_TOKENS_MAX, which is left out. */
bool settings_take(struct settings *s, struct slice field, struct slice value);

/* Who wants to read the site, by what it brings: the token of @hash, with BEARER_TOKEN.
 */
enum reader {
    READER_GRANTED,  /* it has a token of the site, of any scope */
    READER_OPEN,     /* it has none, and needs none */
    READER_STRANGER, /* it has brought none, and needs one */
    READER_GUESSER,  /* it has brought a wrong one, and needs one */
};
enum reader settings_reader(const struct settings *s, enum bearer bearer,
                            const struct token_hash *hash);

#endif
