/* command: one text buffer and a list of lengths; pointers are made when they are asked
 * for. */
#include "command.h"

#include <assert.h>
#include <stdlib.h>
#include "../proto/decimal.h"

#define OP_SHAPE 3 /* bytes of an operation in the shape */

void command_init(struct command *c, size_t max_bytes)
{
    *c = (struct command){0};
    buf_init(&c->text, max_bytes);
    buf_init(&c->shape, max_bytes);
}

void command_fini(struct command *c)
{
    buf_fini(&c->text);
    buf_fini(&c->shape);
    free(c->len);
    free(c->argv);
}

void command_clear(struct command *c)
{
    buf_clear(&c->text);
    buf_clear(&c->shape);
    c->n = 0;
}

static void grow(struct command *c)
{
    c->cap = c->cap ? c->cap * 2 : 64;
    c->len = realloc(c->len, c->cap * sizeof *c->len);
    c->argv = realloc(c->argv, c->cap * sizeof *c->argv);
    if (!c->len || !c->argv)
        abort(); /* as buf does */
}

void command_arg(struct command *c, struct slice s)
{
    if (c->n == c->cap)
        grow(c);
    buf_slice(&c->text, s);
    c->len[c->n++] = s.n;
}

void command_u64(struct command *c, uint64_t v)
{
    size_t n = decimal_length(v);
    char *p = buf_room(&c->text, n);

    if (c->n == c->cap)
        grow(c);
    c->len[c->n++] = n;
    if (p)
        decimal_put(p, v, n);
}

void command_field(struct command *c, const char *name, uint64_t v)
{
    command_arg(c, slice_of(name));
    command_u64(c, v);
}

void command_more(struct command *c, const void *bytes, size_t n)
{
    assert(c->n > 0);
    buf_add(&c->text, bytes, n);
    c->len[c->n - 1] += n;
}

void command_more_u64(struct command *c, uint64_t v)
{
    char text[DECIMAL_MAX];

    command_more(c, text, decimal_write(text, v));
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

void command_shape(struct command *c)
{
    assert(!c->shape.full);
    command_arg(c, buf_get(&c->shape));
}

void command_op_number(struct command *c, enum op op, struct slice key, uint64_t v)
{
    size_t begun = command_op(c, op, key);

    command_u64(c, v);
    command_op_end(c, begun);
}

struct command_mark command_mark(const struct command *c)
{
    return (struct command_mark){c->n, c->text.n, c->shape.n};
}

void command_rewind(struct command *c, struct command_mark mark)
{
    assert(mark.n <= c->n && !c->text.full);
    c->n = mark.n;
    c->text.n = mark.bytes;
    c->shape.n = mark.shape;
}

const char **command_argv(struct command *c)
{
    size_t at = 0;

    assert(!c->text.full);
    for (size_t i = 0; i < c->n; i++) {
        c->argv[i] = c->text.p + at;
        at += c->len[i];
    }
    return c->argv;
}
