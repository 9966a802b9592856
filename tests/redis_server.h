/* redis_server: a real Redis for one test, on a unix socket in a directory of its own. */
#ifndef HC_TESTS_REDIS_SERVER_H
#define HC_TESTS_REDIS_SERVER_H

#include <assert.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define REDIS_SERVER_START_MS 20000 /* on a machine that is busy with other tests */

struct redis_server {
    pid_t pid;
    int log;      /* its output; read until it is ready, then only kept open */
    char dir[64]; /* removed at the end */
    char socket[80];
};

static inline void redis_server_exec(const struct redis_server *s, int out)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that crashes leaves nothing behind */
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", s->socket,
           "--save", "", "--appendonly", "no", "--dir", s->dir, (char *)NULL);
    perror("redis-server");
    _exit(127);
}

/* Waits for the line with which Redis says that it listens. */
static inline void redis_server_await(struct redis_server *s)
{
    struct pollfd p = {.fd = s->log, .events = POLLIN};
    char text[16384] = "";
    size_t n = 0;

    while (strstr(text, "eady to accept connections") == NULL) {
        ssize_t got;

        assert(poll(&p, 1, REDIS_SERVER_START_MS) == 1);
        got = read(s->log, text + n, sizeof text - 1 - n);
        if (got <= 0)
            fprintf(stderr, "redis-server did not start:\n%s\n", text);
        assert(got > 0);
        n += (size_t)got;
        text[n] = '\0';
    }
}

/* Starts the server that was killed anew, on the same socket and empty, and returns when
 * it answers. */
static inline void redis_server_restart(struct redis_server *s)
{
    int ends[2];

    assert(pipe(ends) == 0);
    s->pid = fork();
    assert(s->pid >= 0);
    if (s->pid == 0)
        redis_server_exec(s, ends[1]);
    close(ends[1]);
    s->log = ends[0];
    redis_server_await(s);
}

/* Starts a server and returns when it answers. Asserts that it does. */
static inline void redis_server_start(struct redis_server *s)
{
    snprintf(s->dir, sizeof s->dir, "%s/headcount-test-XXXXXX", P_tmpdir);
    assert(mkdtemp(s->dir));
    snprintf(s->socket, sizeof s->socket, "%s/redis", s->dir);
    redis_server_restart(s);
}

static inline redisContext *redis_server_connect(const struct redis_server *s)
{
    redisContext *c = redisConnectUnix(s->socket);

    assert(c && c->err == 0);
    return c;
}

/* kill -9, and waits for its end. */
static inline void redis_server_kill(struct redis_server *s)
{
    kill(s->pid, SIGKILL);
    assert(waitpid(s->pid, NULL, 0) == s->pid);
    close(s->log);
}

/* Nothing of it is worth keeping, so it is not asked to leave. */
static inline void redis_server_stop(struct redis_server *s)
{
    redis_server_kill(s);
    unlink(s->socket);
    rmdir(s->dir);
}

#endif
