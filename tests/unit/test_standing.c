/* standing: counters and bits by place and slot stay what they were through every change
 * of room, held against a table that is nothing but a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../aggregator/standing.h"
#include "../dice.h"

enum {
    SLOTS = 4,
    ROWS = SLOTS + 1,
    PLACES = 200
}; /* rows of bits, standing_open the last */

/* What it has to be. */
struct plain {
    struct {
        uint32_t at[SLOTS];
        bool dirty[ROWS], sent[ROWS];
    } place[PLACES];
    size_t n;
};

static struct dice dice;

static size_t below(size_t n)
{
    return (size_t)dice_below(&dice, n);
}

static void compare(const struct standing *t, const struct plain *o)
{
    for (size_t i = 0; i < o->n; i++) {
        uint32_t sum = 0;
        bool told = true;

        for (unsigned slot = 0; slot < SLOTS; slot++) {
            sum += o->place[i].at[slot];
            assert_int_equal(*standing_at(t, i, slot), o->place[i].at[slot]);
        }
        for (unsigned row = 0; row < ROWS; row++) {
            told &= !o->place[i].dirty[row] && !o->place[i].sent[row];
            assert_int_equal(standing_is_sent(t, i, row), o->place[i].sent[row]);
        }
        assert_int_equal(t->sum[i], sum);
        assert_int_equal(standing_is_told(t, i), told);
    }
}

static void come(struct standing *t, struct plain *o, size_t i, unsigned slot)
{
    standing_add(t, i, slot, 1);
    standing_mark(t, i, slot);
    o->place[i].at[slot]++;
    o->place[i].dirty[slot] = true;
}

static void leave(struct standing *t, struct plain *o, size_t i, unsigned slot)
{
    if (o->place[i].at[slot] == 0)
        return;
    standing_add(t, i, slot, -1);
    standing_mark(t, i, slot);
    o->place[i].at[slot]--;
    o->place[i].dirty[slot] = true;
}

static void open_or_close(struct standing *t, struct plain *o, size_t i)
{
    standing_mark(t, i, standing_open(t));
    o->place[i].dirty[SLOTS] = true;
}

static void clear_open(struct standing *t, struct plain *o)
{
    standing_clear_open(t);
    for (size_t i = 0; i < o->n; i++)
        o->place[i].dirty[SLOTS] = false;
}

static void clear_slot(struct standing *t, struct plain *o, unsigned slot)
{
    standing_clear_slot(t, slot);
    for (size_t i = 0; i < o->n; i++) {
        o->place[i].at[slot] = 0;
        o->place[i].dirty[slot] = o->place[i].sent[slot] = false;
    }
}

static void commit(struct standing *t, struct plain *o, bool done)
{
    standing_send(t);
    for (size_t i = 0; i < o->n; i++)
        for (unsigned slot = 0; slot < ROWS; slot++) {
            o->place[i].sent[slot] = o->place[i].dirty[slot];
            o->place[i].dirty[slot] = false;
        }
    compare(t, o);
    standing_end(t, done);
    for (size_t i = 0; i < o->n; i++)
        for (unsigned slot = 0; slot < ROWS; slot++) {
            o->place[i].dirty[slot] |= !done && o->place[i].sent[slot];
            o->place[i].sent[slot] = false;
        }
}

/* The last place that is empty and told goes, as a page does. */
static void drop(struct standing *t, struct plain *o, size_t i)
{
    static const struct plain none;
    size_t last = o->n - 1;

    if (memcmp(&o->place[i], &none.place[0], sizeof none.place[0]) != 0)
        return;
    if (i != last)
        standing_move(t, last, i);
    o->place[i] = o->place[last];
    o->place[last] = none.place[0];
    o->n--;
}

static void one_more(struct standing *t, struct plain *o)
{
    if (o->n == PLACES)
        return;
    if (o->n == t->room)
        assert_true(standing_resize(t, t->room ? t->room * 2 : 1, o->n));
    o->n++;
}

static void act(struct standing *t, struct plain *o)
{
    unsigned slot = (unsigned)below(SLOTS);
    size_t i = o->n ? below(o->n) : 0;

    switch (below(16)) {
    case 0:
        clear_slot(t, o, slot);
        break;
    case 1:
        commit(t, o, below(2));
        break;
    case 2:
        if (o->n)
            assert_true(standing_resize(t, o->n + below(9), o->n));
        break;
    case 3:
    case 4:
        one_more(t, o);
        break;
    case 5:
        if (o->n)
            drop(t, o, i);
        break;
    case 6:
        standing_mark_all(t);
        for (i = 0; i < o->n; i++)
            for (slot = 0; slot < SLOTS; slot++)
                o->place[i].dirty[slot] = o->place[i].at[slot] > 0;
        break;
    case 7:
        clear_open(t, o);
        break;
    case 8:
        if (o->n)
            open_or_close(t, o, i);
        break;
    default:
        if (o->n)
            (below(2) ? come : leave)(t, o, i, slot);
    }
}

static void through_random_lives_it_is_a_plain_table(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 300; seed++) {
        struct standing t;
        struct plain o = {0};

        dice = (struct dice){seed};
        standing_init(&t, SLOTS);
        for (int k = 0; k < 400; k++) {
            act(&t, &o);
            compare(&t, &o);
        }
        standing_fini(&t);
    }
}

static void what_lies_beyond_the_places_kept_is_empty_when_there_is_room_again(
    void **state)
{
    struct standing t;

    (void)state;
    standing_init(&t, SLOTS);
    assert_true(standing_resize(&t, 70, 0));
    standing_add(&t, 65, 1, 1);
    standing_mark(&t, 65, 1);
    standing_mark(&t, 3, 1);
    assert_true(standing_resize(&t, 66, 65)); /* without place 65 */
    assert_true(standing_is_told(&t, 65));
    assert_false(standing_is_told(&t, 3));
    assert_int_equal(t.sum[65] + *standing_at(&t, 65, 1), 0);
    standing_fini(&t);
}

static void one_without_places_can_be_asked_everything(void **state)
{
    struct standing t;

    (void)state;
    standing_init(&t, SLOTS);
    standing_clear_slot(&t, 0);
    standing_send(&t);
    standing_end(&t, false);
    standing_mark_all(&t);
    standing_clear_open(&t);
    assert_int_equal(standing_bytes(&t), 0);
    standing_fini(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(through_random_lives_it_is_a_plain_table),
        cmocka_unit_test(
            what_lies_beyond_the_places_kept_is_empty_when_there_is_room_again),
        cmocka_unit_test(one_without_places_can_be_asked_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
