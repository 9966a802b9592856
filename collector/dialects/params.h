/* params: what a foreign client says, by name: the parameters of a query or a form, or
 * the members of a JSON object. Pure.
 *
 * Who reads has a table of names and of the slices that they fill; what is not in it is
 * ignored. A slice that has a p already stays, so the first of a repeated name counts;
 * p is NULL for what was not said. Texts that have to be decoded or joined lie in the
 * beacon's own text. */
#ifndef HC_PARAMS_H
#define HC_PARAMS_H

#include <jansson.h>
#include "../beacon.h"

struct param {
    const char *name;
    struct slice *value;
};

struct params {
    char *room; /* what is left of the beacon's text */
    size_t left;
    bool full; /* something did not fit, and was left out */
};

/* Begins with all of @b's text; its fields are forgotten. */
void params_init(struct params *p, struct beacon *b);

/* Reads a query or form of any length: PARAMS_MAX pairs of it. */
void params_query(struct params *p, struct slice query, const struct param *table,
                  size_t n);

/* Reads an object's members: texts; whole numbers as their digits, others without their
 * fraction; true and false as 1 and 0. Others are ignored, and so is all when @object is
 * none. */
void params_object(struct params *p, const json_t *object, const struct param *table,
                   size_t n);

#define PARAMS_COUNT(table) (sizeof(table) / sizeof *(table))

/* A copy of @s, for texts that end before the beacon does. */
struct slice params_copy(struct params *p, struct slice s);

/* @a, @between and @b in a row; the other alone when one is empty. */
struct slice params_join(struct params *p, struct slice a, struct slice between,
                         struct slice b);

/* The address of a page told by its host ("example.org" or "https://example.org") and
 * path: the path alone without a host, and when it is an address already. */
struct slice params_url(struct params *p, struct slice host, struct slice path);

#endif
