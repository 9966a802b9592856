/* A short table: what asks here is an operator or a service, not a browser. */
#include "settings.h"

#include "../proto/visibility.h"

#define FIELD_TOKEN SLICE("t:")

static bool is_of(const struct settings *s, struct slice site)
{
    return slice_eq((struct slice){s->site, s->site_n}, site);
}

const struct settings *settings_find(const struct settings_cache *c, struct slice site,
                                     mono_t now)
{
    for (size_t i = 0; i < SETTINGS_MAX; i++)
        if (is_of(&c->v[i], site))
            return now - c->v[i].read_at < SETTINGS_CACHE_MS ? &c->v[i] : NULL;
    return NULL;
}

void settings_forget(struct settings_cache *c, struct slice site)
{
    for (size_t i = 0; i < SETTINGS_MAX; i++)
        if (is_of(&c->v[i], site))
            c->v[i].site_n = 0;
}

/* The site's own place, or a free one, or that of the oldest. */
static struct settings *place_for(struct settings_cache *c, struct slice site)
{
    struct settings *best = &c->v[0];

    for (size_t i = 0; i < SETTINGS_MAX; i++)
        if (is_of(&c->v[i], site))
            return &c->v[i];
    for (size_t i = 0; i < SETTINGS_MAX; i++) {
        if (c->v[i].site_n == 0)
            return &c->v[i];
        if (c->v[i].read_at < best->read_at)
            best = &c->v[i];
    }
    return best;
}

struct settings *settings_begin(struct settings_cache *c, struct slice site, mono_t now)
{
    struct settings *s = place_for(c, site);

    memcpy(s->site, site.p, site.n);
    s->site_n = site.n;
    s->read_at = now;
    s->closed = false;
    s->ntokens = 0;
    return s;
}

bool settings_take(struct settings *s, struct slice field, struct slice value)
{
    struct token token;

    if (slice_eq(field, SLICE(FIELD_READ)))
        s->closed = visibility_is_closed(value);
    if (!slice_starts(field, FIELD_TOKEN) || !token_parse(&token, value))
        return true;
    if (s->ntokens == SITE_TOKENS_MAX)
        return false;
    s->tokens[s->ntokens++] = token;
    return true;
}

enum reader settings_reader(const struct settings *s, enum bearer bearer,
                            const struct token_hash *hash)
{
    if (bearer == BEARER_TOKEN && token_scope(s->tokens, s->ntokens, hash) >= SCOPE_READ)
        return READER_GRANTED;
    if (!s->closed)
        return READER_OPEN;
    return bearer == BEARER_NONE ? READER_STRANGER : READER_GUESSER;
}
