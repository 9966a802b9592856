/* Keys are what the terminal sent for them, however it is cut into pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <string.h>
#include "../../cli/keystroke.h"
#include "../guard.h"

/* All keys of @bytes, which come in pieces of @piece; nothing follows them. */
static size_t keys_of(const char *bytes, size_t piece, int *keys)
{
    size_t n = strlen(bytes), have = 0, at = 0, nkeys = 0;

    while (at < n) {
        size_t taken;

        have = have + piece < n ? have + piece : n;
        while (at < have) {
            const char *part = guard_copy(bytes + at, have - at);
            int key;

            taken = keystroke_take(part, have - at, have == n, &key);
            if (taken == 0)
                break;
            at += taken;
            if (key != KEY_NONE)
                keys[nkeys++] = key;
        }
        assert_true(at == n || have < n);
    }
    return nkeys;
}

static void keys_are_told_apart_in_any_pieces(void **state)
{
    static const struct {
        const char *bytes;
        int keys[4];
    } rows[] = {
        {"q", {'q'}},
        {"jk/", {'j', 'k', '/'}},
        {"\r", {KEY_ENTER}},
        {"\n", {KEY_ENTER}},
        {"\x7f\b\f", {KEY_BACKSPACE, KEY_BACKSPACE, KEY_REDRAW}},
        {"\033", {KEY_ESCAPE}},
        {"\033[A\033[B", {KEY_UP, KEY_DOWN}},
        {"\033OA\033OB", {KEY_UP, KEY_DOWN}},
        {"\033[H\033[F", {KEY_HOME, KEY_END}},
        {"\033[1~\033[4~", {KEY_HOME, KEY_END}},
        {"\033[5~\033[6~", {KEY_PAGE_UP, KEY_PAGE_DOWN}},
        {"\033[1;5Aq", {KEY_UP, 'q'}}, /* with Ctrl */
        {"\033[200~q", {'q'}},         /* a paste begins: nothing */
        {"\033\033[A", {KEY_ESCAPE, KEY_UP}},
        {"\033q", {0}}, /* Alt-q */
        {"\xc3\xa9x", {'x'}},
        {"\x01\x1f", {0}},
        {"\033[", {0}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t piece = 1; piece < 10; piece++) {
            int keys[16] = {0};
            size_t n = keys_of(rows[i].bytes, piece, keys);

            for (size_t k = 0; k < 4; k++)
                if (keys[k] != rows[i].keys[k])
                    fail_msg("row %zu in pieces of %zu: key %zu is %d", i, piece, k,
                             keys[k]);
            assert_true(n <= 4);
        }
}

static void a_sequence_waits_for_its_end(void **state)
{
    int key;

    (void)state;
    assert_int_equal(keystroke_take("\033", 1, false, &key), 0);
    assert_int_equal(keystroke_take("\033[", 2, false, &key), 0);
    assert_int_equal(keystroke_take("\033[1;", 4, false, &key), 0);
    assert_int_equal(keystroke_take("\033[1;", 4, true, &key), 4);
    assert_int_equal(key, KEY_NONE);
    assert_int_equal(keystroke_take("", 0, true, &key), 0);
}

static void a_sequence_without_end_is_given_up(void **state)
{
    char bytes[200];
    int key;

    (void)state;
    memset(bytes, '0', sizeof bytes);
    memcpy(bytes, "\033[", 2);
    assert_in_range(keystroke_take(bytes, sizeof bytes, false, &key), 3, 100);
    assert_int_equal(key, KEY_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_told_apart_in_any_pieces),
        cmocka_unit_test(a_sequence_waits_for_its_end),
        cmocka_unit_test(a_sequence_without_end_is_given_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
