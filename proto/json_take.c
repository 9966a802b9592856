/* The reader half of json.h. Strict where JSON is lax, so that one text has one form:
 * what passes can be compared, cut and passed on byte by byte. Recursion is bounded. */
#include "json.h"

#define WHOLE_DIGITS 16    /* those of JSON_INTEGER_MAX */
#define FRACTION_DIGITS 15 /* as many as json_fixed writes */

/* Takes digits, 1 to @max. */
static bool take_digits(struct slice *s, size_t max)
{
    size_t n = 0;

    while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
        n++;
    *s = slice_skip(*s, n);
    return n > 0 && n <= max;
}

/* Takes digits without a needless zero. */
static bool take_whole(struct slice *s)
{
    struct slice digits = *s;

    return take_digits(s, WHOLE_DIGITS) && (digits.p[0] != '0' || digits.n - s->n == 1);
}

/* A number as json_i64 and json_fixed write them. */
static bool take_number(struct slice *s)
{
    json_take(s, SLICE("-"));
    if (!take_whole(s))
        return false;
    return !json_take(s, SLICE(".")) || take_digits(s, FRACTION_DIGITS);
}

static bool take_value(struct slice *s, unsigned depth);

static bool take_member(struct slice *s, bool keyed, unsigned depth)
{
    if (keyed && (!json_take_text(s) || !json_take(s, SLICE(":"))))
        return false;
    return take_value(s, depth);
}

/* An array, or an object if its members are @keyed. */
static bool take_container(struct slice *s, bool keyed, unsigned depth)
{
    struct slice end = keyed ? SLICE("}") : SLICE("]");

    if (depth + 1 == JSON_DEPTH_MAX)
        return false;
    *s = slice_skip(*s, 1);
    if (json_take(s, end))
        return true;
    do {
        if (!take_member(s, keyed, depth + 1))
            return false;
    } while (json_take(s, SLICE(",")));
    return json_take(s, end);
}

static bool take_value(struct slice *s, unsigned depth)
{
    switch (s->n > 0 ? s->p[0] : '\0') {
    case '"':
        return json_take_text(s);
    case '{':
        return take_container(s, true, depth);
    case '[':
        return take_container(s, false, depth);
    case 't':
        return json_take(s, SLICE("true"));
    case 'f':
        return json_take(s, SLICE("false"));
    case 'n':
        return json_take(s, SLICE("null"));
    default:
        return take_number(s);
    }
}

bool json_take(struct slice *s, struct slice literal)
{
    if (!slice_starts(*s, literal))
        return false;
    *s = slice_skip(*s, literal.n);
    return true;
}

bool json_take_u64(struct slice *s, uint64_t *v)
{
    struct slice digits = *s;

    if (!take_whole(s))
        return false;
    *v = 0;
    for (; digits.n > s->n; digits = slice_skip(digits, 1))
        *v = *v * 10 + (uint64_t)(*digits.p - '0');
    return *v <= JSON_INTEGER_MAX;
}

bool json_take_value(struct slice *s)
{
    return take_value(s, 0);
}
