/* json: whatever goes in, jansson reads the same text back; misuse is caught; and the
 * check of foreign text accepts what the writer writes and nothing else. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "../../proto/json.h"
#include "../aborts.h"
#include "../dice.h"
#include "../guard.h"

#define BAD "\xef\xbf\xbd" /* U+FFFD */
#define STRICT (JSON_REJECT_DUPLICATES | JSON_DECODE_ANY)

static struct slice guarded(const void *text, size_t n)
{
    return (struct slice){guard_copy(text, n), n};
}

/* Writes @text as a document of its own into @out, cleared first. */
static void write_text(struct buf *out, struct slice text)
{
    struct json j;

    buf_clear(out);
    json_init(&j, out);
    json_slice(&j, text);
}

/* Nothing that could end a <script> or a line, nothing that needs more than ASCII rules
 * to be seen through. */
static void assert_markup_safe(struct slice json)
{
    assert_null(memmem(json.p, json.n, "\xe2\x80\xa8", 3));
    assert_null(memmem(json.p, json.n, "\xe2\x80\xa9", 3));
    assert_null(memmem(json.p, json.n, "\xe2\x80\xae", 3));
    for (size_t i = 0; i < json.n; i++) {
        assert_null(memchr("<>&\x7f", json.p[i], 4));
        assert_true((unsigned char)json.p[i] >= 0x20);
    }
}

/* Writes @text, holds the result against every promise, and returns it parsed. */
static json_t *round_trip(struct slice text)
{
    struct slice written;
    json_t *parsed;
    struct buf out;

    buf_init(&out, 1 << 20);
    write_text(&out, text);
    assert_false(out.full);
    written = guarded(out.p, out.n);
    assert_markup_safe(written);
    parsed = json_loadb(written.p, written.n, STRICT, NULL);
    assert_non_null(parsed);
    assert_true(json_take_text(&written));
    assert_int_equal(written.n, 0);
    buf_fini(&out);
    return parsed;
}

static void must_decode(struct slice text, const char *expected)
{
    json_t *parsed = round_trip(text);

    assert_string_equal(json_string_value(parsed), expected);
    json_decref(parsed);
}

static void text_reads_back_as_it_was_meant(void **state)
{
    static const struct {
        const char *name;
        struct slice text;
        const char *expected;
    } rows[] = {
        {"empty", SLICE(""), ""},
        {"quote and backslash", SLICE("\"\\\"\\\\"), "\"\\\"\\\\"},
        {"end of a script", SLICE("</script><!--&amp;"), "</script><!--&amp;"},
        {"two to four bytes", SLICE("\u00e9\u20ac\U0001f600"), "\u00e9\u20ac\U0001f600"},
        {"line separators", SLICE("a\u2028b\u2029c"), "a\u2028b\u2029c"},
        {"marks that reorder text", SLICE("a\u202eb\u2066\u061c"),
         "a\u202eb\u2066\u061c"},
        {"controls", SLICE("\b\f\n\r\t\x01\x1f\x7f"), "\b\f\n\r\t\x01\x1f\x7f"},
        {"C1 controls", SLICE("\xc2\x80\xc2\x9b\xc2\xa0"), "\xc2\x80\xc2\x9b\xc2\xa0"},
        {"noncharacters", SLICE("\uffff\U0010ffff"), "\uffff\U0010ffff"},
        {"U+0000", SLICE("a\0b"), "a" BAD "b"},
        {"U+FFFD itself", SLICE(BAD), BAD},
        {"lone continuation", SLICE("\x80x"), BAD "x"},
        {"overlong slash, 2", SLICE("\xc0\xaf"), BAD BAD},
        {"overlong slash, 3", SLICE("\xe0\x80\xaf"), BAD BAD BAD},
        {"overlong slash, 4", SLICE("\xf0\x80\x80\xaf"), BAD BAD BAD BAD},
        {"overlong U+0000", SLICE("\xc0\x80"), BAD BAD},
        {"high surrogate", SLICE("\xed\xa0\x80"), BAD BAD BAD},
        {"surrogate pair", SLICE("\xed\xa0\xbd\xed\xb8\x80"), BAD BAD BAD BAD BAD BAD},
        {"above U+10FFFF", SLICE("\xf4\x90\x80\x80"), BAD BAD BAD BAD},
        {"five bytes", SLICE("\xf8\x88\x80\x80\x80"), BAD BAD BAD BAD BAD},
        {"FE FF", SLICE("\xfe\xff"), BAD BAD},
        {"cut after 1 of 2", SLICE("\xc3"), BAD},
        {"cut after 2 of 3", SLICE("\xe2\x82"), BAD},
        {"cut after 3 of 4", SLICE("\xf0\x9f\x98"), BAD},
        {"cut, then text",
         SLICE("\xe2\x82"
               "a"),
         BAD "a"},
        {"cut, then a lead", SLICE("\xf0\x9f\xc3\xa9"), BAD "\u00e9"},
        {"Unicode table 3-8",
         SLICE("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf"
               "A"),
         BAD BAD BAD BAD "A"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("%s\n", rows[i].name);
        must_decode(guarded(rows[i].text.p, rows[i].text.n), rows[i].expected);
    }
}

static void every_single_byte_reads_back(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        char byte = (char)c;
        char same[2] = {byte, '\0'};

        must_decode(guarded(&byte, 1), c > 0 && c < 0x80 ? same : BAD);
    }
}

/* jansson's own check of UTF-8 says which texts are good. Those come back unchanged, the
 * others with at least one U+FFFD. */
static void must_agree_with_jansson(struct slice text)
{
    json_t *parsed = round_trip(text);
    json_t *good = json_stringn(text.p, text.n);

    if (good && memchr(text.p, 0, text.n) == NULL)
        assert_true(json_equal(parsed, good));
    else
        assert_non_null(strstr(json_string_value(parsed), BAD));
    json_decref(good);
    json_decref(parsed);
}

static void every_pair_of_bytes_agrees_with_jansson(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 65536; i++) {
        char pair[2] = {(char)(i >> 8), (char)i};

        must_agree_with_jansson(guarded(pair, 2));
    }
}

/* Text is looked at in blocks. */
static void a_byte_that_needs_care_is_found_wherever_it_stands(void **state)
{
    static const size_t lengths[] = {2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 47};
    char text[47];

    (void)state;
    for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++)
        for (size_t at = 0; at < lengths[k]; at++)
            for (unsigned c = 0; c < 256; c++) {
                memset(text, 'a', sizeof text);
                text[at] = (char)c;
                must_agree_with_jansson(guarded(text, lengths[k]));
            }
}

static void edges_of_longer_forms_agree_with_jansson(void **state)
{
    static const char edges[] = "\x41\x7f\x80\x8f\x90\x9f\xa0\xbf\xc0\xc2\xff";
    size_t n = sizeof edges - 1;

    (void)state;
    for (unsigned lead = 0xe0; lead < 0x100; lead++)
        for (size_t i = 0; i < n * n * n; i++) {
            char text[4] = {(char)lead, edges[i / n / n], edges[i / n % n], edges[i % n]};

            must_agree_with_jansson(guarded(text, 4));
            must_agree_with_jansson(guarded(text, 3));
        }
}

static void random_text_agrees_with_jansson(void **state)
{
    struct dice dice = {1};
    char text[64];

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        size_t n = 1 + dice_below(&dice, sizeof text);

        dice_bytes(&dice, text, n);
        must_agree_with_jansson(guarded(text, n));
    }
}

static void containers_and_commas_are_its_own_business(void **state)
{
    struct buf out;
    struct json j;

    (void)state;
    buf_init(&out, 1000);
    json_init(&j, &out);
    json_begin_object(&j);
    json_key(&j, "a");
    json_begin_array(&j);
    json_u64(&j, 1);
    json_begin_array(&j);
    json_end(&j);
    json_begin_object(&j);
    json_end(&j);
    json_str(&j, "x");
    json_str(&j, NULL);
    json_end(&j);
    json_key_slice(&j, SLICE("b\""));
    json_bool(&j, true);
    json_key(&j, "c");
    json_bool(&j, false);
    json_key(&j, "d");
    json_none(&j);
    json_key(&j, "e");
    json_raw(&j, SLICE("[1,2]"));
    json_end(&j);
    buf_add(&out, "", 1);
    assert_string_equal(out.p, "{\"a\":[1,[],{},\"x\",\"\"],\"b\\\"\":true,\"c\":false,"
                               "\"d\":null,\"e\":[1,2]}");
    buf_fini(&out);
}

static void members_in_one_step_are_those_of_two(void **state)
{
    static const int64_t numbers[] = {0, 1, -1, -1234567, (INT64_C(1) << 53) - 1};
    struct buf one, two;
    struct json j, k;

    (void)state;
    buf_init(&one, 1000);
    buf_init(&two, 1000);
    json_init(&j, &one);
    json_init(&k, &two);
    json_begin_object(&j);
    json_begin_object(&k);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        json_signed(&j, "n", numbers[i]);
        json_key(&k, "n");
        json_i64(&k, numbers[i]);
        json_word(&j, "word", SLICE("mobile"));
        json_key(&k, "word");
        json_str(&k, "mobile");
    }
    json_end(&j);
    json_end(&k);
    assert_int_equal(one.n, two.n);
    assert_memory_equal(one.p, two.p, one.n);
    buf_fini(&one);
    buf_fini(&two);
}

static void numbers_are_exact_and_plain(void **state)
{
    struct buf out;
    struct json j;

    (void)state;
    buf_init(&out, 10000);
    json_init(&j, &out);
    json_begin_array(&j);
    json_u64(&j, 0);
    json_u64(&j, JSON_INTEGER_MAX);
    json_i64(&j, -(int64_t)JSON_INTEGER_MAX);
    json_i64(&j, 1763776800123);
    json_fixed(&j, 1e15, 0);
    json_fixed(&j, 0.125, 2);
    json_fixed(&j, -2.5, 1);
    json_fixed(&j, 3, 3);
    json_fixed(&j, NAN, 1);
    json_fixed(&j, -INFINITY, 1);
    json_end(&j);
    buf_add(&out, "", 1);
    assert_string_equal(out.p, "[0,9007199254740991,-9007199254740991,1763776800123,"
                               "1000000000000000,0.12,-2.5,3.000,null,null]");
    buf_fini(&out);
}

static void the_largest_double_is_still_a_number(void **state)
{
    struct buf out;
    struct json j;
    json_t *parsed;

    (void)state;
    buf_init(&out, 10000);
    json_init(&j, &out);
    json_fixed(&j, 1.7976931348623157e308, 15);
    parsed = json_loadb(out.p, out.n, STRICT, NULL);
    assert_true(json_real_value(parsed) == 1.7976931348623157e308);
    json_decref(parsed);
    buf_fini(&out);
}

static void it_nests_as_deep_as_promised(void **state)
{
    struct buf out;
    struct json j;
    json_t *parsed;

    (void)state;
    buf_init(&out, 1000);
    json_init(&j, &out);
    for (int i = 1; i < JSON_DEPTH_MAX; i++) {
        if (i % 2 == 0)
            json_key(&j, "k");
        i % 2 ? json_begin_object(&j) : json_begin_array(&j);
        if (i % 2 == 0)
            json_none(&j);
    }
    for (int i = 1; i < JSON_DEPTH_MAX; i++)
        json_end(&j);
    parsed = json_loadb(out.p, out.n, STRICT, NULL);
    assert_non_null(parsed);
    json_decref(parsed);
    buf_fini(&out);
}

static void a_full_buffer_says_so(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 8);
    write_text(&out, SLICE("123456"));
    assert_false(out.full);
    write_text(&out, SLICE("1234567"));
    assert_true(out.full);
    write_text(&out, SLICE("1\n34<"));
    assert_true(out.full);
    buf_fini(&out);
}

/* Misuse, one function each; none of them returns. */

static struct json misused(void)
{
    static struct buf out;
    struct json j;

    buf_init(&out, 1000);
    json_init(&j, &out);
    return j;
}

static void value_without_key(void)
{
    struct json j = misused();

    json_begin_object(&j);
    json_none(&j);
}

static void key_without_value(void)
{
    struct json j = misused();

    json_begin_object(&j);
    json_key(&j, "a");
    json_end(&j);
}

static void key_after_key(void)
{
    struct json j = misused();

    json_begin_object(&j);
    json_key(&j, "a");
    json_key(&j, "b");
}

static void key_in_an_array(void)
{
    struct json j = misused();

    json_begin_array(&j);
    json_key(&j, "a");
}

static void key_outside(void)
{
    struct json j = misused();

    json_key(&j, "a");
}

static void end_too_many(void)
{
    struct json j = misused();

    json_begin_array(&j);
    json_end(&j);
    json_end(&j);
}

static void second_document(void)
{
    struct json j = misused();

    json_none(&j);
    json_none(&j);
}

static void too_deep(void)
{
    struct json j = misused();

    for (int i = 0; i < JSON_DEPTH_MAX; i++)
        json_begin_array(&j);
}

static void too_large(void)
{
    struct json j = misused();

    json_u64(&j, JSON_INTEGER_MAX + 1);
}

static void too_negative(void)
{
    struct json j = misused();

    json_i64(&j, INT64_MIN);
}

static void raw_nothing(void)
{
    struct json j = misused();

    json_raw(&j, SLICE(""));
}

static void misuse_is_caught(void **state)
{
    static void (*const misuses[])(void) = {
        value_without_key, key_without_value, key_after_key,   key_in_an_array,
        key_outside,       end_too_many,      second_document, too_deep,
        too_large,         too_negative,      raw_nothing,
    };

    (void)state;
    for (size_t i = 0; i < sizeof misuses / sizeof *misuses; i++)
        assert_true(aborts(misuses[i]));
}

static void text_of_another_writer_is_refused(void **state)
{
    static const struct slice rows[] = {
        SLICE(""),
        SLICE("a"),
        SLICE("\""),
        SLICE("\"a"),
        SLICE("a\""),
        SLICE("\"\\\""),
        SLICE("\"\\"),
        SLICE("\"\n\""),
        SLICE("\"\0\""),
        SLICE("\"\x7f\""),
        SLICE("\"<\""),
        SLICE("\">\""),
        SLICE("\"&\""),
        SLICE("\"\u2028\""),
        SLICE("\"\u202e\""),
        SLICE("\"\xc2\x85\""),
        SLICE("\"\xff\""),
        SLICE("\"\xc3\""),
        SLICE("\"\xed\xa0\x80\""),
        SLICE("\"\\x\""),
        SLICE("\"\\\0\""),
        SLICE("\"\\'\""),
        SLICE("\"\\u12\""),
        SLICE("\"\\u123g\""),
        SLICE("\"\\u003C\""),
        SLICE("\"\\u0000\""),
        SLICE("\"\\ud83d\\ude00\""),
        SLICE("\"\\udfff\""),
        SLICE("\"\\u003"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice s = guarded(rows[i].p, rows[i].n);

        print_message("row %zu\n", i);
        assert_false(json_take_text(&s));
    }
}

static void what_follows_a_text_stays(void **state)
{
    struct slice s = guarded("\"a\\\"\\u003cb\":1", 14);

    (void)state;
    assert_true(json_take_text(&s));
    assert_true(slice_eq(s, SLICE(":1")));
}

static void a_text_cut_anywhere_is_refused(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 1000);
    write_text(&out, SLICE("a\"\\\n<\u00e9\u2028\U0001f600\x01z"));
    for (size_t n = 0; n < out.n; n++) {
        struct slice s = guarded(out.p, n);

        assert_false(json_take_text(&s));
    }
    buf_fini(&out);
}

static void values_of_this_writer_are_taken_and_others_not(void **state)
{
    static const struct {
        const char *text, *rest; /* NULL: refused */
    } rows[] = {
        {"\"a\",", ","},
        {"0", ""},
        {"0]", "]"},
        {"-5}", "}"},
        {"31.8,", ","},
        {"0.000000000000001", ""},
        {"9999999999999999", ""},
        {"true,", ","},
        {"false", ""},
        {"null", ""},
        {"[]", ""},
        {"{}", ""},
        {"[1,[],{\"a\":{\"b\":[null]}}]x", "x"},
        {"[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]", ""}, /* 15 */
        {"[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]", NULL},
        {"", NULL},
        {"-", NULL},
        {"+1", NULL},
        {"01", NULL},
        {"-01", NULL},
        {"1.", NULL},
        {".5", NULL},
        {"1e5", "e5"}, /* which nothing may follow */
        {"10000000000000000", NULL},
        {"100000000000000000", NULL},
        {"0.0000000000000001", NULL},
        {"tru", NULL},
        {"nul", NULL},
        {"undefined", NULL},
        {" 1", NULL},
        {"[ ]", NULL},
        {"[1 ]", NULL},
        {"[1,]", NULL},
        {"[,1]", NULL},
        {"[1", NULL},
        {"[", NULL},
        {"[1}", NULL},
        {"{\"a\":1]", NULL},
        {"{\"a\"}", NULL},
        {"{\"a\":}", NULL},
        {"{\"a\": 1}", NULL},
        {"{\"a\":1,}", NULL},
        {"{1:1}", NULL},
        {"{a:1}", NULL},
        {"\"</b>\"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice s = guarded(rows[i].text, strlen(rows[i].text));
        bool taken = json_take_value(&s);

        if (taken != (rows[i].rest != NULL) ||
            (taken && !slice_eq(s, slice_of(rows[i].rest))))
            fail_msg("%s", rows[i].text);
    }
}

static void whole_numbers_are_taken_up_to_their_bound(void **state)
{
    static const struct {
        const char *text;
        bool taken;
        uint64_t v;
    } rows[] = {
        {"0", true, 0},
        {"7,", true, 7},
        {"9007199254740991", true, JSON_INTEGER_MAX},
        {"9007199254740992", false, 0},
        {"18446744073709551617", false, 0},
        {"00", false, 0},
        {"-1", false, 0},
        {"", false, 0},
        {"x", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice s = guarded(rows[i].text, strlen(rows[i].text));
        uint64_t v = 0;

        if (json_take_u64(&s, &v) != rows[i].taken || (rows[i].taken && v != rows[i].v))
            fail_msg("%s", rows[i].text);
    }
}

static void a_literal_that_is_not_there_takes_nothing(void **state)
{
    struct slice s = guarded("abc", 3);

    (void)state;
    assert_false(json_take(&s, SLICE("abcd")));
    assert_false(json_take(&s, SLICE("b")));
    assert_int_equal(s.n, 3);
    assert_true(json_take(&s, SLICE("ab")));
    assert_true(slice_eq(s, SLICE("c")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_reads_back_as_it_was_meant),
        cmocka_unit_test(every_single_byte_reads_back),
        cmocka_unit_test(every_pair_of_bytes_agrees_with_jansson),
        cmocka_unit_test(a_byte_that_needs_care_is_found_wherever_it_stands),
        cmocka_unit_test(edges_of_longer_forms_agree_with_jansson),
        cmocka_unit_test(random_text_agrees_with_jansson),
        cmocka_unit_test(containers_and_commas_are_its_own_business),
        cmocka_unit_test(members_in_one_step_are_those_of_two),
        cmocka_unit_test(numbers_are_exact_and_plain),
        cmocka_unit_test(the_largest_double_is_still_a_number),
        cmocka_unit_test(it_nests_as_deep_as_promised),
        cmocka_unit_test(a_full_buffer_says_so),
        cmocka_unit_test(misuse_is_caught),
        cmocka_unit_test(text_of_another_writer_is_refused),
        cmocka_unit_test(what_follows_a_text_stays),
        cmocka_unit_test(a_text_cut_anywhere_is_refused),
        cmocka_unit_test(values_of_this_writer_are_taken_and_others_not),
        cmocka_unit_test(whole_numbers_are_taken_up_to_their_bound),
        cmocka_unit_test(a_literal_that_is_not_there_takes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
