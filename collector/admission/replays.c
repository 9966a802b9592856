/* The texts of a hit have no control characters, so a NUL between them keeps them apart.
 */
#include "replays.h"

#define ID_BYTES_MAX \
    (SITE_MAX + PATH_MAX_BYTES + EVENT_NAME_MAX + CLIENT_ID_MAX + sizeof(uint64_t) + 5)

void replays_init(struct replays *r, const struct key *key)
{
    r->key = *key;
    seen_init(&r->seen, r->words, REPLAYS_KEPT);
}

static size_t put(char *out, const void *bytes, size_t n)
{
    if (n > 0)
        memcpy(out, bytes, n);
    return n;
}

static size_t put_text(char *out, struct slice s)
{
    size_t n = put(out, s.p, s.n);

    out[n] = 0;
    return n + 1;
}

uint64_t replays_id(const struct replays *r, const struct hit *h, struct slice sent)
{
    struct slice name = h->kind == HIT_EVENT ? h->name : (struct slice){0};
    char text[ID_BYTES_MAX];
    uint64_t id;
    size_t n = 0;

    if (h->tab == 0 || sent.n == 0 || sent.n > CLIENT_ID_MAX)
        return 0;
    n += put(text + n, &h->tab, sizeof h->tab);
    text[n++] = (char)h->kind;
    text[n++] = (char)h->state;
    n += put_text(text + n, h->site);
    n += put_text(text + n, h->path);
    n += put_text(text + n, name);
    n += put(text + n, sent.p, sent.n);
    id = siphash(&r->key, text, n);
    return id ? id : 1;
}

bool replays_has(const struct replays *r, uint64_t id, mono_t now)
{
    return id && seen_has(&r->seen, id, now);
}

enum added replays_add(struct replays *r, uint64_t id, mono_t now)
{
    return id ? seen_add(&r->seen, id, now) : SEEN_NEW;
}
