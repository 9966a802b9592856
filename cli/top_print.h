/* top_print: the list of `headcount top` as lines, for pipes and programs. Pure. */
#ifndef HC_TOP_PRINT_H
#define HC_TOP_PRINT_H

#include "term.h"
#include "top_model.h"

#define TOP_PRINT_MAX (64 * 1024 * 1024) /* bytes: ROSTER_MAX sites as JSON */

/* Appends a table of the sites in their order (top_model_arrange). */
void top_print_table(const struct top_model *m, const struct term *term, struct buf *out);

/* Appends one line with one JSON object:
 *   {"t":ms,"sites":[{"site":"shop","online":{...},"visitors":12,"views":31,
 *     "peak":{...},"total":{...},"minutes":{"from":ms,"visitors":[...],"views":[...]}},
 *     ...]}
 * visitors and views are of 5 minutes; minutes begin with the oldest, @from, and end with
 * the running one. */
void top_print_json(const struct top_model *m, struct buf *out);

#endif
