/* The whole aggregator in a process of its own, between a UDP socket and a real Redis.
 *
 * Every test has its own Redis. Conditions are waited for with a deadline: messages on
 * the channel where there are some, else by asking Redis or the counters again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include "../../aggregator/aggregator.h"
#include "../../proto/log.h"
#include "../redis_server.h"

#define DEADLINE_MS 20000 /* on a machine that is busy with other tests */
#define AGAIN_MS 5        /* between two looks at a condition */
#define WINDOW 30

struct rig {
    struct redis_server redis;
    redisContext *c;
    struct aggregator_config config;
    pid_t pid;       /* of the aggregator */
    int udp;         /* connected to it */
    int err;         /* its stderr */
    char said[8192]; /* of it so far, the latest */
    size_t said_n;
    uint64_t seq, epoch, sent;
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- the process -------------------------------------------------------- */

/* Runs the aggregator as main() does, and tells its port on @port. */
static void run_aggregator(const struct aggregator_config *config, int port)
{
    static struct aggregator a;
    uv_loop_t loop;
    char text[UDP_TEXT];
    int r;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    log_open("aggregator");
    uv_loop_init(&loop);
    assert(aggregator_open(&a, &loop, config, text, sizeof text) == 0);
    udp_local(&a.ingest.udp, text);
    r = (int)write(port, text, sizeof text);
    assert(r == sizeof text);
    uv_run(&loop, UV_RUN_DEFAULT);
    aggregator_close(&a, &loop);
    r = uv_loop_close(&loop);
    assert(r == 0);
    exit(0);
}

static void connect_udp(struct rig *r, const char *addr)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    in.sin_port = htons((uint16_t)atoi(strrchr(addr, ':') + 1));
    r->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(r->udp, (struct sockaddr *)&in, sizeof in), 0);
}

static void start_aggregator(struct rig *r)
{
    int port[2], err[2];
    char addr[UDP_TEXT];

    assert_int_equal(pipe(port) | pipe(err), 0);
    r->pid = fork();
    assert_true(r->pid >= 0);
    if (r->pid == 0) {
        dup2(err[1], STDERR_FILENO);
        run_aggregator(&r->config, port[1]);
    }
    close(port[1]);
    close(err[1]);
    r->err = err[0];
    r->said_n = 0;
    assert_int_equal(read(port[0], addr, sizeof addr), sizeof addr);
    close(port[0]);
    connect_udp(r, addr);
}

static void show_said(const struct rig *r)
{
    fprintf(stderr, "%.*s", (int)r->said_n, r->said);
}

/* Reads on what the aggregator says; false when it has ended. */
static bool listen_on(struct rig *r, int wait_ms)
{
    struct pollfd p = {.fd = r->err, .events = POLLIN};
    ssize_t n;

    if (poll(&p, 1, wait_ms) == 0)
        return true;
    if (r->said_n > sizeof r->said / 2) {
        r->said_n -= sizeof r->said / 4;
        memmove(r->said, r->said + sizeof r->said / 4, r->said_n);
    }
    n = read(r->err, r->said + r->said_n, sizeof r->said - 1 - r->said_n);
    if (n > 0)
        r->said_n += (size_t)n;
    r->said[r->said_n] = '\0';
    return n > 0;
}

/* Waits for its end. Returns the exit code. */
static int ended(struct rig *r)
{
    int64_t until = now_ms() + DEADLINE_MS;
    int status;

    while (now_ms() < until && listen_on(r, 100))
        continue;
    if (now_ms() >= until)
        kill(r->pid, SIGKILL);
    assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
    close(r->err);
    close(r->udp);
    r->pid = 0;
    if (!WIFEXITED(status))
        show_said(r);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void stop_aggregator(struct rig *r)
{
    int code;

    kill(r->pid, SIGTERM);
    code = ended(r);
    if (code != 0)
        show_said(r);
    assert_int_equal(code, 0);
}

/* Waits until it says @text; what it said before counts too. */
static void must_say(struct rig *r, const char *text)
{
    int64_t until = now_ms() + DEADLINE_MS;

    while (!r->said_n || !strstr(r->said, text)) {
        assert_true(now_ms() < until);
        assert_true(listen_on(r, 100));
    }
}

static uint64_t counter(struct rig *r, const char *name)
{
    char wanted[64];
    const char *at;

    r->said_n = 0;
    kill(r->pid, SIGUSR1);
    must_say(r, "event=counters");
    while (r->said[r->said_n - 1] != '\n')
        assert_true(listen_on(r, 100));
    snprintf(wanted, sizeof wanted, " %s=", name);
    at = strstr(r->said, wanted);
    return at ? strtoull(at + strlen(wanted), NULL, 10) : 0;
}

static void counter_reaches(struct rig *r, const char *name, uint64_t value)
{
    int64_t until = now_ms() + DEADLINE_MS;

    while (counter(r, name) < value) {
        if (now_ms() > until) {
            show_said(r);
            fail_msg("%s stays below %d", name, (int)value);
        }
        poll(NULL, 0, AGAIN_MS);
    }
}

static void counter_falls_to(struct rig *r, const char *name, uint64_t value)
{
    int64_t until = now_ms() + DEADLINE_MS;

    while (counter(r, name) > value) {
        assert_true(now_ms() < until);
        poll(NULL, 0, AGAIN_MS);
    }
}

/* ---- Redis -------------------------------------------------------------- */

static void reconnect(struct rig *r)
{
    if (r->c)
        redisFree(r->c);
    r->c = redis_server_connect(&r->redis);
}

static long long number(struct rig *r, const char *format, ...)
{
    va_list ap;
    redisReply *reply;
    long long v;

    va_start(ap, format);
    reply = redisvCommand(r->c, format, ap);
    va_end(ap);
    assert_non_null(reply);
    v = reply->type == REDIS_REPLY_INTEGER ? reply->integer
        : reply->str                       ? atoll(reply->str)
                                           : 0;
    freeReplyObject(reply);
    return v;
}

/* The sum of @field over all minutes of @site: the minute may turn during a test. */
static long long total(struct rig *r, const char *site, const char *field)
{
    redisReply *keys = redisCommand(r->c, "KEYS hc:{%s}:b:*", site);
    long long sum = 0;

    assert_non_null(keys);
    for (size_t i = 0; i < keys->elements; i++)
        sum += number(r, "HGET %s %s", keys->element[i]->str, field);
    freeReplyObject(keys);
    return sum;
}

static void total_becomes(struct rig *r, const char *site, const char *field,
                          long long value)
{
    int64_t until = now_ms() + DEADLINE_MS;

    while (total(r, site, field) != value) {
        if (now_ms() > until) {
            show_said(r);
            fail_msg("%s of %s is %d, not %d", field, site, (int)total(r, site, field),
                     (int)value);
        }
        poll(NULL, 0, AGAIN_MS);
    }
}

static redisContext *subscribe(struct rig *r, const char *channel)
{
    struct timeval wait = {.tv_sec = DEADLINE_MS / 1000};
    redisContext *c = redis_server_connect(&r->redis);
    redisReply *reply = redisCommand(c, "SUBSCRIBE %s", channel);

    assert_non_null(reply);
    freeReplyObject(reply);
    redisSetTimeout(c, wait);
    return c;
}

/* The next message; freed by the caller. */
static char *message(redisContext *c)
{
    redisReply *reply;
    char *text;

    assert_int_equal(redisGetReply(c, (void **)&reply), REDIS_OK);
    assert_int_equal(reply->elements, 3);
    text = strdup(reply->element[2]->str);
    freeReplyObject(reply);
    return text;
}

/* ---- datagrams ---------------------------------------------------------- */

static struct hit view(const char *site, uint64_t visitor, const char *path)
{
    return (struct hit){
        .site = slice_of(site), .path = slice_of(path), .visitor = visitor, .at = 1000};
}

/* Its clock stands still but for a microsecond each, so that it is never old. */
static struct wire_head head(struct rig *r, uint8_t type)
{
    return (struct wire_head){.type = type,
                              .nshards = 1,
                              .stream = 5,
                              .epoch = r->epoch,
                              .seq = r->seq + 1,
                              .base = r->seq + 1,
                              .ts_us = 1000000 + r->sent++};
}

/* The next ACK that comes within @wait_ms, or false. */
static bool ack(struct rig *r, int wait_ms, struct wire_ack *out)
{
    struct pollfd p = {.fd = r->udp, .events = POLLIN};
    uint8_t bytes[DATAGRAM_MAX];
    ssize_t n;

    if (poll(&p, 1, wait_ms) == 0)
        return false;
    n = recv(r->udp, bytes, sizeof bytes, 0);
    if (n < 0)
        return false; /* nobody is there */
    assert_int_equal(wire_ack_open(bytes, (size_t)n, &r->config.secret, out), WIRE_OK);
    return true;
}

/* Asks until the aggregator tells its epoch, and it is another than @not. */
static void meet(struct rig *r, uint64_t not )
{
    int64_t until = now_ms() + DEADLINE_MS;
    struct wire_ack a = {.epoch = not };

    while (a.epoch == not || !a.epoch) {
        struct wire_head h = head(r, WIRE_PING);
        uint8_t out[DATAGRAM_MAX];

        assert_true(now_ms() < until);
        send(r->udp, out, wire_frame(out, &h, NULL, 0, &r->config.secret), 0);
        if (!ack(r, 10, &a))
            a.epoch = not ;
    }
    r->epoch = a.epoch;
}

/* Each says that none before it will come again: so it is in order in any epoch. */
static void send_body(struct rig *r, const struct body_writer *w)
{
    struct wire_head h = head(r, WIRE_DATA);
    uint8_t out[DATAGRAM_MAX];
    size_t n = wire_frame(out, &h, w->bytes, w->n, &r->config.secret);

    r->seq++;
    assert_int_equal(send(r->udp, out, n, 0), n);
}

static void send_hit(struct rig *r, struct hit h)
{
    struct body_writer w;

    body_begin(&w, 1000);
    assert_true(body_add(&w, &h));
    send_body(r, &w);
}

static void see(struct rig *r, const char *site, uint64_t visitor, const char *path)
{
    send_hit(r, view(site, visitor, path));
}

/* ---- set up ------------------------------------------------------------- */

static int begin_without_aggregator(void **state)
{
    struct rig *r = calloc(1, sizeof *r);
    char err[256], addr[256];

    redis_server_start(&r->redis);
    reconnect(r);
    assert_int_equal(udp_addr_parse(&r->config.udp, "127.0.0.1:0", err, sizeof err), 0);
    snprintf(addr, sizeof addr, "unix:%s", r->redis.socket);
    assert_int_equal(redis_addr_parse(&r->config.redis, addr, err, sizeof err), 0);
    secret_init(&r->config.secret, "sixteen bytes, or more", 22);
    r->config.window = WINDOW;
    r->config.hold_ms = 50;
    *state = r;
    return 0;
}

static int begin(void **state)
{
    begin_without_aggregator(state);
    start_aggregator(*state);
    meet(*state, 0);
    return 0;
}

static int end(void **state)
{
    struct rig *r = *state;

    if (r->pid)
        stop_aggregator(r);
    redisFree(r->c);
    redis_server_stop(&r->redis);
    free(r);
    return 0;
}

/* ---- claims ------------------------------------------------------------- */

static void a_view_becomes_keys_and_a_message(void **state)
{
    struct rig *r = *state;
    redisContext *sub = subscribe(r, "hc:shop");
    char *text;

    see(r, "shop", 1, "/a");
    text = message(sub);
    assert_non_null(strstr(text, "\"site\":\"shop\""));
    assert_non_null(strstr(text, "\"d\":{\"pv\":1,\"ev\":0,\"new\":1}"));
    assert_non_null(strstr(text, "\"visitors\":{\"1\":1,\"5\":1,\"30\":1}"));
    assert_non_null(
        strstr(text, "\"pages\":[{\"path\":\"/a\",\"visitors\":1,\"online\":0}]"));
    assert_int_equal(total(r, "shop", "pv"), 1);
    assert_int_equal(total(r, "shop", "last"), 1);
    assert_int_equal(total(r, "shop", "p:/a"), 1);
    assert_int_equal(number(r, "HGET hc:{shop}:m q"), 1);
    assert_true(number(r, "GET hc:epoch") > 0);
    assert_int_equal(number(r, "HGET hc:{shop}:m e"), number(r, "GET hc:epoch"));
    assert_in_range(number(r, "TTL hc:{shop}:m"), 1, 2 * 3600);
    assert_int_equal(counter(r, "epoch"), number(r, "GET hc:epoch"));
    free(text);
    redisFree(sub);
}

static void every_change_has_its_message_and_nothing_else_has(void **state)
{
    struct rig *r = *state;
    redisContext *sub = subscribe(r, "hc:shop");

    for (int i = 1; i <= 5; i++) {
        char wanted[64], *text;

        see(r, "shop", (uint64_t)i, "/a");
        text = message(sub);
        snprintf(wanted, sizeof wanted, "\"q\":%d,", i);
        assert_non_null(strstr(text, wanted));
        free(text);
    }
    assert_int_equal(counter(r, "commits"), 5);
    redisFree(sub);
}

static void what_an_emptied_redis_lost_is_written_again(void **state)
{
    struct rig *r = *state;

    see(r, "shop", 1, "/a");
    see(r, "quiet", 1, "/a");
    total_becomes(r, "shop", "pv", 1);
    total_becomes(r, "quiet", "pv", 1);
    number(r, "FLUSHALL");
    see(r, "shop", 2, "/b");
    total_becomes(r, "shop", "pv", 2);
    total_becomes(r, "shop", "p:/a", 1);
    total_becomes(r, "quiet", "pv", 1); /* though nobody was there since */
    assert_int_equal(counter(r, "regress"), 2);
}

static void a_lost_script_is_loaded_again(void **state)
{
    struct rig *r = *state;

    see(r, "shop", 1, "/a");
    total_becomes(r, "shop", "pv", 1);
    number(r, "SCRIPT FLUSH");
    see(r, "shop", 2, "/a");
    total_becomes(r, "shop", "pv", 2);
    assert_int_equal(counter(r, "noscript"), 1);
    assert_int_equal(counter(r, "reboots"), 0);
}

static void a_redis_that_was_killed_and_comes_back_empty_is_filled_again(void **state)
{
    struct rig *r = *state;
    uint64_t epoch;

    see(r, "shop", 1, "/a");
    total_becomes(r, "shop", "pv", 1);
    epoch = counter(r, "epoch");
    redis_server_kill(&r->redis);
    see(r, "shop", 2, "/a"); /* while it is away */
    must_say(r, "event=redis_down");
    redis_server_restart(&r->redis);
    reconnect(r);
    total_becomes(r, "shop", "pv", 2);
    assert_int_equal(counter(r, "epoch"), epoch);
    see(r, "shop", 3, "/a");
    total_becomes(r, "shop", "pv", 3);
    assert_int_equal(total(r, "shop", "last"), 3);
}

static void redis_need_not_be_there_at_the_start(void **state)
{
    struct rig *r = *state;

    redis_server_kill(&r->redis);
    start_aggregator(r);
    see(r, "shop", 1, "/a");
    counter_reaches(r, "not_ready", 1);
    assert_int_equal(counter(r, "epoch"), 0);
    redis_server_restart(&r->redis);
    reconnect(r);
    meet(r, 0);
    see(r, "shop", 1, "/a"); /* as its sender does */
    total_becomes(r, "shop", "pv", 1);
}

static void a_key_of_another_type_is_replaced(void **state)
{
    struct rig *r = *state;

    number(r, "SET hc:{bad}:m text");
    see(r, "bad", 1, "/a");
    total_becomes(r, "bad", "pv", 1);
    assert_int_equal(counter(r, "site_unprotected"), 0);
}

static void one_sites_forbidden_key_does_not_stop_the_others(void **state)
{
    struct rig *r = *state;
    struct wire_ack a = {0};
    int64_t until;

    /* it may be read, but not the channel be written to */
    number(r, "ACL SETUSER default resetkeys ~hc:epoch ~hc:{good}* ~hc:good ~hc:{bad}*");
    see(r, "bad", 1, "/a");
    see(r, "good", 1, "/a");
    total_becomes(r, "good", "pv", 1);
    counter_reaches(r, "site_unprotected", 1);
    see(r, "bad", 2, "/a");
    see(r, "good", 2, "/a");
    total_becomes(r, "good", "pv", 2);
    for (until = now_ms() + DEADLINE_MS; a.durable < r->seq; ack(r, 10, &a))
        assert_true(now_ms() < until);
    assert_int_equal(counter(r, "site_unprotected"), 1); /* tried again after a minute */
    assert_int_equal(counter(r, "quarantined"), 1);
    assert_int_equal(counter(r, "dirty"), 1);
}

static void a_site_that_a_later_aggregator_owns_is_read_back(void **state)
{
    struct rig *r = *state;
    long long epoch;

    see(r, "shop", 1, "/a");
    total_becomes(r, "shop", "pv", 1);
    epoch = number(r, "INCRBY hc:epoch 100000000");
    number(r, "HSET hc:{shop}:m e %lld", epoch);
    see(r, "shop", 2, "/b"); /* too late: its sender has to send it again */
    counter_reaches(r, "reboots", 1);
    counter_reaches(r, "epoch", (uint64_t)epoch + 1);
    meet(r, r->epoch);
    see(r, "shop", 3, "/c");
    total_becomes(r, "shop", "p:/c", 1);
    assert_int_equal(total(r, "shop", "pv"), 2);
    assert_int_equal(total(r, "shop", "p:/a"), 1);
    assert_int_equal(total(r, "shop", "p:/b"), 0);
    assert_int_equal(number(r, "HGET hc:{shop}:m e"), epoch + 1);
    assert_int_equal(counter(r, "fenced"), 1);
}

static void a_second_aggregator_takes_over(void **state)
{
    struct rig *r = *state;
    long long epoch;

    see(r, "shop", 1, "/a");
    total_becomes(r, "shop", "pv", 1);
    epoch = number(r, "GET hc:epoch");
    stop_aggregator(r);
    start_aggregator(r);
    meet(r, (uint64_t)epoch);
    see(r, "shop", 2, "/b");
    see(r, "shop", 1, "/a");
    total_becomes(r, "shop", "p:/b", 1);
    total_becomes(r, "shop", "pv", 3);
    assert_int_equal(total(r, "shop", "last"), 2); /* it knows its visitors again */
    assert_true(number(r, "GET hc:epoch") > epoch);
    assert_int_equal(counter(r, "loads"), 1);
}

static void a_second_aggregator_counts_nothing_twice(void **state)
{
    struct rig *r = *state;

    see(r, "shop", 1, "/a");
    total_becomes(r, "shop", "pv", 1);
    kill(r->pid, SIGKILL);
    assert_int_equal(waitpid(r->pid, NULL, 0), r->pid);
    close(r->err);
    close(r->udp);
    start_aggregator(r);
    meet(r, r->epoch);
    r->seq--; /* its sender does not know that it is safe */
    see(r, "shop", 1, "/a");
    see(r, "shop", 2, "/a");
    total_becomes(r, "shop", "last", 2);
    assert_int_equal(total(r, "shop", "pv"), 2);
    assert_int_equal(counter(r, "repeated"), 1);
}

static void a_redis_that_is_out_of_memory_is_asked_again(void **state)
{
    struct rig *r = *state;

    see(r, "shop", 1, "/a");
    total_becomes(r, "shop", "pv", 1);
    number(r, "CONFIG SET maxmemory 1");
    see(r, "shop", 2, "/a");
    counter_reaches(r, "retries", 2);
    assert_int_equal(counter(r, "site_unprotected"), 0);
    number(r, "CONFIG SET maxmemory 0");
    total_becomes(r, "shop", "pv", 2);
}

static void a_redis_that_evicts_is_warned_of(void **state)
{
    struct rig *r = *state;

    number(r, "CONFIG SET maxmemory 100mb");
    number(r, "CONFIG SET maxmemory-policy allkeys-lru");
    start_aggregator(r);
    must_say(r, "event=redis_evicts policy=allkeys-lru");
    assert_int_equal(counter(r, "redis_evicts"), 1);
    meet(r, 0);
    see(r, "shop", 1, "/a");
    total_becomes(r, "shop", "pv", 1);
}

/* Pages in all rows of all sites. */
static long long pages(struct rig *r)
{
    return number(r, "EVAL %s 0",
                  "local n = 0 "
                  "for _, key in ipairs(redis.call('KEYS', '*:b:*')) do "
                  "  for _, field in ipairs(redis.call('HKEYS', key)) do "
                  "    if field:sub(1, 2) == 'p:' then n = n + 1 end "
                  "  end "
                  "end "
                  "return n");
}

/* More than one part: nine hundred paths of 500 bytes in one row. */
static void a_commit_too_large_for_one_call_goes_out_in_parts(void **state)
{
    enum { PAGES = 900 };
    struct rig *r = *state;
    redisContext *sub;
    char path[501];

    for (int i = 0; i < PAGES; i++) {
        snprintf(path, sizeof path, "/%0499d", i);
        see(r, "large", (uint64_t)i + 1, path);
        if (i % 100 == 99)
            counter_reaches(r, "views", (uint64_t)i + 1);
    }
    total_becomes(r, "large", "last", PAGES);
    sub = subscribe(r, "hc:large");
    number(r, "FLUSHALL");
    see(r, "large", PAGES + 1, path);
    free(message(sub)); /* comes with the last part */
    assert_int_equal(total(r, "large", "pv"), PAGES + 1);
    assert_int_equal(total(r, "large", "last"), PAGES + 1);
    assert_int_equal(pages(r), PAGES);
    assert_int_equal(counter(r, "regress"), 1);
    redisFree(sub);
}

static void more_sites_than_calls_in_flight_are_all_written(void **state)
{
    enum { SITES = 3 * COMMITS_IN_FLIGHT_MAX };
    struct rig *r = *state;

    for (int i = 0; i < SITES; i++) {
        char site[16];

        snprintf(site, sizeof site, "site%d", i);
        see(r, site, 1, "/a");
    }
    total_becomes(r, "*", "pv", SITES);
    redis_server_kill(&r->redis);
    redis_server_restart(&r->redis);
    reconnect(r);
    total_becomes(r, "*", "pv", SITES);
    counter_falls_to(r, "dirty", 0);
}

static void sigterm_takes_along_what_lies_in_the_socket(void **state)
{
    struct rig *r = *state;

    see(r, "shop", 1, "/a");
    total_becomes(r, "shop", "pv", 1);
    kill(r->pid, SIGSTOP);
    for (uint64_t i = 2; i <= 1500; i++)
        see(r, "shop", i, "/a");
    kill(r->pid, SIGTERM);
    kill(r->pid, SIGCONT);
    assert_int_equal(ended(r), 0);
    assert_int_equal(total(r, "shop", "pv"), 1500);
    assert_int_equal(total(r, "shop", "last"), 1500);
}

static void a_second_signal_ends_it_at_once(void **state)
{
    struct rig *r = *state;

    see(r, "shop", 1, "/a");
    total_becomes(r, "shop", "pv", 1);
    redis_server_kill(&r->redis);
    see(r, "shop", 2, "/a");
    counter_reaches(r, "folded", 2);
    kill(r->pid, SIGTERM);
    must_say(r, "event=stopping");
    kill(r->pid, SIGTERM);
    assert_int_equal(ended(r), 130);
    redis_server_restart(&r->redis);
}

static void a_flood_is_taken_by_the_timer_and_nothing_of_it_is_lost(void **state)
{
    enum { HITS = 20000 };
    struct rig *r = *state;

    for (int i = 0; i < HITS; i++) {
        see(r, "shop", (uint64_t)(i % 100) + 1, "/a");
        if (i % 500 == 499) /* no more than the socket holds */
            counter_reaches(r, "folded", (uint64_t)i + 1);
        if (i == HITS / 2)
            counter_reaches(r, "busy", 1);
    }
    total_becomes(r, "shop", "pv", HITS);
    assert_int_equal(total(r, "shop", "last"), 100);
    assert_int_equal(counter(r, "kernel_drops") + counter(r, "missing"), 0);
}

static void a_wrong_secret_is_complained_of_once(void **state)
{
    struct rig *r = *state;
    struct secret right = r->config.secret;

    secret_init(&r->config.secret, "another secret of nobody", 24);
    for (int i = 0; i < 100; i++)
        see(r, "shop", 1, "/a");
    r->config.secret = right;
    must_say(r, "event=bad_key from=127.0.0.1:");
    counter_reaches(r, "bad_key", 100); /* from here on what it says is new */
    assert_null(strstr(r->said, "event=bad_key"));
}

static void the_policy_of_eviction_is_read_from_info(void **state)
{
    static const struct {
        const char *info, *policy;
    } row[] = {
        {"", ""},
        {"maxmemory:0\r\nmaxmemory_policy:allkeys-lru\r\n", ""},
        {"maxmemory:100\r\nmaxmemory_policy:noeviction\r\n", ""},
        {"maxmemory:100\r\nmaxmemory_policy:allkeys-lru\r\n", "allkeys-lru"},
        {"# Memory\r\nused:1\r\nmaxmemory:5\r\nmaxmemory_policy:volatile-ttl",
         "volatile-ttl"},
        {"xmaxmemory:5\r\nmaxmemory_policy:allkeys-lru\r\n", ""},
        {"maxmemory:5\r\n", ""},
        {"\r\n\n", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        assert_true(slice_eq(redis_setup_eviction(slice_of(row[i].info)),
                             slice_of(row[i].policy)));
}

static void addresses_are_read_or_refused_with_the_options_name(void **state)
{
    static const struct {
        const char *text, *addr; /* NULL: refused */
    } row[] = {
        {"127.0.0.1:7125", "127.0.0.1:7125"},
        {"[::1]:7125", "[::1]:7125"},
        {"[::]:0", "[::]:0"},
        {"0.0.0.0:1", "0.0.0.0:1"},
        {"", NULL},
        {"7125", NULL},
        {"127.0.0.1", NULL},
        {"127.0.0.1:", NULL},
        {"127.0.0.1:http", NULL},
        {"127.0.0.1:70000", NULL},
        {"127.0.0.1:-1", NULL},
        {"::1:7125", NULL},
        {"[::1]", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct udp_addr a;
        char err[400], text[UDP_TEXT];

        if (row[i].addr) {
            assert_int_equal(udp_addr_parse(&a, row[i].text, err, sizeof err), 0);
            udp_text(&a.sa, text);
            assert_string_equal(text, row[i].addr);
        } else {
            if (udp_addr_parse(&a, row[i].text, err, sizeof err) == 0)
                fail_msg("\"%s\" was taken", row[i].text);
            assert_non_null(strstr(err, "--udp"));
        }
    }
}

static void a_port_in_use_is_refused_with_the_options_name(void **state)
{
    static struct udp first, second;
    struct udp_addr a;
    char err[400], text[UDP_TEXT];

    (void)state;
    assert_int_equal(udp_addr_parse(&a, "[::1]:0", err, sizeof err), 0);
    assert_int_equal(udp_open(&first, &a, err, sizeof err), 0);
    udp_local(&first, text);
    assert_int_equal(udp_addr_parse(&a, text, err, sizeof err), 0);
    assert_int_equal(udp_open(&second, &a, err, sizeof err), -1);
    assert_non_null(strstr(err, "--udp"));
    assert_non_null(strstr(err, "choose another port"));
    udp_close(&first);
}

/* Run from the project's root, as make does. */
static void the_manual_has_every_counter_in_the_same_words(void **state)
{
    FILE *f = fopen("deploy/man/headcount-aggregator.8.scd", "r");
    static char manual[64 * 1024];
    struct buf table;
    char *line, *rest;

    (void)state;
    assert_non_null(f);
    manual[fread(manual, 1, sizeof manual - 1, f)] = '\0';
    fclose(f);
    buf_init(&table, sizeof manual);
    aggregator_describe(&table);
    buf_add(&table, "", 1);
    for (line = strtok_r(table.p, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        char name[64], kind[16], help[128], entry[300];

        assert_int_equal(
            sscanf(line, "| %63s | %15s | %*[^|]| %127[^|]", name, kind, help), 3);
        snprintf(entry, sizeof entry, "\n*%s* (%s)\n\t%.*s\n", name, kind,
                 (int)strlen(help) - 1, help);
        if (!strstr(manual, entry))
            fail_msg("the manual lacks%s", entry);
    }
    buf_fini(&table);
}

#define WITH_AGGREGATOR(f) cmocka_unit_test_setup_teardown(f, begin, end)
#define WITH_REDIS(f) cmocka_unit_test_setup_teardown(f, begin_without_aggregator, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_policy_of_eviction_is_read_from_info),
        cmocka_unit_test(addresses_are_read_or_refused_with_the_options_name),
        cmocka_unit_test(a_port_in_use_is_refused_with_the_options_name),
        cmocka_unit_test(the_manual_has_every_counter_in_the_same_words),
        WITH_AGGREGATOR(a_view_becomes_keys_and_a_message),
        WITH_AGGREGATOR(every_change_has_its_message_and_nothing_else_has),
        WITH_AGGREGATOR(what_an_emptied_redis_lost_is_written_again),
        WITH_AGGREGATOR(a_lost_script_is_loaded_again),
        WITH_AGGREGATOR(a_redis_that_was_killed_and_comes_back_empty_is_filled_again),
        WITH_REDIS(redis_need_not_be_there_at_the_start),
        WITH_AGGREGATOR(a_key_of_another_type_is_replaced),
        WITH_AGGREGATOR(one_sites_forbidden_key_does_not_stop_the_others),
        WITH_AGGREGATOR(a_site_that_a_later_aggregator_owns_is_read_back),
        WITH_AGGREGATOR(a_second_aggregator_takes_over),
        WITH_AGGREGATOR(a_second_aggregator_counts_nothing_twice),
        WITH_AGGREGATOR(a_redis_that_is_out_of_memory_is_asked_again),
        WITH_REDIS(a_redis_that_evicts_is_warned_of),
        WITH_AGGREGATOR(a_commit_too_large_for_one_call_goes_out_in_parts),
        WITH_AGGREGATOR(more_sites_than_calls_in_flight_are_all_written),
        WITH_AGGREGATOR(sigterm_takes_along_what_lies_in_the_socket),
        WITH_AGGREGATOR(a_second_signal_ends_it_at_once),
        WITH_AGGREGATOR(a_flood_is_taken_by_the_timer_and_nothing_of_it_is_lost),
        WITH_AGGREGATOR(a_wrong_secret_is_complained_of_once),
    };

    return cmocka_run_group_tests_name("aggregator", tests, NULL, NULL);
}
