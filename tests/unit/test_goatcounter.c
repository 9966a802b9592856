/* What count.js and pixels of GoatCounter say. */
#include "../dialect.h"

#include "../../collector/dialects/goatcounter.h"

static struct beacon b;

static void a_query_is_a_view_or_an_event(void **state)
{
    static const struct {
        const char *query;
        enum goatcounter_verdict verdict;
        const char *site, *path, *name, *title, *referrer;
    } rows[] = {
        {"p=%2Fa%20b&r=https%3A%2F%2Fa.example%2F&t=A+title&e=false&s=1920%2C1080%2C1&b=0"
         "&q=%3Fx&rnd=abc12",
         GOATCOUNTER_HIT, NULL, "/a b", NULL, "A title", "https://a.example/"},
        {"p=/a", GOATCOUNTER_HIT, NULL, "/a", NULL, NULL, NULL},
        {"i=shop&p=buy&e=true", GOATCOUNTER_HIT, "shop", "buy", "1", NULL, NULL},
        {"p=buy&e=1", GOATCOUNTER_HIT, NULL, "buy", "1", NULL, NULL},
        {"p=buy&e=0", GOATCOUNTER_HIT, NULL, "buy", NULL, NULL, NULL},
        {"p=/a&b=150", GOATCOUNTER_BOT, NULL, "/a", NULL, NULL, NULL},
        {"p=/a&b=153", GOATCOUNTER_BOT, NULL, "/a", NULL, NULL, NULL},
        {"p=/a&b=154", GOATCOUNTER_BAD_B, NULL, "/a", NULL, NULL, NULL},
        {"p=/a&b=1500", GOATCOUNTER_BAD_B, NULL, "/a", NULL, NULL, NULL},
        {"p=/a&b=7", GOATCOUNTER_BAD_B, NULL, "/a", NULL, NULL, NULL},
        {"p=/a&b=", GOATCOUNTER_HIT, NULL, "/a", NULL, NULL, NULL},
        {"", GOATCOUNTER_NO_PATH, NULL, NULL, NULL, NULL, NULL},
        {"p=&t=x", GOATCOUNTER_NO_PATH, NULL, NULL, NULL, "x", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *q = rows[i].query;

        if (goatcounter_read(&b, guarded(q)) != rows[i].verdict)
            fail_msg("the verdict of %s", q);
        expect_text(q, "site", b.site, rows[i].site);
        expect_text(q, "path", b.path, rows[i].path);
        expect_text(q, "name", b.name, rows[i].name);
        expect_text(q, "title", b.title, rows[i].title);
        expect_text(q, "referrer", b.referrer, rows[i].referrer);
        expect_text(q, "query", b.query, i == 0 ? "?x" : NULL);
        assert_int_equal(b.tab.n + b.user.n + b.kind.n, 0);
    }
}

static void the_segment_before_count_is_the_site(void **state)
{
    static const struct {
        const char *prefix, *base, *site;
    } rows[] = {
        {"", "", ""},
        {"/shop", "", "shop"},
        {"/a/shop", "", "shop"},
        {"/stats", "/stats", ""},
        {"/stats/shop", "/stats", "shop"},
        {"/shop", "/stats", "shop"},
        {"/a/", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect_text(rows[i].prefix, "site",
                    goatcounter_site(guarded(rows[i].prefix), guarded(rows[i].base)),
                    rows[i].site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_is_a_view_or_an_event),
        cmocka_unit_test(the_segment_before_count_is_the_site),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
