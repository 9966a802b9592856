/* command: one text buffer and a list of lengths; pointers are made when they are asked
 * for. */
#include "command.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void command_init(struct command *c, size_t max_bytes)
{
    *c = (struct command){0};
    buf_init(&c->text, max_bytes);
}

void command_fini(struct command *c)
{
    buf_fini(&c->text);
    free(c->len);
    free(c->argv);
}

void command_clear(struct command *c)
{
    buf_clear(&c->text);
    c->n = 0;
}

void command_arg(struct command *c, struct slice s)
{
    if (c->n == c->cap) {
        c->cap = c->cap ? c->cap * 2 : 64;
        c->len = realloc(c->len, c->cap * sizeof *c->len);
        c->argv = realloc(c->argv, c->cap * sizeof *c->argv);
        if (!c->len || !c->argv)
            abort(); /* as buf does */
    }
    buf_slice(&c->text, s);
    c->len[c->n++] = s.n;
}

void command_u64(struct command *c, uint64_t v)
{
    char text[24];

    command_arg(c, (struct slice){text, (size_t)sprintf(text, "%" PRIu64, v)});
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

/* Replaces argument @i by one of the same length. */
static void patch(struct command *c, size_t i, const char *text)
{
    size_t at = 0;

    assert(i < c->n && strlen(text) == c->len[i] && !c->text.full);
    for (size_t k = 0; k < i; k++)
        at += c->len[k];
    memcpy(c->text.p + at, text, c->len[i]);
}

size_t command_op(struct command *c, const char *name, struct slice key)
{
    size_t op = c->n;

    command_arg(c, SLICE("0000")); /* known at its end */
    command_arg(c, slice_of(name));
    command_arg(c, key);
    return op;
}

void command_op_end(struct command *c, size_t op)
{
    char text[8];

    assert(c->n - op - 1 < 10000);
    snprintf(text, sizeof text, "%04zu", c->n - op - 1);
    patch(c, op, text);
}

void command_op_number(struct command *c, const char *name, struct slice key, uint64_t v)
{
    size_t op = command_op(c, name, key);

    command_u64(c, v);
    command_op_end(c, op);
}

struct command_mark command_mark(const struct command *c)
{
    return (struct command_mark){c->n, c->text.n};
}

void command_rewind(struct command *c, struct command_mark mark)
{
    assert(mark.n <= c->n && !c->text.full);
    c->n = mark.n;
    c->text.n = mark.bytes;
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
