/* A family is written when its first row is met, with all its rows, and passed over at
 * the others. The tables have a hundred rows, so looking for them anew each time is
 * nothing.
 *
 * The two formats differ in three things: OpenMetrics names a counter's family without
 * _total, has a type `info`, and ends with # EOF. */
#include "metrics.h"

#include <inttypes.h>
#include <strings.h>

#define PREFIX "headcount_"
#define OPENMETRICS "application/openmetrics-text"

struct writer {
    struct buf *out;
    enum metrics_format format;
    const struct counters_table *tables;
    size_t n;
};

static bool ends_with(struct slice s, struct slice end)
{
    return s.n >= end.n && slice_eq(slice_skip(s, s.n - end.n), end);
}

static struct slice without(struct slice s, struct slice end)
{
    if (ends_with(s, end))
        s.n -= end.n;
    return s;
}

static struct slice family_of(const struct counter_row *row)
{
    return (struct slice){row->metric, strcspn(row->metric, "{")};
}

static bool is_in_seconds(struct slice family)
{
    return ends_with(without(family, SLICE("_total")), SLICE("_seconds"));
}

static void write_name(struct buf *out, struct slice name)
{
    if (!slice_starts(name, SLICE("process_")))
        buf_str(out, PREFIX);
    buf_slice(out, name);
}

/* # HELP name, # TYPE name: the family as the format calls it. */
static void write_keyword(struct writer *w, const char *keyword, struct slice family)
{
    buf_printf(w->out, "# %s ", keyword);
    write_name(w->out, w->format == METRICS_OPENMETRICS ? without(family, SLICE("_total"))
                                                        : family);
    buf_str(w->out, " ");
}

/* "kind=view: " of {kind="view"}: braces and quotes would have to be escaped. */
static void write_labels_plain(struct buf *out, const char *labels)
{
    for (; *labels; labels++)
        if (!strchr("{}\"", *labels))
            buf_add(out, labels, 1);
    buf_str(out, ": ");
}

/* One row's sentence, or the sentences of all that share the family. */
static void write_help(struct writer *w, struct slice family)
{
    const char *between = "";

    write_keyword(w, "HELP", family);
    for (size_t t = 0; t < w->n; t++) {
        for (size_t i = 0; i < w->tables[t].nrows; i++) {
            const struct counter_row *row = &w->tables[t].rows[i];

            if (!slice_eq(family_of(row), family))
                continue;
            buf_str(w->out, between);
            if (row->metric[family.n])
                write_labels_plain(w->out, row->metric + family.n);
            buf_str(w->out, row->help);
            between = "; ";
        }
    }
    buf_str(w->out, "\n");
}

static void write_sample(struct writer *w, const struct counters_table *table, size_t i)
{
    uint64_t value = counters_value(table->values, i);

    write_name(w->out, slice_of(table->rows[i].metric));
    if (is_in_seconds(family_of(&table->rows[i])))
        buf_printf(w->out, " %" PRIu64 ".%06" PRIu64 "\n", value / 1000000,
                   value % 1000000);
    else
        buf_printf(w->out, " %" PRIu64 "\n", value);
}

static void write_family(struct writer *w, struct slice family, enum counter_kind kind)
{
    write_help(w, family);
    write_keyword(w, "TYPE", family);
    buf_str(w->out, kind == COUNTER ? "counter\n" : "gauge\n");
    for (size_t t = 0; t < w->n; t++)
        for (size_t i = 0; i < w->tables[t].nrows; i++)
            if (slice_eq(family_of(&w->tables[t].rows[i]), family))
                write_sample(w, &w->tables[t], i);
}

/* Whether no row before row @i of table @t is of its family. */
static bool is_first(const struct writer *w, size_t t, size_t i)
{
    struct slice family = family_of(&w->tables[t].rows[i]);

    for (size_t u = 0; u <= t; u++)
        for (size_t k = 0; k < (u < t ? w->tables[u].nrows : i); k++)
            if (slice_eq(family_of(&w->tables[u].rows[k]), family))
                return false;
    return true;
}

/* OpenMetrics knows a type for it and wants the family without _info. */
static void write_build(struct writer *w, const char *program)
{
    bool open = w->format == METRICS_OPENMETRICS;
    const char *family = open ? "build" : "build_info";

    buf_printf(w->out, "# HELP " PREFIX "%s the program and its version\n", family);
    buf_printf(w->out, "# TYPE " PREFIX "%s %s\n", family, open ? "info" : "gauge");
    buf_printf(w->out, PREFIX "build_info{program=\"%s\",version=\"%s\"} 1\n", program,
               HC_VERSION);
}

enum metrics_format metrics_choose(struct slice accept)
{
    const size_t n = sizeof OPENMETRICS - 1;

    for (; accept.n >= n; accept = slice_skip(accept, 1))
        if (strncasecmp(accept.p, OPENMETRICS, n) == 0)
            return METRICS_OPENMETRICS;
    return METRICS_TEXT;
}

const char *metrics_type(enum metrics_format format)
{
    return format == METRICS_OPENMETRICS ? OPENMETRICS "; version=1.0.0; charset=utf-8"
                                         : "text/plain; version=0.0.4; charset=utf-8";
}

void metrics_write(struct buf *out, enum metrics_format format, const char *program,
                   const struct counters_table *tables, size_t n)
{
    struct writer w = {.out = out, .format = format, .tables = tables, .n = n};

    write_build(&w, program);
    for (size_t t = 0; t < n; t++)
        for (size_t i = 0; i < tables[t].nrows; i++)
            if (is_first(&w, t, i))
                write_family(&w, family_of(&tables[t].rows[i]), tables[t].rows[i].kind);
    if (format == METRICS_OPENMETRICS)
        buf_str(out, "# EOF\n");
}
