/* site_queue: who comes after whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "../../aggregator/site_queue.h"

static struct site site[6];

static void put(struct site_queue *q, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        site_queue_put(q, &site[i]);
}

/* Takes all, which are these. */
static void expect(struct site_queue *q, const unsigned *want, size_t n)
{
    assert_int_equal(q->n, n);
    for (size_t i = 0; i < n; i++)
        assert_ptr_equal(site_queue_take(q), &site[want[i]]);
    assert_null(site_queue_take(q));
    assert_int_equal(q->n, 0);
}
#define EXPECT(q, ...) \
    expect(q, (unsigned[]){__VA_ARGS__}, sizeof((unsigned[]){__VA_ARGS__}) / sizeof(int))

static void who_came_first_is_taken_first(void **state)
{
    struct site_queue q;

    (void)state;
    site_queue_init(&q);
    assert_null(site_queue_take(&q));
    put(&q, 0, 3);
    assert_ptr_equal(site_queue_take(&q), &site[0]);
    put(&q, 3, 4);
    EXPECT(&q, 1, 2, 3);
    put(&q, 4, 6);
    EXPECT(&q, 4, 5);
}

static void whoever_leaves_the_others_keep_their_order(void **state)
{
    struct site_queue q;

    (void)state;
    for (unsigned gone = 0; gone < 3; gone++) {
        site_queue_init(&q);
        put(&q, 0, 3);
        site_queue_remove(&q, &site[gone]);
        put(&q, 3, 4); /* behind the one that is the last now */
        EXPECT(&q, gone == 0, 1 + (gone < 2), 3);
    }
    put(&q, 0, 1);
    site_queue_remove(&q, &site[0]);
    put(&q, 1, 2);
    EXPECT(&q, 1);
}

static void one_queue_goes_before_another(void **state)
{
    struct site_queue q, first;

    (void)state;
    for (unsigned n = 0; n <= 2; n++) {
        site_queue_init(&q);
        site_queue_init(&first);
        put(&q, 0, n);
        site_queue_prepend(&q, &first);
        assert_int_equal(q.n, n);
        put(&first, 3, 5);
        site_queue_prepend(&q, &first);
        assert_int_equal(first.n, 0);
        put(&first, 5, 6); /* it is as good as new */
        assert_ptr_equal(site_queue_take(&q), &site[3]);
        assert_ptr_equal(site_queue_take(&q), &site[4]);
        assert_int_equal(q.n, n);
        put(&q, 2, 3);
        for (unsigned i = 0; i < n; i++)
            assert_ptr_equal(site_queue_take(&q), &site[i]);
        EXPECT(&q, 2);
        EXPECT(&first, 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_came_first_is_taken_first),
        cmocka_unit_test(whoever_leaves_the_others_keep_their_order),
        cmocka_unit_test(one_queue_goes_before_another),
    };

    return cmocka_run_group_tests_name("site_queue", tests, NULL, NULL);
}
