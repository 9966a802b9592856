/* outbox: what leaves with one call, and that it arrives as it was put in, whatever the
 * way takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../collector/outbox.h"

static struct outbox box;
static int sender, receiver;
static int refusals, error_last;
static uint8_t bytes[UPLINK_TRAIN_MAX + 1][DATAGRAM_MAX];

static void on_refused(void *arg, int error)
{
    (void)arg;
    refusals++;
    error_last = error;
}

static int begin(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;

    (void)state;
    receiver = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sender = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(receiver, (struct sockaddr *)&at, sizeof at), 0);
    getsockname(receiver, (struct sockaddr *)&at, &n);
    assert_int_equal(connect(sender, (struct sockaddr *)&at, sizeof at), 0);
    outbox_init(&box, sender);
    refusals = error_last = 0;
    for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++)
        memset(bytes[i], 'a' + (int)i, sizeof bytes[i]);
    return 0;
}

static int end(void **state)
{
    (void)state;
    close(sender);
    close(receiver);
    return 0;
}

/* The receiver gets trains whole. */
static void join(void)
{
    int on = 1;

    assert_int_equal(setsockopt(receiver, SOL_UDP, UDP_GRO, &on, sizeof on), 0);
}

static void flush(void)
{
    outbox_send(&box, sender, on_refused, NULL);
    assert_int_equal(box.n, 0);
}

/* The next that comes has @n bytes, or 0: there is none. */
static void comes(size_t n)
{
    uint8_t got[1 << 16];
    ssize_t r = recv(receiver, got, sizeof got, 0);

    if (n == 0)
        assert_int_equal(r, -1);
    else
        assert_int_equal(r, n);
}

/* Datagrams 0 to @n - 1 come one by one, the last of @last bytes. */
static void come_each(int n, size_t last)
{
    uint8_t got[1 << 16];

    for (int i = 0; i < n; i++) {
        ssize_t size = i == n - 1 ? (ssize_t)last : DATAGRAM_MAX;

        assert_int_equal(recv(receiver, got, sizeof got, 0), size);
        assert_memory_equal(got, bytes[i], (size_t)size);
    }
    comes(0);
}

static void put(int i, size_t n)
{
    assert_true(outbox_put(&box, bytes[i], n));
}

static void what_has_one_length_leaves_with_one_call(void **state)
{
    (void)state;
    join();
    for (int i = 0; i < 3; i++)
        put(i, DATAGRAM_MAX);
    flush();
    comes(3 * DATAGRAM_MAX);
    comes(0);
    assert_int_equal(refusals, 0);
}

static void a_train_arrives_as_its_datagrams(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        put(i, DATAGRAM_MAX);
    put(4, 96);
    flush();
    come_each(5, 96);
}

static void behind_a_shorter_one_nothing_goes(void **state)
{
    (void)state;
    join();
    put(0, 1190);
    put(1, 1180);
    assert_false(outbox_put(&box, bytes[2], 1180));
    assert_false(outbox_put(&box, bytes[2], 96));
    flush();
    comes(1190 + 1180);
    put(2, 1180);
    flush();
    comes(1180);
}

static void a_longer_one_does_not_go_behind(void **state)
{
    (void)state;
    put(0, 1180);
    assert_false(outbox_put(&box, bytes[1], 1181));
    flush();
    comes(1180);
    comes(0);
}

static void no_more_than_a_train_is_held(void **state)
{
    (void)state;
    for (int i = 0; i < UPLINK_TRAIN_MAX; i++)
        put(i, DATAGRAM_MAX);
    assert_false(outbox_put(&box, bytes[UPLINK_TRAIN_MAX], DATAGRAM_MAX));
    assert_false(outbox_put(&box, bytes[UPLINK_TRAIN_MAX], 1));
    flush();
    come_each(UPLINK_TRAIN_MAX, DATAGRAM_MAX);
}

/* The kernel counts datagrams, not bytes. */
static void nor_more_of_short_ones(void **state)
{
    (void)state;
    for (int i = 0; i < UPLINK_TRAIN_MAX; i++)
        put(i, 100);
    assert_false(outbox_put(&box, bytes[UPLINK_TRAIN_MAX], 100));
    flush();
    for (int i = 0; i < UPLINK_TRAIN_MAX; i++)
        comes(100);
    comes(0);
    assert_true(box.trains);
}

static void with_nothing_held_nothing_is_sent(void **state)
{
    (void)state;
    flush();
    put(0, 100);
    flush();
    flush();
    comes(100);
    comes(0);
    assert_int_equal(refusals, 0);
}

/* A socket of another family stands for a kernel without UDP_SEGMENT. */
static void a_socket_without_trains_gets_one_at_a_time(void **state)
{
    int pair[2];

    end(state);
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair), 0);
    sender = pair[0];
    receiver = pair[1];
    outbox_init(&box, sender);
    put(0, DATAGRAM_MAX);
    assert_false(outbox_put(&box, bytes[1], DATAGRAM_MAX));
    flush();
    come_each(1, DATAGRAM_MAX);
}

/* Without checksums the kernel refuses trains, as it does where they are too long for the
 * way. */
static void a_way_that_refuses_trains_gets_no_more_of_them(void **state)
{
    int on = 1;

    (void)state;
    assert_int_equal(setsockopt(sender, SOL_SOCKET, SO_NO_CHECK, &on, sizeof on), 0);
    for (int i = 0; i < 3; i++)
        put(i, DATAGRAM_MAX);
    flush();
    come_each(3, DATAGRAM_MAX);
    assert_int_equal(refusals, 0);
    put(0, DATAGRAM_MAX);
    assert_false(outbox_put(&box, bytes[1], DATAGRAM_MAX));
    outbox_init(&box, sender); /* another socket, for all it knows */
    put(0, DATAGRAM_MAX);
    put(1, DATAGRAM_MAX);
}

/* On this host the refusal of a datagram is there when the next one is sent. */
static void a_refusal_costs_one_datagram_as_if_it_had_gone_alone(void **state)
{
    (void)state;
    close(receiver);
    put(0, 96);
    flush();
    assert_int_equal(refusals, 0);
    for (int i = 0; i < 3; i++)
        put(i, DATAGRAM_MAX);
    flush();
    assert_int_equal(error_last, ECONNREFUSED);
    assert_int_equal(refusals, 2); /* the first, and the third for the second */
    put(0, DATAGRAM_MAX);
    put(1, DATAGRAM_MAX);
    receiver = dup(sender);
}

static void what_the_kernel_refuses_is_counted_one_by_one(void **state)
{
    (void)state;
    shutdown(sender, SHUT_WR);
    for (int i = 0; i < 5; i++)
        put(i, DATAGRAM_MAX);
    flush();
    assert_int_equal(refusals, 5);
    assert_int_equal(error_last, EPIPE);
    comes(0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_has_one_length_leaves_with_one_call),
        TEST(a_train_arrives_as_its_datagrams),
        TEST(behind_a_shorter_one_nothing_goes),
        TEST(a_longer_one_does_not_go_behind),
        TEST(no_more_than_a_train_is_held),
        TEST(nor_more_of_short_ones),
        TEST(with_nothing_held_nothing_is_sent),
        TEST(a_socket_without_trains_gets_one_at_a_time),
        TEST(a_way_that_refuses_trains_gets_no_more_of_them),
        TEST(a_refusal_costs_one_datagram_as_if_it_had_gone_alone),
        TEST(what_the_kernel_refuses_is_counted_one_by_one),
    };

    return cmocka_run_group_tests_name("outbox", tests, NULL, NULL);
}
