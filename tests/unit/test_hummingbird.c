/* Hummingbird's pixel, and its datagrams of JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../collector/dialects/hummingbird.h"
#include "../../collector/json_hit.h"
#include "../guard.h"

static struct beacon beacon;
static struct json_hit hit;

static void assert_text(struct slice s, const char *want)
{
    if (!slice_eq(s, slice_of(want)))
        fail_msg("\"%.*s\", not \"%s\"", (int)s.n, s.p, want);
}

static struct slice guarded(const char *text)
{
    size_t n = strlen(text);

    return (struct slice){guard_copy(text, n), n};
}

static void a_pixel_tells_page_referrer_event_and_visitor(void **state)
{
    (void)state;
    memset(&beacon, 0xa5, sizeof beacon);
    hummingbird_pixel(&beacon, guarded("u=http%3A%2F%2Fshop.example%2Fa&bw=1024&bh=768&"
                                       "ref=https%3A%2F%2Fblog.example%2F&rnd=1&"
                                       "event=cart_add&guid=me%20&u=/other"));
    assert_text(beacon.path, "http://shop.example/a");
    assert_text(beacon.referrer, "https://blog.example/");
    assert_text(beacon.name, "cart_add");
    assert_text(beacon.user, "me ");
    assert_int_equal(beacon.kind.n, 0);
    assert_int_equal(beacon.site.n, 0);
}

static void a_pixel_may_say_anything_or_nothing(void **state)
{
    char text[HTTP_REQUEST_LINE_MAX + 100];

    (void)state;
    hummingbird_pixel(&beacon, guarded(""));
    assert_null(beacon.path.p);
    hummingbird_pixel(&beacon, guarded("&=&%zz=1&uu=2&events=3&U=4"));
    assert_null(beacon.path.p);
    assert_null(beacon.name.p);
    memset(text, '+', sizeof text);
    memcpy(text, "u=", 2);
    hummingbird_pixel(&beacon,
                      (struct slice){guard_copy(text, sizeof text), sizeof text});
    assert_null(beacon.path.p);
}

static void an_object_is_one_event(void **state)
{
    struct json_hits hits;

    (void)state;
    assert_int_equal(
        json_hits_open(&hits, guarded("{\"site\":\"shop\",\"u\":\"/a\",\"event\":\"buy\","
                                      "\"ip\":\"192.0.2.7\",\"ua\":\"Firefox\","
                                      "\"ref\":\"https://blog.example\",\"guid\":\"me\","
                                      "\"title\":\"A\",\"price\":9.5,\"x\":[null]}")),
        0);
    assert_int_equal(hits.n, 1);
    memset(&hit, 0xa5, sizeof hit);
    assert_true(json_hits_get(&hits, 0, &hit));
    assert_text(hit.beacon.site, "shop");
    assert_text(hit.beacon.path, "/a");
    assert_text(hit.beacon.name, "buy");
    assert_text(hit.beacon.user, "me");
    assert_text(hit.beacon.title, "A");
    assert_text(hit.beacon.referrer, "https://blog.example");
    assert_text(hit.from.user_agent, "Firefox");
    assert_int_equal(hit.from.ip.n, 4);
    assert_memory_equal(hit.from.ip.b, "\xc0\x00\x02\x07", 4);
    assert_int_equal(hit.from.referer.n, 0);
    json_hits_close(&hits);
}

static void an_array_is_several_and_its_bad_ones_are_told(void **state)
{
    static const bool good[] = {true, false, false, true, false, true};
    struct json_hits hits;

    (void)state;
    assert_int_equal(
        json_hits_open(&hits,
                       guarded("[{\"i\":\"a\",\"url\":\"/\",\"user_agent\":\"x\"}, 1, "
                               "[], {\"ip\":\"2001:db8::1\"}, {\"ip\":\"nobody\"}, "
                               "{\"u\":7,\"url\":\"/b\",\"site\":null,\"i\":false}]")),
        0);
    assert_int_equal(hits.n, sizeof good);
    for (size_t i = 0; i < hits.n; i++)
        if (json_hits_get(&hits, i, &hit) != good[i])
            fail_msg("part %zu", i);
    assert_text(hit.beacon.path, "/b");
    assert_int_equal(hit.beacon.site.n, 0);
    assert_int_equal(hit.from.ip.n, 0);
    json_hits_close(&hits);
}

static void what_is_no_json_is_refused_at_every_length(void **state)
{
    static const char text[] = "[{\"site\":\"shop\",\"u\":\"/\\u00e4\\n\"},{}]";
    struct json_hits hits;

    (void)state;
    for (size_t n = 0; n < sizeof text - 1; n++)
        assert_int_equal(json_hits_open(&hits, (struct slice){guard_copy(text, n), n}),
                         -1);
    assert_int_equal(json_hits_open(&hits, guarded("1")), -1);
    assert_int_equal(json_hits_open(&hits, guarded("\"site\"")), -1);
    assert_int_equal(json_hits_open(&hits, guarded("{\"site\":\"\xff\"}")), -1);
    assert_int_equal(json_hits_open(&hits, guarded("{\"site\":\"\\u0000\"}")), -1);
    assert_int_equal(json_hits_open(&hits, guarded("{} {}")), -1);
    assert_int_equal(json_hits_open(&hits, guarded(text)), 0);
    json_hits_close(&hits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pixel_tells_page_referrer_event_and_visitor),
        cmocka_unit_test(a_pixel_may_say_anything_or_nothing),
        cmocka_unit_test(an_object_is_one_event),
        cmocka_unit_test(an_array_is_several_and_its_bad_ones_are_told),
        cmocka_unit_test(what_is_no_json_is_refused_at_every_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
