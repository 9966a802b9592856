/* A published message is taken apart, and nothing that is missing goes unnoticed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../cli/message.h"
#include "../../proto/delta.h"
#include "../../proto/hit.h"
#include "../guard.h"

static int parse(struct message *m, struct slice text)
{
    return message_parse(m, (struct slice){guard_copy(text.p, text.n), text.n});
}

/* What delta_encode writes, message_parse reads. */
static void the_aggregators_own_message_is_read(void **state)
{
    const struct recent_event events[] = {
        {.id = 1, .kind = HIT_VIEW, .at = 1763776800001, SLICE("/"), {NULL, 0}},
        {.id = 2,
         .kind = HIT_EVENT,
         .at = 1763776800002,
         SLICE("/cart"),
         SLICE("buy \"it\"")},
        {.id = 3,
         .kind = HIT_MESSAGE,
         .at = 1763776800003,
         SLICE("v2 is out"),
         SLICE("ci")},
    };
    const struct delta d = {.site = SLICE("shop"),
                            .epoch = 1763776800123,
                            .commit = 17,
                            .n = 21,
                            .at = 1763776801456,
                            .new_views = 4,
                            .new_events = 5,
                            .new_visitors = 6,
                            .window = {{1, 1, 2, 0}, {5, 12, 31, 0}, {30, 40, 90, 0}},
                            .events = events,
                            .nevents = 3,
                            .flags = DELTA_TICK};
    struct message m;
    struct sighting e;
    struct buf text;

    (void)state;
    buf_init(&text, MESSAGE_MAX);
    delta_encode(&d, &text);
    assert_int_equal(parse(&m, buf_get(&text)), 0);
    assert_int_equal(m.epoch, 1763776800123);
    assert_int_equal(m.n, 21);
    assert_int_equal(m.at, 1763776801456);
    assert_int_equal(m.visitors, 12);
    assert_int_equal(m.views, 31);
    assert_int_equal(m.new_views, 4);
    assert_int_equal(m.new_events, 5);
    assert_int_equal(m.new_visitors, 6);
    assert_true(m.tick);
    assert_true(message_event(&m, 0, &e) && slice_eq(e.path, SLICE("/")));
    assert_true(slice_eq(e.type, SLICE("pageview")) && e.name.n == 0);
    assert_true(message_event(&m, 1, &e) && slice_eq(e.name, SLICE("buy \"it\"")));
    assert_false(sighting_is_message(&e));
    assert_true(message_event(&m, 2, &e) && slice_eq(e.name, SLICE("ci")));
    assert_true(sighting_is_message(&e) && slice_eq(e.path, SLICE("v2 is out")));
    assert_false(message_event(&m, 3, &e));
    message_fini(&m);
    buf_fini(&text);
}

static void the_longest_window_up_to_five_minutes_counts(void **state)
{
    static const struct {
        struct slice text;
        uint64_t want;
    } rows[] = {
        {SLICE("{\"e\":1,\"n\":1,\"visitors\":{\"1\":3,\"5\":4,\"30\":9}}"), 4},
        {SLICE("{\"e\":1,\"n\":1,\"visitors\":{\"1\":3}}"), 3},
        {SLICE("{\"e\":1,\"n\":1,\"visitors\":{\"1\":3,\"3\":4}}"), 4},
        {SLICE("{\"e\":1,\"n\":1,\"visitors\":{\"30\":4}}"), 0},
        {SLICE("{\"e\":1,\"n\":1,\"visitors\":{\"x\":4}}"), 0},
        {SLICE("{\"e\":1,\"n\":1,\"visitors\":7}"), 0},
        {SLICE("{\"e\":1,\"n\":1}"), 0},
    };
    struct message m;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(parse(&m, rows[i].text), 0);
        assert_int_equal(m.visitors, rows[i].want);
        message_fini(&m);
    }
}

static void members_of_other_types_read_as_nothing(void **state)
{
    struct message m;
    struct sighting e;

    (void)state;
    assert_int_equal(
        parse(&m, SLICE("{\"e\":1,\"n\":2,\"t\":\"x\",\"d\":[],\"flags\":[1,{}],"
                        "\"events\":[1,{\"path\":2,\"name\":null,\"timestamp\":\"\"}]}")),
        0);
    assert_int_equal(m.at, 0);
    assert_int_equal(m.new_views, 0);
    assert_false(m.tick);
    for (size_t i = 0; i < 2; i++) {
        assert_true(message_event(&m, i, &e));
        assert_int_equal(e.path.n + e.name.n + e.type.n, 0);
    }
    assert_false(message_event(&m, 2, &e));
    message_fini(&m);
}

static void what_has_no_place_in_a_sequence_is_refused(void **state)
{
    static const struct slice rows[] = {
        SLICE(""),
        SLICE("x"),
        SLICE("[]"),
        SLICE("{}"),
        SLICE("{\"e\":1}"),
        SLICE("{\"n\":1}"),
        SLICE("{\"e\":1,\"n\":\"1\"}"),
        SLICE("{\"e\":1.5,\"n\":1}"),
        SLICE("{\"e\":1,\"n\":1"),
        SLICE("{\"e\":1,\"n\":1}x"),
        SLICE("{\"e\":1,\"e\":1,\"n\":1}"),
        SLICE("{\"e\":1,\"n\":1,\"x\":\"\xff\"}"),
    };
    struct message m;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (parse(&m, rows[i]) == 0)
            fail_msg("taken: %.*s", (int)rows[i].n, rows[i].p);
}

static void a_gap_is_noticed_and_counted(void **state)
{
    static const struct {
        uint64_t epoch, n;
        enum sequence_step want;
        uint64_t missing;
    } rows[] = {
        {100, 7, SEQUENCE_FIRST, 0},    {100, 8, SEQUENCE_NEXT, 0},
        {100, 10, SEQUENCE_GAP, 1},     {100, 20, SEQUENCE_GAP, 9},
        {100, 20, SEQUENCE_OLD, 0},     {100, 19, SEQUENCE_OLD, 0},
        {100, 21, SEQUENCE_NEXT, 0},    {101, 1, SEQUENCE_RESTART, 0},
        {100, 22, SEQUENCE_OLD, 0},     {101, 2, SEQUENCE_NEXT, 0},
        {103, 50, SEQUENCE_RESTART, 0}, {103, 51, SEQUENCE_NEXT, 0},
    };
    struct sequence s = {0};
    uint64_t missing;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum sequence_step got = sequence_step(&s, rows[i].epoch, rows[i].n, &missing);

        if (got != rows[i].want || missing != rows[i].missing)
            fail_msg("row %zu: step %d, missing %llu", i, got,
                     (unsigned long long)missing);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_aggregators_own_message_is_read),
        cmocka_unit_test(the_longest_window_up_to_five_minutes_counts),
        cmocka_unit_test(members_of_other_types_read_as_nothing),
        cmocka_unit_test(what_has_no_place_in_a_sequence_is_refused),
        cmocka_unit_test(a_gap_is_noticed_and_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
