/* command: how many arguments there are is known in the end, so there is room for that in
 * front of them; it is filled from behind. */
#include "command.h"

#include <assert.h>
#include <stdlib.h>
#include "../proto/resp.h"

#define OP_SHAPE 3                     /* bytes of an operation in the shape */
#define AROUND_MAX (RESP_HEAD_MAX + 2) /* what is around an argument */
#define AROUND 8                       /* the same of most: seldom is one empty */

void command_init(struct command *c, size_t max_bytes)
{
    *c = (struct command){.max_bytes = max_bytes};
    buf_init(&c->text, RESP_HEAD_MAX + AROUND_MAX + AROUND * max_bytes);
    buf_init(&c->shape, max_bytes);
    command_clear(c);
}

void command_fini(struct command *c)
{
    buf_fini(&c->text);
    buf_fini(&c->shape);
    free(c->at);
    free(c->len);
    free(c->argv);
}

void command_clear(struct command *c)
{
    buf_clear(&c->text);
    buf_room(&c->text, RESP_HEAD_MAX);
    buf_clear(&c->shape);
    c->n = c->bytes = 0;
}

void command_grow(struct command *c)
{
    c->cap = c->cap ? c->cap * 2 : 64;
    c->at = realloc(c->at, c->cap * sizeof *c->at);
    c->len = realloc(c->len, c->cap * sizeof *c->len);
    c->argv = realloc(c->argv, c->cap * sizeof *c->argv);
    if (!c->at || !c->len || !c->argv)
        abort(); /* as buf does */
}

/* As command_room. Room is asked for with the longest length, and what that does not take
 * given back. */
static inline char *add(struct command *c, size_t n)
{
    char *p = buf_room(&c->text, n + AROUND_MAX);

    assert(p);
    if (c->n == c->cap)
        command_grow(c);
    p = resp_head(p, '$', n);
    memcpy(p + n, "\r\n", 2);
    c->text.n = (size_t)(p - c->text.p) + n + 2;
    c->at[c->n] = (size_t)(p - c->text.p);
    c->len[c->n++] = n;
    c->bytes += n;
    return p;
}

char *command_room(struct command *c, size_t n)
{
    return add(c, n);
}

void command_arg(struct command *c, struct slice s)
{
    char *p = add(c, s.n);

    if (s.n > 0)
        memcpy(p, s.p, s.n);
}

void command_joined(struct command *c, struct slice a, struct slice b)
{
    char *p = add(c, a.n + b.n);

    if (a.n > 0)
        memcpy(p, a.p, a.n);
    if (b.n > 0)
        memcpy(p + a.n, b.p, b.n);
}

void command_u64(struct command *c, uint64_t v)
{
    size_t n;

    if (v < 10) {
        *add(c, 1) = (char)('0' + v);
        return;
    }
    n = decimal_length(v);
    decimal_put(add(c, n), v, n);
}

size_t command_op(struct command *c, enum op op, struct slice key)
{
    size_t begun = c->n;

    buf_add(&c->shape, (char[]){(char)op, 0, 0}, OP_SHAPE);
    command_arg(c, key);
    return begun;
}

void command_op_end(struct command *c, size_t begun)
{
    size_t n = c->n - begun;
    char *shape = c->shape.p + c->shape.n - OP_SHAPE;

    assert(n <= UINT16_MAX && !c->shape.full);
    shape[1] = (char)(n >> 8);
    shape[2] = (char)n;
}

void command_op_number(struct command *c, enum op op, struct slice key, uint64_t v)
{
    size_t begun = command_op(c, op, key);

    command_u64(c, v);
    command_op_end(c, begun);
}

void command_shape(struct command *c)
{
    assert(!c->shape.full);
    command_arg(c, buf_get(&c->shape));
}

struct command_mark command_mark(const struct command *c)
{
    return (struct command_mark){c->n, c->text.n, c->bytes, c->shape.n};
}

void command_rewind(struct command *c, struct command_mark mark)
{
    assert(mark.n <= c->n);
    c->n = mark.n;
    c->text.n = mark.text;
    c->bytes = mark.bytes;
    c->shape.n = mark.shape;
}

struct slice command_resp(struct command *c)
{
    char head[RESP_HEAD_MAX];
    size_t n = (size_t)(resp_head(head, '*', c->n) - head);
    char *p = c->text.p + RESP_HEAD_MAX - n;

    assert(c->bytes <= c->max_bytes);
    memcpy(p, head, n);
    return (struct slice){p, n + c->text.n - RESP_HEAD_MAX};
}

const char **command_argv(struct command *c)
{
    assert(c->bytes <= c->max_bytes);
    for (size_t i = 0; i < c->n; i++)
        c->argv[i] = c->text.p + c->at[i];
    return c->argv;
}
