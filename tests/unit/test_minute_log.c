/* minute_log: the form of a record, and the queue in which records wait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../aggregator/minute_log.h"
#include "../guard.h"

enum { SLOTS = 8 };

struct fixture {
    struct minute_log log;
    uint32_t written[SLOTS], taken[SLOTS];
};

static int begin(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    log_init(&f->log, f->written, f->taken);
    *state = f;
    return 0;
}

static int end(void **state)
{
    log_fini(&((struct fixture *)*state)->log);
    free(*state);
    return 0;
}

static void a_record_is_sixteen_bytes_little_endian(void **state)
{
    static const uint8_t want[LOG_RECORD_BYTES] = {8,    7,    6, 5, 4, 3, 2, 1,
                                                   0x34, 0x12, 2, 4, 1, 2, 3, 0xff};
    struct log_record r = {UINT64_C(0x0102030405060708),
                           0x1234,
                           LOG_OLD,
                           5,
                           4,
                           0xff030201},
                      back;
    uint8_t bytes[LOG_RECORD_BYTES];

    (void)state;
    memset(bytes, 0xee, sizeof bytes);
    log_encode(bytes, &r);
    assert_memory_equal(bytes, want, sizeof want);
    back = log_decode(guard_copy(bytes, sizeof bytes));
    assert_int_equal(back.visitor, r.visitor);
    assert_int_equal(back.page, r.page);
    assert_int_equal(back.kind, r.kind);
    assert_int_equal(back.state, r.state);
    assert_int_equal(back.renamings, r.renamings);
}

static void records_wait_in_their_order(void **state)
{
    struct minute_log *l = &((struct fixture *)*state)->log;

    for (uint64_t i = 0; i < 1000; i++)
        assert_true(log_add(l, (unsigned)(i % SLOTS), LOG_SEEN, i, (uint16_t)i,
                            (uint8_t)(i % 5)));
    assert_int_equal(l->n, 1000);
    for (uint64_t i = 0; i < 1000; i++) {
        assert_int_equal(l->pending[i].visitor, i);
        assert_int_equal(l->pending[i].slot, i % SLOTS);
        assert_int_equal(l->pending[i].page, i);
        assert_int_equal(l->pending[i].state, i % 5);
    }
}

static void a_minute_that_leaves_takes_its_records_along(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < 20; i++)
        log_add(&f->log, i % 2 + 3, LOG_SEEN, i + 1, 0, 0);
    memset(f->written, 1, sizeof f->written);
    memset(f->taken, 1, sizeof f->taken);
    log_clear_slot(&f->log, 3);
    assert_int_equal(f->written[3], 0);
    assert_int_equal(f->taken[3], 0);
    assert_int_not_equal(f->written[4], 0);
    assert_int_equal(f->log.n, 20); /* a commit may be half way through them */
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(f->log.pending[i].slot, i % 2 ? 4 : LOG_GONE);
}

static void a_log_that_is_given_up_is_to_be_written_anew(void **state)
{
    struct minute_log *l = &((struct fixture *)*state)->log;

    for (unsigned i = 0; i < 20; i++)
        log_add(l, 1, LOG_SEEN, i + 1, 0, 0);
    l->sent = 10;
    log_overflow(l);
    assert_true(l->rewrite);
    assert_int_equal(l->n, 0);
    assert_int_equal(l->sent, 0);
    assert_null(l->pending);
    assert_true(log_add(l, 1, LOG_SEEN, 1, 0, 0));
    assert_int_equal(l->n, 1);
    assert_true(l->rewrite);
}

static void a_site_without_a_log_has_none_to_clear(void **state)
{
    struct minute_log l;

    (void)state;
    log_init(&l, NULL, NULL);
    log_clear_slot(&l, 7);
    log_fini(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_sixteen_bytes_little_endian),
        cmocka_unit_test_setup_teardown(records_wait_in_their_order, begin, end),
        cmocka_unit_test_setup_teardown(a_minute_that_leaves_takes_its_records_along,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_log_that_is_given_up_is_to_be_written_anew,
                                        begin, end),
        cmocka_unit_test(a_site_without_a_log_has_none_to_clear),
    };

    return cmocka_run_group_tests_name("minute_log", tests, NULL, NULL);
}
