/* A change is shorter than what a pipe holds at once, so writing it never waits; who does
 * not read it has it all the same. What hooks print goes to standard error, for standard
 * output is the list of changes. */
#include "hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "command.h"
#include "interrupt.h"

extern char **environ;

/* ---- what a hook is told ----------------------------------------------------- */

#define VARIABLES 9
#define VARIABLE_MAX 160 /* a name and the longest site id */

struct environment {
    char text[VARIABLES][VARIABLE_MAX];
    char **all; /* those and our own, NULL at the end */
};

/* Whether @variable is one of the @n, though of another value. */
static bool is_told(const struct environment *e, size_t n, const char *variable)
{
    for (size_t i = 0; i < n; i++)
        if (strncmp(variable, e->text[i], strcspn(e->text[i], "=") + 1) == 0)
            return true;
    return false;
}

/* One of our own variables that has such a name is left out: of two some shells take the
 * last. */
static void environment_init(struct environment *e, const struct alert_change *c)
{
    const struct alert_state *s = &c->state;
    size_t n = 0, own = 0, all = 0;

    snprintf(e->text[n++], VARIABLE_MAX, "HEADCOUNT_SITE=%s", c->site);
    snprintf(e->text[n++], VARIABLE_MAX, "HEADCOUNT_ALERT=%s", c->name);
    snprintf(e->text[n++], VARIABLE_MAX, "HEADCOUNT_ON=%d", s->on);
    snprintf(e->text[n++], VARIABLE_MAX, "HEADCOUNT_KIND=%s",
             s->below ? "below" : "above");
    snprintf(e->text[n++], VARIABLE_MAX, "HEADCOUNT_OF=%s", alert_what_name(s->what));
    snprintf(e->text[n++], VARIABLE_MAX, "HEADCOUNT_VALUE=%" PRIu64, s->value);
    snprintf(e->text[n++], VARIABLE_MAX, "HEADCOUNT_LIMIT=%" PRIu32, s->limit);
    snprintf(e->text[n++], VARIABLE_MAX, "HEADCOUNT_SINCE=%" PRId64, s->since);
    snprintf(e->text[n++], VARIABLE_MAX, "HEADCOUNT_AT=%" PRId64, s->at);
    while (environ[own])
        own++;
    e->all = calloc(n + own + 1, sizeof(char *));
    if (e->all == NULL)
        abort();
    for (size_t i = 0; i < n; i++)
        e->all[all++] = e->text[i];
    for (size_t i = 0; i < own; i++)
        if (!is_told(e, n, environ[i]))
            e->all[all++] = environ[i];
}

static void write_change(int fd, const struct alert_change *c)
{
    struct buf line;

    buf_init(&line, MESSAGE_MAX);
    alert_json(&line, slice_of(c->site), slice_of(c->name), &c->state);
    buf_str(&line, "\n");
    if (write(fd, line.p, line.n) < 0) {
        /* It did not want to know. */
    }
    buf_fini(&line);
}

/* ---- starting ------------------------------------------------------------------ */

/* In a group of its own, with the signals that interrupt.h keeps from us. */
static int spawn(pid_t *pid, char *const *argv, int input, char **environment)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, defaults;
    int error;

    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
    error = posix_spawnp(pid, argv[0], &files, &attributes, argv, environment);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return error;
}

/* Returns 0, or an errno. */
static int run(struct hook *k, char *const *argv)
{
    struct environment e;
    int pipes[2], error;

    if (pipe2(pipes, O_CLOEXEC) < 0)
        return errno;
    environment_init(&e, &k->change);
    error = spawn(&k->pid, argv, pipes[0], e.all);
    close(pipes[0]);
    if (error == 0)
        write_change(pipes[1], &k->change);
    else
        k->pid = 0;
    close(pipes[1]);
    free(e.all);
    return error;
}

/* curl reads no file of ours, takes the URL as it is, and follows nobody elsewhere. */
static int post(struct hook *k, const char *url, mono_t timeout)
{
    char seconds[24];
    const char *const argv[] = {"curl",
                                "--disable",
                                "--globoff",
                                "--silent",
                                "--show-error",
                                "--fail",
                                "--max-time",
                                seconds,
                                "--proto",
                                "=http,https",
                                "--request",
                                "POST",
                                "--header",
                                "Content-Type: application/json",
                                "--data-binary",
                                "@-",
                                "--output",
                                "/dev/null",
                                "--url",
                                url,
                                NULL};

    snprintf(seconds, sizeof seconds, "%" PRId64, timeout / 1000);
    return run(k, (char *const *)argv);
}

static void tell_failure(struct hooks *h, const struct hook *k, const char *why, int n)
{
    h->failed++;
    complain("%s of %s %s (%s): %s %d", k->posts ? "--webhook" : "--exec", k->change.site,
             k->change.name, k->change.state.on ? "on" : "off", why, n);
}

static void remove_at(struct hooks *h, size_t i)
{
    h->running -= h->hook[i].pid > 0;
    h->n--;
    memmove(h->hook + i, h->hook + i + 1, (h->n - i) * sizeof *h->hook);
}

/* Whether another one of the same alert is before it. */
static bool has_to_wait(const struct hooks *h, size_t i)
{
    const struct hook *k = &h->hook[i];

    for (size_t j = 0; j < i; j++)
        if (h->hook[j].posts == k->posts &&
            strcmp(h->hook[j].change.site, k->change.site) == 0 &&
            strcmp(h->hook[j].change.name, k->change.name) == 0)
            return true;
    return false;
}

/* Returns whether it runs. */
static bool start(struct hooks *h, struct hook *k)
{
    const char *const program[] = {h->program, NULL};
    int error = k->posts ? post(k, h->url, h->timeout) : run(k, (char *const *)program);

    if (error) {
        tell_failure(h, k, strerror(error), error);
        return false;
    }
    k->deadline = mono_now() + h->timeout;
    h->running++;
    return true;
}

static void start_all(struct hooks *h)
{
    for (size_t i = 0; i < h->n && h->running < HOOKS_RUNNING_MAX;) {
        if (h->hook[i].pid > 0 || has_to_wait(h, i) || start(h, &h->hook[i]))
            i++;
        else
            remove_at(h, i);
    }
}

/* ---- ending -------------------------------------------------------------------- */

/* Returns whether it has ended. */
static bool reap(struct hooks *h, struct hook *k)
{
    int status;
    pid_t pid = waitpid(k->pid, &status, WNOHANG);

    if (pid == 0)
        return false;
    if (pid < 0)
        tell_failure(h, k, strerror(errno), errno);
    else if (k->killed)
        tell_failure(h, k, "killed, for it took longer than seconds",
                     (int)(h->timeout / 1000));
    else if (WIFSIGNALED(status))
        tell_failure(h, k, "ended by signal", WTERMSIG(status));
    else if (WEXITSTATUS(status) != 0)
        tell_failure(h, k, "ended with", WEXITSTATUS(status));
    return true;
}

static void kill_late(struct hook *k)
{
    if (k->killed || mono_now() < k->deadline)
        return;
    kill(-k->pid, SIGKILL);
    k->killed = true;
}

static void end_all(struct hooks *h)
{
    for (size_t i = 0; i < h->n;) {
        struct hook *k = &h->hook[i];

        if (k->pid > 0 && reap(h, k)) {
            remove_at(h, i);
            continue;
        }
        if (k->pid > 0)
            kill_late(k);
        i++;
    }
}

static mono_t patience(const struct hooks *h)
{
    mono_t now = mono_now(), least = -1;

    for (size_t i = 0; i < h->n; i++) {
        mono_t left = h->hook[i].deadline - now;

        if (h->hook[i].pid == 0 || h->hook[i].killed)
            continue;
        if (left < 0)
            left = 0;
        if (least < 0 || left < least)
            least = left;
    }
    return least;
}

/* ---- the whole ------------------------------------------------------------------- */

/* Makes room by the loss of whoever waits longest; none waits only if fewer run than
 * there may be hooks. */
static void drop_one(struct hooks *h)
{
    for (size_t i = 0; i < h->n; i++) {
        if (h->hook[i].pid > 0)
            continue;
        complain("too many hooks wait: that of %s %s (%s) is not run",
                 h->hook[i].change.site, h->hook[i].change.name,
                 h->hook[i].change.state.on ? "on" : "off");
        remove_at(h, i);
        h->dropped++;
        return;
    }
}

static void add(struct hooks *h, const struct alert_change *c, bool posts)
{
    if (h->n == HOOKS_MAX)
        drop_one(h);
    h->hook[h->n++] = (struct hook){.change = *c, .posts = posts};
}

void hooks_add(struct hooks *h, const struct alert_change *c)
{
    if (h->program)
        add(h, c, false);
    if (h->url)
        add(h, c, true);
}

mono_t hooks_tend(struct hooks *h)
{
    end_all(h);
    start_all(h);
    return patience(h);
}

void hooks_kill(struct hooks *h)
{
    for (size_t i = 0; i < h->n; i++)
        if (h->hook[i].pid > 0)
            kill(-h->hook[i].pid, SIGKILL);
    for (size_t i = 0; i < h->n; i++)
        if (h->hook[i].pid > 0)
            waitpid(h->hook[i].pid, NULL, 0);
    h->n = h->running = 0;
}
