/* One character is a lead byte and up to three continuation bytes. Only the second byte's
 * range depends on the lead; narrowing it there excludes overlong forms, surrogates and
 * code points above U+10FFFF without looking at the result (The Unicode Standard 15.0,
 * table 3-7). What is malformed is taken up to the first byte that cannot continue it:
 * the "maximal subpart" of section 3.9, one U+FFFD each. */
#include "utf8.h"

#include <assert.h>

struct lead {
    uint8_t more;      /* continuation bytes to come */
    uint32_t bits;     /* of the code point, from the lead */
    uint8_t low, high; /* what the second byte may be */
};

/* Returns false for a byte that begins nothing. */
static bool lead_of(uint8_t b, struct lead *l)
{
    *l = (struct lead){0, b, 0x80, 0xbf};
    if (b < 0x80)
        return true;
    if (b < 0xc2 || b > 0xf4)
        return false;
    l->more = b < 0xe0 ? 1 : b < 0xf0 ? 2 : 3;
    l->bits = b & (0x3fu >> l->more);
    if (b == 0xe0)
        l->low = 0xa0; /* below: overlong */
    else if (b == 0xed)
        l->high = 0x9f; /* above: surrogates */
    else if (b == 0xf0)
        l->low = 0x90; /* below: overlong */
    else if (b == 0xf4)
        l->high = 0x8f; /* above: beyond U+10FFFF */
    return true;
}

bool utf8_next(struct slice *s, uint32_t *code)
{
    const uint8_t *p = (const uint8_t *)s->p;
    size_t taken = 1;
    struct lead l;
    bool good;

    assert(s->n > 0);
    good = lead_of(p[0], &l);
    for (; good && l.more > 0; l.more--) {
        good = taken < s->n && p[taken] >= l.low && p[taken] <= l.high;
        if (good)
            l.bits = l.bits << 6 | (p[taken++] & 0x3f);
        l.low = 0x80;
        l.high = 0xbf;
    }
    *code = good ? l.bits : UTF8_REPLACEMENT;
    *s = slice_skip(*s, taken);
    return good;
}

static bool is_between(uint32_t c, uint32_t low, uint32_t high)
{
    return c >= low && c <= high;
}

bool utf8_is_unsafe(uint32_t code)
{
    return code < 0x20 || is_between(code, 0x7f, 0x9f) || code == 0x061c ||
           code == 0x200e || code == 0x200f || is_between(code, 0x2028, 0x202e) ||
           is_between(code, 0x2066, 0x2069);
}

bool utf8_check_take(struct utf8_check *c, uint8_t byte)
{
    struct lead l;

    if (c->more > 0) {
        bool good = byte >= c->low && byte <= c->high;

        *c = (struct utf8_check){(uint8_t)(c->more - 1), 0x80, 0xbf};
        return good;
    }
    if (!lead_of(byte, &l))
        return false;
    *c = (struct utf8_check){l.more, l.low, l.high};
    return true;
}
