/* Whatever comes out of here is written into an HTTP request, so bytes are copied by one
 * function only (put_visible), which lets nothing through but visible ASCII. */
#include "replay_line.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <strings.h>
#include "../proto/hit.h"
#include "../proto/secret.h"
#include "combined.h"

#define MS_DIGITS_MAX 14 /* the year 5138; more would not fit minute_t */

static const char beacon_path[] = "/hc.gif?";

static const char *const asset_extensions[] = {
    "css", "js",   "png",  "jpg",   "jpeg", "gif", "svg", "ico",  "webp", "avif",
    "mp4", "webm", "woff", "woff2", "ttf",  "map", "xml", "json", "txt",
};

static const char *const skip_names[REPLAY_SKIPS] = {
    [REPLAY_TAKEN] = "taken",       [REPLAY_GARBAGE] = "garbage",
    [REPLAY_TOO_LONG] = "too_long", [REPLAY_METHOD] = "method",
    [REPLAY_STATUS] = "status",     [REPLAY_ASSET] = "asset",
    [REPLAY_NO_SITE] = "no_site",
};

/* ---- writing the query --------------------------------------------------- */

/* The n of a query that does not fit is beyond REPLAY_QUERY_MAX; checked at the end. */
static void put_byte(struct replay_line *l, char c)
{
    if (l->n < REPLAY_QUERY_MAX)
        l->query[l->n] = c;
    l->n++;
}

static void put_escaped(struct replay_line *l, char c)
{
    static const char hex[] = "0123456789ABCDEF";

    put_byte(l, '%');
    put_byte(l, hex[(uint8_t)c >> 4]);
    put_byte(l, hex[(uint8_t)c & 15]);
}

static bool is_visible(char c)
{
    return c > ' ' && c < 0x7f && c != '#';
}

/* Text that is encoded already: what must not stand in a request line is escaped. */
static void put_visible(struct replay_line *l, struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (is_visible(s.p[i]))
            put_byte(l, s.p[i]);
        else
            put_escaped(l, s.p[i]);
    }
}

/* Text that is not encoded: all but the unreserved bytes (RFC 3986, 2.3) is escaped, and
 * slashes are left readable. */
static void put_value(struct replay_line *l, struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (isalnum((unsigned char)s.p[i]) || (s.p[i] && strchr("-._~/", s.p[i])))
            put_byte(l, s.p[i]);
        else
            put_escaped(l, s.p[i]);
    }
}

static void put_page(struct replay_line *l, const char *name, struct slice page)
{
    char path[PATH_MAX_BYTES];

    put_visible(l, slice_of(name));
    put_value(l, path_normalize(page, path));
}

static void put_visitor(struct replay_line *l, const char *name)
{
    char hex[17];

    snprintf(hex, sizeof hex, "%016" PRIx64, l->who);
    put_visible(l, slice_of(name));
    put_visible(l, slice_of(hex));
}

/* ---- recorded beacons ---------------------------------------------------- */

/* The value of the pair that starts with @name ("u="); false if there is none. */
static bool find_pair(struct slice query, struct slice name, struct slice *value)
{
    while (query.n > 0) {
        const char *amp = memchr(query.p, '&', query.n);
        struct slice pair = {query.p, amp ? (size_t)(amp - query.p) : query.n};

        if (slice_starts(pair, name)) {
            *value = slice_skip(pair, name.n);
            return true;
        }
        query = slice_skip(query, amp ? pair.n + 1 : pair.n);
    }
    return false;
}

static uint64_t hash(struct slice s)
{
    static const struct key key = {
        {'h', 'e', 'a', 'd', 'c', 'o', 'u', 'n', 't', ' ', 'r', 'e', 'p', 'l', 'a', 'y'}};

    return siphash(&key, s.p, s.n);
}

static bool has_blank(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((uint8_t)s.p[i] <= ' ' || s.p[i] == 0x7f)
            return true;
    return false;
}

/* "1763776800123 i=shop&..."; false when the line does not look so. */
static bool split_recorded(struct slice line, ms_t *at, struct slice *query)
{
    size_t digits = 0;

    *at = 0;
    while (digits < line.n && line.p[digits] >= '0' && line.p[digits] <= '9') {
        if (digits == MS_DIGITS_MAX)
            return false;
        *at = *at * 10 + (line.p[digits++] - '0');
    }
    if (digits == 0 || digits == line.n || line.p[digits] != ' ')
        return false;
    *query = slice_skip(line, digits + 1);
    return query->n > 0 && !has_blank(*query) && memchr(query->p, '=', query->n);
}

static void take_recorded(struct replay_line *out, struct slice query)
{
    struct slice user;

    out->is_second = false;
    out->who = hash(find_pair(query, SLICE("u="), &user) ? user : query);
    put_visible(out, query);
}

/* ---- combined lines ------------------------------------------------------ */

/* address NUL agent: no two different pairs give the same bytes. */
static uint64_t visitor_of(const struct combined *c)
{
    char text[ACCESS_LINE_MAX];
    size_t n = c->address.n;

    memcpy(text, c->address.p, n);
    text[n++] = '\0';
    memcpy(text + n, c->agent.p, c->agent.n);
    return hash((struct slice){text, n + c->agent.n});
}

static enum replay_skip take_beacon(struct replay_line *out, const struct combined *c,
                                    struct slice target)
{
    struct slice query = slice_skip(target, sizeof beacon_path - 1), value;

    if (c->status / 100 != 2 && c->status != 304)
        return REPLAY_STATUS;
    put_visible(out, query);
    if (!find_pair(query, SLICE("u="), &value))
        put_visitor(out, "&u=");
    if (!find_pair(query, SLICE("p="), &value) && c->referrer.n > 0)
        put_page(out, "&p=", c->referrer);
    return REPLAY_TAKEN;
}

/* Whether the last segment of @path ends like one. */
static bool is_asset(struct slice path)
{
    size_t dot = path.n;

    while (dot > 0 && path.p[dot - 1] != '.' && path.p[dot - 1] != '/')
        dot--;
    if (dot == 0 || path.p[dot - 1] != '.')
        return false;
    for (size_t i = 0; i < sizeof asset_extensions / sizeof *asset_extensions; i++) {
        struct slice known = slice_of(asset_extensions[i]);

        if (known.n == path.n - dot && strncasecmp(known.p, path.p + dot, known.n) == 0)
            return true;
    }
    return false;
}

static enum replay_skip take_view(struct replay_line *out, const struct combined *c,
                                  struct slice target, const struct replay_rules *rules)
{
    char path[PATH_MAX_BYTES];

    if (c->status != 200 && c->status != 304)
        return REPLAY_STATUS;
    if (!rules->assets && is_asset(path_normalize(target, path)))
        return REPLAY_ASSET;
    if (rules->site.n == 0)
        return REPLAY_NO_SITE;
    put_visible(out, SLICE("i="));
    put_visible(out, rules->site);
    put_page(out, "&p=", target);
    put_visitor(out, "&u=");
    return REPLAY_TAKEN;
}

static enum replay_skip take_combined(struct replay_line *out, const struct combined *c,
                                      const struct replay_rules *rules)
{
    char unescaped[ACCESS_LINE_MAX];
    struct slice target = combined_unescape(c->target, unescaped);

    if (target.n == 0)
        return REPLAY_GARBAGE;
    if (!slice_eq(c->method, SLICE("GET")))
        return REPLAY_METHOD;
    out->at = c->at;
    out->is_second = true;
    out->who = visitor_of(c);
    if (slice_starts(target, slice_of(beacon_path)))
        return take_beacon(out, c, target);
    return take_view(out, c, target, rules);
}

const char *replay_skip_name(enum replay_skip why)
{
    return skip_names[why];
}

enum replay_skip replay_line_read(struct replay_line *out, struct slice line,
                                  const struct replay_rules *rules)
{
    enum replay_skip why = REPLAY_TAKEN;
    struct combined c;
    struct slice query;

    if (line.n > ACCESS_LINE_MAX)
        return REPLAY_TOO_LONG;
    out->n = 0;
    if (split_recorded(line, &out->at, &query))
        take_recorded(out, query);
    else if (combined_parse(&c, line))
        why = take_combined(out, &c, rules);
    else
        why = REPLAY_GARBAGE;
    return why == REPLAY_TAKEN && out->n > REPLAY_QUERY_MAX ? REPLAY_TOO_LONG : why;
}
