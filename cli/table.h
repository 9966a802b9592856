/* table: aligned rows for a terminal, and text made safe for one.
 *
 * Paths and event names are chosen by strangers. What could move the cursor, change
 * colours or turn the writing direction is shown as \xNN, byte by byte: control bytes
 * (C0, DEL), C1 controls, bytes that are no UTF-8, line and paragraph separators, and the
 * marks that reorder bidirectional text. */
#ifndef HC_TABLE_H
#define HC_TABLE_H

#include <stdint.h>
#include "../proto/buf.h"
#include "../proto/limits.h"
#include "term.h"

/* Appends @s, made safe. Returns how many terminal columns it takes. */
size_t text_safe(struct buf *out, struct slice s);

/* Prints a line of JSON on stdout; what could not be shown is spelled as JSON has it,
 * \uXXXX. Of JSON that others wrote: ours has none of it. */
void text_json(struct slice json);

enum table_align { TABLE_LEFT, TABLE_RIGHT };

struct table_column {
    const char *head; /* ASCII */
    enum table_align align;
};

struct table_cell {
    size_t at, n;   /* bytes in text */
    unsigned width; /* terminal columns */
};

struct table {
    const struct table_column *columns; /* the caller's, as long as the table */
    size_t ncolumns;
    struct buf text;
    size_t ncells;
    struct table_cell cell[TABLE_CELLS_MAX];
};

/* Embed or put on the heap: the struct holds TABLE_CELLS_MAX cells. */
void table_init(struct table *t, const struct table_column *columns, size_t n);
void table_fini(struct table *t);

/* The next cell, row by row. Asserts that the table is not full: callers show lists that
 * are bounded (limits.h). */
void table_text(struct table *t, struct slice s);
void table_u64(struct table *t, uint64_t v);
void table_printf(struct table *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Appends the head (bold where that works) and all full rows to @out. Columns stand two
 * blanks apart; nothing trails the last. On a terminal the last column is cut to its
 * width. */
void table_write(const struct table *t, const struct term *term, struct buf *out);

/* Appends one line of text, made safe and cut to @width columns if that is not 0. */
void text_cut(struct buf *out, struct slice s, unsigned width, bool utf8);

#endif
