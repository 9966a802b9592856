/* A token's text leaves this program once, on standard output; Redis gets its hash. The
 * text has 256 random bits, so a hash without salt or stretching cannot be turned back.
 *
 * Values are written only after everything in them has been checked, which the callers
 * do where they can name the argument. What is read back is checked again: others may
 * write to Redis. */
#include "setting.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include "../proto/hit.h"

static bool is_name(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-",
                    s.p[i]) ||
            s.p[i] == '\0')
            return false;
    return s.n >= 1 && s.n <= SETTING_NAME_MAX;
}

static bool is_scope(struct slice s)
{
    return slice_eq(s, SLICE("read")) || slice_eq(s, SLICE("send")) ||
           slice_eq(s, SLICE("admin"));
}

static bool is_path(struct slice s)
{
    char out[PATH_MAX_BYTES];

    return s.n > 0 && s.n <= PATH_MAX_BYTES && slice_eq(path_normalize(s, out), s);
}

static bool is_event(struct slice s)
{
    char out[EVENT_NAME_MAX];

    return s.n > 0 && s.n <= EVENT_NAME_MAX && slice_eq(name_normalize(s, out), s);
}

static bool is_hash(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!memchr("0123456789abcdef", s.p[i], 16))
            return false;
    return s.n == TOKEN_HASH_HEX;
}

bool setting_name_valid(const char *name)
{
    return is_name(slice_of(name));
}

bool setting_scope_valid(const char *scope)
{
    return is_scope(slice_of(scope));
}

bool setting_path_valid(const char *pattern)
{
    return is_path(slice_of(pattern));
}

bool setting_event_valid(const char *event)
{
    return is_event(slice_of(event));
}

void token_text(const uint8_t random[TOKEN_RANDOM], char text[TOKEN_TEXT_MAX])
{
    memcpy(text, "hc_", 3);
    sodium_bin2base64(text + 3, TOKEN_TEXT_MAX - 3, random, TOKEN_RANDOM,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void setting_token(struct setting *s, const char *name, const char *scope,
                   const char *text)
{
    uint8_t hash[TOKEN_HASH_HEX / 2];
    char hex[TOKEN_HASH_HEX + 1];

    assert(setting_name_valid(name) && setting_scope_valid(scope));
    crypto_generichash(hash, sizeof hash, (const uint8_t *)text, strlen(text), NULL, 0);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    snprintf(s->field, sizeof s->field, SETTING_TOKEN "%s", name);
    snprintf(s->value, sizeof s->value, "%s %s", scope, hex);
}

void setting_goal(struct setting *s, const char *name, const char *kind, const char *what)
{
    assert(setting_name_valid(name));
    assert(strcmp(kind, "path") == 0 ? setting_path_valid(what)
                                     : setting_event_valid(what));
    snprintf(s->field, sizeof s->field, SETTING_GOAL "%s", name);
    snprintf(s->value, sizeof s->value, "%s %s", kind, what);
}

void setting_alert(struct setting *s, const char *name, const struct alert_rule *rule)
{
    assert(setting_name_valid(name));
    snprintf(s->field, sizeof s->field, SETTING_ALERT "%s", name);
    alert_rule_text(rule, s->value);
}

bool setting_origin(struct setting *s, const char *text)
{
    char own[ORIGIN_MAX];
    struct origin o;
    size_t n;

    if (!origin_read(&o, slice_of(text), own, &n))
        return false;
    snprintf(s->field, sizeof s->field, SETTING_ORIGIN "%.*s", (int)n, own);
    snprintf(s->value, sizeof s->value, "1");
    return true;
}

void setting_origin_explain(const char *text, char *err, size_t err_n)
{
    snprintf(err, err_n,
             "\"%s\" is no origin: give it like https://shop.example, or "
             "https://*.shop.example for all names below, without a path; names in "
             "ASCII (xn--...)",
             text);
}

bool setting_origin_read(struct slice field, struct slice *origin)
{
    char own[ORIGIN_MAX];
    struct origin o;
    size_t n;

    if (!slice_starts(field, SLICE(SETTING_ORIGIN)))
        return false;
    *origin = slice_skip(field, sizeof SETTING_ORIGIN - 1);
    return origin_read(&o, *origin, own, &n);
}

/* "KIND WHAT" */
static bool split(struct slice value, struct slice *kind, struct slice *what)
{
    const char *blank = value.n ? memchr(value.p, ' ', value.n) : NULL;

    if (blank == NULL)
        return false;
    *kind = (struct slice){value.p, (size_t)(blank - value.p)};
    *what = slice_skip(value, kind->n + 1);
    return true;
}

bool setting_read(struct setting_read *r, const char *prefix, struct slice field,
                  struct slice value)
{
    if (!slice_starts(field, slice_of(prefix)))
        return false;
    r->name = slice_skip(field, strlen(prefix));
    if (!is_name(r->name) || !split(value, &r->kind, &r->what))
        return false;
    if (strcmp(prefix, SETTING_TOKEN) == 0)
        return is_scope(r->kind) && is_hash(r->what);
    return (slice_eq(r->kind, SLICE("path")) && is_path(r->what)) ||
           (slice_eq(r->kind, SLICE("event")) && is_event(r->what));
}
