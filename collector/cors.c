/* A browser takes no "*" when there are credentials, so the origin is sent back; caches
 * are told that the answer depends on it. */
#include "cors.h"

#include <assert.h>
#include <stdio.h>

const char *cors_lines(struct slice origin, const char *more, char *out)
{
    int n;

    if (more == NULL)
        more = "";
    if (origin.n > 0)
        n = snprintf(out, CORS_LINES_MAX,
                     "Access-Control-Allow-Origin: %.*s\r\n"
                     "Access-Control-Allow-Credentials: true\r\nVary: Origin\r\n%s",
                     (int)origin.n, origin.p, more);
    else
        n = snprintf(out, CORS_LINES_MAX, "Access-Control-Allow-Origin: *\r\n%s", more);
    assert(n > 0 && n < CORS_LINES_MAX);
    return out;
}
