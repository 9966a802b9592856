/* hit: what a site id, a path and an event name look like.
 *
 * Text from strangers is made fit to keep, print and compare: one pass over whole
 * characters (utf8.h) that drops controls, puts U+FFFD for what is no UTF-8, and stops
 * before the character that no longer fits. Nothing fails; the worst input is "/". */
#include "hit.h"

#include <strings.h>

#include "limits.h"
#include "utf8.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

static bool is_site_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '.' || c == '_' || c == '-';
}

/* C0, DEL and C1. */
static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

/* Bytes at the front of @s, at most @max, that are a character each and may stay. Nearly
 * all text is. */
static size_t plain_run(struct slice s, size_t max)
{
    size_t n = 0;

    while (n < s.n && n < max && s.p[n] >= ' ' && s.p[n] < 0x7f)
        n++;
    return n;
}

/* The first character of @s as it may stay: itself, U+FFFD, or nothing. Takes it off @s.
 */
static struct slice take_clean(struct slice *s)
{
    struct slice before = *s;
    uint32_t code;

    if (!utf8_next(s, &code))
        return SLICE(REPLACEMENT);
    before.n -= is_control(code) ? before.n : s->n;
    return before;
}

/* Copies what may stay of @raw to @out, which holds @max bytes. Returns how many. */
static size_t copy_clean(struct slice raw, char *out, size_t max)
{
    size_t used = 0;

    while (raw.n > 0) {
        struct slice c = {raw.p, plain_run(raw, max - used)};
        if (c.n > 0)
            raw = slice_skip(raw, c.n);
        else
            c = take_clean(&raw);
        if (c.n > max - used)
            break;
        memcpy(out + used, c.p, c.n);
        used += c.n;
    }
    return used;
}

/* @n bytes of @text without the spaces at both ends. */
static struct slice trim(const char *text, size_t n)
{
    while (n > 0 && text[n - 1] == ' ')
        n--;
    for (; n > 0 && *text == ' '; n--)
        text++;
    return (struct slice){text, n};
}

/* @s from its first byte that is neither a C0 control nor a space, as the URL Standard
 * begins to parse. */
static struct slice skip_blank(struct slice s)
{
    while (s.n > 0 && (uint8_t)*s.p <= ' ')
        s = slice_skip(s, 1);
    return s;
}

/* Bytes of @s before its query or fragment. */
static size_t before_query(struct slice s)
{
    size_t n = 0;

    while (n < s.n && s.p[n] != '?' && s.p[n] != '#')
        n++;
    return n;
}

/* @s without "http://host" or "https://host", in any case, if it begins so. */
static struct slice skip_origin(struct slice s)
{
    if (s.n >= 7 && strncasecmp(s.p, "http://", 7) == 0)
        s = slice_skip(s, 7);
    else if (s.n >= 8 && strncasecmp(s.p, "https://", 8) == 0)
        s = slice_skip(s, 8);
    else
        return s;
    while (s.n > 0 && *s.p != '/')
        s = slice_skip(s, 1);
    return s;
}

/* "." and ".." in an address are taken out by whoever normalizes it, browsers among them,
 * so that nobody could ask for such a site. */
static bool is_dots(struct slice site)
{
    return slice_eq(site, SLICE(".")) || slice_eq(site, SLICE(".."));
}

bool site_valid(struct slice site)
{
    if (site.n == 0 || site.n > SITE_MAX || is_dots(site))
        return false;
    for (size_t i = 0; i < site.n; i++)
        if (!is_site_byte(site.p[i]))
            return false;
    return true;
}

struct slice path_normalize(struct slice raw, char *out)
{
    struct slice path = skip_blank(raw);

    path.n = before_query(path);
    path = skip_origin(path);
    if (path.n > 0 && *path.p == '/')
        path = slice_skip(path, 1);
    out[0] = '/';
    return trim(out, 1 + copy_clean(path, out + 1, PATH_MAX_BYTES - 1));
}

struct slice name_normalize(struct slice raw, char *out)
{
    return trim(out, copy_clean(raw, out, EVENT_NAME_MAX));
}

struct slice campaign_normalize(struct slice raw, char *out)
{
    return trim(out, copy_clean(raw, out, CAMPAIGN_MAX));
}

struct slice text_normalize(struct slice raw, char *out)
{
    return trim(out, copy_clean(raw, out, PATH_MAX_BYTES));
}

/* Names, and IPv6 addresses in brackets. The bytes of an IDN are letters of A-label form
 * by the time a browser tells them. */
static bool is_host(struct slice s)
{
    bool bracketed = s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']';

    for (size_t i = bracketed; i < s.n - bracketed; i++)
        if (!is_site_byte(s.p[i]) && !(bracketed && s.p[i] == ':'))
            return false;
    return true;
}

/* The host of @s, which is an address or begins with the host. */
static struct slice host_part(struct slice s)
{
    size_t n = 0;

    if (s.n >= 7 && strncasecmp(s.p, "http://", 7) == 0)
        s = slice_skip(s, 7);
    else if (s.n >= 8 && strncasecmp(s.p, "https://", 8) == 0)
        s = slice_skip(s, 8);
    while (n < s.n && s.p[n] != '/' && s.p[n] != '?' && s.p[n] != '#')
        n++;
    s.n = n;
    return s;
}

static struct slice without_port(struct slice host)
{
    const char *bracket = host.n ? memrchr(host.p, ']', host.n) : NULL;
    const char *colon = host.n ? memrchr(host.p, ':', host.n) : NULL;

    if (colon && (bracket ? colon > bracket : true))
        host.n = (size_t)(colon - host.p);
    return host;
}

struct slice host_normalize(struct slice raw, char *out)
{
    struct slice host = without_port(host_part(skip_blank(raw)));

    if (host.n > 4 && strncasecmp(host.p, "www.", 4) == 0)
        host = slice_skip(host, 4);
    if (host.n > REFERRER_MAX || !is_host(host))
        return (struct slice){0};
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];

        out[i] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
    }
    return (struct slice){out, host.n};
}

const char *hit_kind_name(unsigned kind)
{
    static const char *const names[HIT_KINDS] = {
        "pageview", "heartbeat", "leave", "event", "message", "reset", "join", "query"};

    return kind < HIT_KINDS ? names[kind] : "?";
}

const char *hit_state_name(unsigned state)
{
    static const char *const names[HIT_STATES] = {"none", "idle", "reading", "writing",
                                                  "background"};

    return state < HIT_STATES ? names[state] : "?";
}

const char *hit_device_name(unsigned device)
{
    static const char *const names[HIT_DEVICES] = {"unknown", "desktop", "mobile",
                                                   "tablet", "other"};

    return device < HIT_DEVICES ? names[device] : "?";
}

const char *hit_browser_name(unsigned browser)
{
    static const char *const names[HIT_BROWSERS] = {
        "unknown", "Chrome", "Safari",           "Firefox",
        "Edge",    "Opera",  "Samsung Internet", "other"};

    return browser < HIT_BROWSERS ? names[browser] : "?";
}
