/* Who counts as the same person: on one site, on one day, and past midnight. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../collector/visitor.h"
#include "../../proto/limits.h"
#include "../guard.h"

/* The same code over a hash that is 0: a text that has such a one cannot be found by
 * trying. */
static uint64_t zero_hash(const struct key *k, const void *bytes, size_t n)
{
    (void)k, (void)bytes, (void)n;
    return 0;
}
#define siphash zero_hash
#define visitor_identify visitor_identify_by_zero
#include "../../collector/visitor.c"
#undef visitor_identify
#undef siphash

#define DAY (24 * 60 * INT64_C(60000))
#define NOON (20000 * DAY + DAY / 2)

static struct secret secret;

static int make_secret(void **state)
{
    (void)state;
    secret_init(&secret, "sixteen and more bytes", 22);
    return 0;
}

struct person {
    const char *site, *id, *ip, *agent;
};

static struct slice guarded(const char *text)
{
    return (struct slice){guard_copy(text, strlen(text)), strlen(text)};
}

/* With keys of its own, as if the worker had just started. */
static struct visitor_ids identify(struct person p, ms_t now)
{
    struct day_keys keys = {.day = -1};
    struct ip ip = {.n = 0};

    if (p.ip)
        assert_int_equal(ip_parse(&ip, slice_of(p.ip)), 0);
    return visitor_identify(&keys, &secret, now, guarded(p.site), guarded(p.id), &ip,
                            guarded(p.agent));
}

static uint64_t id_of(struct person p)
{
    return identify(p, NOON).visitor;
}

static void an_id_is_the_documented_hash(void **state)
{
    static const char by_address[] = "shop\0a\xc0\x00\x02\x07"
                                     "Firefox";
    static const char by_network[] = "shop\0a\x20\x01\x0d\xb8\0\0\0\x01"
                                     "Firefox";
    static const char by_itself[] = "shop\0ualice";
    struct key key = secret_day_key(&secret, 20000);

    (void)state;
    assert_int_equal(id_of((struct person){"shop", "", "192.0.2.7", "Firefox"}),
                     siphash(&key, by_address, sizeof by_address - 1));
    assert_int_equal(id_of((struct person){"shop", "", "2001:db8:0:1::9", "Firefox"}),
                     siphash(&key, by_network, sizeof by_network - 1));
    assert_int_equal(id_of((struct person){"shop", "alice", "192.0.2.7", "Firefox"}),
                     siphash(&key, by_itself, sizeof by_itself - 1));
}

static void these_are_the_same_person(void **state)
{
    static const struct person row[][2] = {
        {{"s", "", "192.0.2.7", "A"}, {"s", "", "192.0.2.7", "A"}},
        {{"s", "", "192.0.2.7", "A"}, {"s", "", "::ffff:192.0.2.7", "A"}},
        {{"s", "", "2001:db8::1", "A"}, {"s", "", "2001:db8::ffff:ffff:ffff:ffff", "A"}},
        {{"s", "alice", "192.0.2.7", "A"}, {"s", "alice", "203.0.113.9", "B"}},
        {{"s", "alice", "192.0.2.7", "A"}, {"s", "alice", "2001:db8::1", ""}},
        {{"s", "", "192.0.2.7", ""}, {"s", "", "192.0.2.7", ""}},
        {{"s", "", NULL, "A"}, {"s", "", NULL, "A"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        if (id_of(row[i][0]) != id_of(row[i][1]))
            fail_msg("row %zu: not the same", i);
}

static void these_are_two(void **state)
{
    static const struct person row[][2] = {
        {{"s", "", "192.0.2.7", "A"}, {"t", "", "192.0.2.7", "A"}},
        {{"s", "alice", "192.0.2.7", "A"}, {"t", "alice", "192.0.2.7", "A"}},
        {{"s", "", "192.0.2.7", "A"}, {"s", "", "192.0.2.8", "A"}},
        {{"s", "", "192.0.2.7", "A"}, {"s", "", "192.0.2.7", "B"}},
        {{"s", "", "192.0.2.7", "A"}, {"s", "", "192.0.2.7", ""}},
        {{"s", "", "2001:db8::1", "A"}, {"s", "", "2001:db8:0:1::1", "A"}},
        {{"s", "alice", "192.0.2.7", "A"}, {"s", "", "192.0.2.7", "A"}},
        {{"s", "alice", "192.0.2.7", "A"}, {"s", "Alice", "192.0.2.7", "A"}},
        {{"s", "x", "192.0.2.7", "A"}, {"sux", "", "192.0.2.7", "A"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        if (id_of(row[i][0]) == id_of(row[i][1]))
            fail_msg("row %zu: the same", i);
}

static void another_secret_makes_another_id(void **state)
{
    struct person p = {"s", "alice", "192.0.2.7", "A"};
    uint64_t before = id_of(p);

    secret_init(&secret, "another secret of bytes", 23);
    assert_int_not_equal(id_of(p), before);
    make_secret(state);
    assert_int_equal(id_of(p), before);
}

static void past_midnight_yesterdays_id_comes_along(void **state)
{
    struct person p = {"shop", "", "192.0.2.7", "Firefox"};
    ms_t midnight = 20001 * DAY, end = midnight + WINDOW_MAX * MS_PER_MINUTE;
    uint64_t before = identify(p, midnight - 1).visitor;
    uint64_t after = identify(p, midnight).visitor;

    (void)state;
    assert_int_not_equal(before, after);
    assert_int_equal(identify(p, midnight - 1).previous, 0);
    assert_int_equal(identify(p, midnight).previous, before);
    assert_int_equal(identify(p, end - 1).previous, before);
    assert_int_equal(identify(p, end - 1).visitor, after);
    assert_int_equal(identify(p, end).previous, 0);
    assert_int_equal(identify(p, midnight + DAY - 1).visitor, after);
    assert_int_equal(identify(p, midnight + DAY).previous, after);
}

static void a_clock_that_steps_back_over_midnight_gives_the_same_ids(void **state)
{
    struct day_keys keys = {.day = -1};
    struct ip ip = {.n = 4};
    ms_t midnight = 20001 * DAY;
    struct visitor_ids once, again;

    (void)state;
    once = visitor_identify(&keys, &secret, midnight - 1, SLICE("s"), SLICE(""), &ip,
                            SLICE(""));
    again =
        visitor_identify(&keys, &secret, midnight, SLICE("s"), SLICE(""), &ip, SLICE(""));
    assert_int_equal(again.previous, once.visitor);
    again = visitor_identify(&keys, &secret, midnight - 1, SLICE("s"), SLICE(""), &ip,
                             SLICE(""));
    assert_int_equal(again.visitor, once.visitor);
    assert_int_equal(keys.day, 20000);
}

static void the_longest_of_everything_fits(void **state)
{
    static char site[SITE_MAX], id[CLIENT_ID_MAX], agent[HTTP_HEAD_MAX];
    struct day_keys keys = {.day = -1};
    struct ip ip = {.n = 16};
    struct visitor_ids by_id, by_agent;

    (void)state;
    memset(site, 's', sizeof site);
    memset(id, 'i', sizeof id);
    memset(agent, 'a', sizeof agent);
    by_id = visitor_identify(&keys, &secret, NOON, (struct slice){site, sizeof site},
                             (struct slice){id, sizeof id}, &ip,
                             (struct slice){agent, sizeof agent});
    by_agent =
        visitor_identify(&keys, &secret, NOON, (struct slice){site, sizeof site},
                         (struct slice){id, 0}, &ip, (struct slice){agent, sizeof agent});
    assert_int_not_equal(by_id.visitor, by_agent.visitor);
}

static void a_user_agent_counts_by_its_first_512_bytes(void **state)
{
    char agent[600];
    struct person p = {"s", "", "192.0.2.7", agent};
    uint64_t id;

    (void)state;
    memset(agent, 'a', sizeof agent);
    agent[sizeof agent - 1] = 0;
    id = id_of(p);
    agent[512] = 'b';
    assert_int_equal(id_of(p), id);
    agent[511] = 'b';
    assert_int_not_equal(id_of(p), id);
}

static void an_id_is_never_0(void **state)
{
    struct day_keys keys = {.day = -1};
    struct ip ip = {.n = 4};
    struct visitor_ids ids;

    (void)state;
    ids = visitor_identify_by_zero(&keys, &secret, 20001 * DAY, SLICE("s"), SLICE(""),
                                   &ip, SLICE("A"));
    assert_int_equal(ids.visitor, 1);
    assert_int_equal(ids.previous, 1);
}

/* The file is of before and after the day of the new secret, in either order; in the end
 * without the old one. 2024-10-05 is the day 20001. */
static void whoever_stays_up_while_the_secret_changes_is_known_again(void **state)
{
    static const char *const files[] = {
        "sixteen and more bytes\n2024-10-05 the new one of many bytes",
        "2024-10-05 the new one of many bytes\nsixteen and more bytes",
    };
    const struct person p = {"shop", "", "192.0.2.7", "A"};
    const ms_t midnight = 20001 * DAY;
    const struct secret old = secret;
    uint64_t noon = id_of(p), late = identify(p, midnight - 1).visitor, early;
    char err[256];

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(secret_parse(&secret, slice_of(files[i]), "f", err, 256), 0);
        assert_int_equal(identify(p, NOON).visitor, noon);
        assert_int_equal(identify(p, midnight).previous, late);
    }
    early = identify(p, midnight).visitor;
    secret = old;
    assert_int_not_equal(identify(p, midnight).visitor, early);
    secret_init(&secret, "the new one of many bytes", 25);
    assert_int_equal(identify(p, midnight).visitor, early);
    secret = old;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_the_documented_hash),
        cmocka_unit_test(these_are_the_same_person),
        cmocka_unit_test(these_are_two),
        cmocka_unit_test(another_secret_makes_another_id),
        cmocka_unit_test(past_midnight_yesterdays_id_comes_along),
        cmocka_unit_test(a_clock_that_steps_back_over_midnight_gives_the_same_ids),
        cmocka_unit_test(the_longest_of_everything_fits),
        cmocka_unit_test(a_user_agent_counts_by_its_first_512_bytes),
        cmocka_unit_test(an_id_is_never_0),
        cmocka_unit_test(whoever_stays_up_while_the_secret_changes_is_known_again),
    };

    return cmocka_run_group_tests(tests, make_secret, NULL);
}
