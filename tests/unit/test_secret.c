/* Keys against values computed by another implementation of BLAKE2b (Python's hashlib),
 * and every way a secret file can be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../proto/secret.h"
#include "../../proto/slice.h"
#include "../guard.h"
#include "../hex.h"

#define TEXT "correct horse battery staple"

/* A file of the test's own; the name is a template for mkstemp. */
struct file {
    char path[32];
};

static struct file file_of(const void *bytes, size_t n)
{
    struct file f = {"/tmp/test_secret.XXXXXX"};
    int fd = mkstemp(f.path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n), n);
    close(fd);
    return f;
}

/* Reads a file of these bytes; 0, or -1 after checking the sentence. */
static int read_bytes(struct secret *s, const void *bytes, size_t n)
{
    struct file f = file_of(bytes, n);
    char err[256] = "";
    int got = secret_read(s, f.path, err, sizeof err);

    unlink(f.path);
    if (got != 0) {
        assert_non_null(strstr(err, "--secret-file"));
        assert_non_null(strstr(err, f.path));
    }
    return got;
}

static void assert_key(const struct key *k, const char *hex)
{
    uint8_t want[16];

    assert_int_equal(hex_bytes(hex, want, sizeof want), sizeof want);
    assert_memory_equal(k->b, want, sizeof want);
}

static void keys_are_blake2b_of_their_labels(void **state)
{
    struct secret s;
    struct key day;
    uint8_t root[32];

    (void)state;
    secret_init(&s, guard_copy(TEXT, strlen(TEXT)), strlen(TEXT));
    hex_bytes("1cd1ac1f211efb5617308d74d14cf5de87ba9fbf7df646113223c1e0fa26d7e9", root,
              sizeof root);
    assert_memory_equal(s.v[0].root, root, sizeof root);
    assert_key(&s.v[0].up, "18d9521c5b1a51a104d880a1982e2305");
    assert_key(&s.v[0].down, "425bb6d23fc9aa3b7bbfe6be73554149");
    assert_key(&s.v[0].tab, "0eed167ca512b0e99327c59451b10d4b");
    assert_int_equal(s.v[0].key_id, 0xa9);
    day = secret_day_key(&s, 0);
    assert_key(&day, "3f734bc15e78e1d0dca88a98e8c0e3df");
    day = secret_day_key(&s, 20000);
    assert_key(&day, "87f5b0d314d3ceee380eb6ac337baa05");
    day = secret_day_key(&s, -1);
    assert_key(&day, "afe63c20ab19914f2b4051475ab0b4ec");
    day = secret_day_visitors_key(&s, 0);
    assert_key(&day, "8c9dab9ead97e4c68785c4fff932156a");
    day = secret_day_visitors_key(&s, 20000);
    assert_key(&day, "b7a430f3d76c939141aa62c2e744fb3a");
}

static void siphash_is_siphash_2_4(void **state)
{
    struct key k;
    uint8_t text[15];

    (void)state;
    for (unsigned i = 0; i < 16; i++)
        k.b[i] = (uint8_t)i;
    for (unsigned i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)i;
    /* The example of the SipHash paper, appendix A. */
    assert_true(siphash(&k, guard_copy(text, 15), 15) == 0xa129ca6149be45e5);
    assert_true(siphash(&k, text, 14) != siphash(&k, text, 15));
}

static void one_trailing_newline_does_not_count(void **state)
{
    struct secret plain, read;

    (void)state;
    secret_init(&plain, TEXT, strlen(TEXT));
    assert_int_equal(read_bytes(&read, TEXT, strlen(TEXT)), 0);
    assert_memory_equal(&read, &plain, sizeof plain);
    assert_int_equal(read_bytes(&read, TEXT "\n", strlen(TEXT) + 1), 0);
    assert_memory_equal(&read, &plain, sizeof plain);
    assert_int_equal(read_bytes(&read, "\n" TEXT "\n\n", strlen(TEXT) + 3), 0);
    assert_memory_equal(&read, &plain, sizeof plain); /* nor do empty lines */
}

static void any_bytes_are_a_secret(void **state)
{
    static const char zeros[SECRET_FILE_MIN];
    struct secret a, b;

    (void)state;
    assert_int_equal(read_bytes(&a, zeros, sizeof zeros), 0);
    secret_init(&b, zeros, sizeof zeros);
    assert_memory_equal(&a, &b, sizeof a);
}

static void what_is_no_text_is_one_secret_with_all_its_lines(void **state)
{
    static const char bytes[] = "0123456789abcdef\n0123456789abcde\xff\n\n";
    struct secret a, b;

    (void)state;
    assert_int_equal(read_bytes(&a, bytes, sizeof bytes - 1), 0);
    secret_init(&b, bytes, sizeof bytes - 2);
    assert_memory_equal(&a, &b, sizeof a);
}

#define OTHER "a horse of another colour"
#define DAY 20788 /* 2026-12-01 */

static void each_line_gives_keys_in_the_order_of_the_file(void **state)
{
    static const char *const text[] = {
        TEXT "\n2026-12-01 " OTHER "\n",
        "2026-12-01 " OTHER "\n" TEXT,
    };
    struct secret plain, other, s;

    (void)state;
    secret_init(&plain, TEXT, strlen(TEXT));
    secret_init(&other, OTHER, strlen(OTHER));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(read_bytes(&s, text[i], strlen(text[i])), 0);
        assert_int_equal(s.n, 2);
        assert_memory_equal(&s.v[i], &plain.v[0], sizeof s.v[i]);
        assert_int_equal(s.v[!i].key_id, other.v[0].key_id);
        assert_memory_equal(&s.v[!i].up, &other.v[0].up, sizeof s.v[0].up);
        assert_int_equal(s.v[!i].since, DAY);
    }
}

/* In whichever order they stand, which only tells what is signed with. */
static void a_day_belongs_to_the_newest_secret_that_has_come(void **state)
{
    static const struct {
        const char *text;
        const char *before, *from; /* 2026-12-01 */
    } row[] = {
        {TEXT "\n2026-12-01 " OTHER, TEXT, OTHER},
        {"2026-12-01 " OTHER "\n" TEXT, TEXT, OTHER},
        {"2026-12-01 " OTHER "\n2020-02-29 " TEXT, TEXT, OTHER},
        {"2020-02-29 " TEXT "\n2026-12-01 " OTHER, TEXT, OTHER},
        {"2026-12-01 " OTHER "\n2099-01-01 " TEXT, OTHER, OTHER},
        {"2026-12-01 " OTHER, OTHER, OTHER},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct secret s, before, from;
        struct key got, want;

        assert_int_equal(read_bytes(&s, row[i].text, strlen(row[i].text)), 0);
        secret_init(&before, row[i].before, strlen(row[i].before));
        secret_init(&from, row[i].from, strlen(row[i].from));
        for (int64_t day = DAY - 2; day < DAY + 2; day++) {
            const struct secret *owner = day < DAY ? &before : &from;

            got = secret_day_key(&s, day);
            want = secret_day_key(owner, day);
            assert_memory_equal(&got, &want, sizeof got);
            got = secret_day_visitors_key(&s, day);
            want = secret_day_visitors_key(owner, day);
            assert_memory_equal(&got, &want, sizeof got);
            assert_memory_equal(secret_tab_key(&s, day), &owner->v[0].tab, sizeof got);
        }
    }
}

static void two_secrets_must_be_told_apart_by_a_day(void **state)
{
    static const struct {
        const char *text, *why;
    } row[] = {
        {TEXT "\n" OTHER "\n", "like 2026-12-01"},
        {"2026-12-01 " TEXT "\n2026-12-01 " OTHER, "like 2026-12-01"},
        {"2026-02-30 " TEXT, "no day 2026-02-30"},
        {"2026-13-01 " TEXT, "no day 2026-13-01"},
        {"2026-00-10 " TEXT, "no day 2026-00-10"},
        {TEXT "\n2026-12-01 short\n", "5 bytes"},
        {TEXT "\n2026-12-01 " OTHER "\n2027-12-01 " OTHER "!", "more than 2"},
        {"\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n", "0 bytes"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct slice text = {guard_copy(row[i].text, strlen(row[i].text)),
                             strlen(row[i].text)};
        char err[256] = "";
        struct secret s;

        assert_int_equal(secret_parse(&s, text, "a-file", err, sizeof err), -1);
        if (!strstr(err, row[i].why) || !strstr(err, "--secret-file: a-file"))
            fail_msg("%zu: %s", i, err);
    }
}

/* Who writes a day means lines; taken for one secret of all the bytes nobody else would
 * have it. */
static void lines_with_a_day_must_be_text(void **state)
{
    static const char *const text[] = {
        TEXT "\r\n2026-12-01 " OTHER "\r\n",
        "2026-12-01 " OTHER "\r\n" TEXT "\r\n",
        "2026-12-01\t" OTHER "\n" TEXT,
        TEXT "\xc3\xa9\n2026-12-01 " OTHER,
    };

    (void)state;
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        size_t n = strlen(text[i]);
        char err[256] = "";
        struct secret s;

        assert_int_equal(secret_parse(&s, (struct slice){guard_copy(text[i], n), n},
                                      "a-file", err, sizeof err),
                         -1);
        assert_non_null(strstr(err, "--secret-file: a-file has a day"));
    }
}

static void lengths_are_held_to_their_bounds(void **state)
{
    static char text[SECRET_FILE_MAX + 2];
    static const struct {
        size_t n;
        bool newline;
        int verdict;
    } row[] = {
        {0, false, -1},
        {0, true, -1},
        {SECRET_FILE_MIN - 1, false, -1},
        {SECRET_FILE_MIN - 1, true, -1},
        {SECRET_FILE_MIN, false, 0},
        {SECRET_FILE_MIN, true, 0},
        {SECRET_FILE_MAX, false, 0},
        {SECRET_FILE_MAX, true, 0},
        {SECRET_FILE_MAX + 1, false, -1},
        {SECRET_FILE_MAX + 1, true, -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct secret s;
        memset(text, 'x', sizeof text);
        text[row[i].n] = '\n';
        assert_int_equal(read_bytes(&s, text, row[i].n + row[i].newline), row[i].verdict);
    }
}

static void nothing_behind_the_longest_secret_is_overlooked(void **state)
{
    static char text[SECRET_FILE_MAX + 2];
    struct secret s;

    (void)state;
    memset(text, 'x', sizeof text);
    text[SECRET_FILE_MAX] = '\n';
    assert_int_equal(read_bytes(&s, text, sizeof text), -1);
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
    static const char *const path[] = {"/tmp", "/tmp/no-such-folder/secret", ""};
    struct secret s;

    (void)state;
    for (size_t i = 0; i < sizeof path / sizeof *path; i++) {
        char err[256] = "";
        assert_int_equal(secret_read(&s, path[i], err, sizeof err), -1);
        assert_non_null(strstr(err, "--secret-file"));
        assert_non_null(strstr(err, path[i]));
    }
}

static void a_file_that_is_not_named_is_missed(void **state)
{
    struct secret s;
    char err[256] = "";

    (void)state;
    assert_int_equal(secret_read(&s, NULL, err, sizeof err), -1);
    assert_non_null(strstr(err, "--secret-file is missing: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_blake2b_of_their_labels),
        cmocka_unit_test(siphash_is_siphash_2_4),
        cmocka_unit_test(one_trailing_newline_does_not_count),
        cmocka_unit_test(any_bytes_are_a_secret),
        cmocka_unit_test(what_is_no_text_is_one_secret_with_all_its_lines),
        cmocka_unit_test(each_line_gives_keys_in_the_order_of_the_file),
        cmocka_unit_test(a_day_belongs_to_the_newest_secret_that_has_come),
        cmocka_unit_test(two_secrets_must_be_told_apart_by_a_day),
        cmocka_unit_test(lines_with_a_day_must_be_text),
        cmocka_unit_test(lengths_are_held_to_their_bounds),
        cmocka_unit_test(nothing_behind_the_longest_secret_is_overlooked),
        cmocka_unit_test(a_file_that_cannot_be_read_is_named),
        cmocka_unit_test(a_file_that_is_not_named_is_missed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
