/* What is wrong is refused: a picture in another color than its page asked for would go
 * unnoticed. */
#include "badge_look.h"

#include "../proto/hex.h"
#include "../proto/hit.h"
#include "query.h"

static const struct {
    const char *name;
    uint32_t rgb;
} colors[] = {
    {"green", BADGE_SOMEBODY}, {"blue", 0x0969da},     {"red", 0xcf222e},
    {"orange", 0xbc4c00},      {"yellow", 0xd4a72c},   {"purple", 0x8250df},
    {"grey", BADGE_NOBODY},    {"gray", BADGE_NOBODY}, {"black", 0x1f2328},
    {"white", 0xffffff},
};

/* "1a7f37", "#1a7f37", "1a7". */
static bool hex_color(struct slice text, uint32_t *rgb)
{
    *rgb = 0;
    if (text.n > 0 && *text.p == '#')
        text = slice_skip(text, 1);
    if (text.n != 3 && text.n != 6)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        int digit = hex_digit(text.p[i]);

        if (digit < 0)
            return false;
        *rgb = *rgb << 4 | (unsigned)digit;
        if (text.n == 3)
            *rgb = *rgb << 4 | (unsigned)digit;
    }
    return true;
}

static bool take_color(struct badge_look *look, struct slice text)
{
    look->has_color = true;
    for (size_t i = 0; i < sizeof colors / sizeof *colors; i++)
        if (slice_eq(text, slice_of(colors[i].name))) {
            look->color = colors[i].rgb;
            return true;
        }
    return hex_color(text, &look->color);
}

static bool take_style(struct badge_look *look, struct slice text)
{
    look->is_plain = slice_eq(text, SLICE("plain"));
    return look->is_plain || slice_eq(text, SLICE("flat"));
}

static void take_label(struct badge_look *look, struct slice text)
{
    struct slice label = name_normalize(text, look->label);

    memmove(look->label, label.p, label.n); /* it need not begin where its place does */
    look->label_n = (uint8_t)label.n;
}

const char *badge_look_parse(struct badge_look *look, struct slice query)
{
    char text[HTTP_REQUEST_LINE_MAX];
    struct slice value;

    memset(look, 0, sizeof *look);
    value = query_find(query, SLICE("label"), text, sizeof text);
    take_label(look, value.p ? value : SLICE("online"));
    value = query_find(query, SLICE("shields"), text, sizeof text);
    look->is_bare = slice_eq(value, SLICE("1"));
    value = query_find(query, SLICE("color"), text, sizeof text);
    if (value.p && !take_color(look, value))
        return "bad_color";
    value = query_find(query, SLICE("style"), text, sizeof text);
    if (value.p && !take_style(look, value))
        return "bad_style";
    return NULL;
}
