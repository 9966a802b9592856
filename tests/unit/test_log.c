/* log: the shape of a line, one write a line, its bound, and text from outside. Standard
 * error is a socket that keeps writes apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../proto/limits.h"
#include "../../proto/log.h"
#include "../guard.h"

#define STAMP_N 24 /* "2026-11-22T10:11:12.345Z" */

static int ends[2]; /* what is written to ends[1] is read from ends[0] */
static int stderr_before;

static void capture(void)
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    stderr_before = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
}

static void release(void)
{
    dup2(stderr_before, STDERR_FILENO);
    close(stderr_before);
    close(ends[0]);
    close(ends[1]);
}

/* The next write, NUL-terminated; its length, or 0 when there was none. */
static size_t next_write(char *text, size_t n)
{
    ssize_t r = recv(ends[0], text, n - 1, MSG_DONTWAIT);

    text[r > 0 ? r : 0] = '\0';
    return r > 0 ? (size_t)r : 0;
}

static void a_line_has_time_program_and_text(void **state)
{
    char line[4096];
    struct tm utc = {0};
    time_t before, stamped;

    (void)state;
    log_open("collector");
    before = time(NULL);
    capture();
    log_line("event=listening addr=%s:%d", "127.0.0.1", 8080);
    next_write(line, sizeof line);
    release();
    assert_string_equal(line + STAMP_N,
                        " collector event=listening addr=127.0.0.1:8080\n");
    assert_ptr_equal(strptime(line, "%Y-%m-%dT%H:%M:%S", &utc), line + STAMP_N - 5);
    assert_true(line[19] == '.' && line[23] == 'Z');
    stamped = timegm(&utc);
    assert_true(stamped >= before && stamped <= time(NULL));
}

static void a_line_is_one_write(void **state)
{
    char line[4096];

    (void)state;
    capture();
    log_line("event=one");
    log_line("event=two text=%s", "a\nb\r\nc");
    assert_true(next_write(line, sizeof line) > 0);
    assert_non_null(strstr(line, " event=one\n"));
    assert_true(next_write(line, sizeof line) > 0);
    assert_non_null(strstr(line, " event=two text=a b  c\n"));
    assert_int_equal(next_write(line, sizeof line), 0);
    release();
}

static void a_long_line_is_cut_and_still_ends(void **state)
{
    char line[4096], text[2000];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    capture();
    for (size_t n = LOG_LINE_MAX - 80; n < LOG_LINE_MAX + 80; n++) {
        size_t whole = STAMP_N + strlen(" collector ") + n + 1;
        size_t got;

        log_line("%.*s", (int)n, text);
        got = next_write(line, sizeof line);
        assert_int_equal(got, whole < LOG_LINE_MAX ? whole : LOG_LINE_MAX);
        assert_int_equal(line[got - 1], '\n');
        assert_int_equal(line[got - 2], 'x');
    }
    release();
}

static void errno_survives(void **state)
{
    (void)state;
    capture();
    close(STDERR_FILENO);
    errno = ENOENT;
    log_line("event=lost");
    assert_int_equal(errno, ENOENT);
    release();
}

static void assert_safe(const char *text, size_t n, size_t room, const char *want)
{
    char out[64];

    memset(out, '#', sizeof out);
    assert_ptr_equal(log_safe(out, room, guard_copy(text, n), n), out);
    assert_string_equal(out, want);
    assert_int_equal(out[room], '#');
}

static void text_from_outside_is_made_printable(void **state)
{
    (void)state;
    assert_safe("plain text ~!", 13, 60, "plain text ~!");
    assert_safe("", 0, 60, "");
    assert_safe("a\nb\0c\x7f", 6, 60, "a\\x0ab\\x00c\\x7f");
    assert_safe("\"it's\"", 6, 60, "\\x22it\\x27s\\x22");
    assert_safe("\\x41", 4, 60, "\\x5cx41");
    assert_safe("\xc3\xa9\xff", 3, 60, "\\xc3\\xa9\\xff");
}

static void text_from_outside_is_cut_between_escapes(void **state)
{
    (void)state;
    assert_safe("abcdef", 6, 4, "abc");
    assert_safe("abcdef", 6, 1, "");
    assert_safe("\n\n", 2, 9, "\\x0a\\x0a");
    assert_safe("\n\n", 2, 8, "\\x0a");
    assert_safe("\nz", 2, 4, ""); /* nothing after what did not fit */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_time_program_and_text),
        cmocka_unit_test(a_line_is_one_write),
        cmocka_unit_test(a_long_line_is_cut_and_still_ends),
        cmocka_unit_test(errno_survives),
        cmocka_unit_test(text_from_outside_is_made_printable),
        cmocka_unit_test(text_from_outside_is_cut_between_escapes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
