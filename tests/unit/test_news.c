/* What an aggregator publishes comes out as the numbers it was made from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../cli/news.h"
#include "../../proto/hit.h"
#include "../guard.h"

static const struct page_count pages[] = {{{"/cart", 5}, 7, 3},
                                          {{"/,\"events\":[", 12}, 1, 0}};
static const struct recent_event events[] = {
    {.id = 1, .kind = HIT_VIEW, .at = 1763776800001, {"/", 1}, {NULL, 0}},
    {.id = 2, .kind = HIT_MESSAGE, .at = 1763776800002, {"hello", 5}, {"bot", 3}},
};

static struct delta told(void)
{
    return (struct delta){
        .site = SLICE("shop"),
        .epoch = 1763776800123,
        .commit = 17,
        .n = 21,
        .at = 1763776801456,
        .new_views = 4,
        .new_events = 5,
        .new_visitors = 6,
        .window = {{1, 1, 2, 100}, {5, 12, 31, 200}, {30, 40, 90, 300}},
        .online = {1, 2, 3, 4, 11},
        .peaks = {13, 17, 1763776800001, 1763776800000},
        .total = {1000, 100, 1763000000000},
        .life = 1763000000000,
        .last = 9,
        .pages = pages,
        .npages = 2,
        .events = events,
        .nevents = 2,
        .flags = DELTA_TICK | DELTA_WARMING,
    };
}

static void encode(const struct delta *d, struct buf *text)
{
    buf_init(text, MESSAGE_MAX);
    delta_encode(d, text);
}

static void every_number_arrives(void **state)
{
    struct delta d = told();
    struct news n;
    struct buf text;

    (void)state;
    encode(&d, &text);
    assert_int_equal(news_parse(&n, (struct slice){guard_copy(text.p, text.n), text.n}),
                     0);
    assert_true(slice_eq(n.delta.site, d.site));
    assert_int_equal(n.delta.epoch, d.epoch);
    assert_int_equal(n.delta.commit, d.commit);
    assert_int_equal(n.delta.n, d.n);
    assert_int_equal(n.delta.at, d.at);
    assert_int_equal(n.delta.new_views, d.new_views);
    assert_int_equal(n.delta.new_events, d.new_events);
    assert_int_equal(n.delta.new_visitors, d.new_visitors);
    for (size_t i = 0; i < DELTA_WINDOWS; i++) {
        assert_int_equal(n.delta.window[i].minutes, d.window[i].minutes);
        assert_int_equal(n.delta.window[i].visitors, d.window[i].visitors);
        assert_int_equal(n.delta.window[i].views, d.window[i].views);
        assert_int_equal(n.delta.window[i].engaged, d.window[i].engaged);
    }
    assert_memory_equal(&n.delta.online, &d.online, sizeof d.online);
    assert_memory_equal(&n.delta.peaks, &d.peaks, sizeof d.peaks);
    assert_memory_equal(&n.delta.total, &d.total, sizeof d.total);
    assert_int_equal(n.delta.life, d.life);
    assert_int_equal(n.delta.last, d.last);
    assert_int_equal(n.delta.flags, d.flags);
    assert_int_equal(n.delta.npages, 2);
    assert_true(slice_eq(n.delta.pages[0].path, SLICE("/cart")));
    assert_int_equal(n.delta.pages[0].visitors, 7);
    assert_int_equal(n.delta.pages[0].online, 3);
    assert_int_equal(news_unlisted(&n),
                     8); /* nine counted; the message is none of them */
    news_fini(&n);
    buf_fini(&text);
}

static void a_state_is_the_message_without_its_events(void **state)
{
    struct delta d = told();
    struct buf text, cut;
    struct news n;

    (void)state;
    encode(&d, &text);
    buf_init(&cut, MESSAGE_MAX);
    news_state(buf_get(&text), &cut);
    assert_null(memmem(cut.p, cut.n, "hello", 5));
    assert_int_equal(news_parse(&n, buf_get(&cut)), 0); /* it is JSON still */
    assert_null(n.message.events);
    assert_int_equal(n.delta.npages, 2);
    assert_memory_equal(&n.delta.online, &d.online, sizeof d.online);
    news_fini(&n);
    buf_fini(&cut);
    buf_fini(&text);
}

static void what_is_missing_or_odd_is_nothing(void **state)
{
    static const char *const rows[] = {
        "{\"e\":1,\"n\":1}",
        "{\"e\":1,\"n\":1,\"online\":7,\"pages\":{},\"visitors\":[1],\"flags\":\"tick\"}",
        "{\"e\":1,\"n\":1,\"online\":{\"reading\":-1,\"idle\":\"2\"},\"pages\":[7,null]}",
        "{\"e\":1,\"n\":1,\"visitors\":{\"0\":1,\"x\":2,\"65\":3,\"-1\":4}}",
        "{\"e\":1,\"n\":1,\"total\":{\"views\":9007199254740993}}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t len = strlen(rows[i]);
        struct news n;

        assert_int_equal(news_parse(&n, (struct slice){guard_copy(rows[i], len), len}),
                         0);
        assert_int_equal(online_total(&n.delta.online), 0);
        assert_int_equal(n.delta.total.views, 0);
        assert_int_equal(n.delta.window[news_window(&n.delta, 5)].visitors, 0);
        for (size_t p = 0; p < n.delta.npages; p++)
            assert_int_equal(n.delta.pages[p].path.n, 0);
        news_fini(&n);
    }
}

static void what_is_no_message_is_refused(void **state)
{
    struct news n;

    (void)state;
    assert_int_equal(news_parse(&n, SLICE("")), -1);
    assert_int_equal(news_parse(&n, SLICE("{\"e\":1}")), -1);
    assert_int_equal(news_parse(&n, SLICE("{\"e\":1,\n\"n\":1}")), -1);
}

static void more_pages_and_windows_than_there_may_be_are_left_out(void **state)
{
    struct buf text;
    struct news n;

    (void)state;
    buf_init(&text, 100000);
    buf_str(
        &text,
        "{\"e\":1,\"n\":1,\"visitors\":{\"1\":1,\"2\":2,\"3\":3,\"4\":4},\"pages\":[");
    for (int i = 0; i < 100; i++)
        buf_printf(&text, "%s{\"path\":\"/%d\"}", i ? "," : "", i);
    buf_str(&text, "]}");
    assert_int_equal(news_parse(&n, buf_get(&text)), 0);
    assert_int_equal(n.delta.npages, MESSAGE_PAGES_MAX);
    assert_int_equal(n.delta.window[news_window(&n.delta, 64)].minutes, 3);
    news_fini(&n);
    buf_fini(&text);
}

static void the_longest_window_that_fits_is_found(void **state)
{
    const struct delta usual = {.window = {{1, 1, 0, 0}, {5, 2, 0, 0}, {30, 3, 0, 0}}};
    const struct delta two = {.window = {{1, 1, 0, 0}, {2, 2, 0, 0}}};
    const struct delta none = {0};

    (void)state;
    assert_int_equal(news_window(&usual, 1), 0);
    assert_int_equal(news_window(&usual, 5), 1);
    assert_int_equal(news_window(&usual, 29), 1);
    assert_int_equal(news_window(&usual, 64), 2);
    assert_int_equal(news_window(&two, 5), 1);
    assert_int_equal(none.window[news_window(&none, 5)].minutes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_arrives),
        cmocka_unit_test(a_state_is_the_message_without_its_events),
        cmocka_unit_test(what_is_missing_or_odd_is_nothing),
        cmocka_unit_test(what_is_no_message_is_refused),
        cmocka_unit_test(more_pages_and_windows_than_there_may_be_are_left_out),
        cmocka_unit_test(the_longest_window_that_fits_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
