/* What the tracker of Fathom Lite says. */
#include "../dialect.h"

#include "../../collector/dialects/fathom.h"

static void a_pixel_is_a_view(void **state)
{
    static const struct {
        const char *query;
        enum beacon_verdict verdict;
        const char *site, *path, *referrer;
    } rows[] = {
        {"id=abc&pid=&p=%2Fa&h=https%3A%2F%2Fa.example&r=https%3A%2F%2Fr.example&u=1&nv="
         "1&"
         "ns=1&sid=ABCDE",
         BEACON_OK, "ABCDE", "https://a.example/a", "https://r.example"},
        {"p=/a&sid=x", BEACON_OK, "x", "/a", NULL},
        {"p=/a", BEACON_OK, NULL, "/a", NULL},
        {"h=a.example&sid=x", BEACON_OK, "x", "https://a.example/", NULL},
        {"sid=x", BEACON_BAD_PATH, "x", NULL, NULL},
        {"", BEACON_BAD_PATH, NULL, NULL, NULL},
    };
    static struct beacon b;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *q = rows[i].query;

        if (fathom_read(&b, guarded(q)) != rows[i].verdict)
            fail_msg("the verdict of %s", q);
        expect_text(q, "site", b.site, rows[i].site);
        expect_text(q, "path", b.path, rows[i].path);
        expect_text(q, "referrer", b.referrer, rows[i].referrer);
        assert_int_equal(b.tab.n + b.user.n + b.kind.n, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_pixel_is_a_view)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
