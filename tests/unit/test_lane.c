/* No beacon is sent twice that may have been counted, none is forgotten that was not. The
 * other end of the lane is held by the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../cli/lane.h"

#define OK "HTTP/1.1 204 No Content\r\n\r\n"
#define LAST "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"

struct rig {
    struct lane lane;
    struct tally tally;
    int peer;
};

/* Gives the lane a connection as lane_dial would. */
static void connect_to(struct rig *r)
{
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    r->lane.fd = fds[0];
    r->lane.moved = 0;
    answers_init(&r->lane.answers);
    r->peer = fds[1];
}

static int make(void **state)
{
    struct rig *r = calloc(1, sizeof *r);

    assert_non_null(r);
    lane_init(&r->lane);
    connect_to(r);
    *state = r;
    return 0;
}

static int unmake(void **state)
{
    struct rig *r = *state;

    lane_close(&r->lane);
    close(r->peer);
    free(r);
    return 0;
}

static bool put(struct rig *r, const char *request)
{
    size_t n = strlen(request);

    if (!lane_room(&r->lane, n))
        return false;
    lane_put(&r->lane, request, n);
    lane_end(&r->lane, n);
    return true;
}

/* What the other end has got since the last look. */
static void assert_got(struct rig *r, const char *want)
{
    char got[LANE_BYTES + 1];
    ssize_t n = recv(r->peer, got, sizeof got - 1, 0);

    got[n > 0 ? n : 0] = '\0';
    assert_string_equal(got, want);
}

static void answer(struct rig *r, const char *text)
{
    assert_int_equal(send(r->peer, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    lane_read(&r->lane, &r->tally, 1);
}

/* The other end closes; a new connection takes its place once the lane has noticed. */
static void reconnect(struct rig *r)
{
    close(r->peer);
    if (r->lane.fd >= 0)
        lane_read(&r->lane, &r->tally, 1);
    assert_int_equal(r->lane.fd, -1);
    connect_to(r);
    lane_write(&r->lane, 1);
}

static void requests_are_pipelined_and_answers_counted(void **state)
{
    struct rig *r = *state;

    assert_true(put(r, "a") && put(r, "bb") && put(r, "ccc"));
    lane_write(&r->lane, 0);
    assert_false(lane_has_unsent(&r->lane));
    assert_got(r, "abbccc");
    answer(r, OK OK);
    assert_int_equal(r->tally.answered, 2);
    assert_int_equal(r->lane.queued, 1);
    assert_true(put(r, "d"));
    lane_write(&r->lane, 0);
    assert_got(r, "d");
    answer(r, OK OK);
    assert_int_equal(r->tally.answered, 4);
    assert_int_equal(r->lane.queued, 0);
    assert_true(r->lane.fd >= 0);
}

static void after_an_announced_end_the_rest_is_sent_again(void **state)
{
    struct rig *r = *state;

    assert_true(put(r, "a") && put(r, "b") && put(r, "c"));
    lane_write(&r->lane, 0);
    assert_got(r, "abc");
    answer(r, LAST);
    assert_int_equal(r->tally.answered, 1);
    reconnect(r);
    assert_got(r, "bc");
    answer(r, OK OK);
    assert_int_equal(r->tally.answered, 3);
    assert_int_equal(r->lane.queued, 0);
}

static void what_was_sent_over_a_broken_connection_is_not_sent_again(void **state)
{
    struct rig *r = *state;

    assert_true(put(r, "a") && put(r, "b"));
    lane_write(&r->lane, 0);
    assert_true(put(r, "c"));
    answer(r, OK);
    reconnect(r);
    assert_got(r, "c"); /* b may have been counted */
    assert_int_equal(r->lane.queued, 1);
    answer(r, OK);
    assert_int_equal(r->tally.answered, 2);
}

/* Fills the socket, so that a request stands half in it. */
static void a_request_sent_in_part_is_sent_again(void **state)
{
    struct rig *r = *state;
    static char request[LANE_BYTES / 4];
    int small = 1;

    memset(request, 'x', sizeof request - 1);
    setsockopt(r->lane.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    assert_true(put(r, request) && put(r, request) && put(r, request));
    lane_write(&r->lane, 0);
    assert_true(lane_has_unsent(&r->lane));
    reconnect(r);
    assert_true(r->lane.queued > 0);
    assert_int_equal(r->lane.n - r->lane.at, r->lane.queued * (sizeof request - 1));
    assert_int_equal(r->lane.sent, r->lane.n); /* all that is left went out whole */
}

static void no_answer_is_taken_for_another(void **state)
{
    struct rig *r = *state;

    answer(r, OK); /* to nothing: 408 on an idle connection, say */
    assert_int_equal(r->tally.answered, 0);
    assert_int_equal(r->lane.fd, -1);
    close(r->peer);
    connect_to(r);
    assert_true(put(r, "a"));
    lane_write(&r->lane, 0);
    answer(r, "SSH-2.0-x\r\n\r\n");
    assert_int_equal(r->tally.answered, 0);
    assert_int_equal(r->lane.fd, -1);
    assert_int_equal(r->lane.queued, 0);
}

static void chunks_end_the_connection_and_resend_nothing(void **state)
{
    struct rig *r = *state;

    assert_true(put(r, "a") && put(r, "b"));
    lane_write(&r->lane, 0);
    answer(r, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
    assert_int_equal(r->tally.answered, 1);
    assert_int_equal(r->lane.fd, -1);
    assert_int_equal(r->lane.queued, 0);
}

static void a_lane_has_room_for_so_many_and_no_more(void **state)
{
    struct rig *r = *state;
    static char request[LANE_BYTES / 2];

    for (int i = 0; i < REPLAY_PIPELINE_MAX; i++)
        assert_true(put(r, "x"));
    assert_false(put(r, "x"));
    lane_write(&r->lane, 0);
    answer(r, OK);
    assert_true(put(r, "x"));
    assert_false(put(r, "x"));
    lane_close(&r->lane);
    close(r->peer);

    lane_init(&r->lane);
    connect_to(r);
    memset(request, 'x', sizeof request - 1);
    assert_true(put(r, request) && put(r, request));
    assert_false(put(r, request)); /* bytes */
}

static void room_comes_back_however_long_it_goes_on(void **state)
{
    struct rig *r = *state;
    static char request[5000];

    memset(request, 'x', sizeof request - 1);
    assert_true(put(r, request));
    for (int i = 0; i < 200; i++) {
        assert_true(put(r, request));
        lane_write(&r->lane, 0);
        assert_false(lane_has_unsent(&r->lane));
        for (char got[16384]; recv(r->peer, got, sizeof got, 0) > 0;)
            continue;
        answer(r, OK);
        assert_int_equal(r->lane.queued, 1);
    }
    assert_int_equal(r->tally.answered, 200);
}

static void overdue_answers_break_it_and_idleness_closes_it(void **state)
{
    struct rig *r = *state;

    lane_check(&r->lane, LANE_IDLE_MS - 1);
    assert_true(r->lane.fd >= 0);
    assert_true(put(r, "a") && put(r, "b"));
    lane_write(&r->lane, LANE_IDLE_MS);
    lane_check(&r->lane, LANE_IDLE_MS + LANE_ANSWER_MS - 1);
    assert_true(r->lane.fd >= 0);
    lane_check(&r->lane, LANE_IDLE_MS + LANE_ANSWER_MS);
    assert_int_equal(r->lane.fd, -1);
    assert_int_equal(r->lane.queued, 0);
    close(r->peer);
    connect_to(r);
    lane_check(&r->lane, LANE_IDLE_MS);
    assert_int_equal(r->lane.fd, -1);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(requests_are_pipelined_and_answers_counted),
        TEST(after_an_announced_end_the_rest_is_sent_again),
        TEST(what_was_sent_over_a_broken_connection_is_not_sent_again),
        TEST(a_request_sent_in_part_is_sent_again),
        TEST(no_answer_is_taken_for_another),
        TEST(chunks_end_the_connection_and_resend_nothing),
        TEST(a_lane_has_room_for_so_many_and_no_more),
        TEST(room_comes_back_however_long_it_goes_on),
        TEST(overdue_answers_break_it_and_idleness_closes_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
