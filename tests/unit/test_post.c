/* The request carries the token and the text, and nothing can be slipped in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../cli/fetch.h"
#include "../../cli/post.h"
#include "../guard.h"

static void a_token_is_the_first_line_of_its_file(void **state)
{
    static const struct {
        const char *file, *token; /* NULL: refused */
    } rows[] = {
        {"hc_abc", "hc_abc"}, {"hc_abc\n", "hc_abc"}, {" hc_abc \r\nmore\n", "hc_abc"},
        {"", NULL},           {"\n", NULL},           {"  \n", NULL},
        {"hc abc\n", NULL},   {"hc\x01", NULL},       {"hc\xc3\xa9", NULL},
    };
    char token[POST_TOKEN_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t n = strlen(rows[i].file);
        bool good = post_token((struct slice){guard_copy(rows[i].file, n), n}, token);

        assert_int_equal(good, rows[i].token != NULL);
        if (good)
            assert_string_equal(token, rows[i].token);
    }
}

static void a_long_token_is_none(void **state)
{
    char text[POST_TOKEN_MAX + 1], token[POST_TOKEN_MAX + 1];

    (void)state;
    memset(text, 'x', sizeof text);
    assert_true(post_token((struct slice){text, POST_TOKEN_MAX}, token));
    assert_false(post_token((struct slice){text, POST_TOKEN_MAX + 1}, token));
}

static void the_request_is_this(void **state)
{
    struct collector_url url;
    struct post p = {.url = &url,
                     .site = SLICE("shop"),
                     .token = "hc_x",
                     .name = SLICE("bot"),
                     .query_ms = -1};
    struct buf out;
    char err[100];
    const char *want = "POST /hc/sites/shop/messages HTTP/1.1\r\n"
                       "Host: example.com:81\r\n"
                       "User-Agent: headcount/" HC_VERSION "\r\n"
                       "Authorization: Bearer hc_x\r\n"
                       "Content-Type: application/json\r\n"
                       "Content-Length: 33\r\n"
                       "Connection: close\r\n"
                       "\r\n"
                       "{\"text\":\"a \\\"b\\\"\\n\",\"name\":\"bot\"}";

    (void)state;
    assert_int_equal(collector_url_parse(&url, "http://example.com:81/hc/", err, 100), 0);
    buf_init(&out, POST_REQUEST_MAX);
    post_request(&p, SLICE("a \"b\"\n"), &out);
    if (!slice_eq(buf_get(&out), slice_of(want)))
        fail_msg("%.*s", (int)out.n, out.p);
    buf_fini(&out);
}

static void a_query_tells_its_time(void **state)
{
    struct collector_url url;
    struct post p = {.url = &url, .site = SLICE("shop"), .token = "hc_x", .query_ms = 0};
    const char *want = "\r\n\r\n{\"text\":\"SELECT 1\",\"name\":\"\","
                       "\"kind\":\"query\",\"ms\":0}";
    struct buf out;
    char err[100];

    (void)state;
    assert_int_equal(collector_url_parse(&url, "http://example.com", err, 100), 0);
    buf_init(&out, POST_REQUEST_MAX);
    post_request(&p, SLICE("SELECT 1"), &out);
    buf_add(&out, "", 1);
    assert_non_null(strstr(out.p, want));
    buf_fini(&out);
}

static void the_longest_text_fits(void **state)
{
    struct collector_url url;
    struct post p = {
        .url = &url, .site = SLICE("shop"), .token = "hc_x", .query_ms = ENGAGED_MAX_MS};
    char text[PATH_MAX_BYTES], err[100];
    struct buf out;

    (void)state;
    memset(text, '<', sizeof text); /* six bytes each in JSON */
    assert_int_equal(collector_url_parse(&url, "http://example.com", err, 100), 0);
    buf_init(&out, POST_REQUEST_MAX);
    p.name = (struct slice){text, EVENT_NAME_MAX};
    post_request(&p, (struct slice){text, sizeof text}, &out);
    assert_false(out.full);
    buf_fini(&out);
}

static void the_answer_tells_when_to_come_again(void **state)
{
    static const struct {
        const char *bytes;
        int status;
        long retry_after;
    } rows[] = {
        {"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", 202, -1},
        {"HTTP/1.1 204 No Content\r\n\r\n", 204, -1},
        {"HTTP/1.1 429 x\r\ncontent-length: 0\r\nretry-after:7\r\n\r\n", 429, 7},
        {"HTTP/1.1 429 x\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n", 429, -1},
        {"HTTP/1.1 429 x\r\nRetry-After:\r\nContent-Length: 0\r\n\r\n", 429, -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t n = strlen(rows[i].bytes);
        struct fetched f;

        assert_int_equal(fetch_read(&f, (struct slice){guard_copy(rows[i].bytes, n), n}),
                         0);
        assert_int_equal(f.status, rows[i].status);
        assert_int_equal(f.retry_after, rows[i].retry_after);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_the_first_line_of_its_file),
        cmocka_unit_test(a_long_token_is_none),
        cmocka_unit_test(the_request_is_this),
        cmocka_unit_test(a_query_tells_its_time),
        cmocka_unit_test(the_longest_text_fits),
        cmocka_unit_test(the_answer_tells_when_to_come_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
