/* Everything that is not surely an origin is none: a user before the host, an empty
 * label, a backslash, a letter beyond ASCII. So no text can look like one origin to us
 * and like another to a browser. */
#include "origin.h"

#include <string.h>

#define PORT_MAX 65535

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

/* Lower case into @out. */
static void lower(struct slice text, char *out)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        out[i] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
    }
}

/* RFC 3986, 3.1 */
static bool is_scheme(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_letter(s.p[i]) && (i == 0 || (!is_digit(s.p[i]) && s.p[i] != '+' &&
                                              s.p[i] != '-' && s.p[i] != '.')))
            return false;
    return s.n > 0;
}

/* Labels with a dot between them, none of them empty; no dot at the end, which browsers
 * take for another host. */
static bool is_name(struct slice s)
{
    size_t label = 0;

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '.' && label == 0)
            return false;
        if (s.p[i] != '.' && !is_letter(s.p[i]) && !is_digit(s.p[i]) && s.p[i] != '-' &&
            s.p[i] != '_')
            return false;
        label = s.p[i] == '.' ? 0 : label + 1;
    }
    return label > 0;
}

/* "[2001:db8::1]"; which addresses there are is the browser's business. */
static bool is_bracketed(struct slice s)
{
    for (size_t i = 1; i + 1 < s.n; i++)
        if (!is_digit(s.p[i]) && !(s.p[i] >= 'a' && s.p[i] <= 'f') && s.p[i] != ':' &&
            s.p[i] != '.')
            return false;
    return s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']';
}

static uint16_t port_of_scheme(struct slice scheme)
{
    if (slice_eq(scheme, SLICE("https")))
        return 443;
    return slice_eq(scheme, SLICE("http")) ? 80 : 0;
}

/* ":8443" into @port; false: it is no port. */
static bool read_port(struct slice text, uint16_t *port)
{
    unsigned value = 0;

    if (text.n < 2 || text.n > 6 || *text.p != ':' || text.p[1] == '0')
        return false;
    for (size_t i = 1; i < text.n; i++) {
        if (!is_digit(text.p[i]))
            return false;
        value = value * 10 + (unsigned)(text.p[i] - '0');
    }
    *port = (uint16_t)value;
    return value <= PORT_MAX;
}

/* Cuts ":PORT" off @authority; what is inside of brackets is no port. */
static bool take_port(struct slice *authority, uint16_t *port)
{
    const char *end = authority->n ? memrchr(authority->p, ']', authority->n) : NULL;
    struct slice rest = slice_skip(*authority, end ? (size_t)(end - authority->p) : 0);
    const char *colon = rest.n ? memchr(rest.p, ':', rest.n) : NULL;
    struct slice tail;

    *port = 0;
    if (colon == NULL)
        return true;
    tail = (struct slice){colon, (size_t)(rest.p + rest.n - colon)};
    authority->n -= tail.n;
    return read_port(tail, port);
}

/* Where "://" begins, or NULL. */
static const char *separator_of(struct slice s)
{
    return s.n ? memmem(s.p, s.n, "://", 3) : NULL;
}

bool origin_read(struct origin *o, struct slice text, char out[ORIGIN_MAX], size_t *n)
{
    struct slice own = {out, text.n}, authority;
    const char *separator;

    if (text.n > ORIGIN_MAX)
        return false;
    lower(text, out);
    if ((separator = separator_of(own)) == NULL)
        return false;
    *o = (struct origin){.scheme = {out, (size_t)(separator - out)}};
    authority = slice_skip(own, o->scheme.n + 3);
    if (!is_scheme(o->scheme) || !take_port(&authority, &o->port))
        return false;
    if (o->port == port_of_scheme(o->scheme))
        o->port = 0;
    *n = o->port ? own.n : o->scheme.n + 3 + authority.n;
    o->is_wild = slice_starts(authority, SLICE("*."));
    o->host = slice_skip(authority, o->is_wild ? 2 : 0);
    return is_name(o->host) || (!o->is_wild && is_bracketed(o->host));
}

struct slice origin_of_url(struct slice url)
{
    const char *separator = separator_of(url);
    size_t n = separator ? (size_t)(separator - url.p) + 3 : url.n;

    while (n < url.n && !memchr("/?#", url.p[n], 3))
        n++;
    return (struct slice){url.p, n};
}

/* Whether @host is a name below @domain. */
static bool is_below(struct slice host, struct slice domain)
{
    size_t label = host.n > domain.n ? host.n - domain.n : 0;

    return label > 1 && host.p[label - 1] == '.' &&
           slice_eq(slice_skip(host, label), domain);
}

bool origin_matches(const struct origin *pattern, const struct origin *o)
{
    if (o->is_wild || pattern->port != o->port || !slice_eq(pattern->scheme, o->scheme))
        return false;
    return pattern->is_wild ? is_below(o->host, pattern->host)
                            : slice_eq(pattern->host, o->host);
}
