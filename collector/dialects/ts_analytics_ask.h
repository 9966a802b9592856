/* ts_analytics_ask: what the answers to a dashboard have in common: how they are asked
 * for, and what every one of them says. */
#ifndef HC_DIALECTS_TS_ANALYTICS_ASK_H
#define HC_DIALECTS_TS_ANALYTICS_ASK_H

#include "../report.h"

#define TS_LIMIT_MAX 100 /* items of a list */

/* Answers what @write makes of the request's site and its ?minutes=, or @minutes if it
 * does not say. */
enum handled ts_ask(struct exchange *x, unsigned minutes, report_writer *write);

/* The ?limit= that a writer is told of by its @how: 1 to TS_LIMIT_MAX, 10 by default. */
unsigned ts_limit(unsigned how);

/* Begins an object with the site, and ends it with what the numbers are of and what they
 * were asked of. */
void ts_begin(struct json *j, struct buf *out, struct slice site);
void ts_finish(struct json *j, const struct summary *s, unsigned how);

/* Members. An empty text is null. */
void ts_write_time(struct json *j, const char *key, ms_t t);
void ts_write_count(struct json *j, const char *key, uint64_t v);
void ts_write_null(struct json *j, const char *key);
void ts_write_text(struct json *j, const char *key, struct slice text);

#endif
