/* Config files of any bytes: what is returned lies inside the text and is of the promised
 * shape, lines are counted right, and the pairs written out anew read the same. */
#include <stdint.h>
#include <stdlib.h>

#include "../../proto/buf.h"
#include "../../proto/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool claim)
{
    if (!claim)
        abort();
}

static bool is_inside(struct slice part, const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;

    return part.p >= text && part.p + part.n <= text + size;
}

static bool is_trimmed(struct slice s)
{
    return s.n == 0 || (!strchr(" \t", s.p[0]) && !strchr(" \t", s.p[s.n - 1]));
}

static bool has_only(struct slice s, const char *alphabet)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '\0' || !strchr(alphabet, s.p[i]))
            return false;
    return true;
}

static unsigned line_of(const char *p, const uint8_t *data)
{
    unsigned line = 1;

    for (const char *c = (const char *)data; c < p; c++)
        line += *c == '\n';
    return line;
}

/* Reads all of @data. Appends the good pairs to @out, one a line. */
static unsigned read_all(const uint8_t *data, size_t size, struct buf *out)
{
    struct config c;
    struct slice key, value;
    unsigned bad = 0, last = 0;
    int r;

    config_init(&c, data, size);
    while ((r = config_next(&c, &key, &value)) != 0) {
        must(c.line > last);
        last = c.line;
        if (r < 0) {
            must(c.why != NULL);
            bad++;
            continue;
        }
        must(is_inside(key, data, size) && is_inside(value, data, size));
        must(key.n > 0 && has_only(key, "abcdefghijklmnopqrstuvwxyz0123456789-"));
        must(is_trimmed(value) && !memchr(value.p, '\n', value.n));
        must(c.line == line_of(key.p, data));
        buf_printf(out, "%.*s = %.*s\n", (int)key.n, key.p, (int)value.n, value.p);
    }
    return bad;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf once, twice;

    if (size > 4096) /* line_of takes its time */
        return 0;
    buf_init(&once, 1 << 20);
    buf_init(&twice, 1 << 20);
    read_all(data, size, &once);
    must(read_all((const uint8_t *)once.p, once.n, &twice) == 0);
    must(slice_eq(buf_get(&once), buf_get(&twice)));
    buf_fini(&once);
    buf_fini(&twice);
    return 0;
}
