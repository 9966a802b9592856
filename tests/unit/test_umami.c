/* What Umami's script says, and the ids it gets. */
#include "../dialect.h"

#include "../../collector/dialects/umami.h"
#include "../../proto/secret.h"

static struct beacon b;

static void a_message_is_a_view_or_an_event(void **state)
{
    static const struct {
        const char *json;
        enum umami_verdict verdict;
        const char *site, *path, *kind, *name, *user;
    } rows[] = {
        {"{\"type\":\"event\",\"payload\":{\"website\":\"w\",\"hostname\":\"a.example\","
         "\"url\":\"/b?c\",\"title\":\"T\",\"referrer\":\"\",\"screen\":\"1x1\"}}",
         UMAMI_HIT, "w", "https://a.example/b?c", "view", NULL, NULL},
        {"{\"type\":\"event\",\"payload\":{\"website\":\"w\",\"url\":\"/b\","
         "\"name\":\"buy\",\"data\":{\"x\":1},\"id\":\"alice\",\"ip\":\"192.0.2.1\"}}",
         UMAMI_HIT, "w", "/b", "event", "buy", "alice"},
        {"{\"type\":\"identify\",\"payload\":{\"website\":\"w\",\"id\":\"alice\"}}",
         UMAMI_IGNORED, "w", NULL, "view", NULL, "alice"},
        {"{\"type\":\"event\",\"payload\":{\"url\":\"/b\"}}", UMAMI_NO_SITE, NULL, "/b",
         "view", NULL, NULL},
        {"{\"type\":\"x\",\"payload\":{\"website\":\"w\"}}", UMAMI_BAD_TYPE, "w", NULL,
         "view", NULL, NULL},
        {"{\"payload\":{\"website\":\"w\"}}", UMAMI_BAD_TYPE, "w", NULL, "view", NULL,
         NULL},
        {"{\"type\":\"event\",\"payload\":[]}", UMAMI_BAD_BODY, NULL, NULL, NULL, NULL,
         NULL},
        {"[]", UMAMI_BAD_BODY, NULL, NULL, NULL, NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *text = rows[i].json;
        json_t *message = json_of(text);

        if (umami_read(&b, message) != rows[i].verdict)
            fail_msg("the verdict of %s", text);
        expect_text(text, "site", b.site, rows[i].site);
        expect_text(text, "path", b.path, rows[i].path);
        expect_text(text, "kind", b.kind, rows[i].kind);
        expect_text(text, "name", b.name, rows[i].name);
        expect_text(text, "user", b.user, rows[i].user);
        json_decref(message);
    }
    assert_int_equal(umami_read(&b, NULL), UMAMI_BAD_BODY);
}

static void an_id_is_a_uuid_that_stays(void **state)
{
    char one[37], two[37];
    struct secret s;

    (void)state;
    secret_init(&s, "the secret of a test", 20);
    umami_uuid(&s.v[0].tab, "session", 12345, one);
    assert_int_equal(strlen(one), 36);
    for (size_t i = 0; i < 36; i++)
        assert_int_equal(one[i] == '-', i == 8 || i == 13 || i == 18 || i == 23);
    assert_int_equal(one[14], '4');
    assert_non_null(strchr("89ab", one[19]));
    umami_uuid(&s.v[0].tab, "session", 12345, two);
    assert_string_equal(one, two);
    umami_uuid(&s.v[0].tab, "visit", 12345, two);
    assert_string_not_equal(one, two);
    umami_uuid(&s.v[0].tab, "session", 12346, two);
    assert_string_not_equal(one, two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_a_view_or_an_event),
        cmocka_unit_test(an_id_is_a_uuid_that_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
