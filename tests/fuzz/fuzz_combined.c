/* Lines of a log from strangers: what is taken apart lies inside the line, and what comes
 * out of it may stand in a request line. */
#include <stdint.h>
#include <stdlib.h>

#include "../../cli/combined.h"
#include "../../cli/replay_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool claim)
{
    if (!claim)
        abort();
}

static void must_lie_in(struct slice part, struct slice whole)
{
    must(part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void check_combined(struct slice line)
{
    struct combined c;
    char *out;

    if (!combined_parse(&c, line))
        return;
    must_lie_in(c.address, line);
    must_lie_in(c.method, line);
    must_lie_in(c.target, line);
    must_lie_in(c.referrer, line);
    must_lie_in(c.agent, line);
    must(c.at >= 0 && c.at % 1000 == 0 && c.status >= 100 && c.status <= 599);
    out = malloc(c.target.n + 1);
    must(out != NULL);
    must(combined_unescape(c.target, out).n <= c.target.n);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct replay_rules rules = {SLICE("shop"), false};
    struct slice line = {(const char *)data, size};
    struct replay_line *l;

    if (size == 0)
        return 0;
    check_combined(line);
    l = malloc(sizeof *l);
    must(l != NULL);
    if (replay_line_read(l, line, &rules) == REPLAY_TAKEN) {
        must(l->n > 0 && l->n <= REPLAY_QUERY_MAX && l->at >= 0);
        for (size_t i = 0; i < l->n; i++)
            must(l->query[i] > ' ' && l->query[i] < 0x7f && l->query[i] != '#');
    }
    free(l);
    return 0;
}
