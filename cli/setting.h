/* setting: what an operator decides about a site, as it lies in hc:{S}:c.
 *
 *   badge   "1"                          the badge may be shown
 *   demo    "1"                          its visitors are invented
 *   read    "token"                      who reads it needs a token
 *   privacy "heed"                       who sends DNT or Sec-GPC does not count
 *   t:NAME  "SCOPE HASH"                 a token; its text is kept nowhere
 *   g:NAME  "path PATTERN", "event NAME" a goal
 *   al:NAME                              an alert (proto/alert.h)
 *   o:ORIGIN "1"                         an origin (proto/origin.h) whose pages may send
 *                                        beacons; without any those of all may
 *   v       a number, another one after each change of goals and alerts: so aggregators
 *           hear of it
 *
 * Pure: names and values are checked, put together and taken apart. */
#ifndef HC_SETTING_H
#define HC_SETTING_H

#include <stdint.h>
#include "../proto/alert.h"
#include "../proto/origin.h"
#include "../proto/privacy.h"
#include "../proto/visibility.h"

#define SETTING_BADGE "badge"
#define SETTING_DEMO "demo"
#define SETTING_READ FIELD_READ
#define SETTING_PRIVACY FIELD_PRIVACY
#define SETTING_TOKEN "t:"
#define SETTING_GOAL "g:"
#define SETTING_ALERT FIELD_ALERT
#define SETTING_ORIGIN FIELD_ORIGIN
#define SETTING_VERSION "v"

#define SETTING_FIELD_MAX (2 + ORIGIN_MAX + 1) /* an origin is longer than a name */
#define SETTING_VALUE_MAX (8 + PATH_MAX_BYTES + 1)

/* A field of the hash and its value, NUL-terminated both. */
struct setting {
    char field[SETTING_FIELD_MAX];
    char value[SETTING_VALUE_MAX];
};

/* [A-Za-z0-9._-]{1,SETTING_NAME_MAX} */
bool setting_name_valid(const char *name);

/* "read", "send" or "admin". */
bool setting_scope_valid(const char *scope);

/* Whether @pattern is a page's path as it is counted (hit.h), in which * stands for any
 * text; whether @event is an event's name as it is counted. */
bool setting_path_valid(const char *pattern);
bool setting_event_valid(const char *event);

/* ---- tokens -------------------------------------------------------------- */

#define TOKEN_RANDOM 32
#define TOKEN_TEXT_MAX (3 + 43 + 1) /* "hc_", base64url of the random bytes, NUL */
#define TOKEN_HASH_HEX 64

/* Writes the text that stands for 32 random bytes. */
void token_text(const uint8_t random[TOKEN_RANDOM], char text[TOKEN_TEXT_MAX]);

/* The field that makes @text a token of this name; all parts must be valid. */
void setting_token(struct setting *s, const char *name, const char *scope,
                   const char *text);

/* ---- goals --------------------------------------------------------------- */

/* @kind is "path" or "event"; all parts must be valid. */
void setting_goal(struct setting *s, const char *name, const char *kind,
                  const char *what);

/* ---- alerts -------------------------------------------------------------- */

/* Both must be valid. */
void setting_alert(struct setting *s, const char *name, const struct alert_rule *rule);

/* ---- origins ------------------------------------------------------------- */

/* As browsers write it, so that the same one has one field. False: @text is none. */
bool setting_origin(struct setting *s, const char *text);

/* Writes a sentence that says how to give an origin instead of @text. */
void setting_origin_explain(const char *text, char *err, size_t err_n);

/* Whether @field is that of an origin, which is in @origin then and points into it. */
bool setting_origin_read(struct slice field, struct slice *origin);

/* ---- taken apart --------------------------------------------------------- */

/* One setting with a name, read back. The slices point into field and value. */
struct setting_read {
    struct slice name;
    struct slice kind; /* a token's scope; of a goal "path" or "event" */
    struct slice what; /* of a goal; a token's hash */
};

/* Whether @field begins with @prefix and both it and @value are of that shape. */
bool setting_read(struct setting_read *r, const char *prefix, struct slice field,
                  struct slice value);

#endif
