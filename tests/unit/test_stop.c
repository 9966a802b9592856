/* stop: the first signal asks, the second one ends. Each test is a child process, since
 * signals are the process' own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../proto/loop/stop.h"

struct daemon {
    uv_loop_t loop;
    uv_timer_t work; /* what the loop lives for, and the patience of the test */
    struct stop stop;
    int asked;
};

static void on_impatient(uv_timer_t *work)
{
    (void)work;
    _exit(99);
}

static void close_work(void *arg)
{
    struct daemon *d = arg;

    d->asked++;
    uv_close((uv_handle_t *)&d->work, NULL);
}

static void only_count(void *arg)
{
    struct daemon *d = arg;

    d->asked++;
    raise(SIGTERM);
}

/* Runs a daemon that gets @signum, in a child. Returns its exit code. */
static int run(int signum, void (*fn)(void *arg))
{
    struct daemon d = {.asked = 0};
    pid_t child = fork();
    int status;

    assert_true(child >= 0);
    if (child > 0) {
        assert_int_equal(waitpid(child, &status, 0), child);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    }
    uv_loop_init(&d.loop);
    uv_timer_init(&d.loop, &d.work);
    uv_timer_start(&d.work, on_impatient, 30000, 0);
    if (stop_open(&d.stop, &d.loop, fn, &d) != 0)
        _exit(98);
    raise(SIGPIPE);
    raise(signum);
    uv_run(&d.loop, UV_RUN_DEFAULT);
    stop_close(&d.stop);
    uv_run(&d.loop, UV_RUN_DEFAULT);
    _exit(uv_loop_close(&d.loop) == 0 && d.asked == 1 ? 0 : 97);
}

static void a_signal_asks_once_and_the_loop_ends(void **state)
{
    (void)state;
    assert_int_equal(run(SIGTERM, close_work), 0);
    assert_int_equal(run(SIGINT, close_work), 0);
}

static void a_second_signal_ends_at_once(void **state)
{
    (void)state;
    assert_int_equal(run(SIGTERM, only_count), 130);
    assert_int_equal(run(SIGINT, only_count), 130);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signal_asks_once_and_the_loop_ends),
        cmocka_unit_test(a_second_signal_ends_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
