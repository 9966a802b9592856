/* limiter: how much of an address passes in virtual time, whoever else comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "../../collector/admission/limiter.h"

#define START (1000 * 86400000LL)
#define RATE 50
#define BURST 200
#define THREADS 2
#define RACES 1000000

static const struct key key = {"sixteen bytes.."};
static struct limiter *limiter;

static int set_up(void **state)
{
    (void)state;
    limiter = aligned_alloc(64, sizeof *limiter);
    memset(limiter, 0, sizeof *limiter);
    limiter_init(limiter, &key, rate_of(RATE, 1000, BURST));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(limiter);
    return 0;
}

static struct ip address(const char *text)
{
    struct ip ip;

    assert_int_equal(ip_parse(&ip, slice_of(text)), 0);
    return ip;
}

/* The @n-th of four billion. */
static struct ip stranger(uint32_t n)
{
    struct ip ip = {.n = 4};

    memcpy(ip.b, &n, sizeof n);
    return ip;
}

static bool passes(const struct ip *ip, mono_t now)
{
    return limiter_take(limiter, ip, now) != LIMITER_OVER;
}

/* How many of @n at once pass. */
static unsigned passing(const char *text, unsigned n, mono_t now)
{
    struct ip ip = address(text);
    unsigned passed = 0;

    for (unsigned i = 0; i < n; i++)
        passed += passes(&ip, now);
    return passed;
}

static void a_rate_is_an_interval_and_a_burst(void **state)
{
    static const struct {
        long n;
        ms_t per;
        long burst;
        int64_t interval, ahead;
    } rows[] = {
        {50, 1000, 200, 20000000, 199 * INT64_C(20000000)},
        {300, 60000, 300, 200000000, 299 * INT64_C(200000000)},
        {1, 60000, 1, 60000000000, 0},
        {1, 1000, 0, 1000000000, 0},
        {RATE_MAX, 1000, RATE_MAX, 1000, (RATE_MAX - 1) * INT64_C(1000)},
        {1, 60000, RATE_MAX, 60000000000, (RATE_MAX - 1) * INT64_C(60000000000)},
        {0, 1000, 200, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rate r = rate_of(rows[i].n, rows[i].per, rows[i].burst);

        assert_int_equal(r.interval, rows[i].interval);
        assert_int_equal(r.ahead, rows[i].ahead);
    }
}

static void a_burst_passes_and_no_more(void **state)
{
    (void)state;
    assert_int_equal(passing("192.0.2.1", 1000, START), BURST);
}

static void after_a_burst_it_passes_at_the_rate(void **state)
{
    struct ip ip = address("192.0.2.1");
    unsigned passed = 0;

    (void)state;
    for (mono_t t = 0; t < 10000; t++)
        passed += passes(&ip, START + t);
    assert_in_range(passed, BURST + 10 * RATE - 1, BURST + 10 * RATE);
}

static void who_keeps_to_the_rate_always_passes(void **state)
{
    struct ip ip = address("192.0.2.1");

    (void)state;
    for (mono_t t = 0; t < 3600000; t += 1000 / RATE)
        assert_true(passes(&ip, START + t));
}

static void what_is_over_the_limit_uses_up_nothing(void **state)
{
    (void)state;
    assert_int_equal(passing("192.0.2.1", BURST + 100000, START), BURST);
    assert_int_equal(passing("192.0.2.1", 10, START + 1000 / RATE), 1);
}

static void after_a_rest_a_burst_passes_again(void **state)
{
    (void)state;
    passing("192.0.2.1", BURST, START);
    assert_int_equal(passing("192.0.2.1", 1000, START + BURST * 1000 / RATE), BURST);
}

static void each_ipv4_address_has_its_own(void **state)
{
    (void)state;
    passing("192.0.2.1", 1000, START);
    assert_int_equal(passing("192.0.2.2", 1000, START), BURST);
}

static void ipv6_addresses_of_one_64_are_one(void **state)
{
    (void)state;
    assert_int_equal(passing("2001:db8:1:2::1", 150, START), 150);
    assert_int_equal(passing("2001:db8:1:2:ffff::9", 1000, START), BURST - 150);
    assert_int_equal(passing("2001:db8:1:3::1", 1000, START), BURST);
}

static void without_a_rate_nothing_is_limited(void **state)
{
    (void)state;
    limiter->rate = rate_of(0, 1000, BURST);
    assert_int_equal(passing("192.0.2.1", 100000, START), 100000);
}

static void an_honest_address_among_a_flood_of_strangers_always_passes(void **state)
{
    struct ip honest = address("192.0.2.1");
    uint32_t n = 1 << 26;

    (void)state;
    for (mono_t t = 0; t < 5000; t++) {
        for (int i = 0; i < 400; i++) {
            struct ip ip = stranger(n++);

            assert_true(passes(&ip, START + t));
        }
        if (t % 20 == 0)
            assert_true(passes(&honest, START + t));
    }
}

static void who_sends_too_much_is_not_forgotten_for_strangers(void **state)
{
    struct ip flooder = address("192.0.2.1");
    unsigned passed = 0, n = 1 << 26;

    (void)state;
    for (mono_t t = 0; t < 5000; t++) {
        for (int i = 0; i < 400; i++) {
            struct ip ip = stranger(n++);

            passes(&ip, START + t);
        }
        passed += passes(&flooder, START + t);
    }
    assert_in_range(passed, BURST + 5 * RATE - 1, BURST + 5 * RATE + 2);
}

static void who_owes_and_is_forgotten_is_told(void **state)
{
    unsigned displaced = 0, n = 4 * LIMITER_BUCKETS;

    (void)state;
    for (unsigned i = 0; i < n; i++) {
        struct ip ip = stranger(i);

        displaced += limiter_take(limiter, &ip, START) == LIMITER_DISPLACED;
    }
    /* All but as many as there are places, of which few are left free. */
    assert_in_range(displaced, n - LIMITER_BUCKETS, n - LIMITER_BUCKETS / 2);
    for (unsigned i = 0; i < n; i++) { /* all owed for 20 ms */
        struct ip ip = stranger(i + n);

        assert_int_not_equal(limiter_take(limiter, &ip, START + 20), LIMITER_OVER);
    }
}

static void an_address_that_owes_nothing_is_forgotten_unsaid(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8 * LIMITER_BUCKETS; i++) {
        struct ip ip = stranger(i);

        assert_int_equal(limiter_take(limiter, &ip, START + 20 * (mono_t)i),
                         LIMITER_PASSED);
    }
}

/* ---- several threads ---- */

struct racer {
    pthread_t thread;
    uint32_t first; /* stranger that it plays now and then */
    unsigned passed;
};

static pthread_barrier_t start;

static void *race(void *arg)
{
    struct racer *r = arg;
    struct ip ip = address("192.0.2.1");

    pthread_barrier_wait(&start);
    for (unsigned i = 0; i < RACES; i++) {
        struct ip other = stranger(r->first + i);

        if (i % 64 == 0)
            passes(&other, START);
        r->passed += passes(&ip, START);
    }
    return NULL;
}

static void threads_share_one_burst(void **state)
{
    struct racer racers[THREADS] = {{.first = 1 << 26}, {.first = 1 << 27}};
    unsigned passed = 0;

    (void)state;
    limiter->rate = rate_of(RATE, 1000, RACES);
    pthread_barrier_init(&start, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(racers[i].thread, NULL);
        passed += racers[i].passed;
    }
    assert_in_range(passed, RACES, RACES + THREADS); /* each may miss the other once */
}

int main(void)
{
#define CLAIM(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CLAIM(a_rate_is_an_interval_and_a_burst),
        CLAIM(a_burst_passes_and_no_more),
        CLAIM(after_a_burst_it_passes_at_the_rate),
        CLAIM(who_keeps_to_the_rate_always_passes),
        CLAIM(what_is_over_the_limit_uses_up_nothing),
        CLAIM(after_a_rest_a_burst_passes_again),
        CLAIM(each_ipv4_address_has_its_own),
        CLAIM(ipv6_addresses_of_one_64_are_one),
        CLAIM(without_a_rate_nothing_is_limited),
        CLAIM(an_honest_address_among_a_flood_of_strangers_always_passes),
        CLAIM(who_sends_too_much_is_not_forgotten_for_strangers),
        CLAIM(who_owes_and_is_forgotten_is_told),
        CLAIM(an_address_that_owes_nothing_is_forgotten_unsaid),
        CLAIM(threads_share_one_burst),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
