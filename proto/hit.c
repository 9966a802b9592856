/* hit: what a site id, a path and an event name look like.
 *
 * Text from strangers is made fit to keep, print and compare: one pass over whole
 * characters (utf8.h) that drops controls, puts U+FFFD for what is no UTF-8, and stops
 * before the character that no longer fits. Nothing fails; the worst input is "/". */
#include "hit.h"

#include "limits.h"
#include "scan.h"
#include "utf8.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* Of the bytes that sites and names of hosts have. */
static inline unsigned name_of(scan_block b)
{
    return scan_bits(scan_letters(b) | scan_in(b, '0', '9') | scan_in(b, '-', '.') |
                     (scan_block)(b == '_'));
}

/* How many of them @s begins with. */
static size_t name_run(struct slice s)
{
    size_t n = 0;

    while (n < s.n) {
        unsigned before, run;
        scan_block b = scan_window(s.p, s.p + n, s.p + s.n, &before);

        run = (unsigned)__builtin_ctz(~(name_of(b) >> before));
        n += run;
        if (run < SCAN_BYTES)
            break;
    }
    return n;
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
    size_t n = s.n < max ? s.n : max;

    return n > 0 ? (size_t)(scan_ascii(s.p, s.p + n, ' ') - s.p) : 0;
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
    return s.n > 0 ? (size_t)(scan_to(s.p, s.p + s.n, '?', '#') - s.p) : 0;
}

size_t http_scheme(struct slice s)
{
    size_t n;

    if (s.n < 7 || !SCAN_IS(((struct slice){s.p, 4}), "http"))
        return 0;
    n = 4 + ((s.p[4] | 0x20) == 's');
    return s.n >= n + 3 && memcmp(s.p + n, "://", 3) == 0 ? n + 3 : 0;
}

/* @s without "http://host" or "https://host", in any case, if it begins so. */
static struct slice skip_origin(struct slice s)
{
    size_t n = http_scheme(s);

    if (n == 0)
        return s;
    s = slice_skip(s, n);
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
    return site.n > 0 && site.n <= SITE_MAX && !is_dots(site) && name_run(site) == site.n;
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
    struct slice rest = {s.p + bracketed, s.n - 2 * (size_t)bracketed};

    rest = slice_skip(rest, name_run(rest));
    while (bracketed && rest.n > 0 && *rest.p == ':') {
        rest = slice_skip(rest, 1);
        rest = slice_skip(rest, name_run(rest));
    }
    return rest.n == 0;
}

/* The host that stands at the front of @s. */
static struct slice host_part(struct slice s)
{
    size_t n = 0;

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

/* The host at the front of @s, without a port. Nearly all are names, and end where a name
 * does: @plain, they are hosts for sure. */
static struct slice take_host(struct slice s, bool *plain)
{
    size_t n = name_run(s);

    *plain = n == s.n || s.p[n] == '/' || s.p[n] == '?' || s.p[n] == '#';
    return *plain ? (struct slice){s.p, n} : without_port(host_part(s));
}

/* @host in small letters. */
static void copy_lower(struct slice host, char *out)
{
    for (size_t i = 0; i < host.n; i += SCAN_BYTES) {
        size_t n = host.n - i < SCAN_BYTES ? host.n - i : SCAN_BYTES;
        scan_block b = {0};

        memcpy(&b, host.p + i, n);
        b |= scan_in(b, 'A', 'Z') & 0x20;
        memcpy(out + i, &b, n);
    }
}

static struct slice skip_www(struct slice host)
{
    const char *p = host.p;

    if (host.n > 4 && (p[0] | 0x20) == 'w' && (p[1] | 0x20) == 'w' &&
        (p[2] | 0x20) == 'w' && p[3] == '.')
        return slice_skip(host, 4);
    return host;
}

struct slice host_normalize(struct slice raw, char *out)
{
    struct slice s = skip_blank(raw), host;
    size_t scheme = http_scheme(s);
    bool plain;

    host = skip_www(take_host(scheme > 0 ? slice_skip(s, scheme) : s, &plain));
    if (host.n > REFERRER_MAX || !(plain || is_host(host)))
        return (struct slice){0};
    copy_lower(host, out);
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
