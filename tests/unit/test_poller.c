/* poller: what is told of sockets, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../collector/poller.h"

static uv_loop_t loop;
static struct poller ps;
static struct polled near;
static int far;
static unsigned told, ends;
static uint32_t latest;

static void on_ready(struct polled *p, uint32_t events)
{
    assert_true(ps.telling);
    assert_ptr_equal(p, &near);
    told++;
    latest = events;
}

static void on_told(struct poller *p)
{
    assert_ptr_equal(p, &ps);
    assert_true(ps.telling);
    ends++;
}

static int begin(void **state)
{
    int fd[2];

    (void)state;
    told = ends = 0;
    latest = 0;
    if (uv_loop_init(&loop) < 0 || poller_open(&ps, &loop, on_ready, on_told) < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd) < 0)
        return -1;
    near = (struct polled){.fd = fd[0]};
    far = fd[1];
    return 0;
}

static int end(void **state)
{
    (void)state;
    poller_close(&ps);
    if (near.fd >= 0)
        close(near.fd);
    if (far >= 0)
        close(far);
    uv_run(&loop, UV_RUN_DEFAULT);
    return uv_loop_close(&loop);
}

/* How often something was told in the next turn. */
static unsigned turn(void)
{
    unsigned before = told;

    uv_run(&loop, UV_RUN_NOWAIT);
    return told - before;
}

static void say(const char *bytes, size_t n)
{
    assert_int_equal(write(far, bytes, n), n);
}

static void take(size_t n)
{
    char bytes[64];

    assert_true(n <= sizeof bytes);
    assert_int_equal(read(near.fd, bytes, n), n);
}

static void what_was_there_before_it_was_wanted_is_told(void **state)
{
    (void)state;
    say("a", 1);
    assert_int_equal(poller_want(&ps, &near, EPOLLIN), 0);
    assert_int_equal(turn(), 1);
    assert_true(latest & EPOLLIN);
}

static void what_was_read_is_not_told_again_and_what_comes_then_is(void **state)
{
    (void)state;
    poller_want(&ps, &near, EPOLLIN);
    assert_int_equal(turn(), 0);
    say("ab", 2);
    assert_int_equal(turn(), 1);
    take(2);
    assert_int_equal(turn(), 0);
    say("c", 1);
    assert_int_equal(turn(), 1);
}

static void what_was_left_is_told_when_that_is_said(void **state)
{
    (void)state;
    poller_want(&ps, &near, EPOLLIN);
    say("ab", 2);
    assert_int_equal(turn(), 1);
    take(1);
    poller_again(&ps, &near);
    assert_int_equal(turn(), 1);
    take(1);
    poller_again(&ps, &near);
    assert_int_equal(turn(), 0);
}

static void an_end_behind_bytes_is_told_with_them(void **state)
{
    (void)state;
    poller_want(&ps, &near, EPOLLIN);
    say("ab", 2);
    close(far);
    far = -1;
    assert_int_equal(turn(), 1);
    assert_true(latest & EPOLLIN && latest & EPOLLRDHUP);
}

static void the_end_of_what_came_together_is_told_once(void **state)
{
    (void)state;
    poller_want(&ps, &near, EPOLLIN);
    say("ab", 2);
    assert_int_equal(turn(), 1);
    assert_int_equal(ends, 1);
    assert_false(ps.telling);
    assert_int_equal(turn(), 0);
    assert_int_equal(ends, 1);
}

static void who_wants_nothing_is_told_nothing_until_it_wants_again(void **state)
{
    (void)state;
    poller_want(&ps, &near, EPOLLIN);
    assert_int_equal(poller_want(&ps, &near, 0), 0);
    poller_again(&ps, &near);
    say("a", 1);
    assert_int_equal(turn(), 0);
    poller_want(&ps, &near, EPOLLIN);
    assert_int_equal(turn(), 1);
}

static void room_to_write_is_told_once_there_is_some(void **state)
{
    char block[4096] = {0};

    (void)state;
    while (write(near.fd, block, sizeof block) > 0)
        ;
    poller_want(&ps, &near, EPOLLOUT);
    assert_int_equal(turn(), 0);
    for (int i = 0; i < 200; i++)
        if (read(far, block, sizeof block) <= 0)
            break;
    assert_int_equal(turn(), 1);
    assert_true(latest & EPOLLOUT);
}

static void a_socket_that_is_closed_leaves_by_itself(void **state)
{
    (void)state;
    poller_want(&ps, &near, EPOLLIN);
    say("a", 1);
    close(near.fd);
    near.fd = -1;
    assert_int_equal(turn(), 0);
}

int main(void)
{
#define CLAIM(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        CLAIM(what_was_there_before_it_was_wanted_is_told),
        CLAIM(what_was_read_is_not_told_again_and_what_comes_then_is),
        CLAIM(what_was_left_is_told_when_that_is_said),
        CLAIM(an_end_behind_bytes_is_told_with_them),
        CLAIM(the_end_of_what_came_together_is_told_once),
        CLAIM(who_wants_nothing_is_told_nothing_until_it_wants_again),
        CLAIM(room_to_write_is_told_once_there_is_some),
        CLAIM(a_socket_that_is_closed_leaves_by_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
