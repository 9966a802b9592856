/* command: one Redis command, written as it leaves (RESP, an array of bulk strings:
 * https://redis.io/docs/reference/protocol-spec), so that no byte of it is copied on the
 * way but the whole of it once, into what the connection writes. */
#ifndef HC_AGGREGATOR_COMMAND_H
#define HC_AGGREGATOR_COMMAND_H

#include <assert.h>
#include <stdint.h>
#include "../proto/buf.h"

struct command {
    struct buf text;   /* room for how many arguments there are, then all of them */
    struct buf shape;  /* the operations, see command_shape */
    size_t *at, *len;  /* where in the text each argument is */
    const char **argv; /* filled by command_argv */
    size_t n, cap;
    size_t bytes, max_bytes; /* of all arguments, without what is around them */
};

/* More than @max_bytes must never be added; what is asked for in the end asserts it. */
void command_init(struct command *c, size_t max_bytes);
void command_fini(struct command *c);
void command_clear(struct command *c);
void command_arg(struct command *c, struct slice s);
void command_u64(struct command *c, uint64_t v);

/* Makes room for more arguments. */
void command_grow(struct command *c);

/* One argument: @a, and behind it @b. */
void command_joined(struct command *c, struct slice a, struct slice b);

/* One argument of @n bytes that the caller is to write, all of them. */
char *command_room(struct command *c, size_t n);

/* An argument that is a literal of ours, of less than ten bytes. Here, so that it is put
 * together with what is around it when this is compiled. */
static inline void command_word(struct command *c, const char *word)
{
    size_t n = strlen(word);
    char *p;

    assert(n < 10);
    if (c->n == c->cap)
        command_grow(c);
    p = buf_room(&c->text, n + 6);
    assert(p);
    p[0] = '$';
    p[1] = (char)('0' + n);
    memcpy(p + 2, "\r\n", 2);
    memcpy(p + 4, word, n);
    memcpy(p + 4 + n, "\r\n", 2);
    c->at[c->n] = c->text.n - 2 - n;
    c->len[c->n++] = n;
    c->bytes += n;
}

/* Two arguments: a field's name, such a word, and its value. */
static inline void command_field(struct command *c, const char *name, uint64_t v)
{
    command_word(c, name);
    command_u64(c, v);
}

/* What commit.lua does with a key, and by which letter it knows that. */
enum op {
    OP_HSET = 'S',
    OP_HSET_AT = 'A', /* and if all fields are new, EXPIREAT, of the time before them */
    OP_HSET_IN = 'I', /* likewise EXPIRE */
    OP_HDEL = 'F',
    OP_HLEN = 'H',
    OP_TRY = 'T', /* the rest is refused unless it has so many fields */
    OP_LOG = 'L', /* SETRANGE of the offset and the bytes, EXPIREAT of the time before */
    OP_EXPIREAT = 'E',
    OP_EXPIRE = 'X',
    OP_DEL = 'D',
    OP_RENAME = 'R', /* of what is not there: DEL of the other */
    OP_ALERT = 'W',
    OP_ALERTS = 'O',
};

/* One of several operations inside a command, as commit.lua takes them: it and its
 * arguments, the first of which is the key. command_op begins it and returns what
 * command_op_end wants. */
size_t command_op(struct command *c, enum op op, struct slice key);
void command_op_end(struct command *c, size_t begun);
void command_op_number(struct command *c, enum op op, struct slice key, uint64_t v);

/* An argument that says which they are: of each the letter, and of how many arguments it
 * is, two bytes, the higher one first. */
void command_shape(struct command *c);

/* Takes back what was added since; between the two only whole arguments were added. */
struct command_mark {
    size_t n, text, bytes, shape;
};
struct command_mark command_mark(const struct command *c);
void command_rewind(struct command *c, struct command_mark mark);

/* Argument @i as it lies there; valid until the next change of @c. */
static inline struct slice command_get(const struct command *c, size_t i)
{
    return (struct slice){c->text.p + c->at[i], c->len[i]};
}

/* The whole command as it goes over the wire; valid likewise. */
struct slice command_resp(struct command *c);

/* The argument vector, of as many bytes as c->len says; valid likewise. */
const char **command_argv(struct command *c);

#endif
