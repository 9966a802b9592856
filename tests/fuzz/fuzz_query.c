/* Queries from strangers: pairs lie in the text, in order and without overlap, and what
 * is decoded is what a slow reader of the URL standard makes of it. */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../collector/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool claim)
{
    if (!claim)
        abort();
}

/* Decodes @raw byte by byte. Returns the length. */
static size_t decode_slowly(struct slice raw, char *out)
{
    size_t n = 0;

    while (raw.n > 0) {
        char hex[3] = {0};
        size_t took = 1;

        memcpy(hex, raw.p + (raw.n > 0), raw.n > 2 ? 2 : 0);
        out[n] = *raw.p == '+' ? ' ' : *raw.p;
        if (*raw.p == '%' && isxdigit((uint8_t)hex[0]) && isxdigit((uint8_t)hex[1])) {
            out[n] = (char)strtol(hex, NULL, 16);
            took = 3;
        }
        raw = slice_skip(raw, took);
        n++;
    }
    return n;
}

static void check(struct slice raw)
{
    char *fast = malloc(raw.n + 1), *slow = malloc(raw.n + 1);
    struct slice got;

    must(fast && slow);
    got = query_decode(raw, fast + 1); /* the last byte is the block's last */
    must(slice_eq(got, (struct slice){slow, decode_slowly(raw, slow)}));
    free(fast);
    free(slow);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *at = (const char *)data, *end = at + size;
    struct slice name, value;
    unsigned pairs = 0;
    struct query q;

    query_init(&q, (struct slice){at, size});
    while (query_next(&q, &name, &value)) {
        must(name.p >= at && value.p >= name.p + name.n && value.p + value.n <= end);
        must(value.p == name.p + name.n || value.p == name.p + name.n + 1);
        must(!memchr(name.p, '&', name.n) && !memchr(name.p, '=', name.n));
        must(!memchr(value.p, '&', value.n));
        must(q.coded == (memchr(value.p, '%', value.n) || memchr(value.p, '+', value.n)));
        for (; at < name.p; at++)
            must(*at == '&'); /* nothing was left out */
        must(++pairs <= PARAMS_MAX);
        check(name);
        check(value);
        at = value.p + value.n;
    }
    for (; pairs < PARAMS_MAX && at < end; at++)
        must(*at == '&');
    return 0;
}
