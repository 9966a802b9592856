/* counters: how a daemon describes and reports itself.
 *
 * A daemon lists its counters once, one X-macro row each: name, kind, one sentence
 * without a full stop, and its name and labels in Prometheus (metrics.h). The struct and
 * the table both come from the list:
 *
 *   #define COLLECTOR_COUNTERS(X)                                                       \
 *       X(hits, COUNTER, "hits taken from beacons", "events_received_total")            \
 *       X(no_site, COUNTER, "hits refused: no site id",                                 \
 *         "events_dropped_total{reason=\"no_site\"}")                                   \
 *       X(conns_open, GAUGE, "HTTP connections open now", "http_connections")
 *
 *   COUNTERS_STRUCT(collector_counters, COLLECTOR_COUNTERS);    in counters.h
 *   COUNTERS_ROWS(collector_counters, COLLECTOR_COUNTERS);      in the .c that reports
 *
 *   struct collector_counters c = {0};
 *   c.hits++;
 *   counters_line(&out, &c, collector_counters_rows, COUNTERS_COUNT(COLLECTOR_COUNTERS));
 *
 * Row i describes the i-th uint64_t of the struct. Each thread has its own struct and
 * adds without atomics; counters_sum reads others' with relaxed loads. */
#ifndef HC_COUNTERS_H
#define HC_COUNTERS_H

#include <stddef.h>
#include <stdint.h>
#include "buf.h"

enum counter_kind { COUNTER, GAUGE };

struct counter_row {
    const char *name;
    enum counter_kind kind;
    const char *help;
    const char *metric; /* without the prefix headcount_ */
};

#define COUNTERS_FIELD(name, kind, help, metric) uint64_t name;
#define COUNTERS_ROW(name, kind, help, metric) {#name, kind, help, metric},
#define COUNTERS_ONE(name, kind, help, metric) +1

/* How many rows @LIST has: a constant. */
#define COUNTERS_COUNT(LIST) ((size_t)(0 LIST(COUNTERS_ONE)))

/* struct @tag, one uint64_t for each row. */
#define COUNTERS_STRUCT(tag, LIST) \
    struct tag {                   \
        LIST(COUNTERS_FIELD)       \
    }

/* static const struct counter_row @tag_rows[], the table of struct @tag. */
#define COUNTERS_ROWS(tag, LIST)                                                  \
    _Static_assert(sizeof(struct tag) == COUNTERS_COUNT(LIST) * sizeof(uint64_t), \
                   "the struct and the rows come from different lists");          \
    static const struct counter_row tag##_rows[] = {LIST(COUNTERS_ROW)}

/* One struct with its table, for whoever shows several. */
struct counters_table {
    const void *values;
    const struct counter_row *rows;
    size_t nrows;
};

/* The value that row @i of the table describes. */
static inline uint64_t counters_value(const void *values, size_t i)
{
    return ((const uint64_t *)values)[i];
}

/* Adds up @n structs of one table of @nrows into @sum (zeroed first), gauges too. */
void counters_sum(void *sum, const void *const *each, size_t n, size_t nrows);

/* Appends "name=value name=value ..." of all rows that are not zero. */
void counters_line(struct buf *out, const void *values, const struct counter_row *rows,
                   size_t nrows);

/* Logs "event=counters name=value ..." of all rows that are not zero, cut at blanks into
 * as many lines as the log takes whole; all but the last end with more=1. */
void counters_log(const void *values, const struct counter_row *rows, size_t nrows);

/* Appends the table as Markdown rows: | name | kind | metric | sentence |. For
 * PROTOCOL.md and
 * --help-counters. */
void counters_markdown(struct buf *out, const struct counter_row *rows, size_t nrows);

#endif
