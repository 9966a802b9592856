/* Walks tables of counters: adds them up, prints them for a log line or as documentation.
 *
 * The structs are read as the arrays of uint64_t they are. Other threads add to theirs
 * meanwhile; a relaxed load never sees half a number, and a sum that is a moment old is
 * all that a report asks for. */
#include "counters.h"

#include <inttypes.h>

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
        buf_printf(out, "| %s | %s | %s |\n", rows[i].name,
                   rows[i].kind == COUNTER ? "counter" : "gauge", rows[i].help);
}
