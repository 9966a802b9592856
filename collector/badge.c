/* The picture is laid out without knowing the reader's fonts: the width of a text is
 * estimated from Verdana's, and textLength makes whatever font is there keep to it. */
#include "badge.h"

#include <inttypes.h>
#include <stdio.h>
#include "../proto/json.h"
#include "../proto/utf8.h"

#define HEIGHT 20
#define PADDING 6 /* px beside a text */
#define GROUND 0x444c56u
#define SHORT_MAX 24 /* bytes of a number as it is shown */

#define FONT "11px Verdana,Geneva,DejaVu Sans,sans-serif"

static struct slice label_of(const struct badge_look *look)
{
    return (struct slice){look->label, look->label_n};
}

static uint32_t color_of(const struct badge_look *look, uint64_t online)
{
    return look->has_color ? look->color : online > 0 ? BADGE_SOMEBODY : BADGE_NOBODY;
}

/* Exact below ten thousand, then "12.3k", "4.5M". */
static struct slice shorten(uint64_t v, char out[SHORT_MAX])
{
    static const struct {
        uint64_t unit;
        char sign;
    } units[] = {{1000000000, 'G'}, {1000000, 'M'}, {1000, 'k'}};
    int n = snprintf(out, SHORT_MAX, "%" PRIu64, v);

    for (size_t i = 0; v >= 10000 && i < sizeof units / sizeof *units; i++)
        if (v >= units[i].unit) {
            n = snprintf(out, SHORT_MAX, "%" PRIu64 ".%u%c", v / units[i].unit,
                         (unsigned)(v % units[i].unit / (units[i].unit / 10)),
                         units[i].sign);
            break;
        }
    return (struct slice){out, (size_t)n};
}

/* Writes a text into XML, between tags or quotes. */
static void xml(struct buf *out, struct slice text)
{
    while (text.n > 0) {
        struct slice one = text;
        uint32_t code;
        bool ok = utf8_next(&text, &code);

        one.n -= text.n;
        if (code == '<')
            buf_slice(out, SLICE("&lt;"));
        else if (code == '>')
            buf_slice(out, SLICE("&gt;"));
        else if (code == '&')
            buf_slice(out, SLICE("&amp;"));
        else if (code == '"')
            buf_slice(out, SLICE("&quot;"));
        else if (code == '\'')
            buf_slice(out, SLICE("&#39;"));
        else if (!ok || code < ' ' || code == 0xfffe || code == 0xffff)
            buf_slice(out, SLICE("\xef\xbf\xbd")); /* XML 1.0, 2.2 */
        else
            buf_slice(out, one);
    }
}

/* Tenths of a pixel at 11 px. */
static unsigned glyph_width(uint32_t code)
{
    if (code < 128 && strchr("ijl|.,:;!'", (int)code))
        return 36;
    if (code < 128 && strchr(" ftrI()[]-/", (int)code))
        return 45;
    if (code < 128 && strchr("mwMW@%", (int)code))
        return 108;
    if ((code >= 0x300 && code <= 0x36f) || (code >= 0x200b && code <= 0x200f) ||
        (code >= 0xfe00 && code <= 0xfe0f))
        return 0; /* drawn over another, or not at all */
    return code >= 0x1100 ? 115 : code >= 'A' && code <= 'Z' ? 78 : 70;
}

/* Pixels, at least one for each that is drawn. */
static unsigned text_width(struct slice text)
{
    unsigned tenths = 0;
    uint32_t code;

    while (text.n > 0) {
        utf8_next(&text, &code);
        tenths += glyph_width(code);
    }
    return (tenths + 9) / 10;
}

/* Black or white, whichever reads better on @rgb. */
static const char *ink_on(uint32_t rgb)
{
    unsigned r = rgb >> 16, g = rgb >> 8 & 0xff, b = rgb & 0xff;

    return (299 * r + 587 * g + 114 * b) / 1000 > 140 ? "#111" : "#fff";
}

static void begin_svg(struct buf *out, unsigned width, const struct badge_look *look,
                      struct slice site, uint64_t online)
{
    buf_printf(out,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
               "viewBox=\"0 0 %u %u\" role=\"img\"><title>%" PRIu64 " ",
               width, HEIGHT, width, HEIGHT, online);
    xml(out, label_of(look));
    buf_slice(out, SLICE("</title><desc>Visitors who have "));
    xml(out, site);
    buf_slice(out, SLICE(" open now</desc>"));
}

/* @ink may be NULL: the style sheet says. */
static void draw_text(struct buf *out, unsigned x, unsigned width, const char *ink,
                      bool bold, struct slice text)
{
    if (text.n == 0)
        return;
    buf_printf(out,
               "<text x=\"%u\" y=\"14\" textLength=\"%u\" "
               "lengthAdjust=\"spacingAndGlyphs\"",
               x, width);
    if (ink)
        buf_printf(out, " fill=\"%s\"", ink);
    if (bold)
        buf_slice(out, SLICE(" font-weight=\"bold\""));
    buf_slice(out, SLICE(">"));
    xml(out, text);
    buf_slice(out, SLICE("</text>"));
}

/* The number on its color, and to its left the label on a dark ground. */
static void flat(struct buf *out, const struct badge_look *look, struct slice site,
                 uint64_t online)
{
    char digits[SHORT_MAX];
    struct slice number = shorten(online, digits), label = label_of(look);
    unsigned label_w = text_width(label), number_w = text_width(number);
    unsigned left = label.n ? label_w + 2 * PADDING : 0;
    unsigned width = left + number_w + 2 * PADDING;
    uint32_t color = color_of(look, online);

    begin_svg(out, width, look, site, online);
    buf_printf(out, "<rect width=\"%u\" height=\"%u\" rx=\"3\" fill=\"#%06" PRIx32 "\"/>",
               width, HEIGHT, color);
    if (label.n > 0)
        buf_printf(out,
                   "<path fill=\"#%06x\" d=\"M3 0H%uV%uH3a3 3 0 0 1-3-3V3a3 3 0 0 1 "
                   "3-3z\"/>",
                   GROUND, left, HEIGHT);
    buf_slice(out, SLICE("<g style=\"font:" FONT "\">"));
    draw_text(out, PADDING, label_w, "#fff", false, label);
    draw_text(out, left + PADDING, number_w, ink_on(color), false, number);
    buf_slice(out, SLICE("</g></svg>\n"));
}

/* A dot of the color, the number, the label; black on light pages, white on dark ones. */
static void plain(struct buf *out, const struct badge_look *look, struct slice site,
                  uint64_t online)
{
    char digits[SHORT_MAX];
    struct slice number = shorten(online, digits), label = label_of(look);
    unsigned number_w = text_width(number) + (unsigned)number.n; /* bold is wider */
    unsigned label_w = text_width(label), label_x = 14 + number_w + 4;

    begin_svg(out, label_x + label_w + (label.n ? 2 : 0), look, site, online);
    buf_slice(out,
              SLICE("<style>text{font-size:11px;font-family:Verdana,Geneva,"
                    "DejaVu Sans,sans-serif;fill:#1f2328}"
                    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}}</style>"));
    buf_printf(out, "<circle cx=\"5\" cy=\"10\" r=\"4\" fill=\"#%06" PRIx32 "\"/>",
               color_of(look, online));
    draw_text(out, 14, number_w, NULL, true, number);
    draw_text(out, label_x, label_w, NULL, false, label);
    buf_slice(out, SLICE("</svg>\n"));
}

void badge_svg(struct buf *out, const struct badge_look *look, struct slice site,
               const struct badge_numbers *n)
{
    (look->is_plain ? plain : flat)(out, look, site, n->online);
}

void badge_json(struct buf *out, const struct badge_look *look, struct slice site,
                const struct badge_numbers *n)
{
    char digits[SHORT_MAX], color[8], rev[48];
    struct json j;

    snprintf(color, sizeof color, "%06" PRIx32, color_of(look, n->online));
    json_init(&j, out);
    json_begin_object(&j);
    json_key(&j, "schemaVersion");
    json_u64(&j, 1);
    json_key(&j, "label");
    json_slice(&j, label_of(look));
    json_key(&j, "message");
    json_slice(&j, shorten(n->online, digits));
    json_key(&j, "color");
    json_str(&j, color);
    if (!look->is_bare) {
        snprintf(rev, sizeof rev, "%" PRIu64 ".%" PRIu64, n->epoch, n->commit);
        json_key(&j, "site");
        json_slice(&j, site);
        json_key(&j, "online");
        json_u64(&j, n->online);
        json_key(&j, "current");
        json_u64(&j, n->current);
        json_key(&j, "rev");
        json_str(&j, rev);
    }
    json_end(&j);
    buf_slice(out, SLICE("\n"));
}
