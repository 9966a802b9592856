/* What an operator sets is checked before it is written, and read back only when it is
 * whole; the words of `headcount site` mean one thing or are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <stdio.h>
#include "../../cli/setting.h"
#include "../../cli/site_order.h"
#include "../guard.h"

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct slice guarded(const char *text)
{
    size_t n = strlen(text);

    return (struct slice){guard_copy(text, n), n};
}

static void names_have_an_alphabet_and_a_length(void **state)
{
    char name[SETTING_NAME_MAX + 2];

    (void)state;
    assert_true(setting_name_valid("a"));
    assert_true(setting_name_valid("A-Z_0.9"));
    assert_false(setting_name_valid(""));
    assert_false(setting_name_valid("a b"));
    assert_false(setting_name_valid("a:b"));
    assert_false(setting_name_valid("\xc3\xa9"));
    memset(name, 'x', sizeof name);
    name[SETTING_NAME_MAX] = '\0';
    assert_true(setting_name_valid(name));
    name[SETTING_NAME_MAX] = 'x';
    name[SETTING_NAME_MAX + 1] = '\0';
    assert_false(setting_name_valid(name));
}

static void a_goal_is_what_would_be_counted(void **state)
{
    (void)state;
    assert_true(setting_path_valid("/thanks"));
    assert_true(setting_path_valid("/order/*"));
    assert_false(setting_path_valid(""));
    assert_false(setting_path_valid("thanks"));
    assert_false(setting_path_valid("/a?b"));
    assert_false(setting_path_valid("https://example.com/a"));
    assert_false(setting_path_valid("/a\x1b"));
    assert_true(setting_event_valid("sign up"));
    assert_false(setting_event_valid(""));
    assert_false(setting_event_valid(" buy"));
    assert_false(setting_event_valid("b\nuy"));
}

/* BLAKE2b-256 of the text, as Python's hashlib.blake2b(digest_size=32) has it. */
static void a_token_is_kept_as_its_hash(void **state)
{
    uint8_t random[TOKEN_RANDOM] = {0};
    char text[TOKEN_TEXT_MAX];
    struct setting s;

    (void)state;
    token_text(random, text);
    assert_string_equal(text, "hc_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    setting_token(&s, "bot", "send", text);
    assert_string_equal(s.field, "t:bot");
    assert_string_equal(
        s.value, "send "
                 "e62d69228a2dbcc6db220507eebf6af931c223c6c3f0a98ce9d306032e3d606a");
    random[0] = 0xff;
    random[31] = 0xff;
    token_text(random, text);
    assert_int_equal(strlen(text), TOKEN_TEXT_MAX - 1);
    assert_null(strpbrk(text, "+/="));
}

static void what_was_written_is_read_back(void **state)
{
    struct setting_read r;
    struct setting s;

    (void)state;
    setting_goal(&s, "order", "path", "/thanks/*");
    assert_true(setting_read(&r, SETTING_GOAL, guarded(s.field), guarded(s.value)));
    assert_true(slice_eq(r.name, SLICE("order")));
    assert_true(slice_eq(r.kind, SLICE("path")));
    assert_true(slice_eq(r.what, SLICE("/thanks/*")));
    setting_goal(&s, "buy", "event", "buy it");
    assert_true(setting_read(&r, SETTING_GOAL, guarded(s.field), guarded(s.value)));
    assert_true(slice_eq(r.what, SLICE("buy it")));
    assert_false(setting_read(&r, SETTING_TOKEN, guarded(s.field), guarded(s.value)));
}

static void what_others_wrote_is_checked(void **state)
{
    static const struct {
        const char *prefix, *field, *value;
        bool good;
    } rows[] = {
        {"t:", "t:bot", "send " HASH, true},
        {"t:", "t:bot", "read " HASH, true},
        {"t:", "t:bot", "admin " HASH, true},
        {"t:", "t:bot", "root " HASH, false},
        {"t:", "t:bot", "send " HASH "0", false},
        {"t:", "t:bot", "send ", false},
        {"t:", "t:bot", "send", false},
        {"t:", "t:bot", "", false},
        {"t:", "t:", "send " HASH, false},
        {"t:", "t:\x1b[2J", "send " HASH, false},
        {"t:", "t", "send " HASH, false},
        {"t:", "", "", false},
        {"g:", "g:x", "path /a", true},
        {"g:", "g:x", "path a", false},
        {"g:", "g:x", "event a", true},
        {"g:", "g:x", "event ", false},
        {"g:", "g:x", "view a", false},
    };
    struct setting_read r;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (setting_read(&r, rows[i].prefix, guarded(rows[i].field),
                         guarded(rows[i].value)) != rows[i].good)
            fail_msg("row %zu", i);
}

/* ---- the words ----------------------------------------------------------- */

static void an_origin_has_one_field_however_it_is_written(void **state)
{
    struct slice origin;
    struct setting s;

    (void)state;
    assert_true(setting_origin(&s, "HTTPS://Shop.example:443"));
    assert_string_equal(s.field, "o:https://shop.example");
    assert_string_equal(s.value, "1");
    assert_true(setting_origin_read(guarded(s.field), &origin));
    assert_true(slice_eq(origin, SLICE("https://shop.example")));
    assert_false(setting_origin(&s, "shop.example"));
    assert_false(setting_origin_read(guarded("o:"), &origin));
    assert_false(setting_origin_read(guarded("o:x"), &origin));
    assert_false(setting_origin_read(guarded("g:https://shop.example"), &origin));
}

static int read_words(const char *line, struct site_order *o, char *err, size_t err_n)
{
    static char text[256];
    static char *words[8];
    int n = 0;

    snprintf(text, sizeof text, "%s", line);
    for (char *w = strtok(text, " "); w; w = strtok(NULL, " "))
        words[n++] = w;
    return site_order_read(o, words, n, err, err_n);
}

static void each_form_is_one_order(void **state)
{
    static const struct {
        const char *line;
        enum site_verb verb;
        const char *name;
    } rows[] = {
        {"list", SITE_LIST, NULL},
        {"add shop", SITE_ADD, NULL},
        {"rm shop", SITE_RM, NULL},
        {"token shop", TOKEN_LIST, NULL},
        {"token shop list", TOKEN_LIST, NULL},
        {"token shop add bot", TOKEN_ADD, "bot"},
        {"token shop rm bot", TOKEN_RM, "bot"},
        {"badge shop", BADGE_SHOW, NULL},
        {"badge shop on", BADGE_ON, NULL},
        {"badge shop off", BADGE_OFF, NULL},
        {"visibility shop", VISIBILITY_SHOW, NULL},
        {"visibility shop public", VISIBILITY_PUBLIC, NULL},
        {"visibility shop token", VISIBILITY_TOKEN, NULL},
        {"goal shop", GOAL_LIST, NULL},
        {"goal shop list", GOAL_LIST, NULL},
        {"goal shop add order", GOAL_ADD, "order"},
        {"goal shop rm order", GOAL_RM, "order"},
        {"goal add shop order", GOAL_ADD, "order"},
        {"goal list shop", GOAL_LIST, NULL},
        {"token rm shop bot", TOKEN_RM, "bot"},
        {"visibility token shop", VISIBILITY_TOKEN, NULL},
        {"privacy shop", PRIVACY_SHOW, NULL},
        {"privacy shop off", PRIVACY_IGNORE, NULL},
        {"privacy heed shop", PRIVACY_OBEY, NULL},
        {"origin shop", ORIGIN_LIST, NULL},
        {"origin shop list", ORIGIN_LIST, NULL},
        {"origin shop add https://shop.example", ORIGIN_ADD, "https://shop.example"},
        {"origin rm shop https://*.shop.example", ORIGIN_RM, "https://*.shop.example"},
    };
    struct site_order o;
    char err[256];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (read_words(rows[i].line, &o, err, sizeof err) < 0)
            fail_msg("%s: %s", rows[i].line, err);
        assert_int_equal(o.verb, rows[i].verb);
        assert_true(slice_eq(o.site, i ? SLICE("shop") : SLICE("")));
        if (rows[i].name)
            assert_string_equal(o.name, rows[i].name);
        else
            assert_null(o.name);
    }
}

static void a_site_that_is_called_like_a_verb_comes_first(void **state)
{
    struct site_order o;
    char err[256];

    (void)state;
    assert_int_equal(read_words("goal add rm order", &o, err, sizeof err), 0);
    assert_int_equal(o.verb, GOAL_RM);
    assert_true(slice_eq(o.site, SLICE("add")));
    assert_int_equal(read_words("goal add", &o, err, sizeof err), 0);
    assert_int_equal(o.verb, GOAL_LIST);
    assert_true(slice_eq(o.site, SLICE("add")));
}

static void everything_else_is_refused_with_the_word(void **state)
{
    static const struct {
        const char *line, *says;
    } rows[] = {
        {"", "needs to know"},
        {"lisst", "did you mean list"},
        {"list shop", "\"shop\""},
        {"add", "needs a SITE"},
        {"add ..", "no site id"},
        {"add shop now", "\"now\""},
        {"token", "needs a SITE"},
        {"token shop make", "list, add, rm, not \"make\""},
        {"token shop add", "needs a NAME"},
        {"token shop add a:b", "\"a:b\""},
        {"token shop add a b", "\"b\""},
        {"token shop list a", "\"a\""},
        {"badge shop maybe", "on, off, not \"maybe\""},
        {"visibility shop private", "public, token, not \"private\""},
        {"privacy shop on", "off, heed, not \"on\""},
        {"origin shop add", "needs an ORIGIN"},
        {"origin shop add shop.example", "\"shop.example\" is no origin"},
        {"origin shop rm https://shop.example/", "without a path"},
        {"origin shop add https://a.example b", "\"b\""},
    };
    struct site_order o;
    char err[256];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(read_words(rows[i].line, &o, err, sizeof err), -1);
        if (strstr(err, rows[i].says) == NULL)
            fail_msg("\"%s\": %s", rows[i].line, err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_have_an_alphabet_and_a_length),
        cmocka_unit_test(a_goal_is_what_would_be_counted),
        cmocka_unit_test(a_token_is_kept_as_its_hash),
        cmocka_unit_test(what_was_written_is_read_back),
        cmocka_unit_test(what_others_wrote_is_checked),
        cmocka_unit_test(an_origin_has_one_field_however_it_is_written),
        cmocka_unit_test(each_form_is_one_order),
        cmocka_unit_test(a_site_that_is_called_like_a_verb_comes_first),
        cmocka_unit_test(everything_else_is_refused_with_the_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
