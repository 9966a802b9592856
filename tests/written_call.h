/* written_call: redis_link_write of a link that a test has put in the place of ours: the
 * command is taken apart and called. */
#ifndef HC_TESTS_WRITTEN_CALL_H
#define HC_TESTS_WRITTEN_CALL_H

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/loop/redis_link.h"

/* "*12\r\n", "$12\r\n" */
static size_t written_number(const char **p, char tag)
{
    char *end;
    size_t n;

    assert(**p == tag);
    n = strtoul(*p + 1, &end, 10);
    assert(end > *p + 1 && end[0] == '\r' && end[1] == '\n');
    *p = end + 2;
    return n;
}

int redis_link_write(struct redis_link *link, struct slice resp, redis_reply_fn fn,
                     void *arg)
{
    const char *p = resp.p;
    size_t argc = written_number(&p, '*');
    const char **argv = calloc(argc, sizeof *argv);
    size_t *lens = calloc(argc, sizeof *lens);
    int r;

    assert(argc > 0 && argv && lens);
    for (size_t i = 0; i < argc; i++) {
        lens[i] = written_number(&p, '$');
        argv[i] = p;
        p += lens[i];
        assert(p[0] == '\r' && p[1] == '\n');
        p += 2;
    }
    assert(p == resp.p + resp.n);
    r = redis_link_call(link, (int)argc, argv, lens, fn, arg);
    free(argv);
    free(lens);
    return r;
}

#endif
