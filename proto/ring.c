/* ring: records one behind the other in one piece of memory, and two bodies to write
 * into.
 *
 * The memory begins with struct ring; behind it lies the record area. Records are whole:
 * one that does not fit before the end of the area goes to its beginning, and `wrap`
 * tells where the upper part ends.
 *
 * Everything that changes with sealing and dropping stands in struct ring_state, of which
 * there are two. A change is prepared in the one that does not count, and a single store
 * makes it the one that does; which of the two bodies is open is part of it. So a process
 * may be killed anywhere: what it had prepared is garbage outside of everything that
 * counts. The fences keep the compiler from moving stores across; the processor's order
 * does not matter, since whoever looks comes after the end of the process. Power failures
 * are not survived: the kernel writes pages back in an order of its own. */
#include "ring.h"

#include <assert.h>
#include <string.h>

#define MAGIC UINT64_C(0x31676e6972206368) /* "hc ring1" */
#define ALIGN 8

/* Numbers end far before they could wrap, whatever a file says. */
#define NUMBER_MAX (UINT64_C(1) << 62)

struct ring_state {
    uint64_t base, next; /* numbers held: base..next - 1 */
    uint64_t head;       /* offset in the area of the first record */
    uint64_t tail;       /* and of what comes behind the last one */
    uint64_t wrap;       /* end of the upper part when records go on at 0, else 0 */
    uint64_t held, hits; /* sums over the records */
    uint64_t open;       /* which body is */
};

struct ring {
    uint64_t magic;                  /* written last */
    uint64_t bytes;                  /* of the memory */
    uint64_t head_bytes, body_bytes; /* sizes of structs: what another build laid out
                                        otherwise is not taken over */
    uint64_t stream;
    uint64_t area; /* bytes for records */
    uint64_t live; /* which state counts */
    struct ring_state state[2];
    struct body_writer body[2];
    uint8_t records[] __attribute__((aligned(16)));
};

_Static_assert(sizeof(struct ring_record) % ALIGN == 0, "a record's fields are aligned");
_Static_assert(sizeof(struct ring) + 64 * DATAGRAM_MAX < RING_BYTES_MIN, "room for some");

static const struct ring_state *live(const struct ring *r)
{
    return &r->state[r->live];
}

/* The state that does not count, made equal to the one that does. */
static struct ring_state *prepare(struct ring *r)
{
    struct ring_state *s = &r->state[1 - r->live];

    *s = *live(r);
    return s;
}

/* Makes what was prepared count. */
static void commit(struct ring *r)
{
    __atomic_signal_fence(__ATOMIC_RELEASE);
    r->live = 1 - r->live;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static struct ring_record *record_at(struct ring *r, uint64_t offset)
{
    return (struct ring_record *)(r->records + offset);
}

/* Where the record behind the one at @offset begins; the tail behind the last one. */
static uint64_t behind(const struct ring_state *s, uint64_t offset, uint32_t size)
{
    offset += size;
    return offset == s->wrap ? 0 : offset;
}

static size_t area_of(size_t bytes)
{
    return (bytes - offsetof(struct ring, records)) / ALIGN * ALIGN;
}

struct ring *ring_init(void *memory, size_t bytes, uint64_t stream, uint64_t next)
{
    struct ring *r = memory;

    assert(bytes >= RING_BYTES_MIN && (uintptr_t)memory % 16 == 0);
    assert(next > 0 && next < NUMBER_MAX);
    r->bytes = bytes;
    r->head_bytes = sizeof *r;
    r->body_bytes = sizeof r->body[0];
    r->stream = stream;
    r->area = area_of(bytes);
    r->live = 0;
    r->state[0] = (struct ring_state){.base = next, .next = next};
    r->body[0].hits = r->body[1].hits = 0;
    __atomic_signal_fence(__ATOMIC_RELEASE);
    r->magic = MAGIC;
    return r;
}

/* Whether @n bytes of @body are a body of exactly @hits hits. */
static bool body_is_whole(const uint8_t *body, size_t n, unsigned hits)
{
    struct body_reader reader;
    struct hit h;
    int more;

    if (body_open(&reader, body, n) != 0)
        return false;
    do
        more = body_next(&reader, &h);
    while (more > 0);
    return more == 0 && reader.hits == hits;
}

/* Whether a whole record lies at @offset, before @end. */
static bool record_is_sound(struct ring *r, uint64_t offset, uint64_t end)
{
    const struct ring_record *rec = record_at(r, offset);

    return offset % ALIGN == 0 && offset < end && end - offset > sizeof *rec &&
           rec->size <= end - offset && rec->body_n <= BODY_MAX &&
           rec->size == ring_record_size(rec->body_n) && rec->hits > 0 &&
           rec->sealed >= 0 && rec->sealed < INT64_MAX / 2 &&
           body_is_whole(rec->body, rec->body_n, rec->hits);
}

static bool state_is_sound(const struct ring *r, const struct ring_state *s)
{
    return s->base > 0 && s->base <= s->next && s->next < NUMBER_MAX && s->open <= 1 &&
           s->head <= r->area && s->tail <= r->area && s->wrap <= r->area &&
           (s->wrap == 0 ? s->head <= s->tail : s->tail <= s->head && s->head < s->wrap);
}

/* Walks all records and compares with what the state says of them. */
static bool records_are_sound(struct ring *r, const struct ring_state *s)
{
    uint64_t at = s->head, held = 0, hits = 0;
    bool upper = s->wrap != 0;

    for (uint64_t i = s->base; i < s->next; i++) {
        if (!record_is_sound(r, at, upper ? s->wrap : s->tail))
            return false;
        held += record_at(r, at)->size;
        hits += record_at(r, at)->hits;
        at = behind(s, at, record_at(r, at)->size);
        upper = upper && at != 0;
    }
    return at == s->tail && !upper && held == s->held && hits == s->hits;
}

/* Copies the hits that were added to the open body, and nothing of one half added, into
 * the other body, and opens that. Returns false when they cannot be read. */
static bool reopen(struct ring *r)
{
    const struct body_writer *from = &r->body[live(r)->open];
    struct body_writer *to = &r->body[1 - live(r)->open];
    struct body_reader reader;
    struct hit h;

    to->hits = 0;
    if (from->n > BODY_MAX || from->hits > DATAGRAM_HITS_MAX)
        return false;
    if (from->hits > 0 && body_open(&reader, from->bytes, from->n) != 0)
        return false;
    if (from->hits > 0)
        body_begin(to, reader.start);
    while (to->hits < from->hits)
        if (body_next(&reader, &h) <= 0 || !body_add(to, &h))
            return false;
    prepare(r)->open = 1 - live(r)->open;
    commit(r);
    return true;
}

struct ring *ring_adopt(void *memory, size_t bytes)
{
    struct ring *r = memory;

    if (bytes < RING_BYTES_MIN || (uintptr_t)memory % 16 != 0)
        return NULL;
    if (r->magic != MAGIC || r->bytes != bytes || r->head_bytes != sizeof *r ||
        r->body_bytes != sizeof r->body[0] || r->area != area_of(bytes) || r->live > 1)
        return NULL;
    if (!state_is_sound(r, live(r)) || !records_are_sound(r, live(r)))
        return NULL;
    return reopen(r) ? r : NULL;
}

uint64_t ring_stream(const struct ring *r)
{
    return r->stream;
}

uint64_t ring_base(const struct ring *r)
{
    return live(r)->base;
}

uint64_t ring_next(const struct ring *r)
{
    return live(r)->next;
}

size_t ring_capacity(const struct ring *r)
{
    return r->area;
}

size_t ring_held(const struct ring *r)
{
    return live(r)->held;
}

size_t ring_room(const struct ring *r)
{
    const struct ring_state *s = live(r);

    if (s->wrap != 0)
        return s->head - s->tail;
    return r->area - s->tail > s->head ? r->area - s->tail : s->head;
}

uint64_t ring_hits(const struct ring *r)
{
    return live(r)->hits;
}

struct body_writer *ring_open_body(struct ring *r)
{
    return &r->body[live(r)->open];
}

size_t ring_record_size(size_t body_n)
{
    return (sizeof(struct ring_record) + body_n + ALIGN - 1) / ALIGN * ALIGN;
}

/* Gives @size bytes, which there are, behind the last record of @s. Returns their offset.
 */
static uint64_t take(const struct ring *r, struct ring_state *s, size_t size)
{
    uint64_t at = s->tail;

    if (s->wrap == 0 && r->area - at < size) {
        s->wrap = at;
        at = 0;
    }
    s->tail = at + size;
    return at;
}

struct ring_record *ring_seal(struct ring *r, mono_t now)
{
    const struct body_writer *w = ring_open_body(r);
    size_t size = ring_record_size(w->n);
    struct ring_record *rec;
    struct ring_state *s;

    assert(w->hits > 0);
    if (size > ring_room(r))
        return NULL;
    s = prepare(r);
    rec = record_at(r, take(r, s, size));
    *rec = (struct ring_record){.size = (uint32_t)size,
                                .body_n = (uint16_t)w->n,
                                .hits = (uint16_t)w->hits,
                                .sealed = now};
    memcpy(rec->body, w->bytes, w->n);
    s->next++;
    s->held += size;
    s->hits += w->hits;
    s->open = 1 - s->open;
    r->body[s->open].hits = 0;
    commit(r);
    return rec;
}

struct ring_record *ring_first(struct ring *r)
{
    return live(r)->base < live(r)->next ? record_at(r, live(r)->head) : NULL;
}

struct ring_record *ring_after(struct ring *r, const struct ring_record *rec)
{
    const struct ring_state *s = live(r);
    uint64_t at = behind(s, (uint64_t)((const uint8_t *)rec - r->records), rec->size);

    return at == s->tail ? NULL : record_at(r, at);
}

void ring_drop(struct ring *r)
{
    const struct ring_record *rec = ring_first(r);
    struct ring_state *s = prepare(r);

    assert(rec);
    s->base++;
    s->held -= rec->size;
    s->hits -= rec->hits;
    s->head += rec->size;
    if (s->head == s->wrap)
        s->head = s->wrap = 0;
    if (s->base == s->next)
        s->head = s->tail = s->wrap = 0;
    commit(r);
}
