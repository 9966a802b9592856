/* Pairs of a query string, as the URL standard splits and decodes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../collector/query.h"
#include "../dice.h"
#include "../guard.h"
#include "../slow_query.h"

/* All pairs of @text, decoded, as "name=value;name=value;". */
static const char *read_all(struct slice text)
{
    static char out[4096];
    struct slice name, value;
    struct query q;
    char *p = out;

    query_init(&q, (struct slice){guard_copy(text.p, text.n), text.n});
    while (query_next(&q, &name, &value)) {
        char *room = guard_copy(text.p, name.n);

        name = query_decode(name, room);
        p = mempcpy(p, name.p, name.n);
        *p++ = '=';
        room = guard_copy(text.p, value.n);
        value = query_decode(value, room);
        p = mempcpy(p, value.p, value.n);
        *p++ = ';';
    }
    *p = 0;
    return out;
}

static void a_query_is_pairs_between_ampersands(void **state)
{
    static const char *const row[][2] = {
        {"", ""},
        {"&", ""},
        {"&&&", ""},
        {"a", "a=;"},
        {"a=", "a=;"},
        {"=", "=;"},
        {"=b", "=b;"},
        {"a=b", "a=b;"},
        {"a=b=c", "a=b=c;"},
        {"a==", "a==;"},
        {"a=b&c=d", "a=b;c=d;"},
        {"&a=b&&c&", "a=b;c=;"},
        {"a=1&a=2", "a=1;a=2;"},
        {"a;b=c", "a;b=c;"},
        {"a=b?c=d", "a=b?c=d;"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        assert_string_equal(read_all(slice_of(row[i][0])), row[i][1]);
}

static void escapes_and_blanks_are_decoded(void **state)
{
    static const char *const row[][2] = {
        {"a=%41", "a=A;"},         {"%61=b", "a=b;"},
        {"a=b+c", "a=b c;"},       {"a=b%2Bc", "a=b+c;"},
        {"a=%26%3d", "a=&=;"},     {"a=caf%C3%a9", "a=caf\xc3\xa9;"},
        {"a=%252e", "a=%2e;"},     {"a=%", "a=%;"},
        {"a=%4", "a=%4;"},         {"a=%4&b=1", "a=%4;b=1;"},
        {"a=%4g", "a=%4g;"},       {"a=%g4", "a=%g4;"},
        {"a=%%41", "a=%A;"},       {"a=%4%41", "a=%4A;"},
        {"a=%u0041", "a=%u0041;"}, {"a=%\xc3\xa9", "a=%\xc3\xa9;"},
        {"a=+%20+", "a=   ;"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        assert_string_equal(read_all(slice_of(row[i][0])), row[i][1]);
}

static void a_decoded_byte_may_be_any(void **state)
{
    char raw[4], out[3];

    (void)state;
    for (unsigned b = 0; b < 256; b++) {
        struct slice s;

        snprintf(raw, sizeof raw, b % 2 ? "%%%02x" : "%%%02X", b);
        s = query_decode((struct slice){raw, 3}, out);
        assert_int_equal(s.n, 1);
        assert_int_equal((uint8_t)s.p[0], b);
    }
}

static void text_without_escapes_is_not_copied(void **state)
{
    struct slice raw = SLICE("plain/text=1");

    (void)state;
    assert_ptr_equal(query_decode(raw, NULL).p, raw.p);
    assert_int_equal(query_decode((struct slice){NULL, 0}, NULL).n, 0);
}

static void no_more_than_64_pairs_are_read(void **state)
{
    char text[4 * PARAMS_MAX + 8] = "&";
    struct slice name, value;
    struct query q;
    unsigned n = 0;

    (void)state;
    for (int i = 0; i <= PARAMS_MAX; i++)
        strcat(text, "a=b&");
    query_init(&q, slice_of(text));
    while (query_next(&q, &name, &value))
        n++;
    assert_int_equal(n, PARAMS_MAX);
    assert_false(query_next(&q, &name, &value));
}

static void what_is_encoded_comes_back(void **state)
{
    struct dice d = {7};

    (void)state;
    for (int round = 0; round < 2000; round++) {
        uint8_t bytes[40];
        size_t n = dice_below(&d, sizeof bytes);
        char raw[3 * sizeof bytes + 1], *p = raw;
        struct slice s;

        dice_bytes(&d, bytes, n);
        for (size_t i = 0; i < n; i++)
            p += sprintf(p, "%%%02X", bytes[i]);
        s = (struct slice){guard_copy(raw, 3 * n), 3 * n};
        s = query_decode(s, guard_copy(raw, 3 * n));
        assert_int_equal(s.n, n);
        assert_memory_equal(s.p, bytes, n);
    }
}

static void assert_decoded(const struct query *q, struct slice value)
{
    char slow[512];
    size_t room = (size_t)(q->end - value.p);
    struct slice want = {slow, slow_decode(value, slow)}, got;

    assert_true(query_coded(q, value) || slice_eq(want, value));
    got = query_decode_value(q, value, guard_copy(value.p, room));
    assert_true(slice_eq(got, want));
}

/* Of few kinds of bytes, so that there are many marks, or so many that there are few. */
static void pairs_are_the_same_wherever_they_stand(void **state)
{
    static const char bytes[] =
        "&=%+4fa/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    static struct guard g;
    struct dice d = {11};

    (void)state;
    for (int round = 0; round < 20000; round++) {
        size_t n = dice_below(&d, 300), kinds = round % 2 ? 7 : sizeof bytes - 1;
        struct slice name, value, want_name, want_value, rest;
        struct query q;
        char text[300];

        for (size_t i = 0; i < n; i++)
            text[i] = bytes[dice_below(&d, kinds)];
        rest = (struct slice){guard_put(&g, text, n), n};
        query_init(&q, rest);
        for (int pairs = 0;
             pairs < PARAMS_MAX && slow_pair(&rest, &want_name, &want_value); pairs++) {
            assert_true(query_next(&q, &name, &value));
            assert_true(name.p == want_name.p && name.n == want_name.n);
            assert_true(value.p == want_value.p && value.n == want_value.n);
            assert_decoded(&q, value);
        }
        assert_false(query_next(&q, &name, &value));
    }
}

static void a_code_far_behind_its_name_is_decoded(void **state)
{
    char text[400] = "p=";
    struct slice name, value;
    struct query q;

    (void)state;
    for (size_t n = 0; n < 300; n++) {
        size_t length = 2 + n + 3;

        memset(text + 2, 'a', n);
        memcpy(text + 2 + n, "%41", 3);
        query_init(&q, (struct slice){guard_copy(text, length), length});
        assert_true(query_next(&q, &name, &value));
        assert_int_equal(value.n, n + 3);
        assert_true(query_coded(&q, value));
        assert_decoded(&q, value);
        assert_false(query_next(&q, &name, &value));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_is_pairs_between_ampersands),
        cmocka_unit_test(escapes_and_blanks_are_decoded),
        cmocka_unit_test(a_decoded_byte_may_be_any),
        cmocka_unit_test(text_without_escapes_is_not_copied),
        cmocka_unit_test(no_more_than_64_pairs_are_read),
        cmocka_unit_test(what_is_encoded_comes_back),
        cmocka_unit_test(pairs_are_the_same_wherever_they_stand),
        cmocka_unit_test(a_code_far_behind_its_name_is_decoded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
