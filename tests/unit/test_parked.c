/* parked: a queue of hits with their texts, and what it holds back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../aggregator/parked.h"
#include "../dice.h"

/* A text of @n letters, of the @i-th hit. */
static struct slice letters(uint64_t i, uint64_t n)
{
    static const char text[] = "abcdefghijklmnopqrstuvwxyz"
                               "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"
                               "abcdefghijklmnopqrstuvwxyz";

    return (struct slice){text + i % 26, (size_t)n};
}

static struct hit hit_of(uint64_t i, char *path, size_t path_n, char *name, size_t name_n)
{
    memset(path, (int)('a' + i % 26), path_n);
    memset(name, (int)('A' + i % 26), name_n);
    return (struct hit){
        .path = {path, path_n},
        .name = {name, name_n},
        .visitor = i + 1,
        .previous = i / 2,
        .tab = i * 3,
        .engaged = (uint32_t)(i * 7919),
        .kind = (uint8_t)(i % HIT_KINDS),
        .state = (uint8_t)(i % HIT_STATES),
        .referrer = letters(i, i % 7 ? 0 : REFERRER_MAX),
        .campaign = letters(i + 1, i % 3 ? 0 : i % (CAMPAIGN_MAX + 1)),
        .term = letters(i + 2, i % 4 ? 0 : i % (CAMPAIGN_MAX + 1)),
    };
}

/* The @i-th hit of any shape, derived from its number alone. */
static struct hit nth(uint64_t i)
{
    static char path[PATH_MAX_BYTES], name[EVENT_NAME_MAX];
    struct dice d = {i};
    size_t path_n = dice_below(&d, 8) ? dice_below(&d, 40) : PATH_MAX_BYTES;

    return hit_of(i, path, path_n, name, i % 5 ? 0 : dice_below(&d, EVENT_NAME_MAX + 1));
}

static void add(struct parked *p, uint64_t i)
{
    struct hit h = nth(i);

    assert_true(parked_add(p, i % 3 + 1, i, (ms_t)i * 7, &h));
}

static void take(struct parked *p, uint64_t i)
{
    struct parked_hit got;
    struct hit want = nth(i);

    assert_true(parked_take(p, &got));
    assert_int_equal(got.stream, i % 3 + 1);
    assert_int_equal(got.seq, i);
    assert_int_equal(got.at, i * 7);
    assert_int_equal(got.hit.site.n, 0);
    assert_true(slice_eq(got.hit.path, want.path));
    assert_true(slice_eq(got.hit.name, want.name));
    assert_true(slice_eq(got.hit.referrer, want.referrer));
    assert_true(slice_eq(got.hit.campaign, want.campaign));
    assert_true(slice_eq(got.hit.term, want.term));
    assert_int_equal(got.hit.visitor, want.visitor);
    assert_int_equal(got.hit.previous, want.previous);
    assert_int_equal(got.hit.tab, want.tab);
    assert_int_equal(got.hit.engaged, want.engaged);
    assert_int_equal(got.hit.kind, want.kind);
    assert_int_equal(got.hit.state, want.state);
}

static void hits_come_out_in_the_order_they_went_in(void **state)
{
    struct dice d = {1};
    uint64_t in = 0, out = 0;
    struct parked p;
    struct parked_hit none;

    (void)state;
    parked_init(&p);
    while (out < 30000) {
        for (uint64_t n = dice_below(&d, 300); n > 0; n--)
            add(&p, in++);
        for (uint64_t n = dice_below(&d, 300); n > 0 && out < in; n--)
            take(&p, out++);
    }
    while (out < in)
        take(&p, out++);
    assert_false(parked_take(&p, &none));
    parked_fini(&p);
}

static void an_empty_queue_has_no_memory(void **state)
{
    struct parked_hit h;
    struct parked p;

    (void)state;
    parked_init(&p);
    assert_false(parked_take(&p, &h));
    assert_int_equal(p.bytes, 0);
    for (uint64_t i = 0; i < 1000; i++)
        add(&p, i);
    assert_true(p.bytes > 1000 * 60);
    for (uint64_t i = 0; i < 1000; i++)
        take(&p, i);
    assert_false(parked_take(&p, &h));
    assert_int_equal(p.bytes, 0);
    assert_null(p.first);
    assert_null(p.lowest);
    add(&p, 1);
    take(&p, 1);
    parked_fini(&p);
}

static void a_single_hit_takes_little_and_many_little_each(void **state)
{
    struct hit h = {.path = SLICE("/articles/2025/a-path-of-forty-bytes-000")};
    struct parked p;

    (void)state;
    parked_init(&p);
    assert_true(parked_add(&p, 1, 1, 0, &h));
    assert_true(p.bytes <= 600);
    for (uint64_t seq = 2; seq <= 100000; seq++)
        assert_true(parked_add(&p, 1, seq, 0, &h));
    assert_true(p.bytes < 100000 * 110);
    parked_fini(&p);
}

static void a_barrier_ends_before_the_first_that_is_parked(void **state)
{
    struct barrier_mark marks[] = {
        {0, 1, 50}, {1, 2, 50}, {2, 3, 4}, {3, 4, 50}, {4, 5, 9}};
    struct barrier b = {.mark = marks, .n = 5};
    struct hit h = {.path = SLICE("/")};
    struct parked p;
    struct parked_hit got;

    (void)state;
    parked_init(&p);
    parked_bar(&p, &b);
    assert_int_equal(marks[0].seq, 50);
    parked_add(&p, 1, 20, 0, &h);
    parked_add(&p, 1, 21, 0, &h);
    parked_add(&p, 3, 5, 0, &h);
    parked_add(&p, 4, 1, 0, &h);
    parked_add(&p, 5, 9, 0, &h);
    parked_take(&p, &got); /* and yet nobody has written it */
    parked_bar(&p, &b);
    assert_int_equal(marks[0].seq, 19);
    assert_int_equal(marks[1].seq, 50);
    assert_int_equal(marks[2].seq, 4);
    assert_int_equal(marks[3].seq, 0);
    assert_int_equal(marks[4].seq, 8);
    while (parked_take(&p, &got))
        ;
    marks[0].seq = 50;
    parked_bar(&p, &b);
    assert_int_equal(marks[0].seq, 50);
    parked_fini(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hits_come_out_in_the_order_they_went_in),
        cmocka_unit_test(an_empty_queue_has_no_memory),
        cmocka_unit_test(a_single_hit_takes_little_and_many_little_each),
        cmocka_unit_test(a_barrier_ends_before_the_first_that_is_parked),
    };

    return cmocka_run_group_tests_name("parked", tests, NULL, NULL);
}
