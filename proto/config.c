/* One line at a time: cut it off, trim it, skip it if it says nothing, split it at the
 * first equals sign. A value may hold further equals signs and number signs. */
#include "config.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct slice trim(struct slice s)
{
    while (s.n && is_blank(s.p[0]))
        s = slice_skip(s, 1);
    while (s.n && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

/* Takes the next line off the text, without its LF or CR LF. */
static struct slice take_line(struct config *c)
{
    const char *end = memchr(c->rest.p, '\n', c->rest.n);
    struct slice line = {c->rest.p, end ? (size_t)(end - c->rest.p) : c->rest.n};

    c->rest = slice_skip(c->rest, line.n + (end != NULL));
    c->line++;
    if (end && line.n && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

static bool has_control(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (((unsigned char)s.p[i] < ' ' && s.p[i] != '\t') || s.p[i] == 0x7f)
            return true;
    return false;
}

static bool is_key(struct slice s)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

    for (size_t i = 0; i < s.n; i++)
        if (!memchr(alphabet, s.p[i], sizeof alphabet - 1))
            return false;
    return s.n > 0;
}

/* What is wrong with a line that says something, or NULL and it is split. */
static const char *split(struct slice line, struct slice *key, struct slice *value)
{
    const char *equals = memchr(line.p, '=', line.n);

    if (has_control(line))
        return "has a control character";
    if (!equals)
        return "is not of the form key = value";
    *key = trim((struct slice){line.p, (size_t)(equals - line.p)});
    *value = trim(slice_skip(line, (size_t)(equals - line.p) + 1));
    return is_key(*key) ? NULL : "has no key of a-z, 0-9 and - before the =";
}

void config_init(struct config *c, const void *bytes, size_t n)
{
    *c = (struct config){.rest = {bytes, n}};
}

int config_next(struct config *c, struct slice *key, struct slice *value)
{
    while (c->rest.n > 0) {
        struct slice line = trim(take_line(c));

        if (line.n == 0 || line.p[0] == '#')
            continue;
        c->why = split(line, key, value);
        return c->why ? -1 : 1;
    }
    return 0;
}
