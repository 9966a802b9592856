/* supervisor, handed: what systemd says in the environment and is told. The test plays
 * systemd: it has the socket, and hands descriptors over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../proto/loop/handed.h"
#include "../../proto/loop/supervisor.h"

struct stage {
    uv_loop_t loop;
    struct supervisor s;
    int systemd; /* its end of NOTIFY_SOCKET */
    bool alive, asked;
    const char *reasons;
    char said[512];
};

static void unready(void *arg, struct buf *out)
{
    struct stage *t = arg;

    buf_str(out, t->reasons);
}

static bool is_alive(void *arg)
{
    struct stage *t = arg;

    t->asked = true;
    return t->alive;
}

static const char *heard(struct stage *t)
{
    ssize_t n = recv(t->systemd, t->said, sizeof t->said - 1, MSG_DONTWAIT);

    t->said[n > 0 ? n : 0] = '\0';
    return t->said;
}

/* An abstract name; with @watchdog_us the watchdog is on. */
static void open_stage(struct stage *t, const char *watchdog_us)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    char name[64];
    int n = snprintf(name, sizeof name, "@headcount-test-%d", getpid());

    *t = (struct stage){.alive = true, .reasons = ""};
    memcpy(sa.sun_path, name, (size_t)n);
    sa.sun_path[0] = '\0';
    t->systemd = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(
        bind(t->systemd, (struct sockaddr *)&sa,
             (socklen_t)offsetof(struct sockaddr_un, sun_path) + (socklen_t)n),
        0);
    setenv("NOTIFY_SOCKET", name, 1);
    if (watchdog_us)
        setenv("WATCHDOG_USEC", watchdog_us, 1);
    else
        unsetenv("WATCHDOG_USEC");
    uv_loop_init(&t->loop);
    supervisor_open(&t->s, &t->loop, &(struct supervisor_env){unready, is_alive, t});
}

static void close_stage(struct stage *t)
{
    supervisor_close(&t->s);
    supervisor_close(&t->s);
    uv_run(&t->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&t->loop), 0);
    close(t->systemd);
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

static void on_patience(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("nothing happened for 20 seconds");
}

/* Turns the loop until the supervisor has asked whether all is alive. */
static void turn_until_asked(struct stage *t)
{
    uv_timer_t patience;

    uv_timer_init(&t->loop, &patience);
    uv_timer_start(&patience, on_patience, 20000, 0);
    t->asked = false;
    while (!t->asked)
        uv_run(&t->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&patience, NULL);
    uv_run(&t->loop, UV_RUN_NOWAIT);
}

static void systemd_is_told_what_becomes_of_a_daemon(void **state)
{
    static struct stage t;
    long long us;

    (void)state;
    open_stage(&t, NULL);
    assert_string_equal(heard(&t), "");
    t.reasons = "redis: not connected\naggregator: does not answer\n";
    supervisor_ready(&t.s);
    assert_string_equal(
        heard(&t), "READY=1\nSTATUS=not ready: redis: not connected;aggregator: does "
                   "not answer");
    supervisor_reloading(&t.s);
    assert_int_equal(sscanf(heard(&t), "RELOADING=1\nMONOTONIC_USEC=%lld", &us), 1);
    assert_in_range(us, 1, (long long)(uv_hrtime() / 1000));
    t.reasons = "";
    supervisor_ready(&t.s);
    assert_string_equal(heard(&t), "READY=1\nSTATUS=ready");
    supervisor_stopping(&t.s);
    assert_string_equal(heard(&t), "STOPPING=1\nSTATUS=stopping");
    close_stage(&t);
}

/* The queue of NOTIFY_SOCKET is short, and systemd may be busy with all other units. */
static void ready_is_said_again_until_it_is_taken(void **state)
{
    static struct stage t;
    uv_timer_t patience;
    size_t waiting = 0;

    (void)state;
    open_stage(&t, NULL);
    while (send(t.s.fd, "X=1", 3, MSG_DONTWAIT) == 3)
        waiting++;
    supervisor_ready(&t.s);
    while (waiting-- > 0)
        assert_string_equal(heard(&t), "X=1");
    uv_timer_init(&t.loop, &patience);
    uv_timer_start(&patience, on_patience, 20000, 0);
    while (*heard(&t) == '\0')
        uv_run(&t.loop, UV_RUN_ONCE);
    assert_string_equal(t.said, "READY=1\nSTATUS=ready");
    supervisor_ready(&t.s);
    assert_string_equal(heard(&t), "READY=1\nSTATUS=ready");
    uv_close((uv_handle_t *)&patience, NULL);
    close_stage(&t);
}

static void who_stops_is_not_called_ready_after_a_reload(void **state)
{
    static struct stage t;

    (void)state;
    open_stage(&t, NULL);
    supervisor_ready(&t.s);
    supervisor_stopping(&t.s);
    while (*heard(&t))
        ;
    supervisor_reloading(&t.s);
    supervisor_ready(&t.s);
    assert_string_equal(heard(&t), "");
    close_stage(&t);
}

static void the_watchdog_is_satisfied_only_while_all_is_alive(void **state)
{
    static struct stage t;

    (void)state;
    open_stage(&t, "40000");
    turn_until_asked(&t);
    assert_string_equal(heard(&t), "WATCHDOG=1");
    while (*heard(&t))
        ;
    t.alive = false;
    turn_until_asked(&t);
    turn_until_asked(&t);
    assert_string_equal(heard(&t), "");
    t.alive = true;
    turn_until_asked(&t);
    assert_string_equal(heard(&t), "WATCHDOG=1");
    close_stage(&t);
}

static void a_watchdog_of_another_process_is_not_ours(void **state)
{
    static struct stage t;

    (void)state;
    setenv("WATCHDOG_PID", "1", 1);
    open_stage(&t, "40000");
    assert_false(uv_is_active((uv_handle_t *)&t.s.watchdog));
    close_stage(&t);
}

static void without_systemd_nothing_is_done(void **state)
{
    static const char *const name[] = {"", "@", "relative", "/nowhere/notify"};
    struct supervisor s;
    uv_loop_t loop;

    (void)state;
    uv_loop_init(&loop);
    for (size_t i = 0; i <= sizeof name / sizeof *name; i++) {
        if (i < sizeof name / sizeof *name)
            setenv("NOTIFY_SOCKET", name[i], 1);
        else
            unsetenv("NOTIFY_SOCKET");
        supervisor_open(&s, &loop, &(struct supervisor_env){unready, NULL, NULL});
        supervisor_ready(&s);
        supervisor_reloading(&s);
        supervisor_stopping(&s);
        supervisor_close(&s);
    }
    unsetenv("NOTIFY_SOCKET");
    assert_int_equal(uv_loop_close(&loop), 0);
}

/* ---- sockets that are handed over: each case is a process of its own ------------ */

static const struct handed_kind kinds[] = {{"http", SOCK_STREAM}, {"udp", SOCK_DGRAM}};

struct handing {
    const char *fds, *names, *pid; /* @pid NULL: the right one */
    int domain, type[2];           /* of the descriptors 3 and 4 */
    int http, udp;                 /* what must be found */
    const char *why;               /* a part of the sentence, NULL: none */
};

#define DEAF (SOCK_STREAM | SOCK_CLOEXEC) /* one that does not listen */

/* In a child: what is there as descriptor 3 before is not needed. */
static void put(int fd, int domain, int type)
{
    int s = socket(domain, type, 0);

    if (type == SOCK_STREAM)
        listen(s, 1);
    if (s != fd) {
        dup2(s, fd);
        close(s);
    }
}

static int outcome(const struct handing *h)
{
    char pid[16], err[512] = "";
    int r;

    snprintf(pid, sizeof pid, "%d", getpid());
    put(3, h->domain, h->type[0]);
    put(4, h->domain, h->type[1]);
    setenv("LISTEN_PID", h->pid ? h->pid : pid, 1);
    setenv("LISTEN_FDS", h->fds, 1);
    if (h->names)
        setenv("LISTEN_FDNAMES", h->names, 1);
    r = handed_check(kinds, 2, err, sizeof err);
    if (h->why)
        return r == -1 && strstr(err, "LISTEN_FDNAMES") && strstr(err, h->why) ? 0 : 1;
    return r == 0 && handed_find("http") == h->http && handed_find("udp") == h->udp ? 0
                                                                                    : 2;
}

static void a_socket_is_found_by_its_name(void **state)
{
    static const struct handing row[] = {
        {"2", "http:udp", NULL, AF_INET, {SOCK_STREAM, SOCK_DGRAM}, 3, 4, NULL},
        {"2", "udp:http", NULL, AF_INET6, {SOCK_DGRAM, SOCK_STREAM}, 4, 3, NULL},
        {"1", "http:udp", NULL, AF_INET, {SOCK_STREAM, SOCK_DGRAM}, 3, 0, NULL},
        {"0", "http", NULL, AF_INET, {SOCK_STREAM, SOCK_DGRAM}, 0, 0, NULL},
        {"-1", "http", NULL, AF_INET, {SOCK_STREAM, SOCK_DGRAM}, 0, 0, NULL},
        {"1x", "http", NULL, AF_INET, {SOCK_STREAM, SOCK_DGRAM}, 0, 0, NULL},
        {"1", "http", "1", AF_INET, {SOCK_STREAM, SOCK_DGRAM}, 0, 0, NULL},
        {"1", "htt", NULL, AF_INET, {SOCK_STREAM, SOCK_DGRAM}, 0, 0, "one of http, udp"},
        {"1", "https", NULL, AF_INET, {SOCK_STREAM, SOCK_DGRAM}, 0, 0, "\"https\""},
        {"1", NULL, NULL, AF_INET, {SOCK_STREAM, SOCK_DGRAM}, 0, 0, "for nothing here"},
        {"2", "http", NULL, AF_INET, {SOCK_STREAM, SOCK_STREAM}, 0, 0, "for nothing"},
        {"2", "http:http", NULL, AF_INET, {SOCK_STREAM, SOCK_STREAM}, 0, 0, "twice"},
        {"1", "http", NULL, AF_INET, {SOCK_DGRAM, SOCK_STREAM}, 0, 0, "of TCP"},
        {"1", "http", NULL, AF_INET, {DEAF, SOCK_STREAM}, 0, 0, "does not listen"},
        {"1", "udp", NULL, AF_INET, {SOCK_STREAM, SOCK_STREAM}, 0, 0, "of UDP"},
        {"1", "http", NULL, AF_UNIX, {SOCK_STREAM, SOCK_STREAM}, 0, 0, "of TCP"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        pid_t child = fork();
        int status;

        assert_true(child >= 0);
        if (child == 0)
            _exit(outcome(&row[i]));
        assert_int_equal(waitpid(child, &status, 0), child);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            fail_msg("row %zu: %d", i, status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(systemd_is_told_what_becomes_of_a_daemon),
        cmocka_unit_test(ready_is_said_again_until_it_is_taken),
        cmocka_unit_test(who_stops_is_not_called_ready_after_a_reload),
        cmocka_unit_test(the_watchdog_is_satisfied_only_while_all_is_alive),
        cmocka_unit_test(a_watchdog_of_another_process_is_not_ours),
        cmocka_unit_test(without_systemd_nothing_is_done),
        cmocka_unit_test(a_socket_is_found_by_its_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
