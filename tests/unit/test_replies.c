/* replies: which answers are kept, who gets what, when, and what becomes of a connection
 * that does not take it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../collector/conn.h"
#include "../../collector/worker.h"

#define CONNS 3
#define LIVE "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
#define SCRIPT "GET /web/headcount-map.js HTTP/1.1\r\nHost: x\r\n\r\n"

static struct setup setup;
static struct commons commons; /* nobody is counted */
static struct worker *w;
static struct conn *conn[CONNS];
static int far[CONNS];
static unsigned kept; /* when all was told */

static void on_told(struct poller *ps)
{
    (void)ps;
    kept = w->replies.n;
    replies_release(&w->replies);
}

/* What serving takes: no Redis, no aggregator. */
static int begin_all(void **state)
{
    struct naming naming;
    char err[256];

    (void)state;
    if (naming_init(&naming, NULL, NULL, NULL, NULL, err, sizeof err) < 0)
        return -1;
    routing_init(&setup.routing, &naming);
    return 0;
}

static int end_all(void **state)
{
    (void)state;
    routing_fini(&setup.routing);
    return 0;
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
    w->setup = &setup;
    w->commons = &commons;
    w->read_bytes = malloc(READ_BYTES);
    buf_init(&w->out, HTTP_OUT_MAX + ANSWER_MAX);
    buf_init(&w->answer, ANSWER_MAX);
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
    buf_fini(&w->out);
    buf_fini(&w->answer);
    free(w->read_bytes);
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

/* ---- what is kept ---- */

static void asks(int i, const char *text)
{
    assert_int_equal(write(far[i], text, strlen(text)), strlen(text));
}

/* One wait for all that was asked, of which @n answers were kept until its end. */
static void turn_keeps(unsigned n)
{
    kept = UINT_MAX;
    uv_run(&w->loop, UV_RUN_NOWAIT);
    assert_int_equal(kept, n);
}

/* Bytes of answers that have come. */
static size_t bytes_to(int i)
{
    static char bytes[2 * HTTP_OUT_MAX];
    ssize_t n = read(far[i], bytes, sizeof bytes);

    return n > 0 ? (size_t)n : 0;
}

/* How many answers have come. */
static unsigned answers(int i)
{
    char bytes[16 * 1024];
    ssize_t n = read(far[i], bytes, sizeof bytes - 1);
    unsigned found = 0;

    bytes[n > 0 ? n : 0] = '\0';
    for (const char *at = bytes; (at = strstr(at, "HTTP/1.1 200 OK\r\n")); at++)
        found++;
    return found;
}

static void short_answers_of_one_wait_are_kept_until_its_end(void **state)
{
    (void)state;
    asks(0, LIVE);
    asks(2, LIVE LIVE);
    turn_keeps(2);
    assert_int_equal(answers(0), 1);
    assert_int_equal(answers(1), 0);
    assert_int_equal(answers(2), 2);
    asks(0, LIVE);
    turn_keeps(1);
    assert_int_equal(answers(0), 1);
}

static void what_is_long_lets_those_before_it_go_first(void **state)
{
    char request[4096];

    (void)state;
    snprintf(request, sizeof request,
             "GET /livez HTTP/1.1\r\nHost: x\r\nX: %03000d\r\n\r\n", 0);
    for (int i = 0; i < 2; i++) {
        asks(0, LIVE);
        asks(1, i ? request : SCRIPT);
        asks(2, LIVE);
        turn_keeps(1);
        for (int j = 0; j < CONNS; j++)
            assert_int_equal(answers(j), 1);
    }
}

static void on_stream(struct stream *s, const char *bytes, size_t n)
{
    (void)bytes;
    assert_int_equal(n, 1);
    assert_int_equal(stream_worker(s)->replies.n, 0);
    assert_int_equal(answers(0), 1);
}

static void what_a_stream_says_may_take_long_too(void **state)
{
    static const struct framing framing = {.read = on_stream};

    (void)state;
    conn[1]->state = CONN_STREAMING;
    conn[1]->stream.framing = &framing;
    asks(0, LIVE);
    asks(1, "x");
    asks(2, LIVE);
    turn_keeps(1);
    assert_int_equal(answers(2), 1);
}

static void who_is_not_done_is_answered_at_once(void **state)
{
    (void)state;
    asks(0, LIVE "GET /liv");
    turn_keeps(0);
    assert_int_equal(answers(0), 1);
    asks(0, "ez HTTP/1.1\r\nHost: x\r\n\r\n");
    turn_keeps(1);
    assert_int_equal(answers(0), 1);
    asks(0, "POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
            "Expect: 100-continue\r\n\r\n");
    turn_keeps(0);
    reads(0, "HTTP/1.1 100 Continue\r\n\r\n");
}

static void who_is_to_go_is_answered_at_once(void **state)
{
    (void)state;
    asks(0, "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    turn_keeps(0);
    assert_int_equal(answers(0), 1);
    assert_int_equal(conn[0]->state, CONN_CLOSING);
    asks(1, "nonsense\r\n\r\n");
    turn_keeps(0);
    assert_in_range(bytes_to(1), 1, REPLY_KEPT_MAX);
    assert_int_equal(conn[1]->state, CONN_DRAINING);
}

static void who_was_just_accepted_is_answered_at_once(void **state)
{
    (void)state;
    asks(0, LIVE);
    conn_take_first(conn[0]);
    assert_int_equal(answers(0), 1);
}

static void who_has_said_all_is_answered_and_closed(void **state)
{
    (void)state;
    asks(0, LIVE);
    shutdown(far[0], SHUT_WR);
    turn_keeps(1);
    assert_int_equal(answers(0), 1);
    turn_keeps(0);
    assert_int_equal(conn[0]->state, CONN_CLOSING);
}

static void a_worker_that_stops_keeps_nothing(void **state)
{
    (void)state;
    w->state = WORKER_STOPPING;
    asks(0, LIVE);
    turn_keeps(0);
    assert_int_equal(answers(0), 1);
    assert_int_equal(conn[0]->state, CONN_CLOSING);
}

/* Answers of HTTP_OUT_MAX are written before the next request is looked at; that was the
 * last one, and nothing is left to keep. */
static void what_was_written_by_the_way_leaves_nothing_to_keep(void **state)
{
    size_t one, n;

    (void)state;
    asks(0, SCRIPT);
    turn_keeps(0);
    one = bytes_to(0);
    assert_in_range(one, REPLY_KEPT_MAX + 1, HTTP_OUT_MAX);
    n = (HTTP_OUT_MAX + one - 1) / one;
    for (size_t i = 0; i < n; i++)
        asks(0, SCRIPT);
    turn_keeps(0);
    assert_int_equal(bytes_to(0), n * one);
    assert_int_equal(conn[0]->state, CONN_IDLE);
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
        CLAIM(short_answers_of_one_wait_are_kept_until_its_end),
        CLAIM(what_is_long_lets_those_before_it_go_first),
        CLAIM(what_a_stream_says_may_take_long_too),
        CLAIM(who_is_not_done_is_answered_at_once),
        CLAIM(who_is_to_go_is_answered_at_once),
        CLAIM(who_was_just_accepted_is_answered_at_once),
        CLAIM(who_has_said_all_is_answered_and_closed),
        CLAIM(a_worker_that_stops_keeps_nothing),
        CLAIM(what_was_written_by_the_way_leaves_nothing_to_keep),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, begin_all, end_all);
}
