/* canvas: a screen of lines, written from its top left corner on. Pure.
 *
 * What does not fit is cut: a line at the width, a screen at the height. Text from
 * outside is made safe (table.h) before it is measured. The result has a line end between
 * lines and none behind the last; escape sequences in it only set styles. */
#ifndef HC_CANVAS_H
#define HC_CANVAS_H

#include "../proto/buf.h"
#include "term.h"

struct canvas {
    struct buf *out;
    unsigned width, height;
    const struct term *term; /* its colors and utf8 */
    unsigned row, column;    /* where the next text goes */
    bool styled;
    unsigned right; /* texts end before this column: a part of the width */
};

enum canvas_style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_REVERSE };

/* Width and height are at least 1. */
void canvas_init(struct canvas *c, struct buf *out, const struct term *term,
                 unsigned width, unsigned height);

/* Whether lines are left, and how many. */
unsigned canvas_rows_left(const struct canvas *c);

/* Styles last until the next, or the end of the line. */
void canvas_style(struct canvas *c, enum canvas_style style);

void canvas_text(struct canvas *c, struct slice text);
void canvas_printf(struct canvas *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* One character of ours of one column, as it stands: @utf8 or, where that cannot be
 * shown, @ascii. */
void canvas_glyph(struct canvas *c, const char *utf8, const char *ascii);

/* Blanks up to @column; nothing when it is there already. */
void canvas_to(struct canvas *c, unsigned column);

/* Columns left in the line. */
unsigned canvas_columns_left(const struct canvas *c);

/* Text that ends at @column, or is cut to begin at the present one. */
void canvas_right(struct canvas *c, unsigned column, struct slice text);

/* Ends the line. On the last one everything after it is dropped. */
void canvas_line(struct canvas *c);

/* Ends lines until only @rows are left. */
void canvas_down(struct canvas *c, unsigned rows);

#endif
