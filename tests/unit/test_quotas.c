/* quotas and crowd: what one address may do, and what another may all the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "../../collector/admission/crowd.h"
#include "../../collector/admission/quotas.h"

#define START (1000 * 86400000LL)
#define CONNS 10

static const struct key keys[4] = {
    {"sixteen bytes.."}, {"sixteen others."}, {"sixteen more..."}, {"the last ones.."}};
static struct quotas *quotas;
static struct crowd *crowd;
static struct counters counters;

static void *zeros(size_t n)
{
    void *p = aligned_alloc(64, (n + 63) / 64 * 64);

    memset(p, 0, n);
    return p;
}

static void limit(long events, long visitors, long sites)
{
    const struct quota_rates rates = {rate_of(events, 1000, events),
                                      rate_of(visitors, MS_PER_MINUTE, visitors),
                                      rate_of(sites, MS_PER_MINUTE, sites)};

    free(quotas);
    quotas = zeros(sizeof *quotas);
    quotas_init(quotas, &rates, keys);
}

static int set_up(void **state)
{
    (void)state;
    counters = (struct counters){0};
    crowd = zeros(sizeof *crowd);
    crowd_init(crowd, &keys[0], CONNS);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(quotas);
    free(crowd);
    quotas = NULL;
    return 0;
}

static struct ip address(const char *text)
{
    struct ip ip;

    assert_int_equal(ip_parse(&ip, slice_of(text)), 0);
    return ip;
}

static bool hits_at(const char *from, const char *site, uint64_t visitor, mono_t now)
{
    const struct hit h = {.site = slice_of(site),
                          .visitor = visitor * UINT64_C(0x9e3779b97f4a7c15)};
    struct ip ip = address(from);

    return quotas_allow_hit(quotas, &ip, &h, now, &counters);
}

static bool hits(const char *from, const char *site, uint64_t visitor)
{
    return hits_at(from, site, visitor, START);
}

static bool joins(const char *from, const char *site)
{
    struct ip ip = address(from);

    return quotas_allow_join(quotas, &ip, slice_of(site), START, &counters);
}

static void an_address_has_so_many_events_and_another_its_own(void **state)
{
    (void)state;
    limit(3, 0, 0);
    for (int i = 0; i < 3; i++)
        assert_true(hits("192.0.2.1", "shop", 1));
    assert_false(hits("192.0.2.1", "shop", 1));
    assert_true(hits("192.0.2.2", "shop", 1));
}

static void an_address_has_so_many_new_visitors_and_any_number_of_known(void **state)
{
    (void)state;
    limit(0, 3, 0);
    for (uint64_t v = 1; v <= 3; v++)
        assert_true(hits("192.0.2.1", "shop", v));
    assert_false(hits("192.0.2.1", "shop", 4));
    for (int i = 0; i < 100; i++)
        assert_true(hits("192.0.2.1", "shop", 1 + i % 3));
    assert_true(hits_at("192.0.2.1", "shop", 4, START + MS_PER_MINUTE / 3));
}

static void a_visitor_is_known_wherever_it_comes_from(void **state)
{
    (void)state;
    limit(0, 1, 0);
    assert_true(hits("192.0.2.1", "shop", 1));
    assert_true(hits("192.0.2.2", "shop", 2));
    assert_true(hits("192.0.2.2", "shop", 1));
    assert_false(hits("192.0.2.2", "shop", 3));
}

static void a_visitor_that_was_limited_is_new_still(void **state)
{
    (void)state;
    limit(0, 1, 0);
    assert_true(hits("192.0.2.1", "shop", 1));
    assert_false(hits("192.0.2.1", "shop", 2));
    assert_false(hits("192.0.2.1", "shop", 2));
}

static void who_has_another_id_since_midnight_is_not_new(void **state)
{
    struct hit h = {.site = SLICE("shop"), .visitor = 1 << 30};
    struct ip ip = address("192.0.2.1");

    (void)state;
    limit(0, 1, 0);
    assert_true(quotas_allow_hit(quotas, &ip, &h, START, &counters));
    h.previous = h.visitor;
    h.visitor = UINT64_C(2) << 30;
    assert_true(quotas_allow_hit(quotas, &ip, &h, START, &counters));
    h.previous = 0;
    assert_true(quotas_allow_hit(quotas, &ip, &h, START, &counters));
}

static void an_id_is_good_for_one_other_and_not_for_all_that_name_it(void **state)
{
    struct hit h = {.site = SLICE("shop"), .visitor = 1 << 30};
    struct ip ip = address("192.0.2.1");
    int allowed = 0;

    (void)state;
    limit(0, 2, 0);
    assert_true(quotas_allow_hit(quotas, &ip, &h, START, &counters));
    h.previous = h.visitor;
    for (uint64_t name = 2; name < 100; name++) {
        h.visitor = name << 30;
        allowed += quotas_allow_hit(quotas, &ip, &h, START, &counters);
    }
    assert_int_equal(allowed, 2); /* instead of the first, and the second that it may */
    h.visitor = UINT64_C(2) << 30;
    assert_true(quotas_allow_hit(quotas, &ip, &h, START, &counters));
}

static void a_visitor_that_was_away_for_an_hour_is_new(void **state)
{
    mono_t later = START;

    (void)state;
    limit(0, 1, 0);
    assert_true(hits("192.0.2.1", "shop", 1));
    for (int i = 0; i < 10; i++) { /* not while it comes */
        later += SEEN_S * 1000 / 2;
        assert_true(hits_at("192.0.2.2", "shop", 100 + (uint64_t)i, later));
        assert_true(hits_at("192.0.2.2", "shop", 1, later));
    }
    later += SEEN_S * 1000;
    assert_true(hits_at("192.0.2.1", "shop", 2, later));
    assert_false(hits_at("192.0.2.1", "shop", 1, later));
}

static void an_address_has_so_many_new_sites_and_any_number_of_known(void **state)
{
    (void)state;
    limit(0, 0, 2);
    assert_true(hits("192.0.2.1", "a", 1));
    assert_true(hits("192.0.2.1", "b", 1));
    assert_false(hits("192.0.2.1", "c", 1));
    assert_false(hits("192.0.2.1", "c", 1));
    assert_true(hits("192.0.2.1", "a", 1));
    assert_true(hits("192.0.2.2", "c", 1));
    assert_true(hits("192.0.2.1", "c", 1));
}

static void a_site_that_was_limited_makes_no_visitor_known(void **state)
{
    (void)state;
    limit(0, 2, 1);
    assert_true(hits("192.0.2.1", "a", 1));
    assert_false(hits("192.0.2.1", "b", 2));
    assert_false(hits("192.0.2.1", "a", 2)); /* which had used up the second */
}

static void a_join_is_a_new_visitor_each_time(void **state)
{
    (void)state;
    limit(0, 3, 0);
    assert_true(hits("192.0.2.1", "shop", 1));
    assert_true(joins("192.0.2.1", "shop"));
    assert_true(joins("192.0.2.1", "shop"));
    assert_false(joins("192.0.2.1", "shop"));
    assert_true(joins("192.0.2.2", "shop"));
}

static void a_join_makes_a_site_known(void **state)
{
    (void)state;
    limit(0, 0, 1);
    assert_true(joins("192.0.2.1", "a"));
    assert_false(joins("192.0.2.1", "b"));
    assert_true(joins("192.0.2.1", "a"));
    assert_true(hits("192.0.2.2", "a", 1));
    assert_true(hits("192.0.2.2", "b", 1));
}

static void this_host_and_nobody_are_never_limited(void **state)
{
    static const char *const ours[] = {"127.0.0.1", "127.255.1.2", "::1",
                                       "::ffff:127.0.0.1"};
    const struct ip nobody = {.n = 0};
    const struct hit h = {.site = SLICE("shop"), .visitor = 1};

    (void)state;
    limit(1, 1, 1);
    for (unsigned i = 0; i < 1000; i++) {
        char site[8];

        snprintf(site, sizeof site, "s%u", i);
        assert_true(hits(ours[i % 4], site, i));
        assert_true(joins(ours[i % 4], site));
        assert_true(quotas_allow_hit(quotas, &nobody, &h, START, &counters));
    }
    hits("128.0.0.1", "shop", 1);
    assert_false(hits("128.0.0.1", "shop", 1));
    hits("::2", "shop", 1);
    assert_false(hits("::2", "shop", 1));
}

static void without_limits_all_are_allowed(void **state)
{
    (void)state;
    limit(0, 0, 0);
    for (unsigned i = 0; i < 10000; i++) {
        char site[8];

        snprintf(site, sizeof site, "s%u", i);
        assert_true(hits("192.0.2.1", site, i));
        assert_true(joins("192.0.2.1", site));
    }
}

static void what_is_forgotten_early_is_counted(void **state)
{
    (void)state;
    limit(0, 0, 0);
    for (uint64_t v = 1; v <= 2 * (uint64_t)VISITORS_SEEN; v++)
        hits("192.0.2.1", "shop", v);
    assert_in_range(counters.seen_displaced, VISITORS_SEEN,
                    VISITORS_SEEN + VISITORS_SEEN / 4);
    assert_int_equal(counters.limiter_displaced, 0);
}

/* ---- connections ---- */

static bool enters(const char *from, uint64_t *place)
{
    struct ip ip = address(from);

    return crowd_enter(crowd, &ip, place);
}

static void an_address_has_so_many_connections(void **state)
{
    uint64_t place[CONNS], more;

    (void)state;
    for (int i = 0; i < CONNS; i++)
        assert_true(enters("192.0.2.1", &place[i]));
    for (int i = 0; i < 3; i++) {
        assert_false(enters("192.0.2.1", &more));
        assert_int_equal(more, 0);
    }
    assert_true(enters("192.0.2.2", &more));
    crowd_leave(crowd, place[0]);
    assert_true(enters("192.0.2.1", &more));
    assert_false(enters("192.0.2.1", &more));
}

static void connections_of_one_64_are_of_one_address(void **state)
{
    uint64_t place;

    (void)state;
    for (int i = 0; i < CONNS; i++)
        assert_true(enters(i % 2 ? "2001:db8::1" : "2001:db8::2", &place));
    assert_false(enters("2001:db8::3", &place));
    assert_true(enters("2001:db8:0:1::3", &place));
}

static void without_a_limit_no_place_is_taken(void **state)
{
    uint64_t place;

    (void)state;
    crowd_init(crowd, &keys[0], 0);
    for (int i = 0; i < 10 * CONNS; i++) {
        assert_true(enters("192.0.2.1", &place));
        assert_int_equal(place, 0);
        crowd_leave(crowd, place);
    }
}

/* The @n-th of four billion. */
static bool stranger_enters(uint32_t n)
{
    struct ip ip = {.n = 4};
    uint64_t place;

    memcpy(ip.b, &n, sizeof n);
    return crowd_enter(crowd, &ip, &place);
}

static void a_thousand_addresses_at_their_limit_crowd_nobody_else(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 1000 * CONNS; i++)
        assert_true(stranger_enters(i % 1000));
    for (uint32_t i = 0; i < 1000; i++)
        assert_false(stranger_enters(i));
    for (uint32_t i = 1000; i < 2000; i++)
        assert_true(stranger_enters(i));
}

static void *come_and_go(void *arg)
{
    uint64_t place[CONNS / 2];

    for (int round = 0; round < 20000; round++) {
        for (int i = 0; i < CONNS / 2; i++)
            *(bool *)arg &= enters("192.0.2.1", &place[i]);
        for (int i = 0; i < CONNS / 2; i++)
            crowd_leave(crowd, place[i]);
    }
    return NULL;
}

static void threads_that_together_keep_the_limit_are_let_in_and_leave_nothing(
    void **state)
{
    static const uint32_t none[CROWD_ROWS][CROWD_COLUMNS];
    bool here = true, there = true;
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, come_and_go, &there), 0);
    come_and_go(&here);
    pthread_join(thread, NULL);
    assert_true(here && there);
    assert_memory_equal(crowd->open, none, sizeof none);
}

int main(void)
{
#define CLAIM(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CLAIM(an_address_has_so_many_events_and_another_its_own),
        CLAIM(an_address_has_so_many_new_visitors_and_any_number_of_known),
        CLAIM(a_visitor_is_known_wherever_it_comes_from),
        CLAIM(a_visitor_that_was_limited_is_new_still),
        CLAIM(who_has_another_id_since_midnight_is_not_new),
        CLAIM(an_id_is_good_for_one_other_and_not_for_all_that_name_it),
        CLAIM(a_visitor_that_was_away_for_an_hour_is_new),
        CLAIM(an_address_has_so_many_new_sites_and_any_number_of_known),
        CLAIM(a_site_that_was_limited_makes_no_visitor_known),
        CLAIM(a_join_is_a_new_visitor_each_time),
        CLAIM(a_join_makes_a_site_known),
        CLAIM(this_host_and_nobody_are_never_limited),
        CLAIM(without_limits_all_are_allowed),
        CLAIM(what_is_forgotten_early_is_counted),
        CLAIM(an_address_has_so_many_connections),
        CLAIM(connections_of_one_64_are_of_one_address),
        CLAIM(without_a_limit_no_place_is_taken),
        CLAIM(a_thousand_addresses_at_their_limit_crowd_nobody_else),
        CLAIM(threads_that_together_keep_the_limit_are_let_in_and_leave_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
