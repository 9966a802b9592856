/* mailbox: every note once and in order, from several threads at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../collector/mailbox.h"

#define THREADS 4
#define NOTES 5000

struct reader {
    uv_loop_t loop;
    struct mailbox box;
    unsigned taken, next[THREADS], overflows;
};

static void take(void *arg, const struct mail *m)
{
    struct reader *r = arg;
    char expected[32];
    size_t n = (size_t)sprintf(expected, "note %u", r->next[m->from]++);

    assert_true(slice_eq(m->bytes, (struct slice){expected, n}));
    assert_true(slice_eq(m->site, SLICE("shop")));
    if (++r->taken == THREADS * NOTES)
        mailbox_close(&r->box);
}

static void overflowed(void *arg)
{
    ((struct reader *)arg)->overflows++;
}

static void open_reader(struct reader *r, void (*fn)(void *, const struct mail *))
{
    *r = (struct reader){0};
    uv_loop_init(&r->loop);
    assert_int_equal(mailbox_open(&r->box, &r->loop, fn, overflowed, r), 0);
}

static void close_reader(struct reader *r)
{
    uv_run(&r->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&r->loop), 0);
    mailbox_fini(&r->box);
}

struct writer {
    uv_thread_t thread;
    struct reader *reader;
    unsigned n;
};

static void write_notes(void *arg)
{
    struct writer *w = arg;

    for (unsigned i = 0; i < NOTES; i++) {
        char text[32];
        size_t n = (size_t)sprintf(text, "note %u", i);

        mailbox_put(&w->reader->box, &(struct mail){.kind = MAIL_MESSAGE,
                                                    .from = w->n,
                                                    .site = SLICE("shop"),
                                                    .bytes = {text, n}});
    }
}

static void notes_of_several_threads_arrive_once_and_in_order(void **state)
{
    struct writer writers[THREADS];
    struct reader r;

    (void)state;
    open_reader(&r, take);
    for (unsigned i = 0; i < THREADS; i++) {
        writers[i] = (struct writer){.reader = &r, .n = i};
        uv_thread_create(&writers[i].thread, write_notes, &writers[i]);
    }
    uv_run(&r.loop, UV_RUN_DEFAULT); /* until the last note closes the box */
    for (unsigned i = 0; i < THREADS; i++)
        uv_thread_join(&writers[i].thread);
    assert_int_equal(r.taken, THREADS * NOTES);
    assert_int_equal(r.overflows, 0);
    close_reader(&r);
}

static void count(void *arg, const struct mail *m)
{
    struct reader *r = arg;

    r->taken += m->kind == MAIL_MESSAGE ? 1 : 1000000;
}

static void messages_beyond_the_bound_are_dropped_and_said_to_be_but_nothing_else(
    void **state)
{
    size_t big = MAILBOX_BYTES_MAX / 4;
    char *bytes = calloc(1, big);
    struct mail message = {
        .kind = MAIL_MESSAGE, .site = SLICE("shop"), .bytes = {bytes, big}};
    struct reader r;

    (void)state;
    open_reader(&r, count);
    for (int i = 0; i < 7; i++)
        assert_int_equal(mailbox_put(&r.box, &message), i < 4);
    mailbox_put(&r.box, &(struct mail){.kind = MAIL_UNWATCH, .site = SLICE("shop")});
    uv_run(&r.loop, UV_RUN_NOWAIT);
    assert_int_equal(r.overflows, 1);
    assert_int_equal(r.taken, 1000004);
    mailbox_put(&r.box, &message); /* there is room again */
    uv_run(&r.loop, UV_RUN_NOWAIT);
    assert_int_equal(r.overflows, 1);
    assert_int_equal(r.taken, 1000005);
    mailbox_put(&r.box, &message);
    mailbox_close(&r.box);
    mailbox_put(&r.box, &message);
    close_reader(&r);
    assert_int_equal(r.taken, 1000005);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notes_of_several_threads_arrive_once_and_in_order),
        cmocka_unit_test(
            messages_beyond_the_bound_are_dropped_and_said_to_be_but_nothing_else),
    };

    return cmocka_run_group_tests_name("mailbox", tests, NULL, NULL);
}
