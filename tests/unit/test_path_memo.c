/* path_memo: whatever is remembered, the hash is that of the path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../aggregator/path_memo.h"
#include "../guard.h"

static const struct key key = {{1, 2, 3}};
static struct path_memo memo;

static void check(const char *bytes, size_t n)
{
    struct slice path = {guard_copy(bytes, n), n};

    assert_int_equal(path_memo_hash(&memo, &key, path), siphash(&key, bytes, n));
}

static void every_length_is_hashed_as_without_it_the_first_time_and_the_next(void **state)
{
    char path[300];

    (void)state;
    path_memo_init(&memo);
    for (int round = 0; round < 3; round++)
        for (size_t n = 1; n <= sizeof path; n++) {
            memset(path, 'a' + round % 2, n);
            path[0] = '/';
            check(path, n);
        }
}

/* Only the first bytes differ, of which the place in the table knows nothing. */
static void paths_that_share_a_place_are_told_apart(void **state)
{
    char path[40];

    (void)state;
    path_memo_init(&memo);
    memset(path, 'x', sizeof path);
    for (int i = 0; i < 2000; i++) {
        path[1] = (char)('a' + i % 26);
        path[2] = (char)('a' + i / 26 % 26);
        check(path, sizeof path);
    }
}

static void a_path_and_its_beginning_are_told_apart(void **state)
{
    (void)state;
    path_memo_init(&memo);
    for (int i = 0; i < 4; i++) {
        check("/aaaaaaaaaaaaaaaaaaaaaaaa", 25);
        check("/aaaaaaaaaaaaaaaaaaaaaaaa", 9);
        check("/a\0a", 4);
        check("/a", 2);
    }
}

static void without_a_memo_there_is_the_hash_too(void **state)
{
    (void)state;
    assert_int_equal(path_memo_hash(NULL, &key, SLICE("/a")), siphash(&key, "/a", 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            every_length_is_hashed_as_without_it_the_first_time_and_the_next),
        cmocka_unit_test(paths_that_share_a_place_are_told_apart),
        cmocka_unit_test(a_path_and_its_beginning_are_told_apart),
        cmocka_unit_test(without_a_memo_there_is_the_hash_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
