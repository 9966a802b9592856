/* Only what needs no escaping in an address may be in a name, so paths can be compared as
 * sent, and put into scripts and header lines as they are. */
#include "naming.h"

#include <stdio.h>

#define PIXEL SLICE("hc.gif")
#define EVENTS SLICE("e")
#define SCRIPT SLICE("hc.js")
#define SUFFIX ".js"
#define WIDGET SLICE("widget")

/* Names that are not given away: what else stands right behind the base path (route.c,
 * assets.c), at the root, too. */
static const char *const taken[] = {"demo",  "demo.js", "demo.css",   "icon.svg",
                                    "livez", "readyz",  "robots.txt", "sites"};

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("._~-", c));
}

/* One segment of a path that no client takes for a step up or down. */
static bool is_name(struct slice s)
{
    if (s.n == 0 || s.n > NAMING_NAME_MAX || slice_eq(s, SLICE(".")) ||
        slice_eq(s, SLICE("..")))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!is_plain(s.p[i]))
            return false;
    return true;
}

static bool is_base(struct slice base)
{
    if (base.n > NAMING_BASE_MAX)
        return false;
    while (base.n > 0) {
        const char *slash;
        struct slice name;

        if (*base.p != '/')
            return false;
        base = slice_skip(base, 1);
        slash = memchr(base.p, '/', base.n);
        name = (struct slice){base.p, slash ? (size_t)(slash - base.p) : base.n};
        if (!is_name(name))
            return false;
        base = slice_skip(base, name.n);
    }
    return true;
}

static bool is_script(struct slice name)
{
    const size_t suffix = sizeof SUFFIX - 1;

    return name.n > suffix &&
           slice_eq(slice_skip(name, name.n - suffix), SLICE(SUFFIX)) && is_name(name);
}

/* NAME.js, NAME.src.js and NAME.HASH.js are all @stem's. */
static bool is_script_of(struct slice stem, struct slice name)
{
    return slice_starts(name, stem) &&
           slice_starts(slice_skip(name, stem.n), SLICE(".")) && is_script(name);
}

static bool is_taken(struct slice name)
{
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        if (slice_eq(name, slice_of(taken[i])))
            return true;
    return is_script_of(WIDGET, name);
}

static struct slice or_default(const char *text, struct slice otherwise)
{
    return text && *text ? slice_of(text) : otherwise;
}

static int refuse(const char *option, struct slice value, const char *want, char *err,
                  size_t err_n)
{
    snprintf(err, err_n, "--%s %.*s: %s", option, (int)value.n, value.p, want);
    return -1;
}

struct slice naming_stem(const struct naming *n)
{
    return (struct slice){n->script.p, n->script.n - (sizeof SUFFIX - 1)};
}

/* Whatever is found first would be answered, and the other one never. */
static int check_collisions(const struct naming *n, char *err, size_t err_n)
{
    static const char why[] = "something else has that name already, give another";
    struct slice stem = naming_stem(n);

    if (is_taken(n->script))
        return refuse("script-name", n->script, why, err, err_n);
    if (is_taken(n->pixel) || is_script_of(stem, n->pixel))
        return refuse("pixel-name", n->pixel, why, err, err_n);
    if (is_taken(n->events) || is_script_of(stem, n->events) ||
        slice_eq(n->events, n->pixel))
        return refuse("event-name", n->events, why, err, err_n);
    return 0;
}

int naming_init(struct naming *n, const char *base, const char *pixel, const char *events,
                const char *script, char *err, size_t err_n)
{
    static const char name_of[] = "give one name of letters, digits and . _ ~ -";

    n->base = slice_of(base);
    n->pixel = or_default(pixel, PIXEL);
    n->events = or_default(events, EVENTS);
    n->script = or_default(script, SCRIPT);
    if (n->base.n > 0 && n->base.p[n->base.n - 1] == '/')
        n->base.n--;
    if (!is_base(n->base))
        return refuse("base-path", n->base, "give a path like /stats", err, err_n);
    if (!is_name(n->pixel))
        return refuse("pixel-name", n->pixel, name_of, err, err_n);
    if (!is_name(n->events))
        return refuse("event-name", n->events, name_of, err, err_n);
    if (!is_script(n->script))
        return refuse("script-name", n->script, "give a name like hc.js", err, err_n);
    return check_collisions(n, err, err_n);
}
