/* Numbers and texts are written as short as msgpack has them, which is what msgpack-c
 * writes too (test_body compares). Counts that are known only later, of groups and of a
 * group's events, stand as array16 with the number put in by hand after each hit, so the
 * bytes are a complete body whenever the caller wants to send them. A hit that does not
 * fit is undone by going back to a mark taken before it. */
#include "body.h"

#include <assert.h>
#include <endian.h>

#include "msgpack_lead.h"

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

/* Puts @lead and the lowest @n bytes of @v behind it, 0 to 8. False: it does not fit. */
static inline bool put(struct body_writer *w, unsigned lead, uint64_t v, size_t n)
{
    uint64_t bytes = n > 0 ? htobe64(v << 8 * (8 - n)) : 0;

    if (1 + n > BODY_MAX - w->n)
        return false;
    w->bytes[w->n] = (uint8_t)lead;
    memcpy(w->bytes + w->n + 1, &bytes, n);
    w->n += 1 + n;
    return true;
}

static bool put_uint(struct body_writer *w, uint64_t v)
{
    if (v < 0x80)
        return put(w, (unsigned)v, 0, 0);
    if (v <= UINT8_MAX)
        return put(w, UINT8, v, 1);
    if (v <= UINT16_MAX)
        return put(w, UINT16, v, 2);
    return v <= UINT32_MAX ? put(w, UINT32, v, 4) : put(w, UINT64, v, 8);
}

static bool put_int(struct body_writer *w, int64_t v)
{
    if (v >= 0)
        return put_uint(w, (uint64_t)v);
    if (v >= -32)
        return put(w, (uint8_t)v, 0, 0);
    if (v >= INT8_MIN)
        return put(w, INT8, (uint64_t)v, 1);
    if (v >= INT16_MIN)
        return put(w, INT16, (uint64_t)v, 2);
    return v >= INT32_MIN ? put(w, INT32, (uint64_t)v, 4) : put(w, INT64, (uint64_t)v, 8);
}

static bool put_text(struct body_writer *w, struct slice s)
{
    bool put_n = s.n < 32           ? put(w, FIXSTR | (unsigned)s.n, 0, 0)
                 : s.n <= UINT8_MAX ? put(w, STR8, s.n, 1)
                                    : put(w, STR16, s.n, 2);

    if (!put_n || s.n > BODY_MAX - w->n)
        return false;
    if (s.n > 0)
        memcpy(w->bytes + w->n, s.p, s.n);
    w->n += s.n;
    return true;
}

/* @n below 16. */
static bool put_array(struct body_writer *w, unsigned n)
{
    return put(w, FIXARRAY | n, 0, 0);
}

static void put_count(struct body_writer *w, size_t at, unsigned count)
{
    w->bytes[at] = (uint8_t)(count >> 8);
    w->bytes[at + 1] = (uint8_t)count;
}

/* An array whose count, at the offset returned, is known later. 0: does not fit. */
static size_t put_open_array(struct body_writer *w)
{
    return put(w, ARRAY16, 0, 2) ? w->n - 2 : 0;
}

static uint64_t stir(uint64_t h, const char *p)
{
    const uint64_t odd = 0x9e3779b97f4a7c15; /* 2^64 / golden ratio: spreads the bits */
    uint64_t word;

    memcpy(&word, p, sizeof word);
    h = (h ^ word) * odd;
    return h ^ h >> 32;
}

/* Tells texts apart quickly; equal hashes are compared byte by byte, so strangers who
 * make them collide win nothing but DATAGRAM_NAMES_MAX comparisons. The last eight bytes
 * may be looked at twice. */
static uint32_t text_hash(struct slice s)
{
    char few[8] = {0};
    uint64_t h = s.n;

    if (s.n < sizeof few) {
        if (s.n > 0)
            memcpy(few, s.p, s.n);
        return (uint32_t)stir(h, few);
    }
    for (size_t i = 0; i + 8 < s.n; i += 8)
        h = stir(h, s.p + i);
    return (uint32_t)stir(h, s.p + s.n - 8);
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

static bool put_new_name(struct body_writer *w, struct slice s, uint32_t hash)
{
    if (w->names == DATAGRAM_NAMES_MAX || !put_text(w, s))
        return false;
    w->name[w->names++] = (struct body_name){(uint16_t)(w->n - s.n), (uint16_t)s.n, hash};
    return true;
}

/* Writes @s or its index; @entry gets its number either way. */
static bool put_name(struct body_writer *w, struct slice s, unsigned *entry)
{
    uint32_t hash = text_hash(s);

    *entry = find_name(w, s, hash);
    if (*entry == w->names)
        return put_new_name(w, s, hash);
    return put_uint(w, *entry);
}

static bool in_group_of(const struct body_writer *w, struct slice site)
{
    return w->group_at != 0 && slice_eq(name_text(w, w->group_site), site);
}

static bool put_group(struct body_writer *w, struct slice site)
{
    assert(site_valid(site));
    if (!put_array(w, 2) || !put_name(w, site, &w->group_site))
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

static bool put_event(struct body_writer *w, const struct hit *h, int64_t dt)
{
    unsigned elements = event_elements(h), entry;

    if (!put_array(w, elements) || !put_uint(w, h->kind) || !put_int(w, dt) ||
        !put_uint(w, h->visitor) || !put_name(w, h->path, &entry) ||
        !put_uint(w, h->state))
        return false;
    if (elements > 5 && !put_uint(w, h->tab))
        return false;
    if (elements > 6 && !put_name(w, h->name, &entry))
        return false;
    if (elements > 7 && !put_uint(w, h->previous))
        return false;
    if (elements > 8 && !put_uint(w, h->engaged))
        return false;
    if (elements > 9 && !put_uint(w, stay_of(h)))
        return false;
    if (elements > 10 && !put_uint(w, traits_of(h)))
        return false;
    if (elements > 11 && !put_name(w, h->referrer, &entry))
        return false;
    if (elements > 12 && !put_name(w, h->campaign, &entry))
        return false;
    return elements < 14 || put_name(w, h->term, &entry);
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
    if (!in_group_of(w, h->site) && !put_group(w, h->site))
        return false;
    return put_event(w, h, offset_of(w, h->at));
}

void body_begin(struct body_writer *w, mono_t now)
{
    assert(now >= 0 && now <= BODY_START_MAX);
    w->start = now;
    w->n = w->group_at = 0;
    w->hits = w->groups = w->in_group = w->group_site = w->names = 0;
    put_open_array(w);
    put_count(w, COUNT_AT, 1);
    put_int(w, now);
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
