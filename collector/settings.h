/* settings: what an operator has set for a site, as far as requests need it: its tokens.
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

/* One field and its value, as HGETALL gives them; what is no token passes. Returns false
 * for a token beyond SITE_TOKENS_MAX, which is left out. */
bool settings_take(struct settings *s, struct slice field, struct slice value);

#endif
