/* Cells are made safe when they come in, so from there on the text is whole UTF-8 and can
 * be measured and cut by characters. Widths are wcwidth's, which knows wide and combining
 * characters in a UTF-8 locale; what it does not know counts as one column. */
#include "table.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <wchar.h>
#include "../proto/utf8.h"

#define GAP 2 /* blanks between columns */
#define TABLE_TEXT_MAX                                                 \
    (1024 * 1024) /* cells beyond it are empty; a datagram's hits with \
                     every path escaped stay below */

static unsigned width_of(uint32_t c)
{
    int w = wcwidth((wchar_t)c);

    return w < 0 ? 1 : (unsigned)w;
}

size_t text_safe(struct buf *out, struct slice s)
{
    size_t width = 0;

    while (s.n > 0) {
        struct slice c = s;
        uint32_t code;
        bool good = utf8_next(&s, &code);

        c.n -= s.n;
        if (good && !utf8_is_unsafe(code)) {
            buf_slice(out, c);
            width += width_of(code);
            continue;
        }
        for (size_t i = 0; i < c.n; i++)
            buf_printf(out, "\\x%02x", (uint8_t)c.p[i]);
        width += 4 * c.n;
    }
    return width;
}

void text_json(struct slice json)
{
    while (json.n > 0) {
        struct slice c = json;
        uint32_t code;

        utf8_next(&json, &code);
        c.n -= json.n;
        if (code < 0x20)
            putchar(' '); /* between values, for in texts JSON has no such byte */
        else if (utf8_is_unsafe(code))
            printf("\\u%04" PRIx32, code);
        else
            fwrite(c.p, 1, c.n, stdout);
    }
    putchar('\n');
}

/* Appends as much of safe text @s as fits @width columns, and a mark if that is not all.
 */
static void cut(struct buf *out, struct slice s, unsigned width, bool utf8)
{
    const char *mark = utf8 ? "\xe2\x80\xa6" : "...";
    unsigned room = width - (utf8 ? 1 : 3), used = 0;
    struct slice rest = s;
    uint32_t code;

    while (rest.n > 0) {
        struct slice before = rest;

        utf8_next(&rest, &code);
        if (used + width_of(code) > room) {
            rest = before;
            break;
        }
        used += width_of(code);
    }
    buf_add(out, s.p, s.n - rest.n);
    buf_str(out, mark);
}

void text_cut(struct buf *out, struct slice s, unsigned width, bool utf8)
{
    struct buf safe;
    size_t columns;

    buf_init(&safe, TABLE_TEXT_MAX);
    columns = text_safe(&safe, s);
    if (width <= 3 || columns <= width)
        buf_slice(out, buf_get(&safe));
    else
        cut(out, buf_get(&safe), width, utf8);
    buf_fini(&safe);
}

void table_init(struct table *t, const struct table_column *columns, size_t n)
{
    t->columns = columns;
    t->ncolumns = n;
    t->ncells = 0;
    buf_init(&t->text, TABLE_TEXT_MAX);
}

void table_fini(struct table *t)
{
    buf_fini(&t->text);
}

void table_text(struct table *t, struct slice s)
{
    struct table_cell *c = &t->cell[t->ncells];

    assert(t->ncells < TABLE_CELLS_MAX);
    t->ncells++;
    c->at = t->text.n;
    c->width = (unsigned)text_safe(&t->text, s);
    c->n = t->text.n - c->at;
}

void table_u64(struct table *t, uint64_t v)
{
    table_printf(t, "%" PRIu64, v);
}

void table_printf(struct table *t, const char *fmt, ...)
{
    char text[256];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    table_text(t, slice_of(text));
}

static unsigned column_width(const struct table *t, size_t column)
{
    unsigned width = (unsigned)strlen(t->columns[column].head);

    for (size_t i = column; i < t->ncells; i += t->ncolumns)
        if (t->cell[i].width > width)
            width = t->cell[i].width;
    return width;
}

/* Cuts blanks off the end: of a last cell that is empty, and the gap before it. */
static void trim_blanks(struct buf *out)
{
    while (out->n > 0 && out->p[out->n - 1] == ' ')
        out->n--;
}

/* One cell of a row. */
static void write_cell(const struct table *t, size_t column, unsigned width,
                       struct slice text, unsigned text_width, struct buf *out)
{
    int pad = (int)(width - text_width);

    if (t->columns[column].align == TABLE_RIGHT)
        buf_printf(out, "%*s", pad, "");
    buf_slice(out, text);
    if (t->columns[column].align == TABLE_LEFT)
        buf_printf(out, "%*s", pad, "");
    buf_printf(out, "%*s", GAP, "");
}

static void write_head(const struct table *t, const unsigned *width,
                       const struct term *term, struct buf *out)
{
    buf_str(out, term_bold(term));
    for (size_t i = 0; i < t->ncolumns; i++) {
        struct slice head = slice_of(t->columns[i].head);

        write_cell(t, i, width[i], head, (unsigned)head.n, out);
    }
    trim_blanks(out);
    buf_str(out, term_plain(term));
    buf_str(out, "\n");
}

static void write_row(const struct table *t, const struct table_cell *row,
                      const unsigned *width, unsigned last_max, bool utf8,
                      struct buf *out)
{
    for (size_t i = 0; i < t->ncolumns; i++) {
        struct slice text = {t->text.p + row[i].at, row[i].n};

        if (i + 1 == t->ncolumns && row[i].width > last_max)
            cut(out, text, last_max, utf8);
        else
            write_cell(t, i, width[i], text, row[i].width, out);
    }
    trim_blanks(out);
    buf_str(out, "\n");
}

/* What is left of a terminal's width for the last column, not less than its head or a
 * few characters; without a terminal everything. */
static unsigned last_column_max(const struct table *t, const unsigned *width,
                                const struct term *term)
{
    unsigned before = 0;
    const unsigned least = 8;

    if (term->width == 0)
        return UINT32_MAX;
    for (size_t i = 0; i + 1 < t->ncolumns; i++)
        before += width[i] + GAP;
    return term->width > before + least ? term->width - before : least;
}

void table_write(const struct table *t, const struct term *term, struct buf *out)
{
    unsigned width[TABLE_COLUMNS_MAX], last_max;

    assert(t->ncolumns > 0 && t->ncolumns <= TABLE_COLUMNS_MAX);
    for (size_t i = 0; i < t->ncolumns; i++)
        width[i] = column_width(t, i);
    last_max = last_column_max(t, width, term);
    write_head(t, width, term, out);
    for (size_t i = 0; i + t->ncolumns <= t->ncells; i += t->ncolumns)
        write_row(t, &t->cell[i], width, last_max, term->utf8, out);
}
