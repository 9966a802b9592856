/* assets: the files that are compiled in (collector/web), ready to be sent.
 *
 * To add one: put the file into collector/web, and a row into the table of assets.c. Its
 * gzipped twin is made by the build; path, entity tag and answers follow from the row. */
#ifndef HC_ASSETS_H
#define HC_ASSETS_H

#include "../proto/slice.h"
#include "etag.h"
#include "naming.h"

#define ASSETS_MAX 24      /* asserted at start */
#define ASSET_PATH_MAX 256 /* base path and name with room */

struct asset {
    char path[ASSET_PATH_MAX]; /* with the base path: what is asked for */
    size_t path_n;
    const char *type;         /* Content-Type */
    const char *headers;      /* Cache-Control and the rest, each with its CRLF */
    struct slice plain, gzip; /* gzip is empty when there is no twin */
    struct etag plain_tag, gzip_tag;
    char *owned; /* the bytes, if they were made at start; else NULL */
    const struct asset
        *copy; /* the one that stays as it is under its own name, or NULL */
};

struct assets {
    struct asset v[ASSETS_MAX];
    size_t n;
};

/* Names everything as @n has it. Where a file speaks of names that are not the default
 * ones, a copy is made in which they are replaced; such a copy has no gzipped twin.
 * @a stays where it is. */
void assets_init(struct assets *a, const struct naming *n);
void assets_fini(struct assets *a);

/* What is at @path, or NULL. */
const struct asset *assets_find(const struct assets *a, struct slice path);

#endif
