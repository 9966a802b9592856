/* inbox: what lies in the slots, trains and single datagrams, comes out as it was sent.
 */
#include <linux/net_tstamp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../aggregator/udp.h"
#include "../train.h"

#define SENDERS 3

static struct udp udp;
static int sender[SENDERS];
static struct peer name[SENDERS];
static uint8_t sent[1 << 16];

static void open_at(const char *address)
{
    struct udp_addr a;
    struct sockaddr_storage sa = {0};
    socklen_t n = sizeof sa;
    char err[256];

    assert_int_equal(udp_addr_parse(&a, address, err, sizeof err), 0);
    assert_int_equal(udp_open(&udp, &a, err, sizeof err), 0);
    getsockname(udp.fd, (struct sockaddr *)&sa, &n);
    for (int i = 0; i < SENDERS; i++) {
        socklen_t size = sizeof name[i];

        sender[i] = socket(sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(sender[i], (struct sockaddr *)&sa, n), 0);
        getsockname(sender[i], &name[i].sa, &size);
    }
    for (size_t i = 0; i < sizeof sent; i++)
        sent[i] = (uint8_t)(i * 7 + i / 256);
}

static int begin(void **state)
{
    (void)state;
    open_at("127.0.0.1:0");
    return 0;
}

static int end(void **state)
{
    (void)state;
    udp_close(&udp);
    for (int i = 0; i < SENDERS; i++)
        close(sender[i]);
    return 0;
}

static int receive(void)
{
    return inbox_receive(&udp.inbox, udp.fd);
}

/* The next batch are @n datagrams of @each bytes, the last of @last, that lie in @sent
 * from @offset on one after the other. */
static void comes(size_t offset, int n, size_t each, size_t last)
{
    assert_int_equal(receive(), n);
    for (int i = 0; i < n; i++) {
        const struct datagram *d = &udp.inbox.batch[i];

        assert_int_equal(d->n, i == n - 1 ? last : each);
        assert_memory_equal(d->bytes, sent + offset, d->n);
        offset += d->n;
    }
}

static void a_train_is_cut_where_its_datagrams_end(void **state)
{
    static const struct {
        size_t n, each;
        int datagrams;
        size_t last;
    } row[] = {{4 * 1200, 1200, 4, 1200},   {4 * 1200 + 1, 1200, 5, 1},
               {2 * 1199, 1199, 2, 1199},   {1200 + 96, 1200, 2, 96},
               {50 * 1200, 1200, 50, 1200}, {64, 1, 64, 1}};

    (void)state;
    assert_true(udp.inbox.trains);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        train_send(sender[0], sent, row[i].n, row[i].each);
        comes(0, row[i].datagrams, row[i].each, row[i].last);
        assert_false(inbox_holds(&udp.inbox));
        assert_int_equal(receive(), 0);
    }
}

static void the_length_of_a_train_is_found_among_what_else_a_socket_tells(void **state)
{
    int on = 1, all = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;

    (void)state;
    assert_int_equal(setsockopt(udp.fd, SOL_SOCKET, SO_TIMESTAMPING, &all, sizeof all),
                     0);
    assert_int_equal(setsockopt(udp.fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on), 0);
    train_send(sender[0], sent, 10 * 1200, 1200);
    comes(0, 10, 1200, 1200);
}

static void what_is_more_than_a_batch_is_held_for_the_next(void **state)
{
    (void)state;
    train_send(sender[0], sent, 100 * 96, 96);
    comes(0, INBOX_BATCH, 96, 96);
    assert_true(inbox_holds(&udp.inbox));
    comes((size_t)INBOX_BATCH * 96, 100 - INBOX_BATCH, 96, 96);
    assert_false(inbox_holds(&udp.inbox));
    assert_int_equal(receive(), 0);
}

static void batches_go_on_from_one_train_to_the_next(void **state)
{
    (void)state;
    train_send(sender[0], sent, 40 * 100, 100);
    train_send(sender[1], sent + 40 * 100, 40 * 100 - 10, 100);
    comes(0, INBOX_BATCH, 100, 100);
    for (int i = 0; i < INBOX_BATCH; i++)
        assert_memory_equal(udp.inbox.batch[i].from, &name[i < 40 ? 0 : 1],
                            peer_size(&name[0]));
    comes((size_t)INBOX_BATCH * 100, 80 - INBOX_BATCH, 100, 90);
    assert_memory_equal(udp.inbox.batch[0].from, &name[1], peer_size(&name[1]));
    assert_false(inbox_holds(&udp.inbox));
}

static void each_datagram_has_the_address_of_its_sender(void **state)
{
    (void)state;
    for (int i = 0; i < 30; i++) {
        if (i % 3 == 0)
            train_send(sender[0], sent, 2 * 200, 200);
        else
            assert_int_equal(send(sender[i % 3], sent, 150, 0), 150);
    }
    assert_int_equal(receive(), 40);
    for (int i = 0; i < 40; i++) {
        const struct datagram *d = &udp.inbox.batch[i];

        assert_int_equal(d->n, i % 4 < 2 ? 200 : 150);
        assert_memory_equal(d->from, &name[i % 4 < 2 ? 0 : i % 4 - 1],
                            peer_size(d->from));
    }
}

static void senders_of_both_families_are_told_apart(void **state)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 at;
    socklen_t n = sizeof at;
    int four = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    (void)state;
    end(NULL);
    open_at("[::]:0");
    getsockname(udp.fd, (struct sockaddr *)&at, &n);
    to.sin_port = at.sin6_port;
    assert_int_equal(connect(four, (struct sockaddr *)&to, sizeof to), 0);
    train_send(four, sent, 300, 100);
    train_send(sender[0], sent, 300, 100);
    assert_int_equal(receive(), 6);
    assert_true(IN6_IS_ADDR_V4MAPPED(&udp.inbox.batch[2].from->in6.sin6_addr));
    assert_true(IN6_IS_ADDR_LOOPBACK(&udp.inbox.batch[3].from->in6.sin6_addr));
    close(four);
}

static void an_empty_datagram_is_one(void **state)
{
    (void)state;
    assert_int_equal(send(sender[0], sent, 0, 0), 0);
    train_send(sender[0], sent, 30, 10);
    assert_int_equal(send(sender[0], sent, 0, 0), 0);
    assert_int_equal(receive(), 5);
    assert_int_equal(udp.inbox.batch[0].n, 0);
    assert_int_equal(udp.inbox.batch[3].n, 10);
    assert_int_equal(udp.inbox.batch[4].n, 0);
}

static void the_longest_datagram_there_is_comes_whole_and_alone(void **state)
{
    enum { LONGEST = 65535 - 20 - 8 };

    (void)state;
    assert_int_equal(send(sender[0], sent, LONGEST, 0), LONGEST);
    comes(0, 1, LONGEST, LONGEST);
}

static void a_call_that_fills_all_slots_says_that_there_may_be_more(void **state)
{
    (void)state;
    for (int i = 0; i < RECEIVE_SLOTS; i++)
        assert_int_equal(send(sender[0], sent, 96, 0), 96);
    assert_int_equal(receive(), RECEIVE_SLOTS);
    assert_true(udp.inbox.full);
    assert_int_equal(send(sender[0], sent, 96, 0), 96);
    assert_int_equal(receive(), 1);
    assert_false(udp.inbox.full);
    assert_int_equal(receive(), 0);
    assert_false(udp.inbox.full);
}

/* Else a turn of the loop would be of thousands. */
static void after_a_train_a_call_takes_fewer(void **state)
{
    int n = 0, calls = 0;

    (void)state;
    train_send(sender[0], sent, 2 * 1200, 1200);
    assert_int_equal(receive(), 2);
    for (int i = 0; i < 40; i++)
        train_send(sender[i % 2], sent, 2 * 1200, 1200);
    do {
        n += receive();
        calls++;
        assert_in_range(udp.inbox.held, 1, RECEIVE_SLOTS / 4);
    } while (udp.inbox.full);
    assert_int_equal(n, 80);
    assert_true(calls >= 3);
    assert_int_equal(send(sender[0], sent, 96, 0), 96);
    assert_int_equal(receive(), 1);
    for (int i = 0; i < RECEIVE_SLOTS; i++)
        assert_int_equal(send(sender[0], sent, 96, 0), 96);
    assert_int_equal(receive(), RECEIVE_SLOTS);
}

/* A socket of another family stands for a kernel that has no UDP_GRO: neither takes the
 * option. */
static void without_trains_datagrams_come_one_by_one(void **state)
{
    struct udp_addr a = {0};
    char err[256];
    int pair[2];

    (void)state;
    end(NULL);
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair), 0);
    a.handed = pair[0];
    assert_int_equal(udp_open(&udp, &a, err, sizeof err), 0);
    for (int i = 0; i < SENDERS; i++)
        sender[i] = dup(pair[1]);
    close(pair[1]);
    assert_false(udp.inbox.trains);
    for (int i = 0; i < 5; i++)
        assert_int_equal(send(sender[0], sent + i * 1200, 1200, 0), 1200);
    comes(0, 5, 1200, 1200);
    assert_int_equal(send(sender[0], sent, 5000, 0), 5000);
    comes(0, 1, INBOX_SINGLE, INBOX_SINGLE); /* too long, and is seen to be */
    assert_int_equal(receive(), 0);
}

static void an_error_of_the_socket_is_told(void **state)
{
    (void)state;
    assert_int_equal(inbox_receive(&udp.inbox, -1), -1);
    assert_false(udp.inbox.full);
    assert_false(inbox_holds(&udp.inbox));
}

/* The kernel counts what it drops in what it queues. */
static void a_dropped_train_is_counted_once(void **state)
{
    int size = 32768, n, got_in = 0;

    (void)state;
    assert_int_equal(setsockopt(udp.fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size), 0);
    for (int i = 0; i < 40; i++)
        train_send(sender[0], sent, 10 * 1200, 1200);
    do
        got_in += n = receive();
    while (n > 0);
    udp_count_drops(&udp);
    assert_in_range(udp.drops, 30, 39);
    assert_int_equal(got_in + 10 * (int)udp.drops, 400);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_train_is_cut_where_its_datagrams_end),
        TEST(the_length_of_a_train_is_found_among_what_else_a_socket_tells),
        TEST(what_is_more_than_a_batch_is_held_for_the_next),
        TEST(batches_go_on_from_one_train_to_the_next),
        TEST(each_datagram_has_the_address_of_its_sender),
        TEST(senders_of_both_families_are_told_apart),
        TEST(an_empty_datagram_is_one),
        TEST(the_longest_datagram_there_is_comes_whole_and_alone),
        TEST(a_call_that_fills_all_slots_says_that_there_may_be_more),
        TEST(after_a_train_a_call_takes_fewer),
        TEST(without_trains_datagrams_come_one_by_one),
        TEST(an_error_of_the_socket_is_told),
        TEST(a_dropped_train_is_counted_once),
    };

    return cmocka_run_group_tests_name("inbox", tests, NULL, NULL);
}
