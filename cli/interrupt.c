/* Both signals are blocked and only let in by ppoll, which does so atomically; a flag set
 * by a handler and looked at before poll would miss the one that comes in between. */
#include "interrupt.h"

#include <signal.h>
#include <time.h>

static volatile sig_atomic_t seen;
static sigset_t outside; /* the signal mask while waiting */

static void on_signal(int signal_number)
{
    (void)signal_number;
    seen++;
}

void interrupt_open(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t both;

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    sigemptyset(&both);
    sigaddset(&both, SIGINT);
    sigaddset(&both, SIGTERM);
    sigprocmask(SIG_BLOCK, &both, &outside);
    sigdelset(&outside, SIGINT);
    sigdelset(&outside, SIGTERM);
}

static void on_child(int signal_number)
{
    (void)signal_number;
}

void interrupt_children(void)
{
    struct sigaction action = {.sa_handler = on_child, .sa_flags = SA_NOCLDSTOP};
    sigset_t child;

    sigaction(SIGCHLD, &action, NULL);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    sigdelset(&outside, SIGCHLD);
}

int interrupt_seen(void)
{
    return seen;
}

int interrupt_poll(struct pollfd *fds, nfds_t n, mono_t ms)
{
    struct timespec wait = {ms / 1000, ms % 1000 * 1000000};

    return ppoll(fds, n, ms < 0 ? NULL : &wait, &outside);
}

mono_t mono_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_BOOTTIME, &t);
    return (mono_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
