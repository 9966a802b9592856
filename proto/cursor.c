/* cursor: the msgpack reader of the hot path.
 *
 * Each reader takes the lead byte, makes sure that what it announces is there, and steps
 * over it. A failure moves the cursor to its end, so that whatever is asked next fails
 * for want of bytes: no reader has to look at `failed` first.
 *
 * Integers come in the widths the writer chose, not necessarily the shortest; any width
 * is taken as long as the value fits what the caller asked for. What is most frequent is
 * read inline, in cursor.h; here is read all of it. */
#include "cursor.h"

#include "msgpack_lead.h"

#define SKIP_LEVELS 8 /* arrays and maps inside each other that cursor_skip walks */

static size_t left(const struct cursor *c)
{
    return (size_t)(c->end - c->p);
}

/* Takes @n bytes. Returns where they start, or NULL and the cursor has failed. */
static inline const uint8_t *take(struct cursor *c, size_t n)
{
    const uint8_t *p = c->p;

    if (left(c) < n) {
        cursor_fail(c);
        return NULL;
    }
    c->p += n;
    return p;
}

static inline uint16_t be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t be32(const uint8_t *p)
{
    return (uint32_t)be16(p) << 16 | be16(p + 2);
}

static inline uint64_t be64(const uint8_t *p)
{
    return (uint64_t)be32(p) << 32 | be32(p + 4);
}

/* Takes a big-endian number of 1, 2 or 4 bytes: the length of what follows. */
static bool take_length(struct cursor *c, size_t width, uint32_t *v)
{
    const uint8_t *p = take(c, width);

    if (!p)
        return false;
    *v = width == 1 ? p[0] : width == 2 ? be16(p) : be32(p);
    return true;
}

/* Takes one of the eight integer types behind a lead byte. @negative says that @bits is
 * the two's complement of a number below 0. The fixints are the callers'. */
static bool take_int(struct cursor *c, uint64_t *bits, bool *negative)
{
    const uint8_t *p = take(c, 1);
    uint8_t lead;

    if (!p)
        return false;
    lead = *p;
    if (lead < UINT8 || lead > INT64)
        return cursor_fail(c);
    p = take(c, (size_t)1 << (lead & 3));
    if (!p)
        return false;
    switch (lead) {
    case UINT8:
        *bits = p[0];
        break;
    case UINT16:
        *bits = be16(p);
        break;
    case UINT32:
        *bits = be32(p);
        break;
    case INT8:
        *bits = (uint64_t)(int8_t)p[0];
        break;
    case INT16:
        *bits = (uint64_t)(int16_t)be16(p);
        break;
    case INT32:
        *bits = (uint64_t)(int32_t)be32(p);
        break;
    default: /* UINT64 and INT64 */
        *bits = be64(p);
        break;
    }
    *negative = lead >= INT8 && (int64_t)*bits < 0;
    return true;
}

/* What follows a lead byte: bytes to step over, then objects. */
struct extent {
    uint32_t bytes;
    uint64_t objects;
    bool nests; /* an array or a map, however empty */
};

static bool take_count(struct cursor *c, size_t width, unsigned per_entry,
                       struct extent *e)
{
    uint32_t n;

    if (!take_length(c, width, &n))
        return false;
    e->objects = (uint64_t)n * per_entry;
    e->nests = true;
    return true;
}

/* @extra: the type byte of an ext, which its length does not count. */
static bool take_run(struct cursor *c, size_t width, unsigned extra, struct extent *e)
{
    if (!take_length(c, width, &e->bytes))
        return false;
    return take(c, extra) != NULL;
}

/* The lead bytes from 0xc0 to 0xdf. */
static bool take_extent(struct cursor *c, uint8_t lead, struct extent *e)
{
    switch (lead) {
    case NIL:
    case FALSE_:
    case TRUE_:
        return true;
    case BIN8:
    case BIN16:
    case BIN32:
        return take_run(c, (size_t)1 << (lead - BIN8), 0, e);
    case EXT8:
    case EXT16:
    case EXT32:
        return take_run(c, (size_t)1 << (lead - EXT8), 1, e);
    case STR8:
    case STR16:
    case STR32:
        return take_run(c, (size_t)1 << (lead - STR8), 0, e);
    case ARRAY16:
    case ARRAY32:
        return take_count(c, lead == ARRAY16 ? 2 : 4, 1, e);
    case MAP16:
    case MAP32:
        return take_count(c, lead == MAP16 ? 2 : 4, 2, e);
    case FLOAT32:
    case FLOAT64:
        e->bytes = lead == FLOAT32 ? 4 : 8;
        return true;
    case NEVER_USED:
        return cursor_fail(c);
    default:
        if (lead <= INT64)
            e->bytes = 1u << (lead & 3);
        else
            e->bytes = 1 + (1u << (lead - FIXEXT1));
        return true;
    }
}

static bool take_head(struct cursor *c, struct extent *e)
{
    const uint8_t *lead = take(c, 1);

    *e = (struct extent){0, 0, false};
    if (!lead)
        return false;
    if (*lead <= FIXINT_LAST || *lead >= NEGATIVE_FIXINT)
        return true;
    if (*lead >= NIL)
        return take_extent(c, *lead, e);
    if (*lead >= FIXSTR) {
        e->bytes = *lead & 0x1f;
        return true;
    }
    e->nests = true;
    e->objects = *lead & 0x0f;
    if (*lead < FIXARRAY)
        e->objects *= 2;
    return true;
}

/* Recursion as deep as @levels; each object takes a byte, so the work is linear. */
static bool skip(struct cursor *c, unsigned levels)
{
    struct extent e;

    if (!take_head(c, &e) || !take(c, e.bytes))
        return false;
    if (e.nests && levels == 0)
        return cursor_fail(c);
    if (e.objects > left(c))
        return cursor_fail(c);
    for (; e.objects > 0; e.objects--)
        if (!skip(c, levels - 1))
            return false;
    return true;
}

void cursor_init(struct cursor *c, const void *bytes, size_t n)
{
    c->p = bytes;
    c->end = n > 0 ? c->p + n : c->p;
    c->failed = false;
}

bool cursor_other_array(struct cursor *c, uint32_t *count)
{
    const uint8_t *lead = take(c, 1);

    if (!lead)
        return false;
    if ((*lead & 0xf0) == FIXARRAY)
        *count = *lead & 0x0f;
    else if (*lead != ARRAY16 && *lead != ARRAY32)
        return cursor_fail(c);
    else if (!take_length(c, *lead == ARRAY16 ? 2 : 4, count))
        return false;
    return *count <= left(c) || cursor_fail(c);
}

bool cursor_other_uint(struct cursor *c, uint64_t *v)
{
    bool negative;

    return take_int(c, v, &negative) && (!negative || cursor_fail(c));
}

bool cursor_other_int(struct cursor *c, int64_t *v)
{
    uint64_t bits;
    bool negative;

    if (!take_int(c, &bits, &negative))
        return false;
    if (!negative && bits > INT64_MAX)
        return cursor_fail(c);
    *v = (int64_t)bits;
    return true;
}

bool cursor_other_str(struct cursor *c, struct slice *s)
{
    const uint8_t *p = take(c, 1);
    uint32_t n;

    if (!p)
        return false;
    if ((*p & 0xe0) == FIXSTR)
        n = *p & 0x1f;
    else if (*p < STR8 || *p > STR32)
        return cursor_fail(c);
    else if (!take_length(c, (size_t)1 << (*p - STR8), &n))
        return false;
    p = take(c, n);
    if (!p)
        return false;
    *s = (struct slice){(const char *)p, n};
    return true;
}

bool cursor_skip(struct cursor *c)
{
    return skip(c, SKIP_LEVELS);
}

bool cursor_fail(struct cursor *c)
{
    c->p = c->end;
    c->failed = true;
    return false;
}

bool cursor_done(const struct cursor *c)
{
    return !c->failed && c->p == c->end;
}
