/* Words, exceptions, what is no list, and the list that is built in; each search also
 * compared with looking for one word after the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include <cmocka.h>

#include "../../collector/admission/words.h"
#include "../agents.h"
#include "../dice.h"
#include "../guard.h"

extern const char bots_txt[], bots_txt_end[];

static struct slice guarded(const char *text)
{
    return (struct slice){guard_copy(text, strlen(text)), strlen(text)};
}

static struct words *make(const char *text)
{
    char err[256] = "";
    struct words *w = words_new(guarded(text), "list", err, sizeof err);

    if (!w)
        fail_msg("%s", err);
    return w;
}

static void assert_finds(const char *list, const char *text, bool want)
{
    struct words *w = make(list);

    if (words_in(w, guarded(text)) != want)
        fail_msg("%s: %s", list, text);
    words_drop(w);
}

static void a_word_is_found_anywhere_in_any_case(void **state)
{
    (void)state;
    assert_finds("bot\n", "bot", true);
    assert_finds("bot\n", "Googlebot/2.1", true);
    assert_finds("BOT\n", "AhrefsBot/7", true);
    assert_finds("bot\n", "ROBOT", true);
    assert_finds("bot\n", "bo t", false);
    assert_finds("bot\n", "bo", false);
    assert_finds("bot\n", "", false);
    assert_finds("go-http-client\n", "Mozilla/5.0 Go-http-client/1.1", true);
    assert_finds("screaming frog\n", "Screaming Frog SEO", true);
    assert_finds("", "Googlebot", false);
}

static void a_word_is_found_behind_the_beginning_of_another(void **state)
{
    (void)state;
    assert_finds("abcd\nbcx\n", "abcx", true);
    assert_finds("abcabd\n", "abcabcabd", true);
    assert_finds("aaab\n", "aaaaab", true);
    assert_finds("hers\nshe\nhis\n", "ushe", true);
    assert_finds("hershe\nher\n", "xher", true);
    assert_finds("abcdef\ncde\n", "abcdeg", true);
    assert_finds("abcdef\ncdx\n", "abcdeg", false);
}

static void an_exception_takes_its_place_from_a_word(void **state)
{
    static const char list[] = "bot\n!cubot\ncrawl\n";

    (void)state;
    assert_finds(list, "Mozilla/5.0 (Linux; Android 10; CUBOT_X30)", false);
    assert_finds(list, "cubot", false);
    assert_finds(list, "ubot", true);
    assert_finds(list, "cubot Googlebot", true);
    assert_finds(list, "cubot crawler", true);
    assert_finds("!cubot\nbot\n", "cubot", false);
    assert_finds("!cubot\n", "cubot", false);
    assert_finds("bot\n!cubot\nmycubot\n", "mycubot", true);
}

static void comments_blanks_and_empty_lines_are_no_words(void **state)
{
    struct words *w = make("# googlebot\n\n  bot  \r\n\t\n#\nlast");

    (void)state;
    assert_int_equal(words_count(w), 2);
    assert_true(words_in(w, SLICE("a bot")));
    assert_true(words_in(w, SLICE("at last")));
    assert_false(words_in(w, SLICE("goog")));
    words_drop(w);
}

static void a_list_that_is_wrong_tells_its_line(void **state)
{
    static char many[3 * WORDS_MAX * 6], deep[WORDS_NODES_MAX * 2], wide[256];
    const struct {
        const char *text, *err;
    } row[] = {
        {"bot\nab\n", "list, line 2: shorter than 3 bytes"},
        {"# x\n\n!ab\n", "list, line 3: shorter than 3 bytes"},
        {"bot\nb\x01t\n", "list, line 2: holds what is no printable ASCII"},
        {"b\xc3\xb6t\n", "list, line 1: holds what is no printable ASCII"},
        {wide, "list, line 1: longer than 128 bytes"},
        {many, "list, line 4097: more than 4096 words"},
        {deep, "more than 32768 letters in all"},
    };

    (void)state;
    memset(wide, 'x', LIST_ITEM_MAX + 1);
    for (int i = 0; i <= WORDS_MAX; i++)
        sprintf(many + strlen(many), "w%04d\n", i);
    for (int i = 0; strlen(deep) <= WORDS_NODES_MAX + 400; i++)
        sprintf(deep + strlen(deep), "%0100d\n", i);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char err[256] = "";

        assert_null(words_new(guarded(row[i].text), "list", err, sizeof err));
        if (!strstr(err, row[i].err))
            fail_msg("%zu: %s", i, err);
    }
}

static void whoever_holds_them_may_search_when_others_have_let_go(void **state)
{
    struct words *w = make("bot\n");

    (void)state;
    assert_ptr_equal(words_hold(w), w);
    words_drop(w);
    assert_true(words_in(w, SLICE("bot")));
    words_drop(w);
    words_drop(NULL);
    assert_null(words_hold(NULL));
    assert_false(words_in(NULL, SLICE("bot")));
}

/* Of words of three letters and more that overlap as much as they can. */
static void any_list_finds_what_looking_for_each_word_finds(void **state)
{
    struct dice d = {3};

    (void)state;
    for (int round = 0; round < 3000; round++) {
        char list[200] = "", word[12][8], text[24] = "";
        unsigned nwords = 1 + dice_below(&d, 12);
        bool want = false;
        struct words *w;

        for (unsigned i = 0; i < nwords; i++) {
            unsigned n = 3 + dice_below(&d, 4);

            for (unsigned k = 0; k < n; k++)
                word[i][k] = (char)('a' + dice_below(&d, 3));
            word[i][n] = '\0';
            sprintf(list + strlen(list), "%s\n", word[i]);
        }
        for (unsigned k = 0, n = dice_below(&d, 20); k < n; k++)
            text[k] = (char)('a' + dice_below(&d, 4));
        for (unsigned i = 0; i < nwords; i++)
            want |= strstr(text, word[i]) != NULL;
        w = make(list);
        if (words_in(w, guarded(text)) != want)
            fail_msg("%s in\n%s", text, list);
        words_drop(w);
    }
}

/* ---- the list that is built in ---- */

static struct words *built_in(void)
{
    return make(bots_txt);
}

static void browsers_of_people_are_no_robots(void **state)
{
    static const char *const more[] = {
        "Mozilla/5.0 (Linux; Android 13; CUBOT P80) AppleWebKit/537.36 Chrome/124.0.0.0 "
        "Mobile Safari/537.36",
        "curl/7.88.1",
        "Wget/1.21.3",
        "node",
        "okhttp/4.12.0",
        "MyApp/3 CFNetwork/1410.0.3 Darwin/22.6.0",
        "Dart/3.2 (dart:io)",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 "
        "(KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/450.0.0.38.108]",
    };
    struct words *w = built_in();

    (void)state;
    for (size_t i = 0; i < AGENTS; i++)
        if (words_in(w, slice_of(agents[i].text)) && !strcasestr(agents[i].text, "bot") &&
            !strcasestr(agents[i].text, "spider") && !strcasestr(agents[i].text, "crawl"))
            fail_msg("%s", agents[i].text);
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        if (words_in(w, slice_of(more[i])))
            fail_msg("%s", more[i]);
    words_drop(w);
}

static void robots_are_robots(void **state)
{
    static const char *const robots[] = {
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2)",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "HeadlessChrome/126.0.0.0 Safari/537.36",
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        "WhatsApp/2.23.20.0 A",
        "python-requests/2.31.0",
        "Go-http-client/1.1",
        "Java/1.8.0_391",
        "Scrapy/2.11 (+https://scrapy.org)",
        "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)",
        "Mozilla/5.0 (compatible; Baiduspider/2.0)",
        "Mozilla/5.0 (compatible; Yahoo! Slurp)",
        "kube-probe/1.29",
    };
    struct words *w = built_in();

    (void)state;
    for (size_t i = 0; i < sizeof robots / sizeof *robots; i++)
        if (!words_in(w, slice_of(robots[i])))
            fail_msg("%s", robots[i]);
    words_drop(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_is_found_anywhere_in_any_case),
        cmocka_unit_test(a_word_is_found_behind_the_beginning_of_another),
        cmocka_unit_test(an_exception_takes_its_place_from_a_word),
        cmocka_unit_test(comments_blanks_and_empty_lines_are_no_words),
        cmocka_unit_test(a_list_that_is_wrong_tells_its_line),
        cmocka_unit_test(whoever_holds_them_may_search_when_others_have_let_go),
        cmocka_unit_test(any_list_finds_what_looking_for_each_word_finds),
        cmocka_unit_test(browsers_of_people_are_no_robots),
        cmocka_unit_test(robots_are_robots),
    };

    return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
