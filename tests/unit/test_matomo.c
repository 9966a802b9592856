/* What matomo.js and the Tracking HTTP API say. */
#include "../dialect.h"

#include "../../collector/dialects/matomo.h"

static struct beacon b;

struct wanted {
    const char *kind, *name, *path, *user, *tab;
};

static void expect(const char *of, const struct wanted *w)
{
    expect_text(of, "kind", b.kind, w->kind);
    expect_text(of, "name", b.name, w->name);
    expect_text(of, "path", b.path, w->path);
    expect_text(of, "user", b.user, w->user);
    expect_text(of, "tab", b.tab, w->tab);
}

static const struct {
    const char *query;
    struct wanted want;
} requests[] = {
    {"idsite=1&rec=1&url=https%3A%2F%2Fa.example%2Fb&action_name=T&urlref=&"
     "_id=0123456789abcdef&pv_id=x1Y2z3&send_image=0",
     {"view", NULL, "https://a.example/b", "0123456789abcdef", "x1Y2z3"}},
    {"idsite=1&rec=1&uid=alice&cid=0123456789abcdef",
     {"view", NULL, NULL, "alice", NULL}},
    {"idsite=1&rec=1&cid=0123456789ABCDEF&_id=fedcba9876543210",
     {"view", NULL, NULL, "0123456789ABCDEF", NULL}},
    {"idsite=1&rec=1&_id=0123456789abcde", {"view", NULL, NULL, NULL, NULL}},
    {"idsite=1&rec=1&_id=0123456789abcdeg", {"view", NULL, NULL, NULL, NULL}},
    {"idsite=1&rec=1&ping=1&pv_id=p&e_c=a", {"heartbeat", NULL, NULL, NULL, "p"}},
    {"idsite=1&rec=1&ca=1&pv_id=p", {"heartbeat", NULL, NULL, NULL, "p"}},
    {"idsite=1&rec=1&ca=1&e_c=Video&e_a=Play&e_n=n",
     {"event", "Video Play", NULL, NULL, NULL}},
    {"idsite=1&rec=1&e_c=Video", {"event", "Video", NULL, NULL, NULL}},
    {"idsite=1&rec=1&link=https%3A%2F%2Fb.example",
     {"event", "link https://b.example", NULL, NULL, NULL}},
    {"idsite=1&rec=1&download=%2Fa.zip", {"event", "download /a.zip", NULL, NULL, NULL}},
    {"idsite=1&rec=1&link=https%3A%2F%2Fme%3Apw%40b.example%2Fx%40y%3Fmail%3Da%23b",
     {"event", "link https://b.example/x@y", NULL, NULL, NULL}},
    {"idsite=1&rec=1&download=%2Fa.zip%23me%3F",
     {"event", "download /a.zip", NULL, NULL, NULL}},
    {"idsite=1&rec=1&search=shoes&search_cat=x",
     {"event", "search shoes", NULL, NULL, NULL}},
    {"idsite=1&rec=1&idgoal=3&revenue=2", {"event", "goal 3", NULL, NULL, NULL}},
};

static void a_request_says_what_it_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        bool no_image;

        assert_int_equal(
            matomo_read(&b, guarded(requests[i].query), (struct slice){0}, &no_image),
            MATOMO_HIT);
        assert_int_equal(no_image, i == 0);
        expect(requests[i].query, &requests[i].want);
        expect_text(requests[i].query, "site", b.site, "1");
    }
}

static void a_form_says_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        bool no_image;

        assert_int_equal(
            matomo_read(&b, (struct slice){0}, guarded(requests[i].query), &no_image),
            MATOMO_HIT);
        expect(requests[i].query, &requests[i].want);
    }
}

static void the_query_goes_before_the_form(void **state)
{
    bool no_image;

    (void)state;
    matomo_read(&b, guarded("idsite=1&rec=1"), guarded("idsite=2&url=/a"), &no_image);
    expect_text("both", "site", b.site, "1");
    expect_text("both", "path", b.path, "/a");
}

static void one_of_a_bulk_says_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        json_t *plain = json_string(requests[i].query);
        json_t *marked = json_sprintf("?%s", requests[i].query);

        assert_int_equal(matomo_read_one(&b, plain), MATOMO_HIT);
        expect(requests[i].query, &requests[i].want);
        assert_int_equal(matomo_read_one(&b, marked), MATOMO_HIT);
        expect(requests[i].query, &requests[i].want);
        json_decref(plain);
        json_decref(marked);
    }
}

static void one_of_a_bulk_may_be_an_object(void **state)
{
    json_t *v = json_of("{\"idsite\":7,\"rec\":1,\"url\":\"/a\",\"ping\":1,\"e_v\":[]}");

    (void)state;
    assert_int_equal(matomo_read_one(&b, v), MATOMO_HIT);
    expect_text("an object", "site", b.site, "7");
    expect_text("an object", "kind", b.kind, "heartbeat");
    json_decref(v);
    v = json_of("[3]");
    assert_int_equal(matomo_read_one(&b, v), MATOMO_IGNORED);
    assert_int_equal(matomo_read_one(&b, NULL), MATOMO_IGNORED);
    json_decref(v);
}

static void without_rec_nothing_is_recorded(void **state)
{
    static const char *const rows[] = {"", "idsite=1", "idsite=1&rec=0", "idsite=1&rec="};
    bool no_image;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(matomo_read(&b, guarded(rows[i]), (struct slice){0}, &no_image),
                         MATOMO_IGNORED);
}

static void a_form_may_be_long_but_not_what_is_read_of_it(void **state)
{
    static char form[20000];
    bool no_image;

    (void)state;
    memset(form, 'x', sizeof form);
    memcpy(form, "idsite=1&rec=1&ec_items=", 24);
    assert_int_equal(
        matomo_read(&b, (struct slice){0}, (struct slice){form, sizeof form}, &no_image),
        MATOMO_HIT);
    memcpy(form, "idsite=1&rec=1&action_name=", 27);
    assert_int_equal(
        matomo_read(&b, (struct slice){0}, (struct slice){form, sizeof form}, &no_image),
        MATOMO_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_says_what_it_is),
        cmocka_unit_test(a_form_says_the_same),
        cmocka_unit_test(the_query_goes_before_the_form),
        cmocka_unit_test(one_of_a_bulk_says_the_same),
        cmocka_unit_test(one_of_a_bulk_may_be_an_object),
        cmocka_unit_test(without_rec_nothing_is_recorded),
        cmocka_unit_test(a_form_may_be_long_but_not_what_is_read_of_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
