/* The visitors' table against a plain sorted array. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../../aggregator/visitors.h"

static uint64_t rng_state;

static uint64_t rng(void)
{
    uint64_t z = (rng_state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Every entry can be found, they stand in order, and there are n of them. */
static void check(const struct visitors *t)
{
    uint64_t before = 0;
    size_t n = 0;

    for (size_t i = 0; n < t->n; i++) {
        if (t->v[i].id == 0)
            continue;
        n++;
        assert_true(t->v[i].id > before);
        before = t->v[i].id;
        assert_ptr_equal(visitors_get(t, before), &t->v[i]);
    }
}

static void an_empty_table_knows_nobody(void **state)
{
    struct visitors t;

    (void)state;
    visitors_init(&t);
    assert_null(visitors_get(&t, 1));
    visitors_prefetch(&t, 1);
    assert_int_equal(visitors_drop_stale(&t, 9, 1), 0);
    assert_int_equal(visitors_bytes(&t), 0);
    visitors_fini(&t);
}

static void what_was_put_is_found_and_what_was_removed_is_not(void **state)
{
    enum { N = 20000 };
    static uint64_t id[N];
    struct visitors t;

    (void)state;
    rng_state = 1;
    visitors_init(&t);
    for (size_t i = 0; i < N; i++) {
        id[i] = rng() | 1;
        assert_null(visitors_get(&t, id[i]));
        visitors_put(&t, id[i])->page = (uint16_t)i;
    }
    check(&t);
    for (size_t i = 0; i < N; i += 2)
        visitors_remove(&t, id[i]);
    assert_int_equal(t.n, N / 2);
    check(&t);
    for (size_t i = 0; i < N; i++) {
        struct visitor *v = visitors_get(&t, id[i]);

        assert_int_equal(v != NULL, i % 2);
        if (v)
            assert_int_equal(v->page, (uint16_t)i);
    }
    visitors_fini(&t);
}

/* Ids that all belong to the last slots run into the tail: the table must cope. */
static void crowded_ids_at_the_very_end_find_room(void **state)
{
    struct visitors t;

    (void)state;
    visitors_init(&t);
    for (uint64_t i = 0; i < 200; i++)
        assert_non_null(visitors_put(&t, UINT64_MAX - i * 3));
    check(&t);
    for (uint64_t i = 0; i < 200; i++)
        visitors_remove(&t, UINT64_MAX - i * 3);
    assert_int_equal(t.n, 0);
    visitors_fini(&t);
}

static void going_from_id_to_id_meets_everybody_in_order(void **state)
{
    struct visitors t;
    uint64_t id = 0;
    size_t n = 0;

    (void)state;
    rng_state = 5;
    visitors_init(&t);
    assert_null(visitors_after(&t, 0));
    for (size_t i = 0; i < 5000; i++)
        visitors_put(&t, rng() | 1);
    for (uint64_t i = 0; i < 50; i++) /* a crowd that runs into the tail */
        visitors_put(&t, UINT64_MAX - i);
    for (struct visitor *v; (v = visitors_after(&t, id)); n++) {
        assert_true(v->id > id);
        id = v->id;
    }
    assert_int_equal(n, 5050);
    assert_int_equal(id, UINT64_MAX);
    visitors_fini(&t);
}

/* One in three stays all the time, the others come and go between the steps. */
static void and_so_it_does_while_the_table_changes(void **state)
{
    enum { N = 9000 };
    static uint64_t ids[N];
    static bool there[N], met[N];
    struct visitors t;
    uint64_t id = 0;

    (void)state;
    rng_state = 6;
    visitors_init(&t);
    for (size_t i = 0; i < N; i++)
        ids[i] = rng() | 1;
    for (size_t i = 0; i < N; i += 3)
        visitors_put(&t, ids[i])->page = (uint16_t)i;
    for (struct visitor *v; (v = visitors_after(&t, id));) {
        assert_true(v->id > id);
        id = v->id;
        met[v->page] = true;
        for (int n = 0; n < 5; n++) {
            size_t i = rng() % N;

            if (i % 3 == 0)
                continue;
            if (there[i])
                visitors_remove(&t, ids[i]);
            else
                visitors_put(&t, ids[i])->page = (uint16_t)i;
            there[i] = !there[i];
        }
    }
    for (size_t i = 0; i < N; i += 3)
        assert_true(met[i]);
    visitors_fini(&t);
}

static void stale_visitors_go_and_the_others_stay(void **state)
{
    struct visitors t;
    size_t stale = 0;

    (void)state;
    rng_state = 2;
    visitors_init(&t);
    for (size_t i = 0; i < 50000; i++) {
        struct visitor *v = visitors_put(&t, rng() | 1);

        v->last = (uint16_t)(65530 + i % 40); /* across the turn of 16 bits */
        stale += i % 40 < 10;
    }
    assert_int_equal(visitors_drop_stale(&t, 65530 + 39, 30), stale);
    check(&t);
    for (size_t i = 0, n = 0; n < t.n; i++) {
        if (t.v[i].id == 0)
            continue;
        n++;
        assert_false(visitor_is_stale(&t.v[i], 65530 + 39, 30));
    }
    assert_int_equal(visitors_drop_stale(&t, 65530 + 200, 30), 50000 - stale);
    assert_int_equal(visitors_bytes(&t), 0);
    visitors_fini(&t);
}

static void memory_comes_back_when_the_crowd_has_left(void **state)
{
    struct visitors t;
    size_t full;

    (void)state;
    rng_state = 3;
    visitors_init(&t);
    for (size_t i = 0; i < 100000; i++)
        visitors_put(&t, rng() | 1)->last = i % 50 ? 1 : 40;
    full = visitors_bytes(&t);
    visitors_drop_stale(&t, 40, 30);
    assert_int_equal(t.n, 2000);
    assert_true(visitors_bytes(&t) < full / 10);
    check(&t);
    visitors_fini(&t);
}

static void a_large_table_takes_at_most_32_bytes_a_visitor(void **state)
{
    struct visitors t;

    (void)state;
    rng_state = 4;
    visitors_init(&t);
    for (size_t i = 0; i < 300000; i++) {
        visitors_put(&t, rng() | 1);
        if (i > 100000)
            assert_true(visitors_bytes(&t) <= t.n * 32);
    }
    visitors_fini(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_table_knows_nobody),
        cmocka_unit_test(what_was_put_is_found_and_what_was_removed_is_not),
        cmocka_unit_test(crowded_ids_at_the_very_end_find_room),
        cmocka_unit_test(going_from_id_to_id_meets_everybody_in_order),
        cmocka_unit_test(and_so_it_does_while_the_table_changes),
        cmocka_unit_test(stale_visitors_go_and_the_others_stay),
        cmocka_unit_test(memory_comes_back_when_the_crowd_has_left),
        cmocka_unit_test(a_large_table_takes_at_most_32_bytes_a_visitor),
    };

    return cmocka_run_group_tests_name("visitors", tests, NULL, NULL);
}
