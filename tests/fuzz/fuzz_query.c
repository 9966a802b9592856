/* Queries from strangers: pairs lie in the text, in order and without overlap, and what
 * is decoded is what a slow reader of the URL standard makes of it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../collector/query.h"
#include "../slow_query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool claim)
{
    if (!claim)
        abort();
}

static void check(struct slice raw)
{
    char *fast = malloc(raw.n + 1), *slow = malloc(raw.n + 1);
    struct slice got;

    must(fast && slow);
    got = query_decode(raw, fast + 1); /* the last byte is the block's last */
    must(slice_eq(got, (struct slice){slow, slow_decode(raw, slow)}));
    free(fast);
    free(slow);
}

/* What has nothing to decode stays where it is. */
static void check_value(const struct query *q, struct slice value)
{
    bool coded = memchr(value.p, '%', value.n) || memchr(value.p, '+', value.n);
    size_t room = (size_t)(q->end - value.p);
    char *fast = malloc(room + 1), *slow = malloc(room + 1);
    struct slice got;

    must(fast && slow && (query_coded(q, value) || !coded));
    got = query_decode_value(q, value, fast + 1);
    must(slice_eq(got, (struct slice){slow, slow_decode(value, slow)}));
    must((got.p == value.p) == !coded);
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
        for (; at < name.p; at++)
            must(*at == '&'); /* nothing was left out */
        must(++pairs <= PARAMS_MAX);
        check(name);
        check(value);
        check_value(&q, value);
        at = value.p + value.n;
    }
    for (; pairs < PARAMS_MAX && at < end; at++)
        must(*at == '&');
    return 0;
}
