/* admin: its parser from tables, and the server with real sockets on a real loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>
#include "../../proto/limits.h"
#include "../../proto/loop/admin.h"
#include "../../proto/admin_http.h"
#include "../guard.h"
#include "../metrics_lint.h"

#define PATIENCE_MS 10000

#define SHOP_COUNTERS(X)                          \
    X(sold, COUNTER, "things sold", "sold_total") \
    X(visitors, GAUGE, "people in the shop", "visitors")

COUNTERS_STRUCT(shop_counters, SHOP_COUNTERS);
COUNTERS_ROWS(shop_counters, SHOP_COUNTERS);

/* -- the parser --------------------------------------------------------------- */

static const struct {
    const char *bytes;
    int status;
    const char *method, *path, *accept;
} heads[] = {
    {"GET / HTTP/1.1\r\n\r\n", 200, "GET", "/", ""},
    {"GET /metrics HTTP/1.0\r\nHost: x\r\n\r\n", 200, "GET", "/metrics", ""},
    {"HEAD /a?b=c HTTP/1.1\r\nhost:x\r\nACCEPT:  text/plain \r\n\r\n", 200, "HEAD", "/a",
     "text/plain"},
    {"GET /a HTTP/1.1\r\nAccept: one\r\nAccept: two\r\n\r\n", 200, "GET", "/a", "one"},
    {"GET /a HTTP/1.1\r\nAccept:\r\n\r\n", 200, "GET", "/a", ""},
    {"POST /a HTTP/1.1\r\n\r\nbody", 200, "POST", "/a", ""},
    {"GET /a HTTP/2.0\r\n", 505, NULL, NULL, NULL},
    {"GET /a\r\n", 400, NULL, NULL, NULL},
    {"GET a HTTP/1.1\r\n", 400, NULL, NULL, NULL},
    {"GET http://x/ HTTP/1.1\r\n", 400, NULL, NULL, NULL},
    {" GET / HTTP/1.1\r\n", 400, NULL, NULL, NULL},
    {"GET  / HTTP/1.1\r\n", 400, NULL, NULL, NULL},
    {"GET / HTTP/1.1 \r\n", 400, NULL, NULL, NULL},
    {"G\x01T / HTTP/1.1\r\n", 400, NULL, NULL, NULL},
    {"GET /\xc3\xa4 HTTP/1.1\r\n", 400, NULL, NULL, NULL},
    {"\r\n", 400, NULL, NULL, NULL},
    {"\x16\x03\x01\x02\r\n", 400, NULL, NULL, NULL},
    {"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400, NULL, NULL, NULL},
    {"GET / HTTP/1.1\r\n folded: x\r\n\r\n", 400, NULL, NULL, NULL},
    {"GET / HTTP/1.1\r\n: x\r\n\r\n", 400, NULL, NULL, NULL},
};

static void expect_slice(struct slice s, const char *text)
{
    assert_int_equal(s.n, strlen(text));
    if (s.n)
        assert_memory_equal(s.p, text, s.n);
}

static void a_head_is_read_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        size_t n = strlen(heads[i].bytes);
        struct admin_request r = {0};
        int status =
            admin_http_parse(&r, (struct slice){guard_copy(heads[i].bytes, n), n});

        assert_int_equal(status, heads[i].status);
        if (status != 200)
            continue;
        expect_slice(r.method, heads[i].method);
        expect_slice(r.path, heads[i].path);
        expect_slice(r.accept, heads[i].accept);
    }
}

/* Every prefix: nothing is decided before it is clear, and then what the whole says. */
static void a_part_of_a_head_waits_for_the_rest(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        for (size_t n = 0; n < strlen(heads[i].bytes); n++) {
            struct admin_request r;
            int status =
                admin_http_parse(&r, (struct slice){guard_copy(heads[i].bytes, n), n});

            assert_true(status == 0 || status == heads[i].status);
        }
    }
}

static void a_head_has_an_end(void **state)
{
    static char bytes[ADMIN_REQUEST_MAX + 1] = "GET / HTTP/1.1\r\nA: ";
    struct admin_request r;

    (void)state;
    memset(bytes + strlen(bytes), 'x', sizeof bytes - strlen(bytes));
    assert_int_equal(admin_http_parse(&r, (struct slice){bytes, ADMIN_REQUEST_MAX - 1}),
                     0);
    assert_int_equal(admin_http_parse(&r, (struct slice){bytes, ADMIN_REQUEST_MAX}), 431);
    memset(bytes, 'x', sizeof bytes);
    assert_int_equal(admin_http_parse(&r, (struct slice){bytes, ADMIN_REQUEST_MAX}), 431);
}

/* -- the server --------------------------------------------------------------- */

struct stage {
    uv_loop_t loop;
    struct admin admin;
    struct shop_counters shop;
    const char *reasons;
};

static size_t tables(void *arg, struct counters_table *out)
{
    struct stage *s = arg;

    s->shop.visitors = 7; /* as a daemon brings its gauges up to date */
    out[0] = (struct counters_table){&s->shop, shop_counters_rows,
                                     COUNTERS_COUNT(SHOP_COUNTERS)};
    return 1;
}

static void unready(void *arg, struct buf *out)
{
    const struct stage *s = arg;

    buf_str(out, s->reasons);
}

static int open_at(struct stage *s, const char *listen, char *err)
{
    const struct admin_env env = {"shop", tables, unready, s};
    struct listen_addr addr;

    if (listen_addr_parse(&addr, "--admin-listen", listen, err, 512) < 0)
        return -1;
    return admin_open(&s->admin, &s->loop, &addr, &env, err, 512);
}

static int open_stage(void **state)
{
    struct stage *s = calloc(1, sizeof *s);
    char err[512];

    s->reasons = "";
    s->shop.sold = 3;
    uv_loop_init(&s->loop);
    *state = s;
    return open_at(s, "127.0.0.1:0", err);
}

/* Nothing may be left open. */
static int close_stage(void **state)
{
    struct stage *s = *state;
    int r;

    admin_close(&s->admin);
    admin_close(&s->admin);
    uv_run(&s->loop, UV_RUN_DEFAULT);
    r = uv_loop_close(&s->loop);
    free(s);
    return r;
}

static int port_of(const struct admin *a)
{
    struct sockaddr_in sa;
    int n = sizeof sa;

    uv_tcp_getsockname(&a->listener, (struct sockaddr *)&sa, &n);
    return ntohs(sa.sin_port);
}

static int dial(struct stage *s)
{
    struct sockaddr_in sa = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port_of(&s->admin)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof sa), 0);
    return fd;
}

static void on_tick(uv_timer_t *timer)
{
    (void)timer;
}

/* Lets the loop do what is to be done, a millisecond at most. */
static void turn(struct stage *s)
{
    uv_timer_t tick;

    uv_timer_init(&s->loop, &tick);
    uv_timer_start(&tick, on_tick, 1, 1); /* again, should it be due before the poll */
    uv_run(&s->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&tick, NULL);
    uv_run(&s->loop, UV_RUN_NOWAIT);
}

static void say(int fd, const char *bytes, size_t n)
{
    assert_int_equal(send(fd, bytes, n, MSG_NOSIGNAL), n);
}

/* Reads until the server closes; the text is valid until the next call. NULL when it was
 * a reset. */
static const char *heard(struct stage *s, int fd)
{
    static char text[1 << 20];
    size_t n = 0;

    for (int i = 0; i < PATIENCE_MS; i++) {
        ssize_t r = recv(fd, text + n, sizeof text - 1 - n, MSG_DONTWAIT);

        if (r > 0) {
            n += (size_t)r;
        } else if (r == 0) {
            text[n] = '\0';
            return text;
        } else if (errno != EAGAIN) {
            return NULL;
        }
        turn(s);
    }
    fail_msg("the server did not close");
    return NULL;
}

static const char *ask(struct stage *s, const char *request)
{
    int fd = dial(s);
    const char *answer;

    say(fd, request, strlen(request));
    answer = heard(s, fd);
    close(fd);
    return answer;
}

static const char *body_of(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");

    assert_non_null(end);
    return end + 4;
}

static void expect_status(const char *answer, const char *status)
{
    assert_non_null(answer);
    if (strncmp(answer, "HTTP/1.1 ", 9) != 0 || strncmp(answer + 9, status, 3) != 0)
        fail_msg("not %s: %s", status, answer);
    assert_non_null(strstr(answer, "\r\nConnection: close\r\n"));
    assert_non_null(strstr(answer, "\r\nX-Content-Type-Options: nosniff\r\n"));
    assert_null(strstr(answer, "Access-Control"));
}

static void the_counters_are_told_to_prometheus(void **state)
{
    const char *answer = ask(*state, "GET /metrics HTTP/1.1\r\n\r\n");

    expect_status(answer, "200");
    assert_non_null(strstr(answer, "Content-Type: text/plain; version=0.0.4"));
    assert_null(metrics_lint(body_of(answer), false));
    assert_non_null(strstr(answer, "\nheadcount_sold_total 3\n"));
    assert_non_null(strstr(answer, "\nheadcount_visitors 7\n"));
    assert_non_null(strstr(answer, "\nprocess_resident_memory_bytes "));
    answer = ask(*state, "GET /metrics HTTP/1.1\r\n"
                         "Accept: application/openmetrics-text\r\n\r\n");
    assert_non_null(strstr(answer, "Content-Type: application/openmetrics-text"));
    assert_null(metrics_lint(body_of(answer), true));
}

static void the_counters_are_told_as_json(void **state)
{
    const char *answer = ask(*state, "GET /counters?x HTTP/1.1\r\n\r\n");
    const char *program, *version;
    json_int_t uptime, sold, visitors, requests;
    json_t *json;

    expect_status(answer, "200");
    json = json_loads(body_of(answer), JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    assert_int_equal(json_unpack(json, "{s:s,s:s,s:I,s:{s:I,s:I,s:I}}", "program",
                                 &program, "version", &version, "uptime_seconds", &uptime,
                                 "counters", "sold", &sold, "visitors", &visitors,
                                 "admin_requests", &requests),
                     0);
    assert_string_equal(program, "shop");
    assert_string_equal(version, HC_VERSION);
    assert_true(sold == 3 && visitors == 7 && requests == 0 && uptime < 60);
    json_decref(json);
}

static void ready_is_who_has_no_reason_not_to_be(void **state)
{
    struct stage *s = *state;
    const char *answer = ask(s, "GET /readyz HTTP/1.1\r\n\r\n");

    expect_status(answer, "200");
    assert_string_equal(body_of(answer), "ok\n");
    s->reasons = "no milk\nno sugar\n";
    answer = ask(s, "GET /readyz HTTP/1.1\r\n\r\n");
    expect_status(answer, "503");
    assert_string_equal(body_of(answer), s->reasons);
    expect_status(ask(s, "GET /livez HTTP/1.1\r\n\r\n"), "200");
}

static void head_is_get_without_the_body(void **state)
{
    const char *answer = ask(*state, "HEAD /livez HTTP/1.1\r\n\r\n");

    expect_status(answer, "200");
    assert_non_null(strstr(answer, "\r\nContent-Length: 3\r\n"));
    assert_string_equal(body_of(answer), "");
}

static void everything_else_is_refused_and_counted(void **state)
{
    static const struct {
        const char *request, *status;
    } rows[] = {
        {"GET / HTTP/1.1\r\n\r\n", "404"},
        {"POST /nowhere HTTP/1.1\r\n\r\n", "404"},
        {"POST /metrics HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody", "405"},
        {"OPTIONS /metrics HTTP/1.1\r\n\r\n", "405"},
        {"get /metrics HTTP/1.1\r\n\r\n", "405"},
        {"GET /metrics HTTP/3\r\n\r\n", "505"},
        {"\x16\x03\x01\r\n garbage", "400"},
    };
    struct stage *s = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *answer = ask(s, rows[i].request);

        expect_status(answer, rows[i].status);
        assert_int_equal(strncmp(rows[i].status, "405", 3) == 0,
                         strstr(answer, "\r\nAllow: GET, HEAD\r\n") != NULL);
        assert_int_equal(s->admin.counters.admin_refused, i + 1);
    }
}

static void a_request_may_come_byte_by_byte(void **state)
{
    static const char request[] = "GET /livez HTTP/1.1\r\nHost: shop\r\n\r\n";
    struct stage *s = *state;
    int fd = dial(s);

    for (size_t i = 0; i < sizeof request - 1; i++) {
        say(fd, request + i, 1);
        turn(s);
    }
    expect_status(heard(s, fd), "200");
    close(fd);
}

static void a_client_may_close_its_side_first(void **state)
{
    struct stage *s = *state;
    int fd = dial(s);

    say(fd, "GET /livez HTTP/1.1\r\n\r\n", 23);
    shutdown(fd, SHUT_WR);
    expect_status(heard(s, fd), "200");
    close(fd);
    assert_int_equal(s->admin.counters.admin_broken, 0);
}

/* Not a reset, though bytes were left unread when the answer was made. */
static void what_follows_a_request_is_ignored(void **state)
{
    static char request[20000] =
        "GET /livez HTTP/1.1\r\n\r\nGET /counters HTTP/1.1\r\n\r\n";
    struct stage *s = *state;
    int fd = dial(s);
    const char *answer;

    memset(request + strlen(request), 'x', sizeof request - strlen(request));
    say(fd, request, sizeof request);
    answer = heard(s, fd);
    expect_status(answer, "200");
    assert_string_equal(body_of(answer), "ok\n");
    close(fd);
    assert_int_equal(s->admin.counters.admin_requests, 1);
}

static void a_head_without_end_is_431(void **state)
{
    static char request[ADMIN_REQUEST_MAX + 100] = "GET / HTTP/1.1\r\nA: ";
    struct stage *s = *state;
    int fd = dial(s);

    memset(request + strlen(request), 'x', sizeof request - strlen(request));
    say(fd, request, sizeof request);
    expect_status(heard(s, fd), "431");
    close(fd);
}

static void await(struct stage *s, const uint64_t *counter, uint64_t value)
{
    for (int i = 0; i < PATIENCE_MS && *counter < value; i++)
        turn(s);
    assert_int_equal(*counter, value);
}

static void who_ends_in_the_middle_is_counted(void **state)
{
    struct stage *s = *state;
    int fd = dial(s);

    say(fd, "GET /li", 7);
    close(fd);
    await(s, &s->admin.counters.admin_broken, 1);
    assert_int_equal(s->admin.nconns, 0);
}

static void the_slow_are_closed(void **state)
{
    struct stage *s = *state;
    int silent, asked;

    s->admin.deadline_ms = 50;
    silent = dial(s);
    asked = dial(s);
    say(asked, "GET /livez HTTP/1.1\r\n\r\n", 23); /* and does not close */
    await(s, &s->admin.counters.admin_timeouts, 2);
    assert_string_equal(heard(s, silent), "");
    expect_status(heard(s, asked), "200");
    assert_int_equal(s->admin.nconns, 0);
    close(silent);
    close(asked);
}

static void each_has_its_own_deadline(void **state)
{
    struct stage *s = *state;
    int first, second;

    s->admin.deadline_ms = 20;
    first = dial(s);
    while (s->admin.nconns == 0)
        turn(s);
    s->admin.deadline_ms = 1500;
    second = dial(s);
    await(s, &s->admin.counters.admin_timeouts, 1);
    assert_int_equal(s->admin.nconns, 1);
    await(s, &s->admin.counters.admin_timeouts, 2);
    close(first);
    close(second);
}

/* The answer is larger than what the client's socket holds, and its end is heard first.
 */
static void a_slow_reader_gets_all_of_it(void **state)
{
    static char reasons[200 * 1024];
    struct stage *s = *state;
    const char *answer;
    int fd = dial(s), few = 4096;

    memset(reasons, 'x', sizeof reasons - 1);
    s->reasons = reasons;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &few, sizeof few);
    say(fd, "GET /readyz HTTP/1.1\r\n\r\n", 24);
    shutdown(fd, SHUT_WR);
    for (int i = 0; i < 20; i++)
        turn(s);
    answer = heard(s, fd);
    expect_status(answer, "503");
    assert_int_equal(strlen(body_of(answer)), sizeof reasons - 1);
    close(fd);
}

static void the_oldest_makes_room_for_a_newcomer(void **state)
{
    struct stage *s = *state;
    int fd[ADMIN_CONNS_MAX];

    for (int i = 0; i < ADMIN_CONNS_MAX; i++)
        fd[i] = dial(s);
    expect_status(ask(s, "GET /livez HTTP/1.1\r\n\r\n"), "200");
    assert_int_equal(s->admin.counters.admin_displaced, 1);
    assert_string_equal(heard(s, fd[0]), "");
    say(fd[1], "GET /livez HTTP/1.1\r\n\r\n", 23);
    expect_status(heard(s, fd[1]), "200");
    for (int i = 0; i < ADMIN_CONNS_MAX; i++)
        close(fd[i]);
}

static void a_flood_is_read_away_for_a_while_only(void **state)
{
    static char flood[8192];
    struct stage *s = *state;
    int fd = dial(s);
    size_t sent = 0;

    memset(flood, 'x', sizeof flood);
    say(fd, "GET /livez HTTP/1.1\r\n\r\n", 23);
    for (int i = 0; i < PATIENCE_MS; i++) {
        ssize_t r = send(fd, flood, sizeof flood, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (r < 0 && errno != EAGAIN)
            break;
        sent += r > 0 ? (size_t)r : 0;
        turn(s);
    }
    assert_int_equal(s->admin.nconns, 0);
    assert_true(sent > ADMIN_DRAIN_MAX);
    close(fd);
}

static void connections_may_be_open_when_it_closes(void **state)
{
    struct stage *s = *state;
    int one = dial(s), two = dial(s);

    say(two, "GET /livez HTTP/1.1\r\n\r\n", 23);
    turn(s);
    turn(s);
    admin_close(&s->admin);
    expect_status(heard(s, two), "200");
    close(one);
    close(two);
}

static void a_port_in_use_is_a_sentence(void **state)
{
    struct stage *s = *state, other = {.reasons = ""};
    char err[512], listen[32];

    snprintf(listen, sizeof listen, "127.0.0.1:%d", port_of(&s->admin));
    uv_loop_init(&other.loop);
    assert_int_equal(open_at(&other, listen, err), -1);
    assert_ptr_equal(strstr(err, "--admin-listen 127.0.0.1:"), err);
    assert_non_null(strstr(err, "in use"));
    uv_run(&other.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&other.loop), 0);
}

static void an_address_is_read_or_none(void **state)
{
    static const struct {
        const char *text;
        bool good, on;
        const char *is;
    } rows[] = {
        {"127.0.0.1:9180", true, true, "127.0.0.1:9180"},
        {"[::1]:0", true, true, "[::1]:0"},
        {"", true, false, NULL},
        {"none", true, false, NULL},
        {"9180", false, false, NULL},
        {":9180", false, false, NULL},
        {"127.0.0.1:", false, false, NULL},
        {"127.0.0.1:65536", false, false, NULL},
        {"::1:9180", false, false, NULL},
        {"no host of ours:1", false, false, NULL},
    };
    char err[512], text[LISTEN_ADDR_TEXT];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct listen_addr a;

        assert_int_equal(
            listen_addr_parse(&a, "--admin-listen", rows[i].text, err, sizeof err),
            rows[i].good ? 0 : -1);
        if (!rows[i].good)
            assert_ptr_equal(strstr(err, "--admin-listen "), err);
        else
            assert_int_equal(a.on, rows[i].on);
        if (rows[i].is)
            assert_string_equal(listen_addr_text(&a.sa, text), rows[i].is);
    }
}

static void none_is_nowhere(void **state)
{
    struct stage s = {.reasons = ""};
    char err[512];

    (void)state;
    uv_loop_init(&s.loop);
    assert_int_equal(open_at(&s, "none", err), 0);
    admin_announce(&s.admin);
    admin_close(&s.admin);
    assert_int_equal(uv_run(&s.loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&s.loop), 0);
}

#define ON_STAGE(test) cmocka_unit_test_setup_teardown(test, open_stage, close_stage)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_is_read_or_refused),
        cmocka_unit_test(a_part_of_a_head_waits_for_the_rest),
        cmocka_unit_test(a_head_has_an_end),
        ON_STAGE(the_counters_are_told_to_prometheus),
        ON_STAGE(the_counters_are_told_as_json),
        ON_STAGE(ready_is_who_has_no_reason_not_to_be),
        ON_STAGE(head_is_get_without_the_body),
        ON_STAGE(everything_else_is_refused_and_counted),
        ON_STAGE(a_request_may_come_byte_by_byte),
        ON_STAGE(a_client_may_close_its_side_first),
        ON_STAGE(what_follows_a_request_is_ignored),
        ON_STAGE(a_head_without_end_is_431),
        ON_STAGE(who_ends_in_the_middle_is_counted),
        ON_STAGE(the_slow_are_closed),
        ON_STAGE(each_has_its_own_deadline),
        ON_STAGE(a_slow_reader_gets_all_of_it),
        ON_STAGE(the_oldest_makes_room_for_a_newcomer),
        ON_STAGE(a_flood_is_read_away_for_a_while_only),
        ON_STAGE(connections_may_be_open_when_it_closes),
        ON_STAGE(a_port_in_use_is_a_sentence),
        cmocka_unit_test(an_address_is_read_or_none),
        cmocka_unit_test(none_is_nowhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
