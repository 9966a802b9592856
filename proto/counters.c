/* Walks tables of counters: adds them up, prints them for a log line or as documentation.
 *
 * The structs are read as the arrays of uint64_t they are. Other threads add to theirs
 * meanwhile; a relaxed load never sees half a number, and a sum that is a moment old is
 * all that a report asks for. */
#include "counters.h"

#include <inttypes.h>
#include "limits.h"
#include "log.h"

#define LINE_PER_ROW 64 /* bytes: a name, = and 20 digits */
#define LINE_HEAD 128   /* of a log line, before the text */

void counters_sum(void *sum, const void *const *each, size_t n, size_t nrows)
{
    uint64_t *total = sum;

    for (size_t row = 0; row < nrows; row++) {
        total[row] = 0;
        for (size_t i = 0; i < n; i++)
            total[row] +=
                __atomic_load_n((const uint64_t *)each[i] + row, __ATOMIC_RELAXED);
    }
}

void counters_line(struct buf *out, const void *values, const struct counter_row *rows,
                   size_t nrows)
{
    const char *blank = "";

    for (size_t i = 0; i < nrows; i++) {
        uint64_t value = counters_value(values, i);

        if (value == 0)
            continue;
        buf_printf(out, "%s%s=%" PRIu64, blank, rows[i].name, value);
        blank = " ";
    }
}

void counters_markdown(struct buf *out, const struct counter_row *rows, size_t nrows)
{
    for (size_t i = 0; i < nrows; i++)
        buf_printf(out, "| %s | %s | `%s` | %s |\n", rows[i].name,
                   rows[i].kind == COUNTER ? "counter" : "gauge", rows[i].metric,
                   rows[i].help);
}

void counters_log(const void *values, const struct counter_row *rows, size_t nrows)
{
    struct buf text;
    struct slice rest;

    buf_init(&text, nrows * LINE_PER_ROW);
    counters_line(&text, values, rows, nrows);
    rest = buf_get(&text);
    do {
        size_t n = rest.n;

        if (n > LOG_LINE_MAX - LINE_HEAD)
            n = (size_t)((const char *)memrchr(rest.p, ' ', LOG_LINE_MAX - LINE_HEAD) -
                         rest.p);
        log_line("event=counters %.*s%s", (int)n, rest.p ? rest.p : "",
                 n < rest.n ? " more=1" : "");
        rest = slice_skip(rest, n < rest.n ? n + 1 : n);
    } while (rest.n > 0);
    buf_fini(&text);
}
