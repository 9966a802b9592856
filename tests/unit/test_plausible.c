/* What Plausible's script says. */
#include "../dialect.h"

#include "../../collector/dialects/plausible.h"

static struct beacon b;

static void an_event_is_read_by_short_names_or_long_ones(void **state)
{
    static const struct {
        const char *json;
        enum plausible_verdict verdict;
        const char *site, *path, *kind, *name, *referrer, *engaged;
    } rows[] = {
        {"{\"n\":\"pageview\",\"v\":24,\"u\":\"https://a.example/b?c\","
         "\"d\":\"a.example\",\"r\":null}",
         PLAUSIBLE_HIT, "a.example", "https://a.example/b?c", "view", NULL, NULL, NULL},
        {"{\"name\":\"Signup\",\"url\":\"https://a.example/\",\"domain\":\"a,b\","
         "\"referrer\":\"https://r.example/\",\"props\":{\"x\":1},\"e\":5}",
         PLAUSIBLE_HIT, "a,b", "https://a.example/", "event", "Signup",
         "https://r.example/", NULL},
        {"{\"n\":\"engagement\",\"sd\":40,\"e\":5200,\"u\":\"/b\",\"d\":\"a\"}",
         PLAUSIBLE_HIT, "a", "/b", "leave", NULL, NULL, "5200"},
        {"[]", PLAUSIBLE_NO_BODY, NULL, NULL, NULL, NULL, NULL, NULL},
        {"{\"u\":\"/b\",\"d\":\"a\"}", PLAUSIBLE_NO_NAME, "a", "/b", NULL, NULL, NULL,
         NULL},
        {"{\"n\":\"x\",\"u\":\"/b\",\"d\":\"\"}", PLAUSIBLE_NO_DOMAIN, NULL, "/b", NULL,
         "x", NULL, NULL},
        {"{\"n\":\"x\",\"d\":\"a\"}", PLAUSIBLE_NO_URL, "a", NULL, NULL, "x", NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *text = rows[i].json;
        json_t *event = json_of(text);

        if (plausible_read(&b, event) != rows[i].verdict)
            fail_msg("the verdict of %s", text);
        expect_text(text, "site", b.site, rows[i].site);
        expect_text(text, "path", b.path, rows[i].path);
        expect_text(text, "kind", b.kind, rows[i].kind);
        expect_text(text, "name", b.name, rows[i].name);
        expect_text(text, "referrer", b.referrer, rows[i].referrer);
        expect_text(text, "engaged", b.engaged, rows[i].engaged);
        json_decref(event);
    }
    assert_int_equal(plausible_read(&b, NULL), PLAUSIBLE_NO_BODY);
}

/* Only an attention's tab is named, by a name that no view has. */
static void attention_is_of_a_tab_that_nobody_opened(void **state)
{
    json_t *view = json_of("{\"n\":\"pageview\",\"u\":\"/b\",\"d\":\"a\"}");
    json_t *attention = json_of("{\"n\":\"engagement\",\"u\":\"/b\",\"d\":\"a\"}");

    (void)state;
    plausible_read(&b, view);
    assert_int_equal(b.tab.n, 0);
    plausible_read(&b, attention);
    assert_true(b.tab.n > 0);
    json_decref(view);
    json_decref(attention);
}

static void domains_are_a_list(void **state)
{
    static const struct {
        const char *list, *joined;
    } rows[] = {
        {"a", "a|"},        {"a,b", "a|b|"}, {" a , b.example ", "a|b.example|"},
        {",a,,b,", "a|b|"}, {"", ""},        {" , ", ""},
        {"a b", "a b|"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice list = guarded(rows[i].list), domain;
        char joined[64] = "";

        while (plausible_next_domain(&list, &domain)) {
            strncat(joined, domain.p, domain.n);
            strcat(joined, "|");
        }
        assert_string_equal(joined, rows[i].joined);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_read_by_short_names_or_long_ones),
        cmocka_unit_test(attention_is_of_a_tab_that_nobody_opened),
        cmocka_unit_test(domains_are_a_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
