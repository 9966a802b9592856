/* Nothing is written once the last line has ended, so whoever draws need not look. */
#include "canvas.h"

#include <stdarg.h>
#include "../proto/utf8.h"
#include "table.h"

void canvas_init(struct canvas *c, struct buf *out, const struct term *term,
                 unsigned width, unsigned height)
{
    *c = (struct canvas){
        .out = out, .width = width, .height = height, .term = term, .right = width};
}

unsigned canvas_rows_left(const struct canvas *c)
{
    return c->height - c->row;
}

unsigned canvas_columns_left(const struct canvas *c)
{
    return c->right > c->column ? c->right - c->column : 0;
}

void canvas_style(struct canvas *c, enum canvas_style style)
{
    static const char *const codes[] = {
        [STYLE_PLAIN] = "\033[0m",
        [STYLE_BOLD] = "\033[1m",
        [STYLE_DIM] = "\033[2m",
        [STYLE_REVERSE] = "\033[7m",
    };

    if (!c->term->tty || canvas_rows_left(c) == 0)
        return;
    if (c->styled)
        buf_str(c->out, codes[STYLE_PLAIN]);
    /* Reverse is no colour, and the only thing that shows which line is chosen. */
    c->styled = style == STYLE_REVERSE || (c->term->colors && style != STYLE_PLAIN);
    if (c->styled)
        buf_str(c->out, codes[style]);
}

/* Appends one character, made safe. Returns the columns it takes. */
static size_t put(struct canvas *c, struct slice text)
{
    if (c->term->utf8 || (unsigned char)text.p[0] < 0x80)
        return text_safe(c->out, text);
    buf_str(c->out, "?"); /* as Latin-1 some of its bytes could be controls */
    return 1;
}

void canvas_text(struct canvas *c, struct slice text)
{
    size_t room = canvas_columns_left(c), used = 0;
    size_t kept = c->out->n, kept_used = 0; /* where a mark would still fit behind */
    uint32_t code;

    if (canvas_rows_left(c) == 0 || room == 0)
        return;
    while (text.n > 0 && used <= room) {
        struct slice one = text;

        utf8_next(&text, &code);
        one.n -= text.n;
        used += put(c, one);
        if (used < room) {
            kept = c->out->n;
            kept_used = used;
        }
    }
    if (used > room) {
        c->out->n = kept;
        c->column += (unsigned)kept_used;
        canvas_glyph(c, "\xe2\x80\xa6", "~");
    } else {
        c->column += (unsigned)used;
    }
}

void canvas_printf(struct canvas *c, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    canvas_text(c, slice_of(text));
}

void canvas_glyph(struct canvas *c, const char *utf8, const char *ascii)
{
    if (canvas_rows_left(c) == 0 || canvas_columns_left(c) == 0)
        return;
    buf_str(c->out, c->term->utf8 ? utf8 : ascii);
    c->column++;
}

void canvas_to(struct canvas *c, unsigned column)
{
    if (canvas_rows_left(c) == 0)
        return;
    for (; c->column < column && c->column < c->width; c->column++)
        buf_str(c->out, " ");
}

void canvas_right(struct canvas *c, unsigned column, struct slice text)
{
    if (c->column + text.n < column) /* texts of ours are ASCII */
        canvas_to(c, column - (unsigned)text.n);
    canvas_text(c, text);
}

void canvas_line(struct canvas *c)
{
    if (canvas_rows_left(c) == 0)
        return;
    if (c->styled)
        canvas_style(c, STYLE_PLAIN);
    c->row++;
    c->column = 0;
    c->right = c->width;
    if (canvas_rows_left(c) > 0)
        buf_str(c->out, "\n");
}

void canvas_down(struct canvas *c, unsigned rows)
{
    while (canvas_rows_left(c) > rows)
        canvas_line(c);
}
