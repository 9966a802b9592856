/* Who is no audience, in which order, and whom nobody may leave out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../collector/admission/sieve.h"

#define ROBOT "Googlebot/2.1"
#define PERSON "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

static struct agent_cache agents;
static struct trusted excluded;
static struct sieve sieve;
static struct words *robots;
static struct domains *spam;

static int set_up(void **state)
{
    char err[256];

    (void)state;
    robots = words_new(SLICE("bot\n"), "list", err, sizeof err);
    spam = domains_new(SLICE("spam.example\n"), "list", err, sizeof err);
    agent_cache_reset(&agents, robots);
    excluded = (struct trusted){.n = 1};
    cidr_parse(&excluded.v[0], SLICE("192.0.2.0/24"));
    sieve = (struct sieve){&agents, &excluded, spam};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    words_drop(robots);
    domains_drop(spam);
    return 0;
}

struct row {
    const char *agent, *ip, *referrer;
    bool ahead, vouched, tells_agent, tells_ip;
    enum admission want;
};

static void assert_judged(const struct row *r)
{
    struct beacon_sender from = {.user_agent = slice_of(r->agent),
                                 .ahead = r->ahead,
                                 .vouched = r->vouched,
                                 .tells_agent = r->tells_agent,
                                 .tells_ip = r->tells_ip};
    struct hit h = {.referrer = slice_of(r->referrer)};
    enum admission got;

    ip_parse(&from.ip, slice_of(r->ip));
    got = sieve_judge(&sieve, &from, &h);
    if (got != r->want)
        fail_msg("%s %s %s: %d", r->agent, r->ip, r->referrer ? r->referrer : "-", got);
}

#define HOME "198.51.100.7"
#define OFFICE "192.0.2.7"

static void each_is_left_out_for_its_own_reason(void **state)
{
    static const struct row rows[] = {
        {PERSON, HOME, NULL, .want = ADMITTED},
        {PERSON, HOME, "news.example", .want = ADMITTED},
        {PERSON, HOME, "-", .want = ADMITTED},
        {ROBOT, HOME, NULL, .want = UNCOUNTED_BOT},
        {PERSON, HOME, NULL, .ahead = true, .want = UNCOUNTED_AHEAD},
        {PERSON, OFFICE, NULL, .want = UNCOUNTED_EXCLUDED},
        {PERSON, HOME, "spam.example", .want = UNCOUNTED_SPAM},
        {PERSON, HOME, "a.spam.example", .want = UNCOUNTED_SPAM},
        {ROBOT, OFFICE, "spam.example", .ahead = true, .want = UNCOUNTED_BOT},
        {PERSON, OFFICE, "spam.example", .ahead = true, .want = UNCOUNTED_AHEAD},
        {PERSON, OFFICE, "spam.example", .want = UNCOUNTED_EXCLUDED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_judged(&rows[i]);
}

static void who_says_nothing_of_itself_is_no_robot(void **state)
{
    (void)state;
    assert_judged(&(struct row){"", HOME, NULL, .want = ADMITTED});
}

static void a_program_that_is_vouched_for_is_not_judged_but_what_it_tells_is(void **state)
{
    static const struct row rows[] = {
        {ROBOT, OFFICE, NULL, .vouched = true, .want = ADMITTED},
        {ROBOT, HOME, NULL, .vouched = true, .tells_agent = true, .want = UNCOUNTED_BOT},
        {PERSON, OFFICE, NULL, .vouched = true, .tells_ip = true,
         .want = UNCOUNTED_EXCLUDED},
        {ROBOT, HOME, NULL, .vouched = true, .tells_ip = true, .want = ADMITTED},
        {PERSON, OFFICE, NULL, .vouched = true, .tells_agent = true, .want = ADMITTED},
        {PERSON, HOME, "spam.example", .vouched = true, .want = UNCOUNTED_SPAM},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_judged(&rows[i]);
}

static void a_longer_header_than_is_remembered_is_judged_too(void **state)
{
    char text[AGENT_BYTES + 64];

    (void)state;
    memset(text, 'x', sizeof text);
    memcpy(text + AGENT_BYTES - 3, "bot", 4);
    assert_judged(&(struct row){text, HOME, NULL, .want = UNCOUNTED_BOT});
}

static void without_lists_everybody_counts(void **state)
{
    (void)state;
    agent_cache_reset(&agents, NULL);
    sieve.spam = NULL;
    excluded.n = 0;
    assert_judged(&(struct row){ROBOT, OFFICE, "spam.example", .want = ADMITTED});
}

static void a_verdict_does_not_outlive_its_list(void **state)
{
    char err[256];
    struct words *others = words_new(SLICE("firefox\n"), "list", err, sizeof err);

    (void)state;
    assert_judged(&(struct row){ROBOT, HOME, NULL, .want = UNCOUNTED_BOT});
    assert_judged(&(struct row){PERSON, HOME, NULL, .want = ADMITTED});
    agent_cache_reset(&agents, others);
    assert_judged(&(struct row){ROBOT, HOME, NULL, .want = ADMITTED});
    assert_judged(&(struct row){PERSON, HOME, NULL, .want = UNCOUNTED_BOT});
    words_drop(others);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        EACH(each_is_left_out_for_its_own_reason),
        EACH(who_says_nothing_of_itself_is_no_robot),
        EACH(a_program_that_is_vouched_for_is_not_judged_but_what_it_tells_is),
        EACH(a_longer_header_than_is_remembered_is_judged_too),
        EACH(without_lists_everybody_counts),
        EACH(a_verdict_does_not_outlive_its_list),
    };

    return cmocka_run_group_tests_name("sieve", tests, NULL, NULL);
}
