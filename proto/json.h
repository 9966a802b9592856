/* json: a writer that cannot produce invalid JSON.
 *
 * Commas and quotes are its own business; misuse (a value without a key inside an object,
 * an end too many) asserts. Text may be any bytes: bad UTF-8 and U+0000 become U+FFFD,
 * control characters, quotes and backslashes are escaped, and so are < > & U+2028 U+2029,
 * so that the result may stand inside a <script>, and the marks that reorder text, so
 * that it may be shown on a terminal (utf8_is_unsafe).
 *
 * No name here is one of jansson's, which some programs link as well: a json_object of
 * ours would be called by jansson itself. */
#ifndef HC_JSON_H
#define HC_JSON_H

#include <assert.h>
#include <stdint.h>
#include "buf.h"
#include "decimal.h"

#define JSON_DEPTH_MAX 16 /* levels, the document itself being one */

/* The largest whole number that every reader takes exactly (RFC 8259, section 6). */
#define JSON_INTEGER_MAX ((UINT64_C(1) << 53) - 1)

struct json {
    struct buf *out;
    unsigned depth;
    bool is_object[JSON_DEPTH_MAX];
    bool has_member[JSON_DEPTH_MAX];
    bool key_given;
};

/* Writes into @out, which stays the caller's. */
void json_init(struct json *j, struct buf *out);

void json_begin_object(struct json *j);
void json_begin_array(struct json *j);
void json_end(struct json *j); /* of the innermost object or array */

void json_key_n(struct json *j, const char *key, size_t n);

/* A literal of ours: not escaped. Here, so that its length is known to the compiler. */
static inline void json_key(struct json *j, const char *key)
{
    json_key_n(j, key, strlen(key));
}

void json_key_slice(struct json *j, struct slice key);

void json_u64(struct json *j, uint64_t v); /* at most JSON_INTEGER_MAX, asserted */
void json_i64(struct json *j, int64_t v);

/* Room for a member of an object, @n bytes behind its comma. NULL: it does not fit. */
char *json_member(struct json *j, size_t n);

/* A literal key and a number, at most JSON_INTEGER_MAX, in one step. */
static inline void json_number(struct json *j, const char *key, uint64_t v)
{
    size_t n = strlen(key), digits = decimal_length(v);
    char *p = json_member(j, n + 3 + digits);

    assert(v <= JSON_INTEGER_MAX);
    if (!p)
        return;
    p[0] = '"';
    memcpy(p + 1, key, n);
    p[n + 1] = '"';
    p[n + 2] = ':';
    decimal_put(p + n + 3, v, digits);
}

/* A literal key and a word of ours, which is written as it is, in one step. */
static inline void json_word(struct json *j, const char *key, struct slice word)
{
    size_t n = strlen(key);
    char *p = json_member(j, n + 5 + word.n);

    if (!p)
        return;
    p[0] = '"';
    memcpy(p + 1, key, n);
    memcpy(p + n + 1, "\":\"", 3);
    memcpy(p + n + 4, word.p, word.n);
    p[n + 4 + word.n] = '"';
}

/* A literal key and a whole number of either sign. */
static inline void json_signed(struct json *j, const char *key, int64_t v)
{
    if (v >= 0) {
        json_number(j, key, (uint64_t)v);
        return;
    }
    json_key(j, key);
    json_i64(j, v);
}

void json_str(struct json *j, const char *s);
void json_slice(struct json *j, struct slice s);
void json_fixed(struct json *j, double v, int digits); /* NaN: null; never 1e+15 */
void json_bool(struct json *j, bool v);
void json_none(struct json *j); /* null */

/* One value that is JSON already, from this writer. */
void json_raw(struct json *j, struct slice value);

/* ---- reading what this writer wrote, and nothing else: no blanks, no other escapes. */

/* Each takes something off the front of @s, or returns false and leaves no promise about
 * @s. What passed may go through json_raw. */
bool json_take_text(struct slice *s);             /* a string, with its quotes */
bool json_take_u64(struct slice *s, uint64_t *v); /* up to JSON_INTEGER_MAX */
bool json_take_value(struct slice *s); /* anything, as deep as this writer goes; numbers
                                          of up to 16 digits and 15 behind the point */

/* Takes these very bytes; if they are not there @s stays as it was. */
bool json_take(struct slice *s, struct slice literal);

#endif
