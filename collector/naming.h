/* naming: under which paths the collector answers, for sites that host it behind their
 * own domain. Texts point into the options and live as long as they do. */
#ifndef HC_NAMING_H
#define HC_NAMING_H

#include "../proto/slice.h"

#define NAMING_BASE_MAX 128 /* bytes of --base-path */
#define NAMING_NAME_MAX 64  /* of each name */

struct naming {
    struct slice base;   /* "/stats"; empty: everything is at the root */
    struct slice pixel;  /* "hc.gif" */
    struct slice events; /* "e" */
    struct slice script; /* "hc.js"; always ends in .js */
};

/* As the options have it; NULL or empty is the default. A slash at the end of @base is
 * cut. Names may not be equal, nor that of something else that is answered. Returns 0, or
 * -1 with one sentence that names the option in @err. */
int naming_init(struct naming *n, const char *base, const char *pixel, const char *events,
                const char *script, char *err, size_t err_n);

/* The name without ".js": "hc". */
struct slice naming_stem(const struct naming *n);

#endif
