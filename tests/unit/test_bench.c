/* bench: what the load generator is made of, that its figures rest on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../bench/lib/answer.h"
#include "../bench/lib/request.h"
#include "../bench/lib/schedule.h"
#include "../guard.h"

#define LEN(array) (sizeof(array) / sizeof(array)[0])
#define SECOND UINT64_C(1000000000)

/* ---- answers ---- */

static const struct {
    const char *text;
    int status;
    enum answer_is want, at_end;
} answers[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nGIF", 200, ANSWER_WHOLE, ANSWER_BROKEN},
    {"HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n", 200, ANSWER_WHOLE, ANSWER_BROKEN},
    {"HTTP/1.1 204 No Content\r\n\r\n", 204, ANSWER_WHOLE, ANSWER_BROKEN},
    {"HTTP/1.1 503 No\r\nContent-Length: 1\r\n\r\nx", 503, ANSWER_WHOLE, ANSWER_BROKEN},
    {"HTTP/1.0 200 OK\r\n\r\nGIF", 200, ANSWER_PART, ANSWER_WHOLE},
    {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nGIF", 200, ANSWER_PART, ANSWER_BROKEN},
    {"HTTP/1.1 200 OK\r\nContent-Le", 0, ANSWER_PART, ANSWER_BROKEN},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200, ANSWER_BROKEN,
     ANSWER_BROKEN},
    {"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n\r\n", 0, ANSWER_BROKEN, ANSWER_BROKEN},
};

/* Feeds @text in parts of @step bytes until one of them ends it. */
static enum answer_is feed(struct answer *a, const char *text, size_t step)
{
    static struct guard g;
    enum answer_is is = ANSWER_PART;
    size_t n = strlen(text);

    answer_clear(a);
    for (size_t at = 0; at < n && is == ANSWER_PART; at += step) {
        size_t part = n - at < step ? n - at : step;

        is = answer_take(a, guard_put(&g, text + at, part), part);
    }
    return is;
}

static void an_answer_ends_where_it_says_whatever_the_parts(void **state)
{
    static struct answer a;

    (void)state;
    for (size_t i = 0; i < LEN(answers); i++)
        for (size_t step = 1; step <= strlen(answers[i].text); step++) {
            assert_int_equal(feed(&a, answers[i].text, step), answers[i].want);
            assert_int_equal(a.status, answers[i].status);
            if (answers[i].want == ANSWER_PART)
                assert_int_equal(answer_end(&a), answers[i].at_end);
        }
}

static void nobody_has_asked_for_bytes_behind_an_answer(void **state)
{
    static struct answer a;
    const char *text = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nGIF8";

    (void)state;
    assert_int_equal(feed(&a, text, strlen(text) - 1), ANSWER_WHOLE);
    assert_int_equal(feed(&a, text, strlen(text)), ANSWER_BROKEN);
    assert_int_equal(feed(&a, text, strlen(text) - 2), ANSWER_BROKEN);
}

static void a_head_without_end_is_no_answer(void **state)
{
    static struct answer a;
    static char text[ANSWER_HEAD_MAX + 2];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    assert_int_equal(feed(&a, text, 100), ANSWER_BROKEN);
    text[ANSWER_HEAD_MAX] = 0;
    assert_int_equal(feed(&a, text, 100), ANSWER_PART);
}

/* ---- requests ---- */

static struct request request;

static const char *text_of(void)
{
    assert_true(request.n < REQUEST_MAX);
    request.text[request.n] = 0;
    return request.text;
}

static void blanks_are_drawn_anew_and_all_else_stands(void **state)
{
    char before[64];
    unsigned site, page;
    unsigned long long visitor;

    (void)state;
    request = (struct request){.random = 1, .below = {0, 3, 100000}};
    assert_int_equal(
        request_init(&request, &(struct request_form){.target = "/{s}/{p}?u={u}&x={x}",
                                                      .small = true}),
        0);
    for (int i = 0; i < 100; i++) {
        request_draw(&request);
        assert_int_equal(sscanf(text_of(), "GET /%5u/%5u?u=%16llx&x={x} HTTP/1.1\r\n",
                                &site, &page, &visitor),
                         3);
        assert_in_range(site, 0, 2);
        assert_int_not_equal(strncmp(before, text_of(), sizeof before - 1), 0);
        memcpy(before, text_of(), sizeof before);
    }
}

static void a_batch_tells_its_length(void **state)
{
    struct request_form form = {
        .target = "/e", .event = "{\"u\":\"{u}\"}", .batch = 50, .last = true};
    const char *body;
    unsigned length;

    (void)state;
    request = (struct request){.random = 1};
    assert_int_equal(request_init(&request, &form), 0);
    request_draw(&request);
    body = strstr(text_of(), "\r\n\r\n") + 4;
    assert_int_equal(
        sscanf(strstr(text_of(), "Content-Length:"), "Content-Length: %u", &length), 1);
    assert_int_equal(length, strlen(body));
    assert_int_equal(length, 50 * strlen("{\"u\":\"0123456789abcdef\"},") + 1);
    assert_non_null(strstr(text_of(), "Connection: close\r\n"));
}

static void a_request_too_long_is_refused(void **state)
{
    struct request_form form = {.target = "/e", .event = "0123456789", .small = true};

    (void)state;
    form.batch = REQUEST_MAX / 11 - 20;
    assert_int_equal(request_init(&request, &form), 0);
    form.batch = REQUEST_MAX / 11;
    assert_int_equal(request_init(&request, &form), -1);
    form.event = "{u}";
    form.batch = 500;
    assert_int_equal(request_init(&request, &form), 0);
}

/* ---- the schedule ---- */

static void an_open_loop_measures_from_when_a_request_was_due(void **state)
{
    struct schedule s = {
        .rate = 1000, .begin = SECOND, .end = 2 * SECOND, .most = UINT64_MAX};
    uint64_t since;

    (void)state;
    assert_true(schedule_take(&s, SECOND, &since));
    assert_int_equal(since, SECOND);
    assert_false(schedule_take(&s, SECOND + 999999, &since));
    assert_int_equal(schedule_next(&s, SECOND), SECOND + 1000000);
    for (unsigned i = 1; i < 1000; i++) { /* begun a second late, all of them */
        assert_true(schedule_take(&s, 3 * SECOND, &since));
        assert_int_equal(since, SECOND + i * 1000000);
    }
    assert_false(schedule_take(&s, 3 * SECOND, &since));
}

static void what_was_due_and_never_begun_has_waited(void **state)
{
    static struct histogram h;
    struct schedule s = {.rate = 10, .end = SECOND, .most = UINT64_MAX, .begun = 8};

    (void)state;
    assert_int_equal(schedule_overdue(&s, 2 * SECOND, &h), 2);
    assert_int_equal(h.most, 2 * SECOND - 8 * SECOND / 10);
    assert_int_equal(schedule_overdue(&s, 2 * SECOND, &h), 0);
}

static void a_closed_loop_has_always_one_until_its_end(void **state)
{
    static struct histogram h;
    struct schedule s = {.end = SECOND, .most = 2};
    uint64_t since;

    (void)state;
    assert_true(schedule_take(&s, 5, &since));
    assert_int_equal(since, 5);
    assert_false(schedule_take(&s, SECOND, &since));
    assert_true(schedule_take(&s, SECOND - 1, &since));
    assert_false(schedule_take(&s, SECOND - 1, &since));
    assert_int_equal(schedule_overdue(&s, SECOND, &h), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_ends_where_it_says_whatever_the_parts),
        cmocka_unit_test(nobody_has_asked_for_bytes_behind_an_answer),
        cmocka_unit_test(a_head_without_end_is_no_answer),
        cmocka_unit_test(blanks_are_drawn_anew_and_all_else_stands),
        cmocka_unit_test(a_batch_tells_its_length),
        cmocka_unit_test(a_request_too_long_is_refused),
        cmocka_unit_test(an_open_loop_measures_from_when_a_request_was_due),
        cmocka_unit_test(what_was_due_and_never_begun_has_waited),
        cmocka_unit_test(a_closed_loop_has_always_one_until_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
