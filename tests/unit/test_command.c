/* command: what it writes is what hiredis writes, whatever is added and taken back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>

#include "../../aggregator/command.h"

#define BYTES_MAX (64 * 1024)

static int setup(void **state)
{
    struct command *c = malloc(sizeof *c);

    command_init(c, BYTES_MAX);
    *state = c;
    return 0;
}

static int teardown(void **state)
{
    command_fini(*state);
    free(*state);
    return 0;
}

/* By redisFormatCommandArgv of the arguments as they are. */
static void expect_resp(struct command *c)
{
    const char **argv = command_argv(c);
    struct slice resp = command_resp(c);
    char *want;
    int n = redisFormatCommandArgv(&want, (int)c->n, argv, c->len);

    assert_int_equal(resp.n, n);
    assert_memory_equal(resp.p, want, resp.n);
    redisFreeCommand(want);
}

static void expect_argument(const struct command *c, size_t i, const char *want)
{
    assert_true(slice_eq(command_get(c, i), slice_of(want)));
}

static void arguments_of_every_length_are_written_as_hiredis_does(void **state)
{
    static const size_t lengths[] = {0,   1,   9,   10,   11,   99,
                                     100, 101, 999, 1000, 9999, 10000};
    char text[10000];
    struct command *c = *state;
    size_t bytes = 0;

    memset(text, '\r', sizeof text);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        command_arg(c, (struct slice){text, lengths[i]});
        bytes += lengths[i];
        assert_int_equal(c->bytes, bytes);
        expect_resp(c);
    }
}

static void so_are_as_many_as_there_are(void **state)
{
    struct command *c = *state;

    for (unsigned i = 1; i <= 1001; i++) {
        command_arg(c, SLICE("x"));
        expect_resp(c);
    }
    command_clear(c);
    command_arg(c, SLICE("GET"));
    assert_true(slice_eq(command_resp(c), SLICE("*1\r\n$3\r\nGET\r\n")));
    assert_int_equal(c->bytes, 3);
}

static void numbers_and_joined_texts_are_arguments_like_others(void **state)
{
    struct command *c = *state;

    command_u64(c, 0);
    command_u64(c, 9);
    command_u64(c, 10);
    command_u64(c, UINT64_MAX);
    command_field(c, "pv", 12);
    command_word(c, "");
    command_word(c, "nine char");
    command_joined(c, SLICE("p:"), SLICE("/a"));
    command_joined(c, SLICE("p:"), (struct slice){NULL, 0});
    memcpy(command_room(c, 4), "room", 4);
    command_room(c, 0);
    expect_resp(c);
    for (size_t i = 0; i < 12; i++)
        expect_argument(c, i,
                        (const char *[]){"0", "9", "10", "18446744073709551615", "pv",
                                         "12", "", "nine char", "p:/a", "p:", "room",
                                         ""}[i]);
    assert_int_equal(c->n, 12);
}

static void what_is_taken_back_was_never_there(void **state)
{
    struct command *c = *state;
    struct command_mark mark;
    size_t op;

    command_arg(c, SLICE("EVALSHA"));
    op = command_op(c, OP_HSET_AT, SLICE("key"));
    command_field(c, "f", 1);
    command_op_end(c, op);
    mark = command_mark(c);
    op = command_op(c, OP_HDEL, SLICE("other"));
    for (unsigned i = 0; i < 1000; i++)
        command_u64(c, i);
    command_op_end(c, op);
    command_rewind(c, mark);
    command_op_number(c, OP_EXPIRE, SLICE("key"), 60);
    command_shape(c);
    assert_int_equal(c->n, 7);
    assert_int_equal(c->bytes, 7 + 5 + 5 + 6);
    expect_argument(c, 4, "key");
    expect_argument(c, 5, "60");
    assert_memory_equal(command_get(c, 6).p, "A\0\3X\0\2", 6);
    expect_resp(c);
}

/* The shape has two bytes for it. */
static void an_operation_may_have_many_arguments(void **state)
{
    struct command *c = *state;
    size_t op = command_op(c, OP_DEL, SLICE("k"));

    for (unsigned i = 1; i < 0x1234; i++)
        command_arg(c, SLICE("k"));
    command_op_end(c, op);
    command_shape(c);
    assert_memory_equal(command_get(c, 0x1234).p, "D\x12\x34", 3);
    expect_resp(c);
}

/* Of one byte each, shorter than which few are. */
static void a_full_one_has_room_for_what_is_around_its_arguments(void **state)
{
    struct command *c = *state;

    for (size_t i = 0; i < BYTES_MAX; i++)
        command_arg(c, SLICE("x"));
    expect_resp(c);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(arguments_of_every_length_are_written_as_hiredis_does),
        T(so_are_as_many_as_there_are),
        T(numbers_and_joined_texts_are_arguments_like_others),
        T(what_is_taken_back_was_never_there),
        T(an_operation_may_have_many_arguments),
        T(a_full_one_has_room_for_what_is_around_its_arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
