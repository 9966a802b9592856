/* combined: one line of an access log in combined format, as nginx and Apache write it.
 *
 *   203.0.113.7 - - [22/Nov/2026:10:11:12 +0100] "GET /cart HTTP/1.1" 200 1234
 *       "https://example.com/" "Mozilla/5.0 (...)"         (one line, of course)
 *
 * Referrer and User-Agent may be missing (the common format) and anything may follow
 * them. Quoted texts may hold \" \\ and \xNN, as both servers escape; the slices here are
 * still escaped. */
#ifndef HC_COMBINED_H
#define HC_COMBINED_H

#include <stdbool.h>
#include "../proto/slice.h"
#include "../proto/units.h"

struct combined {
    struct slice address; /* or host name; not looked into */
    ms_t at;              /* whole seconds */
    struct slice method,
        target;      /* both empty when the request is not "METHOD TARGET..." */
    unsigned status; /* 100..599 */
    struct slice referrer, agent; /* empty when missing or "-" */
};

/* Takes @line (without its line end) apart. The slices point into it. Returns false when
 * it is not of this format; then @c is undefined. */
bool combined_parse(struct combined *c, struct slice line);

/* Writes @text without its escapes to @out, which holds text.n bytes, and returns that.
 * An escape that neither server writes stays as it is. */
struct slice combined_unescape(struct slice text, char *out);

#endif
