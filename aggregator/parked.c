/* parked: a queue of chunks, each a run of hits followed by their texts.
 *
 * Most sites that are read back have a handful of hits waiting, a few have very many: so
 * the first chunk is small, and each further one twice as large. */
#include "parked.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/limits.h"

#define CHUNK_MIN 512
#define CHUNK_MAX (64 * 1024)

struct parked_chunk {
    struct parked_chunk *next;
    uint32_t cap, end; /* bytes there are, and are used */
    uint32_t at;       /* taken up to here */
    uint32_t zero;
    char bytes[];
};

/* One hit, as it lies in a chunk: then its texts in the order of hit_of, and up to seven
 * bytes of nothing. */
struct item {
    uint64_t stream, seq;
    ms_t at;
    uint64_t visitor, previous, tab;
    uint32_t engaged;
    uint16_t path_n;
    uint8_t name_n, referrer_n, campaign_n, term_n;
    uint8_t kind, lasts;
    uint8_t state : 3, marks : 3;
    uint8_t device : 3, browser : 3;
    char country[2];
};

_Static_assert(HIT_STATES <= 8 && HIT_MARKS < 8 && HIT_DEVICES <= 8 && HIT_BROWSERS <= 8,
               "three bits are enough");
_Static_assert(sizeof(struct parked_chunk) % sizeof(uint64_t) == 0, "items are aligned");
_Static_assert(sizeof(struct item) + PATH_MAX_BYTES + EVENT_NAME_MAX + REFERRER_MAX +
                       2 * CAMPAIGN_MAX + 8 <
                   CHUNK_MAX - sizeof(struct parked_chunk),
               "a chunk takes any hit");

static size_t item_bytes(size_t texts)
{
    return sizeof(struct item) + ((texts + 7) & ~(size_t)7);
}

/* Makes room for @n bytes in the last chunk. */
static bool reserve(struct parked *p, size_t n)
{
    size_t size = p->last ? (p->last->cap + sizeof *p->last) * 2 : CHUNK_MIN;
    struct parked_chunk *c;

    if (p->last && p->last->cap - p->last->end >= n)
        return true;
    while (size < sizeof *c + n)
        size *= 2;
    if (size > CHUNK_MAX)
        size = CHUNK_MAX;
    c = malloc(size);
    if (!c)
        return false;
    *c = (struct parked_chunk){.cap = (uint32_t)(size - sizeof *c)};
    if (p->last)
        p->last->next = c;
    else
        p->first = c;
    p->last = c;
    p->bytes += size;
    return true;
}

static struct barrier_mark *lowest_of(const struct parked *p, uint64_t stream)
{
    for (struct barrier_mark *k = p->lowest; k < p->lowest + p->streams; k++)
        if (k->id == stream)
            return k;
    return NULL;
}

static bool lower(struct parked *p, uint64_t stream, uint64_t seq)
{
    struct barrier_mark *k = lowest_of(p, stream), *grown;
    unsigned cap = p->cap ? p->cap * 2u : 2;

    if (k) {
        if (seq < k->seq)
            k->seq = seq;
        return true;
    }
    if (p->streams == p->cap) {
        if (cap > UINT16_MAX || !(grown = realloc(p->lowest, cap * sizeof *grown)))
            return false;
        p->bytes += (cap - p->cap) * sizeof *grown;
        p->lowest = grown;
        p->cap = (uint16_t)cap;
    }
    p->lowest[p->streams++] = (struct barrier_mark){.id = stream, .seq = seq};
    return true;
}

static char *append(char *to, struct slice text)
{
    if (text.n)
        memcpy(to, text.p, text.n);
    return to + text.n;
}

void parked_init(struct parked *p)
{
    *p = (struct parked){0};
}

void parked_fini(struct parked *p)
{
    while (p->first) {
        struct parked_chunk *next = p->first->next;

        free(p->first);
        p->first = next;
    }
    free(p->lowest);
    parked_init(p);
}

bool parked_add(struct parked *p, uint64_t stream, uint64_t seq, ms_t at,
                const struct hit *h)
{
    size_t n =
        item_bytes(h->path.n + h->name.n + h->referrer.n + h->campaign.n + h->term.n);
    struct item *item;
    char *text;

    assert(h->path.n <= PATH_MAX_BYTES && h->name.n <= EVENT_NAME_MAX);
    assert(h->referrer.n <= REFERRER_MAX);
    assert(h->campaign.n <= CAMPAIGN_MAX && h->term.n <= CAMPAIGN_MAX);
    if (!reserve(p, n) || !lower(p, stream, seq))
        return false;
    item = (struct item *)(p->last->bytes + p->last->end);
    *item = (struct item){
        .stream = stream,
        .seq = seq,
        .at = at,
        .visitor = h->visitor,
        .previous = h->previous,
        .tab = h->tab,
        .engaged = h->engaged,
        .path_n = (uint16_t)h->path.n,
        .name_n = (uint8_t)h->name.n,
        .referrer_n = (uint8_t)h->referrer.n,
        .campaign_n = (uint8_t)h->campaign.n,
        .term_n = (uint8_t)h->term.n,
        .kind = h->kind,
        .state = h->state & 7,
        .marks = h->marks & 7,
        .lasts = h->lasts,
        .device = h->device & 7,
        .browser = h->browser & 7,
        .country = {h->country[0], h->country[1]},
    };
    text = append(append((char *)(item + 1), h->path), h->name);
    append(append(append(text, h->referrer), h->campaign), h->term);
    p->last->end += (uint32_t)n;
    return true;
}

/* The next @n bytes at *@text. */
static struct slice next_text(const char **text, size_t n)
{
    struct slice s = {*text, n};

    *text += n;
    return s;
}

/* The hit of an item; its texts stay where they are. */
static struct hit hit_of(const struct item *item)
{
    struct hit h = {.visitor = item->visitor,
                    .previous = item->previous,
                    .tab = item->tab,
                    .engaged = item->engaged,
                    .kind = item->kind,
                    .state = item->state,
                    .marks = item->marks,
                    .lasts = item->lasts,
                    .device = item->device,
                    .browser = item->browser,
                    .country = {item->country[0], item->country[1]}};
    const char *text = (const char *)(item + 1);

    h.path = next_text(&text, item->path_n);
    h.name = next_text(&text, item->name_n);
    h.referrer = next_text(&text, item->referrer_n);
    h.campaign = next_text(&text, item->campaign_n);
    h.term = next_text(&text, item->term_n);
    return h;
}

bool parked_take(struct parked *p, struct parked_hit *out)
{
    struct parked_chunk *c = p->first;
    const struct item *item;

    while (c && c->at == c->end && c->next) {
        p->first = c->next;
        p->bytes -= sizeof *c + c->cap;
        free(c);
        c = p->first;
    }
    if (!c || c->at == c->end) {
        parked_fini(p);
        return false;
    }
    item = (const struct item *)(c->bytes + c->at);
    c->at += (uint32_t)item_bytes((size_t)item->path_n + item->name_n + item->referrer_n +
                                  item->campaign_n + item->term_n);
    *out = (struct parked_hit){
        .stream = item->stream,
        .seq = item->seq,
        .at = item->at,
        .hit = hit_of(item),
    };
    return true;
}

void parked_bar(const struct parked *p, struct barrier *b)
{
    if (p->streams == 0)
        return;
    for (struct barrier_mark *m = b->mark; m < b->mark + b->n; m++) {
        const struct barrier_mark *k = lowest_of(p, m->id);

        if (k && m->seq >= k->seq)
            m->seq = k->seq - 1;
    }
}
