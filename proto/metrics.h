/* metrics: tables of counters as Prometheus reads them. Pure.
 *
 * A row's `metric` is a family's name and, in braces, the labels that tell it from others
 * of the family: events_total{kind="view"}. Counters end in _total, gauges do not. What
 * ends in _seconds (or _seconds_total) is counted in microseconds and printed in seconds;
 * everything else is printed as it is. "headcount_" goes before all names but those that
 * begin with process_. */
#ifndef HC_METRICS_H
#define HC_METRICS_H

#include "counters.h"

enum metrics_format {
    METRICS_TEXT,        /* text/plain; version=0.0.4 */
    METRICS_OPENMETRICS, /* application/openmetrics-text; version=1.0.0 */
};

/* Whoever names OpenMetrics in the Accept header @accept gets it, all others get text. */
enum metrics_format metrics_choose(struct slice accept);

/* The value of Content-Type; Prometheus 3 takes no answer without it. */
const char *metrics_type(enum metrics_format format);

/* Appends headcount_build_info and every row of the @n tables. Rows of one family may
 * stand anywhere: they come under one HELP and TYPE, where the first of them stands. */
void metrics_write(struct buf *out, enum metrics_format format, const char *program,
                   const struct counters_table *tables, size_t n);

#endif
