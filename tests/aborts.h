/* aborts: whether misuse is caught by an assert, which stays on in every build. */
#ifndef HC_TESTS_ABORTS_H
#define HC_TESTS_ABORTS_H

#include <assert.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Calls @misuse in a child process and returns whether that died of SIGABRT. */
static inline bool aborts(void (*misuse)(void))
{
    pid_t child = fork();
    int status;

    assert(child >= 0);
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        signal(SIGABRT, SIG_DFL); /* the test framework's own handler would report it */
        close(STDERR_FILENO);     /* it would only look like a failure */
        misuse();
        _exit(0);
    }
    assert(waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

#endif
