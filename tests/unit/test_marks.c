/* marks: what a site knows of its senders' numbers, and the field it is kept in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../../aggregator/marks.h"
#include "../guard.h"

static uint64_t evicted;

static struct mark *get(struct marks *m, uint64_t stream, minute_t now)
{
    struct mark *k = marks_get(m, stream, now, NULL, NULL, &evicted);

    assert_non_null(k);
    return k;
}

static void move(struct marks *m, uint64_t stream, uint64_t seq, minute_t now)
{
    struct mark *k = get(m, stream, now);

    k->seq = seq;
    k->at = now;
}

static uint64_t base_of(void *arg, uint64_t stream)
{
    (void)arg;
    return stream == 7 ? 100 : 0;
}

static void a_stream_has_one_mark_that_begins_at_zero(void **state)
{
    struct marks m;

    (void)state;
    marks_init(&m);
    for (uint64_t stream = 1; stream <= 20; stream++) {
        assert_int_equal(get(&m, stream, 5)->seq, 0);
        move(&m, stream, stream * 10, 5);
    }
    assert_int_equal(m.n, 20);
    for (uint64_t stream = 1; stream <= 20; stream++) {
        assert_int_equal(get(&m, stream, 9)->seq, stream * 10);
        assert_int_equal(get(&m, stream, 9)->loaded, 0);
    }
    assert_int_equal(m.n, 20);
    marks_fini(&m);
}

static void at_the_bound_the_one_silent_longest_makes_room(void **state)
{
    struct marks m;

    (void)state;
    evicted = 0;
    marks_init(&m);
    for (uint64_t stream = 1; stream <= SITE_MARKS_MAX; stream++)
        move(&m, stream, 1, (minute_t)(1000 + stream % 100));
    move(&m, 100, 2, 2000); /* of those of minute 1000, 200 is left to be the oldest */
    assert_int_equal(evicted, 0);
    assert_int_equal(get(&m, 9999, 2000)->seq, 0);
    assert_int_equal(evicted, 1);
    assert_int_equal(m.n, SITE_MARKS_MAX);
    assert_int_equal(get(&m, 100, 2000)->seq, 2);
    assert_int_equal(evicted, 1);
    get(&m, 200, 2000);
    assert_int_equal(evicted, 2);
    marks_fini(&m);
}

static void at_the_bound_a_stream_nobody_has_heard_of_makes_room_first(void **state)
{
    struct marks m;

    (void)state;
    evicted = 0;
    marks_init(&m);
    for (uint64_t stream = 1; stream < SITE_MARKS_MAX; stream++)
        move(&m, stream == 7 ? 5000 : stream, 1, 1000); /* as after a load */
    move(&m, 7, 1, 900); /* known, and silent for longest */
    marks_get(&m, 9998, 1000, base_of, NULL, &evicted)->seq = 1;
    marks_get(&m, 9999, 1000, base_of, NULL, &evicted)->seq = 1;
    assert_int_equal(evicted, 2);
    assert_int_equal(get(&m, 7, 1000)->seq, 1);
    assert_int_equal(evicted, 2);
    marks_fini(&m);
}

static void what_a_sender_cannot_send_again_needs_no_mark(void **state)
{
    struct marks m;

    (void)state;
    marks_init(&m);
    move(&m, 7, 99, 50);
    move(&m, 8, 1, 50);
    marks_prune(&m, 50, base_of, NULL);
    assert_int_equal(m.n, 1);
    assert_int_equal(m.v[0].stream, 8);
    move(&m, 7, 100, 50); /* the base itself may come again */
    marks_prune(&m, 50, base_of, NULL);
    assert_int_equal(m.n, 2);
    marks_fini(&m);
}

static void nor_does_one_that_has_been_silent_for_longer_than_it_keeps_anything(
    void **state)
{
    minute_t hour = SENDER_RETENTION_MS / MS_PER_MINUTE;
    struct marks m;

    (void)state;
    marks_init(&m);
    move(&m, 1, 5, 1000);
    move(&m, 2, 5, 1001);
    move(&m, 3, 5, 1000 + 3 * hour); /* by a clock that was ahead */
    marks_prune(&m, 1000 + hour, NULL, NULL);
    assert_int_equal(m.n, 3);
    marks_prune(&m, 1001 + hour, NULL, NULL);
    assert_int_equal(m.n, 2);
    marks_prune(&m, 1002 + hour, NULL, NULL);
    assert_int_equal(m.n, 1);
    assert_int_equal(m.v[0].stream, 3);
    marks_prune(&m, 1001 + 4 * hour, NULL, NULL);
    assert_int_equal(m.n, 0);
    assert_null(m.v);
}

static void the_field_is_sixteen_bytes_a_mark_little_endian(void **state)
{
    static const char want[] =
        "\x08\x07\x06\x05\x04\x03\x02\x01\x2a\x00\x00\x00\x00\x00\x00\x00";
    struct marks m;
    struct buf b;

    (void)state;
    marks_init(&m);
    buf_init(&b, 4096);
    move(&m, UINT64_C(0x0102030405060708), 42, 1);
    marks_write(&m, &b);
    assert_int_equal(b.n, 16);
    assert_memory_equal(b.p, want, 16);
    buf_fini(&b);
    marks_fini(&m);
}

static void what_was_written_is_read_as_loaded(void **state)
{
    struct marks m, r;
    struct buf b;

    (void)state;
    marks_init(&m);
    marks_init(&r);
    buf_init(&b, 16 * SITE_MARKS_MAX);
    for (uint64_t stream = 1; stream <= SITE_MARKS_MAX; stream++)
        move(&m, stream << 40, stream, 1);
    marks_write(&m, &b);
    assert_false(b.full);
    move(&r, 5, 5, 5); /* is replaced */
    assert_int_equal(marks_read(&r, (struct slice){guard_copy(b.p, b.n), b.n}, 77), 0);
    assert_int_equal(r.n, SITE_MARKS_MAX);
    for (uint64_t stream = 1; stream <= SITE_MARKS_MAX; stream++) {
        struct mark *k = get(&r, stream << 40, 99);

        assert_int_equal(k->seq, stream);
        assert_int_equal(k->loaded, stream);
        assert_int_equal(k->at, 77);
    }
    assert_int_equal(marks_read(&r, SLICE(""), 78), 0);
    assert_int_equal(r.n, 0);
    buf_fini(&b);
    marks_fini(&m);
    marks_fini(&r);
}

static void another_form_is_refused_and_changes_nothing(void **state)
{
    static char text[16 * (SITE_MARKS_MAX + 1)];
    struct marks m;

    (void)state;
    marks_init(&m);
    move(&m, 5, 6, 7);
    for (size_t n = 1; n < 16; n++)
        assert_int_equal(marks_read(&m, (struct slice){guard_copy(text, n), n}, 1), -1);
    assert_int_equal(marks_read(&m, (struct slice){text, sizeof text}, 1), -1);
    assert_int_equal(m.n, 1);
    assert_int_equal(get(&m, 5, 9)->seq, 6);
    marks_fini(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_has_one_mark_that_begins_at_zero),
        cmocka_unit_test(at_the_bound_the_one_silent_longest_makes_room),
        cmocka_unit_test(at_the_bound_a_stream_nobody_has_heard_of_makes_room_first),
        cmocka_unit_test(what_a_sender_cannot_send_again_needs_no_mark),
        cmocka_unit_test(
            nor_does_one_that_has_been_silent_for_longer_than_it_keeps_anything),
        cmocka_unit_test(the_field_is_sixteen_bytes_a_mark_little_endian),
        cmocka_unit_test(what_was_written_is_read_as_loaded),
        cmocka_unit_test(another_form_is_refused_and_changes_nothing),
    };

    return cmocka_run_group_tests_name("marks", tests, NULL, NULL);
}
