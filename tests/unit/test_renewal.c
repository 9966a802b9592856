/* Files handed from one thread to another: the newest arrives, none is kept for ever, and
 * nothing is taken after the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../collector/renewal.h"

#define ROUNDS 2000

struct taker {
    uv_loop_t loop;
    uv_thread_t thread;
    struct renewal renewal;
    struct files files; /* the thread's own */
    unsigned taken;
    bool ends; /* when "the last robot" is known */
};

static struct files of_word(const char *word)
{
    struct files f = {.secret.n = 1};
    char err[256];

    f.bots = words_new(slice_of(word), "list", err, sizeof err);
    f.spam = domains_new(SLICE("spam.example"), "list", err, sizeof err);
    assert_non_null(f.bots);
    assert_non_null(f.spam);
    return f;
}

static void on_renewed(void *arg, const struct files *f)
{
    struct taker *t = arg;

    files_drop(&t->files);
    t->files = *f;
    t->taken++;
    if (t->ends && words_in(f->bots, SLICE("the last robot")))
        renewal_close(&t->renewal);
}

static void run(void *arg)
{
    struct taker *t = arg;

    uv_run(&t->loop, UV_RUN_DEFAULT);
}

static void open_taker(struct taker *t, bool ends)
{
    *t = (struct taker){.ends = ends};
    assert_int_equal(uv_loop_init(&t->loop), 0);
    assert_int_equal(renewal_open(&t->renewal, &t->loop, on_renewed, t), 0);
}

static void close_taker(struct taker *t)
{
    assert_int_equal(uv_loop_close(&t->loop), 0);
    renewal_fini(&t->renewal);
    files_drop(&t->files);
}

static void put(struct taker *t, const char *word)
{
    struct files f = of_word(word);

    renewal_put(&t->renewal, &f);
    files_drop(&f);
}

static void the_newest_arrives_while_another_thread_reads(void **state)
{
    static struct taker t;

    (void)state;
    open_taker(&t, true);
    assert_int_equal(uv_thread_create(&t.thread, run, &t), 0);
    for (int i = 0; i < ROUNDS; i++) {
        char word[32];

        snprintf(word, sizeof word, "robot %d", i);
        put(&t, word);
    }
    put(&t, "the last robot");
    uv_thread_join(&t.thread);
    assert_true(t.taken >= 1 && t.taken <= ROUNDS + 1);
    assert_true(words_in(t.files.bots, SLICE("the last robot")));
    close_taker(&t);
}

static void of_several_that_wait_the_last_is_taken(void **state)
{
    static struct taker t;

    (void)state;
    open_taker(&t, true);
    put(&t, "the first robot");
    put(&t, "the last robot");
    run(&t);
    assert_int_equal(t.taken, 1);
    close_taker(&t);
}

static void nothing_is_taken_after_the_end(void **state)
{
    static struct taker t;

    (void)state;
    open_taker(&t, false);
    put(&t, "the last robot"); /* waits, and is dropped */
    renewal_close(&t.renewal);
    put(&t, "the last robot");
    run(&t);
    assert_int_equal(t.taken, 0);
    close_taker(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_arrives_while_another_thread_reads),
        cmocka_unit_test(of_several_that_wait_the_last_is_taken),
        cmocka_unit_test(nothing_is_taken_after_the_end),
    };

    return cmocka_run_group_tests_name("renewal", tests, NULL, NULL);
}
