/* replies: who gets what, when, and what becomes of a connection that does not take it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../collector/conn.h"
#include "../../collector/worker.h"

#define CONNS 3

static struct worker *w;
static struct conn *conn[CONNS];
static int far[CONNS];

static void on_told(struct poller *ps)
{
    (void)ps;
}

/* Connections of a worker that wait for a request, and those at their other end. */
static int begin(void **state)
{
    int ms[DEADLINE_CLASSES];

    (void)state;
    for (int i = 0; i < DEADLINE_CLASSES; i++)
        ms[i] = 1000;
    w = calloc(1, sizeof *w);
    if (!w || uv_loop_init(&w->loop) < 0 ||
        poller_open(&w->poller, &w->loop, conn_ready, on_told) < 0)
        return -1;
    conns_init(&w->conns, CONNS);
    deadlines_init(&w->deadlines, ms);
    replies_init(&w->replies);
    w->moment.fresh = true;
    for (int i = 0; i < CONNS; i++) {
        int fd[2];

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd) < 0)
            return -1;
        conn[i] = calloc(1, sizeof *conn[i]);
        conn_init(conn[i], w, PORT_HTTP, fd[0], &(struct address){0});
        w->conns.open++;
        conn_enter(conn[i], CONN_IDLE);
        conn_read_on(conn[i]);
        far[i] = fd[1];
    }
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (int i = 0; i < CONNS; i++) {
        conn_close(conn[i]);
        if (far[i] >= 0)
            close(far[i]);
    }
    conns_fini(&w->conns);
    replies_fini(&w->replies);
    poller_close(&w->poller);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    if (uv_loop_close(&w->loop) < 0)
        return -1;
    free(w);
    return 0;
}

static void keep(int i, const char *text)
{
    assert_true(replies_keep(&w->replies, conn[i], text, strlen(text)));
}

/* @text, or nothing yet if NULL, is all that there is. */
static void reads(int i, const char *text)
{
    char bytes[64];
    ssize_t n = read(far[i], bytes, sizeof bytes);

    if (text) {
        assert_int_equal(n, strlen(text));
        assert_memory_equal(bytes, text, n);
    } else {
        assert_int_equal(n, -1);
        assert_int_equal(errno, EAGAIN);
    }
}

static void each_gets_its_own_when_all_are_released(void **state)
{
    (void)state;
    keep(1, "one");
    keep(0, "nought");
    reads(0, NULL);
    reads(1, NULL);
    replies_release(&w->replies);
    reads(0, "nought");
    reads(1, "one");
    reads(2, NULL);
    replies_release(&w->replies);
    reads(0, NULL);
    keep(0, "again");
    replies_release(&w->replies);
    reads(0, "again");
}

static void what_is_too_long_is_not_kept(void **state)
{
    char bytes[REPLY_KEPT_MAX + 1] = {0};

    (void)state;
    assert_false(replies_keep(&w->replies, conn[0], bytes, sizeof bytes));
    assert_false(conn[0]->answered);
    assert_true(replies_keep(&w->replies, conn[0], bytes, sizeof bytes - 1));
    replies_release(&w->replies);
}

static void who_is_closed_has_its_answer_and_so_have_the_others(void **state)
{
    (void)state;
    keep(0, "first");
    keep(1, "second");
    conn_close(conn[1]);
    reads(1, "second");
    assert_int_equal(read(far[1], (char[1]){0}, 1), 0);
    reads(0, "first");
    assert_int_equal(conn[0]->state, CONN_IDLE);
    replies_release(&w->replies);
    reads(0, NULL);
}

static void who_is_gone_is_closed_and_the_others_have_theirs(void **state)
{
    (void)state;
    keep(0, "nobody");
    keep(1, "somebody");
    close(far[0]);
    far[0] = -1;
    replies_release(&w->replies);
    assert_int_equal(conn[0]->state, CONN_CLOSING);
    reads(1, "somebody");
    assert_int_equal(w->conns.open, CONNS - 1);
}

static void who_does_not_take_it_is_asked_nothing_more_until_it_does(void **state)
{
    char block[4096] = {0}, last[REPLY_KEPT_MAX];
    ssize_t n;

    (void)state;
    memset(last, 'x', sizeof last);
    while (write(conn[0]->socket.fd, block, sizeof block) > 0)
        ;
    assert_true(replies_keep(&w->replies, conn[0], last, sizeof last));
    replies_release(&w->replies);
    assert_int_equal(conn[0]->state, CONN_WRITING);
    assert_true(conn[0]->blocked);
    assert_false(conn[0]->reading);
    assert_int_equal(w->conns.budget.used, sizeof last);
    while ((n = read(far[0], block, sizeof block)) > 0)
        ;
    uv_run(&w->loop, UV_RUN_NOWAIT);
    assert_int_equal(read(far[0], block, sizeof block), sizeof last);
    assert_memory_equal(block, last, sizeof last);
    assert_int_equal(conn[0]->state, CONN_IDLE);
    assert_true(conn[0]->reading);
}

int main(void)
{
#define CLAIM(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        CLAIM(each_gets_its_own_when_all_are_released),
        CLAIM(what_is_too_long_is_not_kept),
        CLAIM(who_is_closed_has_its_answer_and_so_have_the_others),
        CLAIM(who_is_gone_is_closed_and_the_others_have_theirs),
        CLAIM(who_does_not_take_it_is_asked_nothing_more_until_it_does),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
