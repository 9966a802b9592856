/* LiveUser: what its widget says and is told, and what the page asks for. Each input ends
 * where memory ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../collector/dialects/liveuser_message.h"
#include "../../collector/dialects/liveuser_script.h"
#include "../../collector/ws_reader.h"
#include "../guard.h"

#define COUNT_OF(row) (sizeof(row) / sizeof *(row))

static struct slice guarded(struct slice s)
{
    return (struct slice){guard_copy(s.p, s.n), s.n};
}

/* ---- what it says ---- */

static void a_message_is_a_join_a_heartbeat_or_nothing(void **state)
{
    static const struct {
        const char *text;
        enum liveuser_kind kind;
        const char *site;
    } row[] = {
        {"{\"type\":\"join\",\"siteId\":\"shop\",\"clientId\":\"a\"}", LIVEUSER_JOIN,
         "shop"},
        {"{\"siteId\":\"shop\",\"type\":\"join\"}", LIVEUSER_JOIN, "shop"},
        {"{\"type\":\"join\"}", LIVEUSER_JOIN, ""},
        {"{\"type\":\"join\",\"siteId\":7}", LIVEUSER_JOIN, ""},
        {" {\"type\":\"heartbeat\",\"clientId\":\"a\"} ", LIVEUSER_HEARTBEAT, ""},
        {"{\"type\":\"heartbeat\",\"siteId\":\"shop\",\"timestamp\":1763776801}",
         LIVEUSER_HEARTBEAT, "shop"},
        {"{\"type\":\"JOIN\"}", LIVEUSER_NOTHING, ""},
        {"{\"type\":\"joins\"}", LIVEUSER_NOTHING, ""},
        {"{\"type\":\"update\",\"count\":9}", LIVEUSER_NOTHING, ""},
        {"{\"type\":[\"join\"]}", LIVEUSER_NOTHING, ""},
        {"{\"type\":\"join\",\"type\":\"heartbeat\"}", LIVEUSER_NOTHING, ""},
        {"{\"type\":\"join\"", LIVEUSER_NOTHING, ""},
        {"{\"type\":\"join\"} {}", LIVEUSER_NOTHING, ""},
        {"[\"join\"]", LIVEUSER_NOTHING, ""},
        {"\"join\"", LIVEUSER_NOTHING, ""},
        {"null", LIVEUSER_NOTHING, ""},
        {"\xff\xfe", LIVEUSER_NOTHING, ""},
        {"join", LIVEUSER_NOTHING, ""},
        {"", LIVEUSER_NOTHING, ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct liveuser_message m;

        liveuser_message_parse(&m, guarded(slice_of(row[i].text)));
        if (m.kind != row[i].kind ||
            !slice_eq((struct slice){m.site, m.site_n}, slice_of(row[i].site)))
            fail_msg("%s is %d of \"%.*s\"", row[i].text, m.kind, (int)m.site_n, m.site);
    }
}

static void a_site_that_is_too_long_to_be_one_stays_too_long(void **state)
{
    char text[256];
    struct liveuser_message m;

    (void)state;
    snprintf(text, sizeof text, "{\"type\":\"join\",\"siteId\":\"%0100d\"}", 0);
    liveuser_message_parse(&m, slice_of(text));
    assert_int_equal(m.site_n, SITE_MAX + 1);
}

/* ---- what it is told ---- */

/* The text of the one frame in @out. */
static const char *text_of(struct buf *out)
{
    assert_int_equal((uint8_t)out->p[0], 0x81);
    if ((uint8_t)out->p[1] < 126) {
        assert_int_equal(out->n, 2u + (uint8_t)out->p[1]);
        buf_add(out, "", 1);
        return out->p + 2;
    }
    assert_int_equal(out->p[1], 126);
    assert_int_equal(out->n, 4u + (uint8_t)out->p[2] * 256u + (uint8_t)out->p[3]);
    buf_add(out, "", 1);
    return out->p + 4;
}

static void numbers_are_told_in_each_generations_words(void **state)
{
    uint64_t told = liveuser_told(3, 1234);
    struct buf out;

    (void)state;
    buf_init(&out, 1024);
    liveuser_put_update(&out, told, false);
    assert_string_equal(text_of(&out), "{\"type\":\"update\",\"count\":3}");
    buf_clear(&out);
    liveuser_put_update(&out, told, true);
    assert_string_equal(text_of(&out),
                        "{\"type\":\"update\",\"count\":3,\"totalCount\":1234}");
    buf_clear(&out);
    liveuser_put_update_of(&out, SLICE("shop"), told, 1763776801999);
    assert_string_equal(text_of(&out), "{\"type\":\"update\",\"siteId\":\"shop\","
                                       "\"count\":3,\"timestamp\":1763776801}");
    buf_clear(&out);
    liveuser_put_heartbeat(&out, 1763776801999, &told, true);
    assert_string_equal(text_of(&out), "{\"type\":\"heartbeat\",\"timestamp\":1763776801,"
                                       "\"count\":3,\"totalCount\":1234}");
    buf_clear(&out);
    liveuser_put_heartbeat(&out, 1763776801999, NULL, true);
    assert_string_equal(text_of(&out),
                        "{\"type\":\"heartbeat\",\"timestamp\":1763776801}");
    buf_clear(&out);
    liveuser_put_shutdown(&out);
    assert_ptr_equal(strstr(text_of(&out), "{\"type\":\"shutdown\",\"message\":\""),
                     out.p + 2);
    buf_fini(&out);
}

static void the_largest_numbers_have_room(void **state)
{
    char site[SITE_MAX];
    struct buf out;

    (void)state;
    memset(site, 's', sizeof site);
    buf_init(&out, 1024);
    liveuser_put_update_of(&out, (struct slice){site, sizeof site}, UINT64_MAX,
                           INT64_MAX);
    assert_non_null(strstr(text_of(&out), ",\"timestamp\":9223372036854775}"));
    buf_clear(&out);
    liveuser_put_update(&out, liveuser_told(UINT64_MAX, UINT64_MAX), true);
    assert_string_equal(text_of(&out), "{\"type\":\"update\",\"count\":16777215,"
                                       "\"totalCount\":1099511627775}");
    buf_fini(&out);
}

static void two_states_are_told_as_one_number_when_they_tell_the_same(void **state)
{
    (void)state;
    assert_int_equal(liveuser_told(3, 5), liveuser_told(3, 5));
    assert_int_not_equal(liveuser_told(3, 5), liveuser_told(3, 6));
    assert_int_not_equal(liveuser_told(3, 5), liveuser_told(4, 5));
    assert_int_not_equal(liveuser_told(0, 1), liveuser_told(1, 0));
}

/* ---- messages that are kept ---- */

#define KEEP_MAX 100

/* What the reader makes of @text as a text frame: "message:TEXT" or "failed:CODE". @step:
 * bytes at a time. */
static void read_one(char *got, size_t got_n, const char *text, size_t step)
{
    static struct guard g;
    struct ws_reader r = {0};
    struct buf keep, frame;
    enum ws_event e = WS_NOTHING;

    buf_init(&keep, KEEP_MAX);
    buf_init(&frame, 1024);
    ws_frame_head(&frame, WS_TEXT, strlen(text));
    frame.p[1] |= (char)0x80;
    buf_add(&frame, "\x01\x02\x03\x04", 4);
    for (size_t i = 0; i < strlen(text); i++)
        buf_add(&frame, &(char){(char)(text[i] ^ (int)(i % 4 + 1))}, 1);
    r.keep = &keep;
    for (size_t at = 0; at < frame.n && e == WS_NOTHING; at += step) {
        size_t n = step < frame.n - at ? step : frame.n - at;
        struct slice in = {guard_put(&g, frame.p + at, n), n};

        e = ws_reader_next(&r, &in);
    }
    if (e == WS_MESSAGE)
        snprintf(got, got_n, "message:%.*s", (int)keep.n, keep.p);
    else
        snprintf(got, got_n, "failed:%u", r.code);
    buf_fini(&keep);
    buf_fini(&frame);
}

static void a_message_is_kept_up_to_the_callers_bound(void **state)
{
    char longest[KEEP_MAX + 2] = {0}, got[256];

    (void)state;
    for (size_t step = 1; step < 200; step += 66) {
        read_one(got, sizeof got, "{\"type\":\"join\"}", step);
        assert_string_equal(got, "message:{\"type\":\"join\"}");
        memset(longest, 'x', KEEP_MAX);
        longest[KEEP_MAX] = '\0';
        read_one(got, sizeof got, longest, step);
        assert_int_equal(strlen(got), strlen("message:") + KEEP_MAX);
        longest[KEEP_MAX] = 'x';
        read_one(got, sizeof got, longest, step);
        assert_string_equal(got, "failed:1009");
    }
}

/* ---- what the page asks for ---- */

static const char *config(struct buf *out, const char *query, const char *host,
                          const char *prefix)
{
    const struct liveuser_wish wish = {.query = guarded(slice_of(query)),
                                       .host = guarded(slice_of(host)),
                                       .prefix = guarded(slice_of(prefix))};

    buf_clear(out);
    liveuser_config(out, &wish);
    assert_false(out->full);
    buf_add(out, "", 1);
    return out->p;
}

static void what_is_not_asked_for_is_as_in_the_original(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 1 << 20);
    assert_string_equal(
        config(&out, "", "stats.example:8080", ""),
        "{\"siteId\":\"default-site\",\"serverUrl\":\"ws://stats.example:8080/\","
        "\"displayElementId\":\"liveuser\","
        "\"totalCountElementId\":\"liveuser_totalvisits\",\"enableTotalCount\":false,"
        "\"reconnectDelay\":3000,\"debug\":false}");
    assert_non_null(strstr(config(&out, "siteId=&serverUrl=", "a", "/x/y"),
                           "\"siteId\":\"default-site\",\"serverUrl\":\"ws://a/x/y/\""));
    assert_non_null(strstr(config(&out, "", "", ""), "\"serverUrl\":\"\""));
    buf_fini(&out);
}

static void all_eight_parameters_are_heard(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 1 << 20);
    assert_string_equal(
        config(&out,
               "siteId=shop&serverUrl=wss%3A%2F%2Fs.example%2F&displayElementId=a"
               "&totalCountElementId=b&enableTotalCount=true&reconnectDelay=500"
               "&debug=true&baseUrl=https://b.example",
               "x", ""),
        "{\"siteId\":\"shop\",\"serverUrl\":\"wss://s.example/\","
        "\"displayElementId\":\"a\",\"totalCountElementId\":\"b\","
        "\"enableTotalCount\":true,\"reconnectDelay\":500,\"debug\":true,"
        "\"baseUrl\":\"https://b.example\"}");
    buf_fini(&out);
}

static void a_flag_is_true_and_a_delay_is_ms_or_what_it_was(void **state)
{
    static const struct {
        const char *query, *want;
    } row[] = {
        {"enableTotalCount=1", "\"enableTotalCount\":false"},
        {"enableTotalCount=TRUE", "\"enableTotalCount\":false"},
        {"debug=true&debug=false", "\"debug\":true"},
        {"reconnectDelay=0", "\"reconnectDelay\":3000,"},
        {"reconnectDelay=-5", "\"reconnectDelay\":3000,"},
        {"reconnectDelay=soon", "\"reconnectDelay\":3000,"},
        {"reconnectDelay=250ms", "\"reconnectDelay\":250,"},
        {"reconnectDelay=99999999999999999999999", "\"reconnectDelay\":86400000,"},
    };
    struct buf out;

    (void)state;
    buf_init(&out, 1 << 20);
    for (size_t i = 0; i < COUNT_OF(row); i++)
        if (!strstr(config(&out, row[i].query, "", ""), row[i].want))
            fail_msg("%s gives %s", row[i].query, out.p);
    buf_fini(&out);
}

static void no_value_ends_the_script_or_its_text(void **state)
{
    const char *text;
    struct buf out;

    (void)state;
    buf_init(&out, 1 << 20);
    text = config(&out,
                  "siteId=%3C%2Fscript%3E%3Cscript%3Ealert(1)&displayElementId=%22%7D)%3B"
                  "alert(1)%3B%2F%2F&serverUrl=%5C%0A%00%ff&totalCountElementId="
                  "%E2%80%A8%E2%80%A9%26",
                  "a\"><b", "/%3C'\"<");
    for (const char *bad = "<>&\n"; *bad; bad++)
        assert_null(strchr(text, *bad));
    assert_null(strstr(text, "\xe2\x80\xa8"));
    assert_non_null(strstr(text, ":\"\\\"});alert(1);//\""));
    buf_fini(&out);
}

static void the_longest_query_has_room(void **state)
{
    static char query[HTTP_REQUEST_LINE_MAX];
    struct buf out;

    (void)state;
    memset(query, '<', sizeof query - 1);
    memcpy(query, "siteId=", 7);
    buf_init(&out, 1 << 20);
    assert_true(strlen(config(&out, query, "", "")) > 6 * (sizeof query - 8));
    buf_fini(&out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_a_join_a_heartbeat_or_nothing),
        cmocka_unit_test(a_site_that_is_too_long_to_be_one_stays_too_long),
        cmocka_unit_test(numbers_are_told_in_each_generations_words),
        cmocka_unit_test(the_largest_numbers_have_room),
        cmocka_unit_test(two_states_are_told_as_one_number_when_they_tell_the_same),
        cmocka_unit_test(a_message_is_kept_up_to_the_callers_bound),
        cmocka_unit_test(what_is_not_asked_for_is_as_in_the_original),
        cmocka_unit_test(all_eight_parameters_are_heard),
        cmocka_unit_test(a_flag_is_true_and_a_delay_is_ms_or_what_it_was),
        cmocka_unit_test(no_value_ends_the_script_or_its_text),
        cmocka_unit_test(the_longest_query_has_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
