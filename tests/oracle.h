/* oracle: msgpack-c's reading of the bytes that our cursor and body reader read.
 *
 * Slow and roundabout on purpose: the whole is unpacked to a tree and the tree is looked
 * at, so that it shares no idea with the code it is held against. Because msgpack-c
 * allocates what a count asks for before it sees the elements, a scan of its own lets
 * only those bytes through whose counts the remaining bytes can pay for. */
#ifndef HC_TESTS_ORACLE_H
#define HC_TESTS_ORACLE_H

#include <assert.h>
#include <msgpack.h>
#include <stdbool.h>
#include <stdint.h>

#include "../proto/body.h"

#define ORACLE_LEVELS 30 /* msgpack-c gives up at 32 */

struct oracle_shape {
    size_t head;    /* lead byte, length or count, ext type */
    uint64_t bytes; /* of payload */
    uint64_t items; /* objects inside */
    bool nests;
};

static inline uint64_t oracle_number(const uint8_t *p, size_t n, size_t width)
{
    uint64_t v = 0;

    for (size_t i = 1; i <= width; i++)
        v = v << 8 | (i < n ? p[i] : 0);
    return v;
}

/* Straight from the table of formats in the msgpack specification. */
static inline struct oracle_shape oracle_shape(const uint8_t *p, size_t n)
{
    static const uint8_t fixed[32] = {
        [0x0a] = 4, [0x0b] = 8, [0x0c] = 1, [0x0d] = 2, [0x0e] = 4,
        [0x0f] = 8, [0x10] = 1, [0x11] = 2, [0x12] = 4, [0x13] = 8,
        [0x14] = 2, [0x15] = 3, [0x16] = 5, [0x17] = 9, [0x18] = 17};
    static const uint8_t width[32] = {
        [0x04] = 1, [0x05] = 2, [0x06] = 4, [0x07] = 1, [0x08] = 2,
        [0x09] = 4, [0x19] = 1, [0x1a] = 2, [0x1b] = 4, [0x1c] = 2,
        [0x1d] = 4, [0x1e] = 2, [0x1f] = 4};
    uint8_t b = p[0], low = b & 0x1f;
    uint64_t v;

    if (b < 0x80 || b >= 0xe0)
        return (struct oracle_shape){1, 0, 0, false};
    if (b < 0x90)
        return (struct oracle_shape){1, 0, 2u * (b & 0x0f), true};
    if (b < 0xa0)
        return (struct oracle_shape){1, 0, b & 0x0f, true};
    if (b < 0xc0)
        return (struct oracle_shape){1, low, 0, false};
    v = oracle_number(p, n, width[low]);
    if (b >= 0xdc)
        return (struct oracle_shape){1u + width[low], 0, b >= 0xde ? 2 * v : v, true};
    return (struct oracle_shape){1u + width[low] + (b >= 0xc7 && b <= 0xc9),
                                 v + fixed[low], 0, false};
}

/* The length of the object at @p if it is whole and harmless to unpack, else 0. */
static inline size_t oracle_scan(const uint8_t *p, size_t n, unsigned levels)
{
    struct oracle_shape s;
    size_t used, one;

    if (n == 0 || p[0] == 0xc1)
        return 0;
    s = oracle_shape(p, n);
    if (s.head > n || s.bytes > n - s.head || s.items > n - s.head)
        return 0;
    if (s.nests && levels == 0)
        return 0;
    for (used = s.head + s.bytes; s.items > 0; s.items--) {
        one = oracle_scan(p + used, n - used, levels - 1);
        if (one == 0)
            return 0;
        used += one;
    }
    return used;
}

/* Unpacks the first object of @bytes. Returns its length and fills @u (the caller's to
 * destroy), or 0 if there is none. The scan and msgpack-c must agree. */
static inline size_t oracle_unpack(msgpack_unpacked *u, const void *bytes, size_t n)
{
    size_t used = oracle_scan(bytes, n, ORACLE_LEVELS), off = 0;

    msgpack_unpacked_init(u);
    if (used == 0)
        return 0;
    assert(msgpack_unpack_next(u, bytes, n, &off) == MSGPACK_UNPACK_SUCCESS);
    assert(off == used);
    return used;
}

/* Arrays and maps inside each other: 0 for a number, 1 for [], 2 for [[]]. */
static inline unsigned oracle_depth(const msgpack_object *o)
{
    unsigned deepest = 0, d;

    if (o->type == MSGPACK_OBJECT_ARRAY) {
        for (uint32_t i = 0; i < o->via.array.size; i++)
            if ((d = oracle_depth(&o->via.array.ptr[i])) > deepest)
                deepest = d;
        return 1 + deepest;
    }
    if (o->type == MSGPACK_OBJECT_MAP) {
        for (uint32_t i = 0; i < 2 * o->via.map.size; i++)
            if ((d = oracle_depth(i % 2 ? &o->via.map.ptr[i / 2].val
                                        : &o->via.map.ptr[i / 2].key)) > deepest)
                deepest = d;
        return 1 + deepest;
    }
    return 0;
}

static inline bool oracle_uint(const msgpack_object *o, uint64_t *v)
{
    *v = o->via.u64;
    return o->type == MSGPACK_OBJECT_POSITIVE_INTEGER;
}

static inline bool oracle_int(const msgpack_object *o, int64_t *v)
{
    *v = o->via.i64;
    if (o->type == MSGPACK_OBJECT_POSITIVE_INTEGER)
        return o->via.u64 <= INT64_MAX;
    return o->type == MSGPACK_OBJECT_NEGATIVE_INTEGER;
}

/* A body as read by msgpack-c. */
struct oracle_body {
    unsigned n;
    struct hit hit[DATAGRAM_HITS_MAX];
    unsigned names;
    struct slice name[DATAGRAM_NAMES_MAX];
    int64_t start;
};

static inline bool oracle_name(struct oracle_body *b, const msgpack_object *o, size_t max,
                               struct slice *s)
{
    if (o->type == MSGPACK_OBJECT_STR) {
        if (b->names == DATAGRAM_NAMES_MAX)
            return false;
        b->name[b->names++] = (struct slice){o->via.str.ptr, o->via.str.size};
        *s = b->name[b->names - 1];
        return s->n <= max;
    }
    if (o->type != MSGPACK_OBJECT_POSITIVE_INTEGER || o->via.u64 >= b->names)
        return false;
    *s = b->name[o->via.u64];
    return s->n <= max;
}

/* Elements from @first on are unknown: any object the cursor can skip. */
static inline bool oracle_extras(const msgpack_object_array *a, uint32_t first)
{
    for (uint32_t i = first; i < a->size; i++)
        if (oracle_depth(&a->ptr[i]) > 8)
            return false;
    return true;
}

static inline void oracle_stay(struct hit *h, uint64_t stay)
{
    h->lasts = stay % 256 > TAB_LASTS_MAX_S ? TAB_LASTS_MAX_S : (uint8_t)(stay % 256);
    h->marks = (uint8_t)(stay / 256 % 8);
}

static inline void oracle_traits(struct hit *h, uint64_t traits)
{
    uint64_t device = traits % 256, browser = traits / 256 % 256;
    uint64_t c0 = traits / 65536 % 256, c1 = traits / 16777216 % 256;

    h->device = device >= HIT_DEVICES ? DEVICE_OTHER : (uint8_t)device;
    h->browser = browser >= HIT_BROWSERS ? BROWSER_OTHER : (uint8_t)browser;
    if (c0 >= 'A' && c0 <= 'Z' && c1 >= 'A' && c1 <= 'Z') {
        h->country[0] = (char)c0;
        h->country[1] = (char)c1;
    }
}

static inline bool oracle_event(struct oracle_body *b, struct slice site,
                                const msgpack_object *o)
{
    const msgpack_object *e = o->via.array.ptr;
    uint32_t n = o->via.array.size;
    struct hit h = {.site = site};
    uint64_t kind, state, engaged = 0, stay = 0, traits = 0;
    int64_t dt;

    if (o->type != MSGPACK_OBJECT_ARRAY || n < 5 || b->n == DATAGRAM_HITS_MAX)
        return false;
    if (!oracle_uint(&e[0], &kind) || kind > 255 || !oracle_int(&e[1], &dt))
        return false;
    if (dt < -EVENT_AGE_MAX_MS || dt > EVENT_AGE_MAX_MS)
        return false;
    if (!oracle_uint(&e[2], &h.visitor) || h.visitor == 0)
        return false;
    if (!oracle_name(b, &e[3], PATH_MAX_BYTES, &h.path) || !oracle_uint(&e[4], &state))
        return false;
    if (n > 5 && !oracle_uint(&e[5], &h.tab))
        return false;
    if (n > 6 && !oracle_name(b, &e[6], EVENT_NAME_MAX, &h.name))
        return false;
    if (n > 7 && !oracle_uint(&e[7], &h.previous))
        return false;
    if (n > 8 && !oracle_uint(&e[8], &engaged))
        return false;
    if (n > 9 && !oracle_uint(&e[9], &stay))
        return false;
    if (n > 10 && !oracle_uint(&e[10], &traits))
        return false;
    if (n > 11 && !oracle_name(b, &e[11], REFERRER_MAX, &h.referrer))
        return false;
    if (n > 12 && !oracle_name(b, &e[12], CAMPAIGN_MAX, &h.campaign))
        return false;
    if (n > 13 && !oracle_name(b, &e[13], CAMPAIGN_MAX, &h.term))
        return false;
    oracle_stay(&h, stay);
    oracle_traits(&h, traits);
    h.engaged = engaged > ENGAGED_MAX_MS ? ENGAGED_MAX_MS : (uint32_t)engaged;
    h.kind = (uint8_t)kind;
    h.at = b->start + dt;
    h.state = state < HIT_STATES ? (uint8_t)state : STATE_NONE;
    b->hit[b->n++] = h;
    return oracle_extras(&o->via.array, 14);
}

static inline bool oracle_group(struct oracle_body *b, const msgpack_object *o)
{
    const msgpack_object *events;
    struct slice site;

    if (o->type != MSGPACK_OBJECT_ARRAY || o->via.array.size < 2)
        return false;
    if (!oracle_name(b, &o->via.array.ptr[0], SITE_MAX, &site) || !site_valid(site))
        return false;
    events = &o->via.array.ptr[1];
    if (events->type != MSGPACK_OBJECT_ARRAY)
        return false;
    for (uint32_t i = 0; i < events->via.array.size; i++)
        if (!oracle_event(b, site, &events->via.array.ptr[i]))
            return false;
    return oracle_extras(&o->via.array, 2);
}

static inline bool oracle_tree(struct oracle_body *b, const msgpack_object *o)
{
    if (o->type != MSGPACK_OBJECT_ARRAY || o->via.array.size < 1)
        return false;
    if (!oracle_int(&o->via.array.ptr[0], &b->start) || b->start < 0 ||
        b->start > INT64_MAX - EVENT_AGE_MAX_MS)
        return false;
    for (uint32_t i = 1; i < o->via.array.size; i++)
        if (!oracle_group(b, &o->via.array.ptr[i]))
            return false;
    return true;
}

/* Whether @bytes are a body. Its hits are in @b, their slices point into @bytes. */
static inline bool oracle_body(struct oracle_body *b, const void *bytes, size_t n)
{
    msgpack_unpacked u;
    bool good = oracle_unpack(&u, bytes, n) == n && n > 0;

    b->n = b->names = 0;
    good = good && oracle_tree(b, &u.data);
    msgpack_unpacked_destroy(&u);
    return good;
}

static inline bool oracle_same_slice(struct slice a, struct slice b)
{
    return a.n == b.n && (a.n == 0 || a.p == b.p);
}

static inline bool oracle_same_hit(const struct hit *a, const struct hit *b)
{
    return oracle_same_slice(a->site, b->site) && oracle_same_slice(a->path, b->path) &&
           oracle_same_slice(a->name, b->name) && a->visitor == b->visitor &&
           a->previous == b->previous && a->tab == b->tab && a->at == b->at &&
           a->kind == b->kind && a->state == b->state && a->engaged == b->engaged &&
           a->marks == b->marks && a->lasts == b->lasts && a->device == b->device &&
           a->browser == b->browser && a->country[0] == b->country[0] &&
           a->country[1] == b->country[1] &&
           oracle_same_slice(a->referrer, b->referrer) &&
           oracle_same_slice(a->campaign, b->campaign) &&
           oracle_same_slice(a->term, b->term);
}

/* Whether our reader says of @bytes what msgpack-c says: the verdict and every hit. */
static inline bool oracle_agrees(const void *bytes, size_t n)
{
    static struct oracle_body theirs;
    static struct body_reader ours;
    bool good = oracle_body(&theirs, bytes, n);
    struct hit h;
    int r = body_open(&ours, bytes, n);

    for (unsigned i = 0; r == 0 || r == 1; i++) {
        r = body_next(&ours, &h);
        if (r == 1 && (i >= theirs.n ? good : !oracle_same_hit(&h, &theirs.hit[i])))
            return false;
        if (r == 0)
            return good && i == theirs.n;
    }
    return !good && body_next(&ours, &h) == -1;
}

#endif
