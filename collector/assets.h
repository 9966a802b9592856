/* assets: the files that are compiled in (collector/web), ready to be sent.
 *
 * To add one: put the file into collector/web, and a row into a table of assets.c: that
 * of WEB_FILES for what stands below /web. Its gzipped twin is made by the build; path,
 * entity tag and answers follow from the row.
 *
 * What stands below /web, the parts of the dashboard and the elements for other pages, is
 * there twice: at /web/FILE, asked for again after minutes, and at /web/HASH/FILE, never.
 * HASH is one for all of them together: they import each other by relative addresses, so
 * whoever began with one of a release gets the others of the same. */
#ifndef HC_ASSETS_H
#define HC_ASSETS_H

#include "../proto/slice.h"
#include "etag.h"
#include "naming.h"

#define ASSETS_MAX 96      /* asserted at start */
#define ASSET_PATH_MAX 256 /* base path and name with room */

struct asset {
    char path[ASSET_PATH_MAX]; /* with the base path: what is asked for; empty: nothing */
    size_t path_n;
    const char *type;         /* Content-Type */
    const char *headers;      /* Cache-Control and the rest, each with its CRLF */
    struct slice plain, gzip; /* gzip is empty when there is no twin */
    struct etag plain_tag, gzip_tag;
    char *owned; /* the bytes, if they were made at start; else NULL */
    char *owned_headers;
    const struct asset
        *copy; /* the one that stays as it is under its own name, or NULL */
};

struct assets {
    struct asset v[ASSETS_MAX];
    size_t n;
    struct asset dashboard; /* the page that dashboard_fill.h fills; has no path */
    char web[sizeof "web/" + ETAG_LEN]; /* "web/HASH", behind base path and slash */
};

/* Names everything as @n has it. Where a file speaks of names that are not the default
 * ones, or a page of "@web@", which becomes web/HASH, a copy is made in which they are
 * replaced; such a copy has no gzipped twin. @a stays where it is. */
void assets_init(struct assets *a, const struct naming *n);
void assets_fini(struct assets *a);

/* One tag for @n files together, of their paths and bytes. */
struct etag assets_tag(const struct asset *v, size_t n);

/* What is at @path, or NULL. */
const struct asset *assets_find(const struct assets *a, struct slice path);

#endif
