/* Domains with what is under them, what is no domain, and the list that is built in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../collector/admission/domains.h"
#include "../guard.h"

extern const char referrer_spam_txt[], referrer_spam_txt_end[];

static struct slice guarded(const char *text)
{
    return (struct slice){guard_copy(text, strlen(text)), strlen(text)};
}

static struct domains *make(const char *text)
{
    char err[256] = "";
    struct domains *d = domains_new(guarded(text), "list", err, sizeof err);

    if (!d)
        fail_msg("%s", err);
    return d;
}

static void a_domain_is_itself_and_all_under_it(void **state)
{
    static const struct {
        const char *host;
        bool want;
    } row[] = {
        {"spam.example", true},
        {"a.spam.example", true},
        {"b.a.spam.example", true},
        {"nospam.example", false},
        {"example", false},
        {"spam.example.org", false},
        {"a.b.shop.test", true},
        {"b.shop.test", true},
        {"shop.test", false},
        {"zzz.test", false},
        {"", false},
        {".", false},
        {".spam.example", true},
    };
    struct domains *d = make("spam.example\nb.shop.test\nlast.test");

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        if (domains_have(d, guarded(row[i].host)) != row[i].want)
            fail_msg("%s", row[i].host);
    assert_int_equal(domains_count(d), 3);
    domains_drop(d);
}

static void a_line_is_read_as_a_referrer_is(void **state)
{
    struct domains *d =
        make("# list\n\nhttps://www.Spam.Example:8080/path?q\r\n www.x.test\n");

    (void)state;
    assert_int_equal(domains_count(d), 2);
    assert_true(domains_have(d, SLICE("spam.example")));
    assert_true(domains_have(d, SLICE("x.test")));
    domains_drop(d);
}

static void a_list_that_is_wrong_tells_its_line(void **state)
{
    static char many[DOMAINS_MAX * 12 + 100];
    const struct {
        const char *text, *err;
    } row[] = {
        {"a.test\nspam\n", "list, line 2: not a domain like spam.example"},
        {"a b.test\n", "list, line 1: not a domain"},
        {"http://\n", "list, line 1: not a domain"},
        {"a.test\x7f\n", "list, line 1: holds what is no printable ASCII"},
        {many, "list, line 16385: more than 16384 domains"},
    };

    (void)state;
    for (int i = 0, at = 0; i <= DOMAINS_MAX; i++)
        at += sprintf(many + at, "d%05d.io\n", i);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char err[256] = "";

        assert_null(domains_new(guarded(row[i].text), "list", err, sizeof err));
        if (!strstr(err, row[i].err))
            fail_msg("%zu: %s", i, err);
    }
}

static void nobody_is_in_an_empty_list(void **state)
{
    struct domains *d = make("");

    (void)state;
    assert_false(domains_have(d, SLICE("spam.example")));
    assert_false(domains_have(NULL, SLICE("spam.example")));
    assert_ptr_equal(domains_hold(d), d);
    domains_drop(d);
    assert_int_equal(domains_count(d), 0);
    domains_drop(d);
    domains_drop(NULL);
}

static void the_built_in_list_has_spammers_and_no_others(void **state)
{
    struct domains *d = make(referrer_spam_txt);

    (void)state;
    assert_int_equal(referrer_spam_txt_end - referrer_spam_txt,
                     strlen(referrer_spam_txt));
    assert_true(domains_have(d, SLICE("semalt.com")));
    assert_true(domains_have(d, SLICE("123.semalt.com")));
    assert_true(domains_have(d, SLICE("buttons-for-website.com")));
    assert_false(domains_have(d, SLICE("google.com")));
    assert_false(domains_have(d, SLICE("github.io")));
    domains_drop(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_domain_is_itself_and_all_under_it),
        cmocka_unit_test(a_line_is_read_as_a_referrer_is),
        cmocka_unit_test(a_list_that_is_wrong_tells_its_line),
        cmocka_unit_test(nobody_is_in_an_empty_list),
        cmocka_unit_test(the_built_in_list_has_spammers_and_no_others),
    };

    return cmocka_run_group_tests_name("domains", tests, NULL, NULL);
}
