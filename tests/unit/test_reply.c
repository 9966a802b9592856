/* Answers as bytes: what a head holds, what a body is left out of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../collector/pixel.h"
#include "../../collector/reply.h"

static const struct http_date date = {.text = "Sun, 06 Nov 1994 08:49:37 GMT"};

static void must_be(const struct buf *out, const char *want)
{
    assert_int_equal(out->n, strlen(want));
    assert_memory_equal(out->p, want, out->n);
}

static void must_write(struct reply_mode mode, struct reply r, const char *want)
{
    struct buf out;

    buf_init(&out, 4096);
    reply_write(&out, &date, mode, &r);
    must_be(&out, want);
    buf_fini(&out);
}

static void a_date_has_the_form_of_http(void **state)
{
    struct http_date d = {0};

    (void)state;
    http_date_set(&d, 784111777999); /* the example of RFC 9110, 5.6.7 */
    assert_string_equal(d.text, "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_int_equal(strlen(d.text), HTTP_DATE_LEN);
    http_date_set(&d, 784111778000);
    assert_string_equal(d.text, "Sun, 06 Nov 1994 08:49:38 GMT");
    http_date_set(&d, 0);
    assert_string_equal(d.text, "Thu, 01 Jan 1970 00:00:00 GMT");
}

static void the_epoch_itself_has_a_date(void **state)
{
    struct http_date d = {0};

    (void)state;
    http_date_set(&d, 0);
    assert_string_equal(d.text, "Thu, 01 Jan 1970 00:00:00 GMT");
}

static void head_and_body_follow_each_other(void **state)
{
    struct reply r = {200, "text/plain", HEADER_NO_STORE, SLICE("hello")};

    (void)state;
    must_write((struct reply_mode){0}, r,
               "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
               "Content-Type: text/plain\r\nContent-Length: 5\r\n"
               "Cache-Control: no-store\r\n\r\nhello");
}

static void head_gets_the_length_without_the_body(void **state)
{
    struct reply r = {200, "text/plain", NULL, SLICE("hello")};

    (void)state;
    must_write((struct reply_mode){.head_only = true}, r,
               "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
               "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\n");
}

static void no_content_has_no_length(void **state)
{
    (void)state;
    must_write((struct reply_mode){0}, (struct reply){.status = 204},
               "HTTP/1.1 204 No Content\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
}

static void the_connection_is_spoken_of_when_it_is_not_what_the_version_assumes(
    void **state)
{
    struct reply r = {.status = 204};

    (void)state;
    must_write((struct reply_mode){.last = true}, r,
               "HTTP/1.1 204 No Content\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
               "Connection: close\r\n\r\n");
    must_write((struct reply_mode){.http_1_0 = true}, r,
               "HTTP/1.1 204 No Content\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
               "Connection: keep-alive\r\n\r\n");
    must_write((struct reply_mode){.http_1_0 = true, .last = true}, r,
               "HTTP/1.1 204 No Content\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
               "Connection: close\r\n\r\n");
}

static struct prepared prepared;

/* The canned answer is the written one, and so is the prepared one, so that they cannot
 * drift apart. */
static void must_agree(struct reply_mode mode, const struct canned *k, struct reply r)
{
    struct buf canned, written;

    buf_init(&canned, 4096);
    buf_init(&written, 4096);
    reply_canned(&canned, &date, mode, k);
    reply_write(&written, &date, mode, &r);
    assert_int_equal(canned.n, written.n);
    assert_memory_equal(canned.p, written.p, written.n);
    for (int i = 0; i < 2; i++) { /* the first is written, the second remembered */
        buf_clear(&canned);
        buf_str(&canned, "before");
        reply_prepared(&canned, &date, mode, k, &prepared);
        assert_int_equal(canned.n, 6 + written.n);
        assert_memory_equal(canned.p + 6, written.p, written.n);
    }
    buf_fini(&canned);
    buf_fini(&written);
}

static void the_canned_pixel_is_the_written_one(void **state)
{
    struct reply image = {200, "image/gif", PIXEL_HEADERS, {pixel_gif, PIXEL_BYTES}};
    struct reply empty = {.status = 204, .headers = PIXEL_HEADERS};

    (void)state;
    for (int i = 0; i < 8; i++) {
        struct reply_mode mode = {i & 1, i & 2, i & 4};

        must_agree(mode, &pixel_image, image);
        must_agree(mode, &pixel_empty, empty);
    }
}

static void a_prepared_answer_has_the_date_of_its_second(void **state)
{
    static const int64_t second[] = {784111777, 784111778, 784111777};
    struct http_date then = {0};
    struct buf out;

    (void)state;
    buf_init(&out, 4096);
    for (int i = 0; i < 3; i++) {
        http_date_set(&then, second[i] * 1000);
        buf_clear(&out);
        reply_prepared(&out, &then, (struct reply_mode){0}, &pixel_image, &prepared);
        assert_non_null(memmem(out.p, out.n, then.text, HTTP_DATE_LEN));
    }
    buf_fini(&out);
}

static void the_pixel_is_a_gif_of_one_dot(void **state)
{
    (void)state;
    assert_int_equal(sizeof pixel_gif, 43);
    assert_memory_equal(pixel_gif, "GIF89a\x01\x00\x01\x00", 10);
    assert_int_equal(pixel_gif[42], ';');
}

static void what_does_not_fit_marks_the_buffer_full(void **state)
{
    struct reply r = {200, "text/plain", NULL, SLICE("hello")};
    struct buf out;

    (void)state;
    buf_init(&out, 60);
    reply_write(&out, &date, (struct reply_mode){0}, &r);
    assert_true(out.full);
    buf_fini(&out);
}

static void every_status_has_its_words(void **state)
{
    (void)state;
    assert_string_equal(reply_reason(200), "OK");
    assert_string_equal(reply_reason(431), "Request Header Fields Too Large");
    assert_string_equal(reply_reason(505), "HTTP Version Not Supported");
    assert_string_equal(reply_reason(299), "Unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_date_has_the_form_of_http),
        cmocka_unit_test(the_epoch_itself_has_a_date),
        cmocka_unit_test(every_status_has_its_words),
        cmocka_unit_test(head_and_body_follow_each_other),
        cmocka_unit_test(head_gets_the_length_without_the_body),
        cmocka_unit_test(no_content_has_no_length),
        cmocka_unit_test(
            the_connection_is_spoken_of_when_it_is_not_what_the_version_assumes),
        cmocka_unit_test(the_canned_pixel_is_the_written_one),
        cmocka_unit_test(a_prepared_answer_has_the_date_of_its_second),
        cmocka_unit_test(the_pixel_is_a_gif_of_one_dot),
        cmocka_unit_test(what_does_not_fit_marks_the_buffer_full),
    };

    return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
