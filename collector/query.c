/* query: splits at '&' and '=', decodes '+' and %XX. */
#include "query.h"

void query_init(struct query *q, struct slice text)
{
    *q = (struct query){.rest = text};
}

/* What stands before the first @c; @s becomes what stands behind it. */
static struct slice take_to(struct slice *s, char c)
{
    const char *end = memchr(s->p, c, s->n);
    struct slice taken = {s->p, end ? (size_t)(end - s->p) : s->n};

    *s = slice_skip(*s, taken.n + (end != NULL));
    return taken;
}

bool query_next(struct query *q, struct slice *name, struct slice *value)
{
    while (q->rest.n > 0 && q->pairs < PARAMS_MAX) {
        struct slice pair = take_to(&q->rest, '&');

        if (pair.n == 0)
            continue;
        q->pairs++;
        *name = take_to(&pair, '=');
        *value = pair;
        return true;
    }
    return false;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct slice query_decode(struct slice raw, char *out)
{
    size_t n = 0;

    if (raw.n == 0 || (!memchr(raw.p, '%', raw.n) && !memchr(raw.p, '+', raw.n)))
        return raw;
    for (size_t i = 0; i < raw.n; i++) {
        char c = raw.p[i];

        if (c == '+') {
            c = ' ';
        } else if (c == '%' && i + 2 < raw.n && hex_digit(raw.p[i + 1]) >= 0 &&
                   hex_digit(raw.p[i + 2]) >= 0) {
            c = (char)(hex_digit(raw.p[i + 1]) << 4 | hex_digit(raw.p[i + 2]));
            i += 2;
        }
        out[n++] = c;
    }
    return (struct slice){out, n};
}
