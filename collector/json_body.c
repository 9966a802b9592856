/* Members of another type than the one that was asked for are as good as absent: what a
 * page says in vain is no reason to lose its view. */
#include "json_body.h"

#include <stdlib.h>
#include "../proto/hex.h"

#define LOOSE (JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL)

bool json_body_is(struct slice body)
{
    while (body.n > 0 && memchr(" \t\r\n", *body.p, 4))
        body = slice_skip(body, 1);
    return body.n > 0 && (*body.p == '{' || *body.p == '[');
}

json_t *json_body_parse(struct slice body)
{
    return body.n ? json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES, NULL) : NULL;
}

/* The code unit of an escape "\\uXXXX" at the start of @s, -1: there is none. */
static int unit_at(const char *s, const char *end)
{
    int unit = 0;

    if (end - s < 6 || s[0] != '\\' || s[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        int digit = hex_digit(s[i]);

        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

static bool is_high(int unit)
{
    return unit >= 0xd800 && unit < 0xdc00;
}

static bool is_low(int unit)
{
    return unit >= 0xdc00 && unit < 0xe000;
}

/* Writes U+FFFD over escapes of half a pair; they are as long. */
static void mend_halves(char *s, const char *end)
{
    while (s < end) {
        int unit = unit_at(s, end);

        if (is_high(unit) && is_low(unit_at(s + 6, end))) {
            s += 12;
        } else if (is_high(unit) || is_low(unit)) {
            memcpy(s + 2, "fffd", 4);
            s += 6;
        } else {
            s += *s == '\\' && end - s > 1 ? 2 : 1;
        }
    }
}

json_t *json_body_parse_loosely(struct slice body)
{
    json_t *root = body.n ? json_loadb(body.p, body.n, JSON_ALLOW_NUL, NULL) : NULL;
    char *mended;

    if (root || !json_body_is(body))
        return root;
    if ((mended = malloc(body.n)) == NULL)
        abort();
    memcpy(mended, body.p, body.n);
    mend_halves(mended, mended + body.n);
    root = json_loadb(mended, body.n, LOOSE, NULL);
    free(mended);
    return root;
}

struct slice json_body_text(const json_t *object, const char *name)
{
    const json_t *v = json_object_get(object, name);

    return json_is_string(v) ? (struct slice){json_string_value(v), json_string_length(v)}
                             : (struct slice){0};
}

const json_t *json_body_object(const json_t *object, const char *name)
{
    const json_t *v = json_object_get(object, name);

    return json_is_object(v) ? v : NULL;
}

const json_t *json_body_array(const json_t *object, const char *name)
{
    const json_t *v = json_object_get(object, name);

    return json_is_array(v) ? v : NULL;
}
