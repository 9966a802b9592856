/* Writing goes through msgpack-c into the body's own bytes. Counts that are known only
 * later, of groups and of a group's events, stand as array16 with the number put in by
 * hand after each hit, so the bytes are a complete body whenever the caller wants to send
 * them. A hit that does not fit is undone by going back to a mark taken before it. */
#include "body.h"

#include <assert.h>
#include <msgpack/pack.h>

#define ARRAY16 0xdc
#define COUNT_AT 1 /* the outer array's count, after its lead byte */

/* The longest hit in a body of its own: lead bytes and counts 3 + 1 + 3 + 1, numbers
 * 9 + 2 + 5 + 3 * 9 + 2 + 5 + 3 + 5, texts with their lengths. */
#define HIT_LONGEST                                                        \
    (8 + 58 + 2 + SITE_MAX + 3 + PATH_MAX_BYTES + 2 + EVENT_NAME_MAX + 2 + \
     REFERRER_MAX + 2 * (2 + CAMPAIGN_MAX))
_Static_assert(HIT_LONGEST <= BODY_MAX, "a hit always fits an empty body");

/* What body_add may change besides bytes behind w->n and names behind w->names. */
struct mark {
    size_t n, group_at;
    unsigned groups, in_group, group_site, names;
};

static struct mark mark(const struct body_writer *w)
{
    return (struct mark){w->n,        w->group_at,   w->groups,
                         w->in_group, w->group_site, w->names};
}

static void rewind_to(struct body_writer *w, const struct mark *m)
{
    w->n = m->n;
    w->group_at = m->group_at;
    w->groups = m->groups;
    w->in_group = m->in_group;
    w->group_site = m->group_site;
    w->names = m->names;
}

/* msgpack-c's way out: 0, or -1 when the body is full. */
static int on_packed(void *data, const char *bytes, size_t n)
{
    struct body_writer *w = data;

    if (n > BODY_MAX - w->n)
        return -1;
    if (n == 1) /* most pieces: a call of memcpy would cost more than the rest of this */
        w->bytes[w->n] = (uint8_t)*bytes;
    else if (n > 0)
        memcpy(w->bytes + w->n, bytes, n);
    w->n += n;
    return 0;
}

static void put_count(struct body_writer *w, size_t at, unsigned count)
{
    w->bytes[at] = (uint8_t)(count >> 8);
    w->bytes[at + 1] = (uint8_t)count;
}

/* An array whose count, at the offset returned, is known later. 0: does not fit. */
static size_t put_open_array(struct body_writer *w)
{
    static const char head[] = {(char)ARRAY16, 0, 0};

    return on_packed(w, head, sizeof head) == 0 ? w->n - 2 : 0;
}

/* Tells texts apart quickly; equal hashes are compared byte by byte, so strangers who
 * make them collide win nothing but DATAGRAM_NAMES_MAX comparisons. */
static uint32_t text_hash(struct slice s)
{
    const uint64_t odd = 0x9e3779b97f4a7c15; /* 2^64 / golden ratio: spreads the bits */
    uint64_t h = s.n, word;

    for (; s.n >= sizeof word; s = slice_skip(s, sizeof word)) {
        memcpy(&word, s.p, sizeof word);
        h = (h ^ word) * odd;
        h ^= h >> 32;
    }
    for (word = 0; s.n > 0; s = slice_skip(s, 1))
        word = word << 8 | (uint8_t)*s.p;
    h = (h ^ word) * odd;
    return (uint32_t)(h >> 32);
}

static struct slice name_text(const struct body_writer *w, unsigned i)
{
    return (struct slice){(const char *)w->bytes + w->name[i].at, w->name[i].n};
}

/* The entry of @s, or w->names. The newest first: what came last comes again. */
static unsigned find_name(const struct body_writer *w, struct slice s, uint32_t hash)
{
    for (unsigned i = w->names; i-- > 0;)
        if (w->name[i].hash == hash && slice_eq(name_text(w, i), s))
            return i;
    return w->names;
}

static bool put_new_name(struct body_writer *w, msgpack_packer *pk, struct slice s,
                         uint32_t hash)
{
    if (w->names == DATAGRAM_NAMES_MAX)
        return false;
    if (msgpack_pack_str_with_body(pk, s.p, s.n) != 0)
        return false;
    w->name[w->names++] = (struct body_name){(uint16_t)(w->n - s.n), (uint16_t)s.n, hash};
    return true;
}

/* Writes @s or its index; @entry gets its number either way. */
static bool put_name(struct body_writer *w, msgpack_packer *pk, struct slice s,
                     unsigned *entry)
{
    uint32_t hash = text_hash(s);

    *entry = find_name(w, s, hash);
    if (*entry == w->names)
        return put_new_name(w, pk, s, hash);
    return msgpack_pack_unsigned_int(pk, *entry) == 0;
}

static bool in_group_of(const struct body_writer *w, struct slice site)
{
    return w->group_at != 0 && slice_eq(name_text(w, w->group_site), site);
}

static bool put_group(struct body_writer *w, msgpack_packer *pk, struct slice site)
{
    assert(site_valid(site));
    if (msgpack_pack_array(pk, 2) != 0 || !put_name(w, pk, site, &w->group_site))
        return false;
    w->group_at = put_open_array(w);
    w->in_group = 0;
    w->groups++;
    return w->group_at != 0;
}

static uint32_t stay_of(const struct hit *h)
{
    return h->lasts | (uint32_t)h->marks << 8;
}

static uint32_t traits_of(const struct hit *h)
{
    return h->device | (uint32_t)h->browser << 8 |
           (uint32_t)(uint8_t)h->country[0] << 16 |
           (uint32_t)(uint8_t)h->country[1] << 24;
}

/* How many elements it takes to leave out trailing zeros. */
static unsigned event_elements(const struct hit *h)
{
    if (h->term.n > 0)
        return 14;
    if (h->campaign.n > 0)
        return 13;
    if (h->referrer.n > 0)
        return 12;
    if (traits_of(h) != 0)
        return 11;
    if (stay_of(h) != 0)
        return 10;
    if (h->engaged != 0)
        return 9;
    if (h->previous != 0)
        return 8;
    if (h->name.n > 0)
        return 7;
    return h->tab != 0 ? 6 : BODY_EVENT_LEAST;
}

static bool put_event(struct body_writer *w, msgpack_packer *pk, const struct hit *h,
                      int64_t dt)
{
    unsigned elements = event_elements(h), entry;

    if (msgpack_pack_array(pk, elements) != 0 || msgpack_pack_uint8(pk, h->kind) != 0 ||
        msgpack_pack_int64(pk, dt) != 0 || msgpack_pack_uint64(pk, h->visitor) != 0)
        return false;
    if (!put_name(w, pk, h->path, &entry))
        return false;
    if (msgpack_pack_uint8(pk, h->state) != 0)
        return false;
    if (elements > 5 && msgpack_pack_uint64(pk, h->tab) != 0)
        return false;
    if (elements > 6 && !put_name(w, pk, h->name, &entry))
        return false;
    if (elements > 7 && msgpack_pack_uint64(pk, h->previous) != 0)
        return false;
    if (elements > 8 && msgpack_pack_uint32(pk, h->engaged) != 0)
        return false;
    if (elements > 9 && msgpack_pack_uint32(pk, stay_of(h)) != 0)
        return false;
    if (elements > 10 && msgpack_pack_uint32(pk, traits_of(h)) != 0)
        return false;
    if (elements > 11 && !put_name(w, pk, h->referrer, &entry))
        return false;
    if (elements > 12 && !put_name(w, pk, h->campaign, &entry))
        return false;
    return elements < 14 || put_name(w, pk, h->term, &entry);
}

static bool in_reach(const struct body_writer *w, mono_t at)
{
    return at >= w->start - EVENT_AGE_MAX_MS && at <= w->start + EVENT_AGE_MAX_MS;
}

/* @at seen from the body's clock. */
static int64_t offset_of(const struct body_writer *w, mono_t at)
{
    if (in_reach(w, at))
        return at - w->start;
    return at < w->start ? -EVENT_AGE_MAX_MS : EVENT_AGE_MAX_MS;
}

static bool put_hit(struct body_writer *w, const struct hit *h)
{
    msgpack_packer pk;

    msgpack_packer_init(&pk, w, on_packed);
    if (!in_group_of(w, h->site) && !put_group(w, &pk, h->site))
        return false;
    return put_event(w, &pk, h, offset_of(w, h->at));
}

void body_begin(struct body_writer *w, mono_t now)
{
    msgpack_packer pk;

    assert(now >= 0 && now <= BODY_START_MAX);
    w->start = now;
    w->n = w->group_at = 0;
    w->hits = w->groups = w->in_group = w->group_site = w->names = 0;
    put_open_array(w);
    put_count(w, COUNT_AT, 1);
    msgpack_packer_init(&pk, w, on_packed);
    msgpack_pack_int64(&pk, now);
}

bool body_add(struct body_writer *w, const struct hit *h)
{
    struct mark before = mark(w);

    assert(h->path.n <= PATH_MAX_BYTES && h->name.n <= EVENT_NAME_MAX);
    assert(h->visitor != 0 && h->engaged <= ENGAGED_MAX_MS);
    assert(h->referrer.n <= REFERRER_MAX && h->lasts <= TAB_LASTS_MAX_S);
    assert(h->campaign.n <= CAMPAIGN_MAX && h->term.n <= CAMPAIGN_MAX);
    if (w->hits == DATAGRAM_HITS_MAX || (w->hits > 0 && !in_reach(w, h->at)))
        return false;
    if (!put_hit(w, h)) {
        rewind_to(w, &before);
        return false;
    }
    w->in_group++;
    put_count(w, w->group_at, w->in_group);
    put_count(w, COUNT_AT, 1 + w->groups);
    __atomic_signal_fence(__ATOMIC_RELEASE); /* as body.h promises to who adopts it */
    w->hits++;
    return true;
}
