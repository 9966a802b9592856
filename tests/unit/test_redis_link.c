/* redis_link against a scripted Redis on the same loop, and against a real one that is
 * killed. Deadlines are shortened, so nothing here waits for longer than it must. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <dlfcn.h>
#include <netdb.h>
#include <semaphore.h>
#include <stdatomic.h>

#include <cmocka.h>

#include "../../proto/limits.h"
#include "../../proto/log.h"
#include "../../proto/loop/redis_calls.h"
#include "../../proto/loop/redis_link.h"
#include "../../proto/loop/redis_pipeline.h"
#include "../fake/fake_redis.h"
#include "../redis_server.h"

#define PATIENCE_NS (60 * 1000000000ULL) /* under valgrind on a busy machine */
#define NEVER_MS 600000

/* Names under .test mean what these tests need; all else goes to the C library. */
typedef int (*getaddrinfo_fn)(const char *, const char *, const struct addrinfo *,
                              struct addrinfo **);
static sem_t slow_answers;        /* how many look-ups of slow.test may go on */
static atomic_uint slow_look_ups; /* that have begun */

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **found)
{
    getaddrinfo_fn real = (getaddrinfo_fn)dlsym(RTLD_NEXT, "getaddrinfo");
    int r;

    if (strcmp(name, "none.test") == 0)
        return EAI_NONAME;
    if (strcmp(name, "slow.test") == 0) {
        slow_look_ups++;
        sem_wait(&slow_answers);
        name = "127.0.0.1";
    }
    if (strcmp(name, "two.test") != 0)
        return real(name, service, hints, found);
    r = real("127.0.0.2", service, hints, found); /* where nobody listens */
    return r ? r : real("127.0.0.1", service, hints, &(*found)->ai_next);
}

struct rig {
    uv_loop_t loop;
    uv_timer_t tick; /* keeps a waiting loop turning */
    uint64_t ticks;
    struct fake_redis *fake;
    struct redis_link *link; /* NULL: closed */
    bool gone;               /* its closed() has come */

    unsigned ups, downs;
    uint64_t up_at; /* loop time of the last up() */
    char why[256];  /* of the last down() */
    char pushed[1024];

    unsigned replies, nulls;
    char said[4096]; /* the replies as text, a blank after each */

    void (*on_up)(struct rig *t);
    void (*on_down)(struct rig *t);
    void (*on_reply)(struct rig *t);
};

/* Turns the loop until @claim holds. */
#define UNTIL(t, claim)                                      \
    do {                                                     \
        uint64_t began_ = uv_hrtime();                       \
        while (!(claim)) {                                   \
            assert_true(uv_hrtime() - began_ < PATIENCE_NS); \
            uv_run(&(t)->loop, UV_RUN_ONCE);                 \
        }                                                    \
    } while (0)

static void on_tick(uv_timer_t *timer)
{
    struct rig *t = timer->data;

    t->ticks++;
}

static void turn_for_a_while(struct rig *t)
{
    uint64_t end = t->ticks + 10;

    UNTIL(t, t->ticks >= end);
}

static void put_reply(char *out, size_t n, const redisReply *r)
{
    size_t used = strlen(out);

    switch (r->type) {
    case REDIS_REPLY_INTEGER:
        snprintf(out + used, n - used, "%lld ", r->integer);
        break;
    case REDIS_REPLY_ARRAY:
        snprintf(out + used, n - used, "[ ");
        for (size_t i = 0; i < r->elements; i++)
            put_reply(out, n, r->element[i]);
        used = strlen(out);
        snprintf(out + used, n - used, "] ");
        break;
    case REDIS_REPLY_NIL:
        snprintf(out + used, n - used, "nil ");
        break;
    default:
        snprintf(out + used, n - used, "%s ", r->str);
    }
}

static void on_up(void *arg)
{
    struct rig *t = arg;

    t->ups++;
    t->up_at = uv_now(&t->loop);
    if (t->on_up)
        t->on_up(t);
}

static void on_down(void *arg, const char *why)
{
    struct rig *t = arg;

    t->downs++;
    snprintf(t->why, sizeof t->why, "%s", why);
    if (t->on_down)
        t->on_down(t);
}

static void on_push(void *arg, const redisReply *message)
{
    struct rig *t = arg;

    put_reply(t->pushed, sizeof t->pushed, message);
}

static void on_reply(void *arg, const redisReply *reply)
{
    struct rig *t = arg;

    if (reply) {
        t->replies++;
        put_reply(t->said, sizeof t->said, reply);
    } else {
        t->nulls++;
    }
    if (t->on_reply)
        t->on_reply(t);
}

static void on_gone(void *arg)
{
    struct rig *t = arg;

    t->gone = true;
}

static const struct redis_link_events events = {on_up, on_down, on_push};

/* Impatient where a test waits, patient where it must not be disturbed. */
static const struct redis_link_deadlines patient = {.dial_ms = NEVER_MS,
                                                    .reply_ms = NEVER_MS,
                                                    .idle_ping_ms = NEVER_MS,
                                                    .rest_first_ms = 1,
                                                    .rest_max_ms = 4,
                                                    .settled_ms = 0};

static void dial_addr(struct rig *t, const struct redis_addr *a,
                      const struct redis_link_deadlines *d)
{
    t->link = redis_link_open(&t->loop, a, "test", &events, t);
    assert_non_null(t->link);
    redis_link_set_deadlines(t->link, d);
}

static struct redis_addr fake_addr(struct rig *t)
{
    struct redis_addr a = {.host = "127.0.0.1", .port = fake_redis_port(t->fake)};

    return a;
}

static void dial(struct rig *t, const struct redis_link_deadlines *d)
{
    struct redis_addr a = fake_addr(t);

    dial_addr(t, &a, d);
}

static void dial_until_up(struct rig *t, const struct redis_link_deadlines *d)
{
    fake_redis_listen(t->fake);
    dial(t, d);
    UNTIL(t, t->ups == 1);
}

static void call(struct rig *t, const char *verb, const char *arg)
{
    const char *argv[] = {verb, arg};

    assert_int_equal(redis_link_call(t->link, 1 + (arg != NULL), argv, NULL, on_reply, t),
                     0);
}

static void close_link(struct rig *t)
{
    struct redis_link *link = t->link;

    t->link = NULL;
    redis_link_close(link, on_gone, t);
}

static int setup(void **state)
{
    struct rig *t = calloc(1, sizeof *t);

    assert_int_equal(uv_loop_init(&t->loop), 0);
    uv_timer_init(&t->loop, &t->tick);
    t->tick.data = t;
    uv_timer_start(&t->tick, on_tick, 5, 5);
    t->fake = fake_redis_open(&t->loop, NULL);
    *state = t;
    return 0;
}

/* Whatever a test did, everything closes and the loop is empty then. */
static int teardown(void **state)
{
    struct rig *t = *state;

    if (t->link)
        close_link(t);
    sem_post(&slow_answers); /* for a look-up that a failed test has left behind */
    UNTIL(t, t->gone);
    while (sem_trywait(&slow_answers) == 0)
        continue;
    fake_redis_close(t->fake);
    uv_close((uv_handle_t *)&t->tick, NULL);
    uv_run(&t->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&t->loop), 0);
    free(t);
    return 0;
}

static void a_refused_port_is_reported_and_heals(void **state)
{
    struct rig *t = *state;

    dial(t, &patient);
    UNTIL(t, t->downs >= 3);
    assert_non_null(strstr(t->why, "refused"));
    assert_false(redis_link_is_up(t->link));
    assert_int_equal(redis_link_stats(t->link)->downs, 0);
    fake_redis_listen(t->fake);
    UNTIL(t, t->ups == 1);
    assert_true(redis_link_is_up(t->link));
    call(t, "GET", "a");
    UNTIL(t, t->replies == 1);
}

static void a_missing_unix_socket_is_reported_and_heals(void **state)
{
    struct rig *t = *state;
    struct redis_addr a = {.is_unix = true};
    struct fake_redis *fake;

    snprintf(a.host, sizeof a.host, "%s/headcount-link-%d", P_tmpdir, (int)getpid());
    dial_addr(t, &a, &patient);
    UNTIL(t, t->downs >= 1);
    fake = fake_redis_open(&t->loop, a.host);
    fake_redis_listen(fake);
    UNTIL(t, t->ups == 1);
    call(t, "GET", "a");
    UNTIL(t, t->replies == 1);
    fake_redis_close(fake);
    unlink(a.host);
}

static void a_name_that_does_not_exist_is_reported(void **state)
{
    struct rig *t = *state;
    struct redis_addr a = {.host = "none.test", .port = 1};

    dial_addr(t, &a, &patient);
    UNTIL(t, t->downs >= 2);
    assert_non_null(strstr(t->why, "unknown"));
}

static void every_address_of_a_name_is_tried(void **state)
{
    struct rig *t = *state;
    struct redis_addr a = {.host = "two.test", .port = fake_redis_port(t->fake)};

    fake_redis_listen(t->fake);
    dial_addr(t, &a, &patient);
    UNTIL(t, t->ups == 1);
    assert_int_equal(t->downs, 0);
}

/* The resolver's thread cannot be called back: the link waits for it, but nobody else
 * waits for the link. */
static void a_slow_resolver_is_given_up_and_waited_for(void **state)
{
    struct rig *t = *state;
    struct redis_addr a = {.host = "slow.test", .port = fake_redis_port(t->fake)};
    struct redis_link_deadlines d = patient;
    unsigned before = slow_look_ups;

    d.dial_ms = 200;
    fake_redis_listen(t->fake);
    dial_addr(t, &a, &d);
    UNTIL(t, slow_look_ups > before); /* one that has not begun can be taken back */
    UNTIL(t, t->downs == 1);
    turn_for_a_while(t);
    assert_int_equal(redis_link_stats(t->link)->dials, 1); /* not one more thread */
    redis_link_set_deadlines(t->link, &patient);
    sem_post(&slow_answers);
    sem_post(&slow_answers);
    UNTIL(t, t->ups == 1);
}

static void a_dial_that_was_reset_is_not_late_too(void **state)
{
    struct rig *t = *state;
    struct redis_addr a = {.host = "slow.test", .port = fake_redis_port(t->fake)};
    struct redis_link_deadlines d = patient;
    unsigned before = slow_look_ups;
    uint64_t late_ns;

    d.dial_ms = 500;
    dial_addr(t, &a, &d);
    UNTIL(t, slow_look_ups > before);
    redis_link_reset(t->link, "test");
    late_ns = uv_hrtime() + 600 * 1000000ULL;
    UNTIL(t, uv_hrtime() > late_ns);
    assert_int_equal(t->downs, 1);
    assert_int_equal(redis_link_stats(t->link)->timeouts, 0);
}

static void the_handshake_comes_in_order(void **state)
{
    struct rig *t = *state;
    struct redis_addr a = fake_addr(t);

    strcpy(a.user, "me");
    strcpy(a.password, "secret");
    a.db = 3;
    fake_redis_listen(t->fake);
    dial_addr(t, &a, &patient);
    UNTIL(t, t->ups == 1);
    assert_string_equal(fake_redis_heard(t->fake), "AUTH me secret\n"
                                                   "CLIENT SETNAME test\n"
                                                   "SELECT 3\n"
                                                   "PING\n");
}

static void a_password_without_a_user_goes_alone(void **state)
{
    struct rig *t = *state;
    struct redis_addr a = fake_addr(t);

    strcpy(a.password, "secret");
    fake_redis_listen(t->fake);
    dial_addr(t, &a, &patient);
    UNTIL(t, t->ups == 1);
    assert_string_equal(fake_redis_heard(t->fake), "AUTH secret\n"
                                                   "CLIENT SETNAME test\n"
                                                   "PING\n");
}

static void a_loading_redis_is_dialled_until_it_serves(void **state)
{
    struct rig *t = *state;
    struct redis_link_deadlines d = patient;

    d.rest_max_ms = NEVER_MS; /* which is not for this */
    fake_redis_answer(t->fake, "PING", "-LOADING Redis is loading the dataset\r\n");
    fake_redis_listen(t->fake);
    dial(t, &d);
    UNTIL(t, t->downs >= 2);
    assert_int_equal(t->ups, 0);
    assert_non_null(strstr(t->why, "LOADING"));
    fake_redis_answer(t->fake, "PING", "+PONG\r\n");
    UNTIL(t, t->ups == 1);
}

static void a_missing_database_is_not_up(void **state)
{
    struct rig *t = *state;
    struct redis_addr a = fake_addr(t);

    a.db = 99;
    fake_redis_answer(t->fake, "SELECT", "-ERR DB index is out of range\r\n");
    fake_redis_listen(t->fake);
    dial_addr(t, &a, &patient);
    UNTIL(t, t->downs >= 2);
    assert_int_equal(t->ups, 0);
    assert_non_null(strstr(t->why, "DB index"));
}

static void a_name_that_is_refused_does_no_harm(void **state)
{
    struct rig *t = *state;

    fake_redis_answer(t->fake, "CLIENT", "-NOPERM no CLIENT for you\r\n");
    dial_until_up(t, &patient);
    assert_int_equal(t->downs, 0);
}

/* The rest after a refusal is the long one, here longer than the test, and the reason
 * does not repeat what the server repeats. */
static void assert_refused(struct rig *t, const char *code)
{
    struct redis_link_deadlines d = patient;
    struct redis_addr a = fake_addr(t);

    d.rest_max_ms = NEVER_MS;
    strcpy(a.password, "secret");
    fake_redis_listen(t->fake);
    dial_addr(t, &a, &d);
    UNTIL(t, t->downs == 1);
    turn_for_a_while(t);
    assert_int_equal(redis_link_stats(t->link)->dials, 1);
    assert_non_null(strstr(t->why, code));
    assert_null(strstr(t->why, "secret"));
}

static void a_wrong_password_rests_long_and_is_not_told(void **state)
{
    struct rig *t = *state;

    fake_redis_answer(t->fake, "AUTH", "-WRONGPASS bad password: 'secret'\r\n");
    assert_refused(t, "WRONGPASS");
}

static void a_missing_password_rests_long(void **state)
{
    struct rig *t = *state;

    fake_redis_answer(t->fake, "PING", "-NOAUTH Authentication required.\r\n");
    assert_refused(t, "NOAUTH");
}

static void a_link_that_is_hurried_rests_no_longer(void **state)
{
    struct rig *t = *state;

    fake_redis_answer(t->fake, "AUTH", "-WRONGPASS no\r\n");
    assert_refused(t, "WRONGPASS"); /* and rests for minutes now */
    fake_redis_answer(t->fake, "AUTH", "+OK\r\n");
    redis_link_hurry(t->link);
    redis_link_hurry(t->link);
    assert_int_equal(redis_link_stats(t->link)->dials, 1); /* not from inside */
    UNTIL(t, t->ups == 1);
    assert_int_equal(redis_link_stats(t->link)->dials, 2);
}

/* Else two that hurry each other would dial without end. */
static void a_hurried_link_takes_its_first_rest_all_the_same(void **state)
{
    struct rig *t = *state;
    struct redis_link_deadlines d = patient;

    d.rest_first_ms = d.rest_max_ms = NEVER_MS;
    dial(t, &d);
    UNTIL(t, t->downs == 1);
    turn_for_a_while(t);
    redis_link_hurry(t->link);
    turn_for_a_while(t);
    assert_int_equal(redis_link_stats(t->link)->dials, 1);
}

static void who_does_not_rest_is_not_hurried(void **state)
{
    struct rig *t = *state;

    fake_redis_listen(t->fake);
    fake_redis_answer(t->fake, "PING", "");
    dial(t, &patient);
    redis_link_hurry(t->link); /* its first dial is due */
    UNTIL(t, strstr(fake_redis_heard(t->fake), "PING"));
    redis_link_hurry(t->link); /* waits for the PONG */
    fake_redis_say(t->fake, "+PONG\r\n");
    UNTIL(t, t->ups == 1);
    redis_link_hurry(t->link);
    turn_for_a_while(t);
    assert_true(redis_link_is_up(t->link));
    assert_int_equal(redis_link_stats(t->link)->dials, 1);
    assert_int_equal(t->downs, 0);
}

static void an_error_reply_is_handed_over_as_it_is(void **state)
{
    struct rig *t = *state;

    fake_redis_answer(t->fake, "GET", "-READONLY You can't write\r\n");
    dial_until_up(t, &patient);
    call(t, "GET", "a");
    UNTIL(t, t->replies == 1);
    assert_string_equal(t->said, "READONLY You can't write ");
    assert_true(redis_link_is_up(t->link));
}

static void replies_come_whole_when_they_come_in_bytes(void **state)
{
    struct rig *t = *state;

    fake_redis_drip(t->fake);
    fake_redis_answer(t->fake, "A", "*3\r\n$3\r\none\r\n:2\r\n*1\r\n$-1\r\n");
    fake_redis_answer(t->fake, "B", "$12\r\nwith\r\nbreaks\r\n");
    dial_until_up(t, &patient);
    call(t, "A", NULL);
    call(t, "B", NULL);
    call(t, "C", NULL);
    UNTIL(t, t->replies == 3);
    assert_string_equal(t->said, "[ one 2 [ nil ] ] with\r\nbreaks OK ");
}

static void calls_of_one_turn_are_answered_in_order(void **state)
{
    struct rig *t = *state;

    fake_redis_answer(t->fake, "GET a", ":1\r\n");
    fake_redis_answer(t->fake, "GET b", ":2\r\n");
    dial_until_up(t, &patient);
    call(t, "GET", "a");
    call(t, "GET", "b");
    call(t, "GET", "a");
    assert_int_equal(t->replies, 0); /* never from inside */
    assert_int_equal(redis_link_in_flight(t->link), 3);
    UNTIL(t, t->replies == 3);
    assert_string_equal(t->said, "1 2 1 ");
    assert_int_equal(redis_link_in_flight(t->link), 0);
    assert_int_equal(redis_link_stats(t->link)->calls, 3);
}

static void call_many(struct rig *t)
{
    fake_redis_answer(t->fake, "GET a", ":1\r\n");
    fake_redis_answer(t->fake, "GET b", ":2\r\n");
    for (int i = 0; i < REDIS_PAUSE_CALLS / 2; i++) {
        call(t, "GET", "a");
        call(t, "GET", "b");
    }
}

static void many_calls_are_answered_in_order_after_a_pause(void **state)
{
    struct rig *t = *state;
    char all[REDIS_PAUSE_CALLS * 2 + 1] = "";
    uint64_t asked;

    dial_until_up(t, &patient);
    for (int round = 1; round <= 3; round++) {
        asked = uv_now(&t->loop);
        call_many(t);
        UNTIL(t, t->replies > 0);
        assert_true(uv_now(&t->loop) - asked >= REDIS_PAUSE_MS);
        UNTIL(t, t->replies == REDIS_PAUSE_CALLS);
        for (int i = 0; i < REDIS_PAUSE_CALLS / 2; i++)
            memcpy(all + 4 * i, "1 2 ", 4);
        assert_string_equal(t->said, all);
        t->said[0] = '\0';
        t->replies = 0;
    }
    assert_int_equal(t->downs, 0);
}

/* Whose answers would wait for ever if one pause followed the other: the call fails when
 * too many are in flight. */
static void who_calls_in_every_turn_is_answered_too(void **state)
{
    struct rig *t = *state;

    dial_until_up(t, &patient);
    for (int round = 1; round <= 3; round++) {
        call_many(t);
        while (t->replies < REDIS_PAUSE_CALLS) {
            call(t, "GET", "a");
            uv_run(&t->loop, UV_RUN_ONCE);
        }
        t->replies = 0;
    }
}

static void binary_arguments_keep_their_length(void **state)
{
    struct rig *t = *state;
    const char *argv[] = {"SET", "a\0b"};
    const size_t lens[] = {3, 3};

    dial_until_up(t, &patient);
    assert_int_equal(redis_link_call(t->link, 2, argv, lens, on_reply, t), 0);
    UNTIL(t, t->replies == 1);
}

static void a_command_that_is_written_already_goes_as_it_is(void **state)
{
    struct rig *t = *state;
    struct slice resp = SLICE("*2\r\n$3\r\nGET\r\n$1\r\na\r\n");

    fake_redis_answer(t->fake, "GET a", ":1\r\n");
    dial(t, &patient);
    assert_int_equal(redis_link_write(t->link, resp, on_reply, t), -1); /* not up */
    fake_redis_listen(t->fake);
    UNTIL(t, t->ups == 1);
    call(t, "GET", "b");
    assert_int_equal(redis_link_write(t->link, resp, on_reply, t), 0);
    call(t, "GET", "b");
    UNTIL(t, t->replies == 3);
    assert_string_equal(t->said, "OK 1 OK ");
    assert_int_equal(redis_link_stats(t->link)->calls, 3);
}

static void silence_ends_the_connection(void **state)
{
    struct rig *t = *state;
    struct redis_link_deadlines d = patient;

    d.reply_ms = 20;
    fake_redis_answer(t->fake, "GET", "");
    dial_until_up(t, &d);
    call(t, "GET", "a");
    call(t, "GET", "b");
    UNTIL(t, t->downs == 1);
    assert_int_equal(t->nulls, 2);
    assert_non_null(strstr(t->why, "late"));
    assert_int_equal(redis_link_stats(t->link)->timeouts, 1);
    assert_int_equal(redis_link_stats(t->link)->unknown, 2);
    UNTIL(t, t->ups == 2);
}

/* As when the machine had no time for this process: the timer is due, and so is the
 * reply. */
static void a_reply_that_waits_to_be_read_is_not_late(void **state)
{
    struct rig *t = *state;
    struct redis_link_deadlines d = patient;
    uint64_t late_ns;

    d.reply_ms = 1000;
    fake_redis_answer(t->fake, "GET", "");
    dial_until_up(t, &d);
    call(t, "GET", "a");
    UNTIL(t, strstr(fake_redis_heard(t->fake), "GET a"));
    fake_redis_say(t->fake, "+OK\r\n");
    for (late_ns = uv_hrtime() + 1100 * 1000000ULL; uv_hrtime() < late_ns;)
        continue;
    UNTIL(t, t->replies == 1);
    assert_int_equal(t->downs, 0);
    assert_int_equal(redis_link_stats(t->link)->timeouts, 0);
}

/* The deadline is of the oldest call, however busy the connection is with others. */
static void one_missing_reply_among_many_is_noticed(void **state)
{
    struct rig *t = *state;
    struct redis_link_deadlines d = patient;

    d.reply_ms = 50;
    fake_redis_answer(t->fake, "GET", "");
    dial_until_up(t, &d);
    for (unsigned i = 0; t->downs == 0; i++) {
        if (redis_link_is_up(t->link))
            call(t, "GET", "a");
        assert_true(i < 100000);
        uv_run(&t->loop, UV_RUN_ONCE);
    }
    assert_int_equal(t->replies, 0);
    assert_int_equal(redis_link_stats(t->link)->unknown, t->nulls);
}

static void a_dial_that_nobody_answers_is_given_up(void **state)
{
    struct rig *t = *state;
    struct redis_link_deadlines d = patient;

    d.dial_ms = 20;
    fake_redis_answer(t->fake, "PING", "");
    fake_redis_listen(t->fake);
    dial(t, &d);
    UNTIL(t, t->downs == 2);
    assert_int_equal(redis_link_stats(t->link)->timeouts, 2);
    assert_int_equal(t->ups, 0);
}

static void a_quiet_connection_is_pinged(void **state)
{
    struct rig *t = *state;
    struct redis_link_deadlines d = patient;
    const char *often = "CLIENT SETNAME test\nPING\nPING\nPING\n";

    d.idle_ping_ms = 20;
    dial_until_up(t, &d);
    UNTIL(t, strncmp(fake_redis_heard(t->fake), often, strlen(often)) == 0);
    assert_true(uv_now(&t->loop) - t->up_at >= 2 * d.idle_ping_ms);
    assert_int_equal(t->downs, 0);
    fake_redis_answer(t->fake, "PING", "-LOADING again\r\n");
    UNTIL(t, t->downs == 1);
    assert_non_null(strstr(t->why, "LOADING again"));
    assert_int_equal(redis_link_stats(t->link)->unknown, 0);
}

static void a_ping_without_an_answer_ends_the_connection(void **state)
{
    struct rig *t = *state;
    struct redis_link_deadlines d = patient;

    d.idle_ping_ms = 5;
    d.reply_ms = 20;
    dial_until_up(t, &d);
    fake_redis_answer(t->fake, "PING", "");
    UNTIL(t, t->downs == 1);
    assert_int_equal(redis_link_stats(t->link)->timeouts, 1);
    assert_int_equal(redis_link_stats(t->link)->unknown, 0);
}

static void pending_calls_fail_once_when_redis_hangs_up(void **state)
{
    struct rig *t = *state;

    fake_redis_answer(t->fake, "GET", ":1\r\n");
    fake_redis_answer_last(t->fake, "QUIT", "+bye\r\n");
    dial_until_up(t, &patient);
    for (int i = 0; i < 50; i++)
        call(t, "GET", "a");
    call(t, "QUIT", NULL);
    for (int i = 0; i < 100; i++)
        call(t, "GET", "b");
    UNTIL(t, t->downs == 1);
    assert_int_equal(t->replies, 51);
    assert_int_equal(t->nulls, 100);
    UNTIL(t, t->ups == 2);
    turn_for_a_while(t);
    assert_int_equal(t->replies + t->nulls, 151);
}

static void a_reply_cut_in_the_middle_is_none(void **state)
{
    struct rig *t = *state;

    fake_redis_answer_last(t->fake, "GET", "*2\r\n$3\r\none\r\n$100\r\nabc");
    dial_until_up(t, &patient);
    call(t, "GET", "a");
    UNTIL(t, t->downs == 1);
    assert_int_equal(t->replies, 0);
    assert_int_equal(t->nulls, 1);
    UNTIL(t, t->ups == 2); /* the half reply does not spoil the next connection */
}

static void garbage_ends_the_connection(void **state)
{
    struct rig *t = *state;

    fake_redis_answer(t->fake, "GET", "HTTP/1.1 400 \"Bad\" Request\r\n");
    dial_until_up(t, &patient);
    call(t, "GET", "a");
    UNTIL(t, t->downs == 1);
    assert_non_null(strstr(t->why, "Protocol error"));
    assert_null(strchr(t->why, '"'));
    assert_int_equal(t->nulls, 1);
}

static void a_reply_nobody_asked_for_ends_the_connection(void **state)
{
    struct rig *t = *state;

    dial_until_up(t, &patient);
    fake_redis_say(t->fake, "+surprise\r\n+again\r\n");
    UNTIL(t, t->downs == 1);
    assert_non_null(strstr(t->why, "nobody asked"));
}

static void a_reply_without_an_end_ends_the_connection(void **state)
{
    struct rig *t = *state;
    char part[512 * 1024];

    memset(part, 'x', sizeof part - 1);
    part[sizeof part - 1] = '\0';
    fake_redis_answer(t->fake, "GET", "$500000000\r\n");
    dial_until_up(t, &patient);
    call(t, "GET", "a");
    UNTIL(t, strstr(fake_redis_heard(t->fake), "GET"));
    for (size_t said = 0; t->downs == 0; uv_run(&t->loop, UV_RUN_ONCE)) {
        if (!fake_redis_is_silent(t->fake))
            continue;
        assert_true(said <= REDIS_REPLY_MAX + sizeof part);
        fake_redis_say(t->fake, part);
        said += strlen(part);
    }
    assert_non_null(strstr(t->why, "too large"));
    assert_int_equal(t->nulls, 1);
}

static void many_large_replies_are_no_endless_one(void **state)
{
    struct rig *t = *state;
    size_t n = 512 * 1024;
    char *answer = malloc(n + 20);

    sprintf(answer, "$%zu\r\n%*s\r\n", n, (int)n, "");
    fake_redis_answer(t->fake, "GET", answer);
    dial_until_up(t, &patient);
    for (unsigned i = 1; i <= REDIS_REPLY_MAX / n + 2; i++) {
        t->said[0] = '\0';
        call(t, "GET", "a");
        UNTIL(t, t->replies + t->nulls == i && fake_redis_is_silent(t->fake));
    }
    assert_int_equal(t->downs, 0);
    free(answer);
}

static void a_full_outbox_refuses(void **state)
{
    struct rig *t = *state;
    size_t each = 1024 * 1024, taken = 0;
    char *big = calloc(1, each);
    const char *argv[] = {"SET", big};
    const size_t lens[] = {3, each};

    dial_until_up(t, &patient);
    while (taken < 100 && redis_link_call(t->link, 2, argv, lens, on_reply, t) == 0)
        taken++;
    assert_int_equal(taken, REDIS_OUTBOX_MAX / each - 1); /* each has some bytes more */
    assert_int_equal(redis_link_stats(t->link)->refused_full, 1);
    UNTIL(t, t->replies == taken);
    call(t, "GET", "a"); /* room again */
    UNTIL(t, t->replies == taken + 1);
    assert_int_equal(t->nulls, 0);
    free(big);
}

static void too_many_calls_are_refused(void **state)
{
    struct rig *t = *state;
    const char *argv[] = {"X"};
    size_t taken = 0;

    fake_redis_answer_last(t->fake, "X", "");
    dial_until_up(t, &patient);
    while (redis_link_call(t->link, 1, argv, NULL, on_reply, t) == 0)
        taken++;
    assert_int_equal(taken, REDIS_CALLS_MAX);
    UNTIL(t, t->nulls == REDIS_CALLS_MAX);
}

static void a_link_that_is_not_up_refuses(void **state)
{
    struct rig *t = *state;
    const char *argv[] = {"PING"};

    dial(t, &patient);
    assert_int_equal(redis_link_call(t->link, 1, argv, NULL, on_reply, t), -1);
    UNTIL(t, t->downs == 1);
    assert_int_equal(redis_link_call(t->link, 1, argv, NULL, on_reply, t), -1);
    assert_int_equal(redis_link_stats(t->link)->refused_full, 0);
}

static void messages_go_to_push(void **state)
{
    struct rig *t = *state;

    fake_redis_answer(t->fake, "subscribe", "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
    fake_redis_answer(t->fake, "UNSUBSCRIBE",
                      "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$4\r\nlast\r\n"
                      "*3\r\n$11\r\nunsubscribe\r\n$1\r\nc\r\n:0\r\n");
    fake_redis_answer(t->fake, "LRANGE", "*2\r\n$7\r\nmessage\r\n$6\r\nin all\r\n");
    dial_until_up(t, &patient);
    call(t, "LRANGE", NULL);
    UNTIL(t, t->replies == 1);
    assert_string_equal(t->pushed, ""); /* not subscribed: an array like any other */
    call(t, "subscribe", "c");
    UNTIL(t, t->replies == 2);
    fake_redis_say(t->fake, "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\nhi\r\n"
                            "*4\r\n$8\r\npmessage\r\n$1\r\n*\r\n$1\r\nc\r\n$2\r\nho\r\n");
    fake_redis_answer(t->fake, "PING", "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
    call(t, "PING", NULL);
    UNTIL(t, t->replies == 3);
    call(t, "UNSUBSCRIBE", "c");
    call(t, "LRANGE", NULL);
    UNTIL(t, t->replies == 5);
    assert_string_equal(t->pushed,
                        "[ message c hi ] [ pmessage * c ho ] [ message c last ] ");
    assert_string_equal(t->said, "[ message in all ] [ subscribe c 1 ] [ pong  ] "
                                 "[ unsubscribe c 0 ] [ message in all ] ");
    assert_int_equal(t->downs, 0);
}

static void a_subscription_ends_with_its_connection(void **state)
{
    struct rig *t = *state;

    fake_redis_answer(t->fake, "SUBSCRIBE", "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
    fake_redis_answer(t->fake, "LRANGE", "*2\r\n$7\r\nmessage\r\n$1\r\nx\r\n");
    dial_until_up(t, &patient);
    call(t, "SUBSCRIBE", "c");
    UNTIL(t, t->replies == 1);
    redis_link_reset(t->link, "test");
    UNTIL(t, t->ups == 2);
    call(t, "LRANGE", NULL);
    UNTIL(t, t->replies == 2);
    assert_string_equal(t->pushed, "");
}

static void call_once_more(struct rig *t)
{
    if (t->replies < 10)
        call(t, "GET", "next");
}

static void a_callback_may_call(void **state)
{
    struct rig *t = *state;

    dial_until_up(t, &patient);
    t->on_reply = call_once_more;
    call(t, "GET", "first");
    UNTIL(t, t->replies == 10);
}

static void call_in_vain(struct rig *t)
{
    const char *argv[] = {"PING"};

    if (t->nulls)
        assert_int_equal(redis_link_call(t->link, 1, argv, NULL, on_reply, t), -1);
}

static void a_callback_of_a_lost_call_cannot_call(void **state)
{
    struct rig *t = *state;

    fake_redis_answer_last(t->fake, "GET", "");
    dial_until_up(t, &patient);
    t->on_reply = t->on_down = call_in_vain;
    call(t, "GET", "a");
    call(t, "GET", "b");
    UNTIL(t, t->downs == 1);
    assert_int_equal(t->nulls, 2);
}

static void close_if_open(struct rig *t)
{
    if (t->link)
        close_link(t);
}

static void closing_from_a_reply_fails_the_others_once(void **state)
{
    struct rig *t = *state;

    dial_until_up(t, &patient);
    t->on_reply = close_if_open;
    for (int i = 0; i < 10; i++)
        call(t, "GET", "a");
    UNTIL(t, t->gone);
    assert_int_equal(t->replies, 1);
    assert_int_equal(t->nulls, 9);
    assert_int_equal(t->downs, 0);
}

static void closing_from_a_lost_call_fails_the_others_once(void **state)
{
    struct rig *t = *state;

    fake_redis_answer_last(t->fake, "GET", "");
    dial_until_up(t, &patient);
    t->on_reply = close_if_open;
    for (int i = 0; i < 10; i++)
        call(t, "GET", "a");
    UNTIL(t, t->gone);
    assert_int_equal(t->replies, 0);
    assert_int_equal(t->nulls, 10);
    assert_int_equal(t->downs, 0);
}

static void closing_from_down_is_the_end(void **state)
{
    struct rig *t = *state;

    t->on_down = close_if_open;
    dial(t, &patient); /* refused */
    UNTIL(t, t->gone);
    assert_int_equal(t->downs, 1);
}

static void closing_from_up_is_the_end(void **state)
{
    struct rig *t = *state;

    t->on_up = close_if_open;
    fake_redis_listen(t->fake);
    dial(t, &patient);
    UNTIL(t, t->gone);
    assert_int_equal(t->ups, 1);
    assert_int_equal(t->downs, 0);
}

static void a_link_closes_before_it_dialled(void **state)
{
    struct rig *t = *state;

    dial(t, &patient);
    close_link(t);
    assert_false(t->gone); /* never from inside */
    UNTIL(t, t->gone);
    assert_int_equal(t->downs, 0);
}

/* The first turn runs the timer, which asks the resolver's thread; the next ones find its
 * answer, connect, write and read. */
static void a_link_closes_at_any_point_of_a_dial(void **state)
{
    struct rig *t = *state;

    fake_redis_listen(t->fake);
    for (int turns = 1; turns < 20 || t->ups == 0; turns++) {
        t->gone = false;
        dial(t, &patient);
        for (int i = 0; i < turns; i++)
            uv_run(&t->loop, UV_RUN_ONCE);
        close_link(t);
        UNTIL(t, t->gone);
    }
    assert_int_equal(t->downs, 0);
}

static void a_link_closes_while_it_rests(void **state)
{
    struct rig *t = *state;
    struct redis_link_deadlines d = patient;

    d.rest_first_ms = d.rest_max_ms = NEVER_MS;
    dial(t, &d);
    UNTIL(t, t->downs == 1);
    turn_for_a_while(t);
    close_link(t);
    UNTIL(t, t->gone);
}

static void fill_the_wire(struct rig *t)
{
    size_t each = 1024 * 1024;
    char *big = calloc(1, each);
    const char *argv[] = {"SET", big};
    const size_t lens[] = {3, each};

    for (int i = 0; i < 15; i++)
        assert_int_equal(redis_link_call(t->link, 2, argv, lens, on_reply, t), 0);
    free(big);
}

static void a_link_closes_in_the_middle_of_a_write(void **state)
{
    struct rig *t = *state;

    dial_until_up(t, &patient);
    fake_redis_deafen(t->fake);
    fill_the_wire(t);
    turn_for_a_while(t);
    call(t, "GET", "gathered meanwhile");
    close_link(t);
    assert_int_equal(t->nulls, 16); /* before it returns */
    UNTIL(t, t->gone);
}

static void a_link_closes_while_it_pauses(void **state)
{
    struct rig *t = *state;

    dial_until_up(t, &patient);
    call_many(t);
    uv_run(&t->loop, UV_RUN_NOWAIT); /* writes */
    close_link(t);
    assert_int_equal(t->replies + t->nulls, REDIS_PAUSE_CALLS);
    UNTIL(t, t->gone);
}

static void a_connection_that_pauses_may_be_reset_and_the_next_one_reads(void **state)
{
    struct rig *t = *state;

    dial_until_up(t, &patient);
    call_many(t);
    uv_run(&t->loop, UV_RUN_NOWAIT);
    redis_link_reset(t->link, "test");
    assert_int_equal(t->replies + t->nulls, REDIS_PAUSE_CALLS);
    UNTIL(t, t->ups == 2);
    t->replies = 0;
    call(t, "GET", "a");
    UNTIL(t, t->replies == 1);
    call_many(t);
    UNTIL(t, t->replies == 1 + REDIS_PAUSE_CALLS);
}

static void who_hangs_up_in_a_pause_is_noticed(void **state)
{
    struct rig *t = *state;

    fake_redis_answer_last(t->fake, "BYE", "");
    dial_until_up(t, &patient);
    call_many(t);
    call(t, "BYE", NULL);
    UNTIL(t, t->downs == 1);
    assert_int_equal(t->replies + t->nulls, REDIS_PAUSE_CALLS + 1);
    assert_true(t->nulls >= 1);
}

static void calls_gather_while_redis_does_not_read(void **state)
{
    struct rig *t = *state;
    char *big = calloc(1, 1024 * 1024);
    const char *argv[] = {"SET", big};
    const size_t lens[] = {3, 1024 * 1024};

    dial_until_up(t, &patient);
    fake_redis_deafen(t->fake);
    fill_the_wire(t);
    turn_for_a_while(t);
    call(t, "GET", "a");
    turn_for_a_while(t);
    call(t, "GET", "b");
    /* What the kernel has not taken counts too. */
    assert_int_equal(redis_link_call(t->link, 2, argv, lens, on_reply, t), -1);
    assert_int_equal(t->replies, 0);
    fake_redis_hear(t->fake);
    UNTIL(t, t->replies == 17);
    assert_non_null(strstr(fake_redis_heard(t->fake), "GET a\nGET b\n"));
    assert_int_equal(t->downs, 0);
    free(big);
}

static void a_reset_forgets_what_was_not_sent(void **state)
{
    struct rig *t = *state;

    dial_until_up(t, &patient);
    call(t, "GET", "a");
    redis_link_reset(t->link, "test");
    assert_int_equal(t->nulls, 1);
    UNTIL(t, t->ups == 2);
    turn_for_a_while(t);
    assert_null(strstr(fake_redis_heard(t->fake), "GET"));
}

static void a_broken_write_heals(void **state)
{
    struct rig *t = *state;

    dial_until_up(t, &patient);
    fake_redis_deafen(t->fake);
    fill_the_wire(t);
    turn_for_a_while(t);
    redis_link_reset(t->link, "test");
    assert_int_equal(t->nulls, 15);
    assert_string_equal(t->why, "test");
    UNTIL(t, fake_redis_accepted(t->fake) == 2);
    assert_int_equal(t->ups, 1); /* deaf */
}

static void the_generation_counts_lost_connections(void **state)
{
    struct rig *t = *state;

    dial(t, &patient);
    UNTIL(t, t->downs == 2);
    assert_int_equal(redis_link_generation(t->link), 0); /* none was proven */
    fake_redis_listen(t->fake);
    for (unsigned i = 1; i <= 3; i++) {
        UNTIL(t, t->ups == i);
        assert_int_equal(redis_link_generation(t->link), i - 1);
        redis_link_reset(t->link, "test");
        assert_int_equal(redis_link_generation(t->link), i);
        redis_link_reset(t->link, "twice"); /* dropping already: nothing happens */
        assert_string_equal(t->why, "test");
    }
    assert_int_equal(redis_link_stats(t->link)->downs, 3);
    assert_int_equal(redis_link_stats(t->link)->ups, 3);
}

/* Were the bounds not reset, the last ones would be of minutes. */
static void a_connection_that_lasted_makes_the_next_rest_short(void **state)
{
    struct rig *t = *state;
    struct redis_link_deadlines d = patient;

    d.rest_max_ms = NEVER_MS;
    dial_until_up(t, &d);
    for (unsigned i = 2; i < 40; i++) {
        redis_link_reset(t->link, "test");
        UNTIL(t, t->ups == i);
    }
}

/* Counts the lines of @text that contain @part. */
static unsigned lines_with(const char *text, const char *part)
{
    unsigned n = 0;

    for (const char *p = text; (p = strstr(p, part)) != NULL; p++)
        n++;
    return n;
}

static void the_log_tells_changes_and_no_password(void **state)
{
    struct rig *t = *state;
    struct redis_addr a = fake_addr(t);
    FILE *log = tmpfile();
    int stderr_before = dup(STDERR_FILENO);
    char text[4096] = "";

    strcpy(a.password, "secret");
    dup2(fileno(log), STDERR_FILENO);
    dial_addr(t, &a, &patient);
    UNTIL(t, t->downs >= 10);
    fake_redis_listen(t->fake);
    UNTIL(t, t->ups == 1);
    redis_link_reset(t->link, "a \"test\"");
    UNTIL(t, t->ups == 2);
    dup2(stderr_before, STDERR_FILENO);
    close(stderr_before);
    rewind(log);
    assert_true(fread(text, 1, sizeof text - 1, log) > 0);
    fclose(log);
    assert_int_equal(lines_with(text, "event=redis_down"), 2);
    assert_int_equal(lines_with(text, "event=redis_up"), 2);
    assert_int_equal(lines_with(text, "why=\"a \\x22test\\x22\"\n"), 1);
    assert_int_equal(lines_with(text, "secret"), 0);
}

static void the_queue_of_calls_keeps_its_order(void **state)
{
    struct redis_calls q;
    struct redis_call c = {0};
    uint64_t in = 0, out = 0;

    (void)state;
    redis_calls_init(&q);
    assert_null(redis_calls_oldest(&q));
    assert_false(redis_calls_pop(&q, &c));
    for (int round = 1; round < 300; round++) { /* grows while it is wrapped */
        for (int i = 0; i < round % 7 + 1; i++) {
            c.at = in++;
            assert_int_equal(redis_calls_push(&q, &c), 0);
        }
        for (int i = 0; i < round % 5; i++) {
            assert_int_equal(redis_calls_oldest(&q)->at, out);
            assert_true(redis_calls_pop(&q, &c));
            assert_int_equal(c.at, out++);
        }
    }
    assert_int_equal(q.n, in - out);
    redis_calls_fini(&q);
}

static void count_up(void *arg, const redisReply *reply)
{
    struct rig *t = arg;

    if (reply == NULL) {
        t->nulls++;
        return;
    }
    assert_int_equal(reply->type, REDIS_REPLY_INTEGER);
    assert_int_equal(reply->integer, ++t->replies);
}

static void call_incr(struct rig *t, unsigned times)
{
    const char *argv[] = {"INCR", "n"};

    for (unsigned i = 0; i < times; i++)
        assert_int_equal(redis_link_call(t->link, 2, argv, NULL, count_up, t), 0);
}

static void a_real_redis_may_be_killed_and_come_back(void **state)
{
    struct rig *t = *state;
    struct redis_addr a = {.is_unix = true};
    struct redis_server redis;

    redis_server_start(&redis);
    strcpy(a.host, redis.socket);
    dial_addr(t, &a, &patient);
    UNTIL(t, t->ups == 1);
    call_incr(t, 10000);
    UNTIL(t, t->replies == 10000);

    call_incr(t, 1000);
    redis_server_kill(&redis);
    UNTIL(t, t->downs >= 1);
    assert_int_equal(t->replies - 10000 + t->nulls, 1000);
    assert_int_equal(redis_link_generation(t->link), 1);

    redis_server_restart(&redis);
    UNTIL(t, t->ups == 2);
    t->replies = t->nulls = 0;
    call_incr(t, 10);
    UNTIL(t, t->replies == 10);
    redis_server_stop(&redis);
}

static void a_real_redis_publishes(void **state)
{
    struct rig *t = *state;
    struct redis_addr a = {.is_unix = true, .db = 2};
    struct redis_server redis;
    redisContext *other;

    redis_server_start(&redis);
    strcpy(a.host, redis.socket);
    dial_addr(t, &a, &patient);
    UNTIL(t, t->ups == 1);
    call(t, "SUBSCRIBE", "hc:shop");
    call(t, "PING", NULL);
    UNTIL(t, t->replies == 2);
    other = redis_server_connect(&redis);
    freeReplyObject(redisCommand(other, "PUBLISH hc:shop hello"));
    UNTIL(t, strcmp(t->pushed, "[ message hc:shop hello ] ") == 0);
    assert_string_equal(t->said, "[ subscribe hc:shop 1 ] [ pong  ] ");
    freeReplyObject(redisCommand(other, "CLIENT KILL TYPE pubsub"));
    UNTIL(t, t->ups == 2);
    redisFree(other);
    redis_server_stop(&redis);
}

static void a_real_redis_refuses_a_wrong_password(void **state)
{
    struct rig *t = *state;
    struct redis_addr a = {.is_unix = true, .password = "wrong"};
    struct redis_server redis;
    redisContext *other;

    redis_server_start(&redis);
    other = redis_server_connect(&redis);
    freeReplyObject(redisCommand(other, "CONFIG SET requirepass right"));
    strcpy(a.host, redis.socket);
    dial_addr(t, &a, &patient);
    UNTIL(t, t->downs >= 1);
    assert_string_equal(t->why, "AUTH refused: WRONGPASS");
    freeReplyObject(redisCommand(other, "CONFIG SET requirepass wrong"));
    UNTIL(t, t->ups == 1);
    redisFree(other);
    redis_server_stop(&redis);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_refused_port_is_reported_and_heals),
        T(a_missing_unix_socket_is_reported_and_heals),
        T(a_name_that_does_not_exist_is_reported),
        T(every_address_of_a_name_is_tried),
        T(a_slow_resolver_is_given_up_and_waited_for),
        T(a_dial_that_was_reset_is_not_late_too),
        T(the_handshake_comes_in_order),
        T(a_password_without_a_user_goes_alone),
        T(a_loading_redis_is_dialled_until_it_serves),
        T(a_missing_database_is_not_up),
        T(a_name_that_is_refused_does_no_harm),
        T(a_wrong_password_rests_long_and_is_not_told),
        T(a_missing_password_rests_long),
        T(a_link_that_is_hurried_rests_no_longer),
        T(a_hurried_link_takes_its_first_rest_all_the_same),
        T(who_does_not_rest_is_not_hurried),
        T(an_error_reply_is_handed_over_as_it_is),
        T(replies_come_whole_when_they_come_in_bytes),
        T(calls_of_one_turn_are_answered_in_order),
        T(many_calls_are_answered_in_order_after_a_pause),
        T(who_calls_in_every_turn_is_answered_too),
        T(binary_arguments_keep_their_length),
        T(a_command_that_is_written_already_goes_as_it_is),
        T(silence_ends_the_connection),
        T(a_reply_that_waits_to_be_read_is_not_late),
        T(one_missing_reply_among_many_is_noticed),
        T(a_dial_that_nobody_answers_is_given_up),
        T(a_quiet_connection_is_pinged),
        T(a_ping_without_an_answer_ends_the_connection),
        T(pending_calls_fail_once_when_redis_hangs_up),
        T(a_reply_cut_in_the_middle_is_none),
        T(garbage_ends_the_connection),
        T(a_reply_nobody_asked_for_ends_the_connection),
        T(a_reply_without_an_end_ends_the_connection),
        T(many_large_replies_are_no_endless_one),
        T(a_full_outbox_refuses),
        T(too_many_calls_are_refused),
        T(a_link_that_is_not_up_refuses),
        T(messages_go_to_push),
        T(a_subscription_ends_with_its_connection),
        T(a_callback_may_call),
        T(a_callback_of_a_lost_call_cannot_call),
        T(closing_from_a_reply_fails_the_others_once),
        T(closing_from_a_lost_call_fails_the_others_once),
        T(closing_from_down_is_the_end),
        T(closing_from_up_is_the_end),
        T(a_link_closes_before_it_dialled),
        T(a_link_closes_at_any_point_of_a_dial),
        T(a_link_closes_while_it_rests),
        T(a_link_closes_in_the_middle_of_a_write),
        T(a_link_closes_while_it_pauses),
        T(a_connection_that_pauses_may_be_reset_and_the_next_one_reads),
        T(who_hangs_up_in_a_pause_is_noticed),
        T(calls_gather_while_redis_does_not_read),
        T(a_reset_forgets_what_was_not_sent),
        T(a_broken_write_heals),
        T(the_generation_counts_lost_connections),
        T(a_connection_that_lasted_makes_the_next_rest_short),
        T(the_log_tells_changes_and_no_password),
        cmocka_unit_test(the_queue_of_calls_keeps_its_order),
        T(a_real_redis_may_be_killed_and_come_back),
        T(a_real_redis_publishes),
        T(a_real_redis_refuses_a_wrong_password),
    };

    signal(SIGPIPE, SIG_IGN);
    sem_init(&slow_answers, 0, 0);
    log_open("test_redis_link");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
