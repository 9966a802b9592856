/* json_body: a body that is JSON, whatever its Content-Type says: pages send it as
 * text/plain to avoid a preflight. Read by jansson, strictly. */
#ifndef HC_JSON_BODY_H
#define HC_JSON_BODY_H

#include <jansson.h>
#include "../proto/slice.h"

/* Whether a body is meant to be JSON: behind blanks it begins as an object or an array
 * does, and no form. */
bool json_body_is(struct slice body);

/* The value, the caller's to json_decref; NULL: not JSON, bad UTF-8, U+0000, two members
 * of one name, or anything behind the value. */
json_t *json_body_parse(struct slice body);

/* The same of what a page says by the way: a property of it may have a number beyond all
 * integers, U+0000, half a surrogate pair (a text that was cut), or a member twice, and
 * that is no reason to lose the view. Halves become U+FFFD; of two members the last
 * counts. */
json_t *json_body_parse_loosely(struct slice body);

/* The text of a member, borrowed from @object. Empty when there is none, when it is no
 * text, or when @object is NULL or no object. */
struct slice json_body_text(const json_t *object, const char *name);

/* A member that is an object, or an array. NULL when there is none such. Borrowed. */
const json_t *json_body_object(const json_t *object, const char *name);
const json_t *json_body_array(const json_t *object, const char *name);

#endif
