/* failing: a library to preload, in which one call for memory or for a descriptor fails.
 *
 *   TORTURE=memory AT=7            the 7th malloc, calloc or realloc returns NULL
 *   TORTURE=descriptors AT=7       the 7th socket, bind, listen, ... says EMFILE
 *   TORTURE=... AT=7 LATER=1       the 7th after SIGUSR2, and again after each further
 * one
 *
 * What it does is said on stderr, a line "torture: ..." each. abort() becomes the exit
 * code 77, as does a failed assert of a library, which is built elsewhere and so names
 * its files without a folder: hiredis asserts what it allocates. Our own asserts become
 * 99, those of tests 98: SIGABRT is left for what libc finds wrong with the heap. */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

enum { EXIT_ABORTED = 77, EXIT_TEST_ASSERT = 98, EXIT_ASSERT = 99 };

static atomic_long left; /* calls until the one that fails; not above 0: none will */
static long at;
static bool memory, descriptors;

static void say(const char *what, const char *name)
{
    char line[256];
    int n = snprintf(line, sizeof line, "torture: %s%s\n", what, name);

    if (write(STDERR_FILENO, line, (size_t)n) < 0)
        return; /* Best effort. */
}

static bool fails(bool chosen, const char *name)
{
    if (!chosen || atomic_load_explicit(&left, memory_order_relaxed) <= 0 ||
        atomic_fetch_sub(&left, 1) != 1)
        return false;
    say("failed ", name);
    return true;
}

static void on_arm(int signum)
{
    (void)signum;
    atomic_store(&left, at);
    say("armed", "");
}

__attribute__((constructor)) static void begin(void)
{
    const char *what = getenv("TORTURE"), *n = getenv("AT");

    if (!what || !n)
        return;
    at = atol(n);
    memory = strcmp(what, "memory") == 0;
    descriptors = strcmp(what, "descriptors") == 0;
    if (getenv("LATER"))
        signal(SIGUSR2, on_arm);
    else
        atomic_store(&left, at);
}

/* ---- memory: glibc has its own functions under these names too -------------------- */

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

static bool no_memory(const char *name)
{
    if (!fails(memory, name))
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t n)
{
    return no_memory("malloc") ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    return no_memory("calloc") ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    return no_memory("realloc") ? NULL : __libc_realloc(p, n);
}

/* ---- descriptors ------------------------------------------------------------------ */

#define NEXT(name) ((__typeof__(&(name)))(uintptr_t)dlsym(RTLD_NEXT, #name))

#define DESCRIPTOR(name, params, args)   \
    int name params                      \
    {                                    \
        static __typeof__(&(name)) next; \
                                         \
        if (fails(descriptors, #name)) { \
            errno = EMFILE;              \
            return -1;                   \
        }                                \
        if (!next)                       \
            next = NEXT(name);           \
        return next args;                \
    }

int epoll_create1(int flags);
int eventfd(unsigned count, int flags);
int pipe2(int fd[2], int flags);
int accept4(int fd, struct sockaddr *from, socklen_t *n, int flags);

DESCRIPTOR(socket, (int domain, int type, int protocol), (domain, type, protocol))
DESCRIPTOR(bind, (int fd, const struct sockaddr *to, socklen_t n), (fd, to, n))
DESCRIPTOR(listen, (int fd, int backlog), (fd, backlog))
DESCRIPTOR(connect, (int fd, const struct sockaddr *to, socklen_t n), (fd, to, n))
DESCRIPTOR(accept4, (int fd, struct sockaddr *from, socklen_t *n, int flags),
           (fd, from, n, flags))
DESCRIPTOR(epoll_create1, (int flags), (flags))
DESCRIPTOR(eventfd, (unsigned count, int flags), (count, flags))
DESCRIPTOR(pipe2, (int fd[2], int flags), (fd, flags))
DESCRIPTOR(setsockopt, (int fd, int level, int name, const void *value, socklen_t n),
           (fd, level, name, value, n))

int open(const char *path, int flags, ...)
{
    static int (*next)(const char *, int, ...);
    mode_t mode;
    va_list ap;

    if (fails(descriptors, "open")) {
        errno = EMFILE;
        return -1;
    }
    va_start(ap, flags);
    mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
    va_end(ap);
    if (!next)
        next = NEXT(open);
    return next(path, flags, mode);
}

/* A thread is not to be had either. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *),
                   void *arg)
{
    static __typeof__(&pthread_create) next;

    if (fails(descriptors, "pthread_create"))
        return EAGAIN;
    if (!next)
        next = NEXT(pthread_create);
    return next(thread, attr, fn, arg);
}

/* ---- how it ends ------------------------------------------------------------------ */

void abort(void)
{
    say("aborted", "");
    _exit(EXIT_ABORTED);
}

void __assert_fail(const char *expression, const char *file, unsigned line,
                   const char *function)
{
    (void)line, (void)function;
    say("assert: ", expression);
    say("in ", file);
    if (!strchr(file, '/'))
        _exit(EXIT_ABORTED);
    _exit(strncmp(file, "tests/", 6) == 0 ? EXIT_TEST_ASSERT : EXIT_ASSERT);
}
