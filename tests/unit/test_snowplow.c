/* What Snowplow's trackers say. */
#include "../dialect.h"

#include "../../collector/dialects/snowplow.h"

static struct beacon b, other;

/* {"schema":"iglu:u/unstruct_event/jsonschema/1-0-0","data":
 * {"schema":"iglu:com.example/buy/jsonschema/1-0-0","data":{}}} */
#define UE_JSON                                                                        \
    "%7B%22schema%22%3A%22iglu%3Au%2Funstruct_event%2Fjsonschema%2F1-0-0%22%2C%22data" \
    "%22%3A%7B%22schema%22%3A%22iglu%3Acom.example%2Fbuy%2Fjsonschema%2F1-0-0%22%2C"   \
    "%22data%22%3A%7B%7D%7D%7D"
/* {"data":{"schema":"iglu:com.example/buy/jsonschema/1-0-0"}} */
#define UE_BASE64                                              \
    "eyJkYXRhIjp7InNjaGVtYSI6ImlnbHU6Y29tLmV4YW1wbGUvYnV5L2pz" \
    "b25zY2hlbWEvMS0wLTAifX0"

static const struct {
    const char *query, *json;
    enum snowplow_verdict verdict;
    const char *kind, *name, *user;
} events[] = {
    {"e=pv&aid=shop&url=%2Fa&page=T&duid=d&p=web",
     "{\"e\":\"pv\",\"aid\":\"shop\",\"url\":\"/a\",\"page\":\"T\",\"duid\":\"d\"}",
     SNOWPLOW_HIT, NULL, NULL, "d"},
    {"e=pp&aid=shop&duid=d&uid=alice",
     "{\"e\":\"pp\",\"aid\":\"shop\",\"duid\":\"d\",\"uid\":\"alice\"}", SNOWPLOW_HIT,
     "heartbeat", NULL, "alice"},
    {"e=se&aid=shop&se_ca=video&se_ac=play",
     "{\"e\":\"se\",\"aid\":\"shop\",\"se_ca\":\"video\",\"se_ac\":\"play\"}",
     SNOWPLOW_HIT, "event", "video play", NULL},
    {"e=ue&aid=shop&ue_pr=" UE_JSON, NULL, SNOWPLOW_HIT, "event", "buy", NULL},
    {"e=ue&aid=shop&ue_px=" UE_BASE64,
     "{\"e\":\"ue\",\"aid\":\"shop\",\"ue_px\":\"" UE_BASE64 "\"}", SNOWPLOW_HIT, "event",
     "buy", NULL},
    {"e=ue&aid=shop&ue_px=" UE_BASE64 "%3D", NULL, SNOWPLOW_HIT, "event", "buy", NULL},
    {"e=ue&aid=shop&ue_px=%3D", NULL, SNOWPLOW_BAD_NAME, "event", NULL, NULL},
    {"e=ue&aid=shop&ue_px=!", NULL, SNOWPLOW_BAD_NAME, "event", NULL, NULL},
    {"e=ue&aid=shop&ue_pr=%7B%7D", NULL, SNOWPLOW_BAD_NAME, "event", NULL, NULL},
    {"e=ue&aid=shop", NULL, SNOWPLOW_BAD_NAME, "event", NULL, NULL},
    {"e=se&aid=shop", NULL, SNOWPLOW_BAD_NAME, "event", NULL, NULL},
    {"e=tr&aid=shop", NULL, SNOWPLOW_HIT, "event", "transaction", NULL},
    {"e=ti&aid=shop", NULL, SNOWPLOW_IGNORED, NULL, NULL, NULL},
    {"e=xx&aid=shop", NULL, SNOWPLOW_BAD_TYPE, NULL, NULL, NULL},
    {"aid=shop", "{\"aid\":\"shop\",\"e\":[]}", SNOWPLOW_BAD_TYPE, NULL, NULL, NULL},
};

static void expect(size_t i, const char *of, enum snowplow_verdict verdict)
{
    if (verdict != events[i].verdict)
        fail_msg("the verdict of %s", of);
    expect_text(of, "site", b.site, "shop");
    expect_text(of, "kind", b.kind, events[i].kind);
    expect_text(of, "name", b.name, events[i].name);
    expect_text(of, "user", b.user, events[i].user);
}

static void a_query_and_an_object_say_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        json_t *event = events[i].json ? json_of(events[i].json) : NULL;

        expect(i, events[i].query, snowplow_read(&b, guarded(events[i].query), NULL));
        if (event)
            expect(i, events[i].json, snowplow_read(&b, (struct slice){0}, event));
        json_decref(event);
    }
}

static bool same_tab(const char *one, const char *two)
{
    snowplow_read(&b, guarded(one), NULL);
    snowplow_read(&other, guarded(two), NULL);
    return slice_eq(b.tab, other.tab);
}

static void a_tab_is_a_browser_and_a_page(void **state)
{
    (void)state;
    assert_true(same_tab("e=pv&duid=d&url=/a", "e=pp&url=/a&duid=d"));
    assert_false(same_tab("e=pv&duid=d&url=/a", "e=pp&duid=d&url=/b"));
    assert_false(same_tab("e=pv&duid=d&url=/a", "e=pp&duid=e&url=/a"));
    assert_true(b.tab.n > 0 && b.tab.n <= CLIENT_ID_MAX);
    snowplow_read(&b, guarded("e=pp&duid=d"), NULL);
    assert_int_equal(b.tab.n, 0);
}

static void texts_that_have_no_room_are_refused(void **state)
{
    static char title[HTTP_REQUEST_LINE_MAX + 100];

    (void)state;
    memset(title, '+', sizeof title);
    memcpy(title, "e=pv&page=", 10);
    assert_int_equal(snowplow_read(&b, (struct slice){title, sizeof title}, NULL),
                     SNOWPLOW_BAD_BODY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_and_an_object_say_the_same),
        cmocka_unit_test(a_tab_is_a_browser_and_a_page),
        cmocka_unit_test(texts_that_have_no_room_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
