/* Reads the environment each time, so there is nothing to keep or to end. What makes no
 * sense (a count that is no number, variables of another process) counts as not given, as
 * it does for all programs; a socket nobody here has a use for is an error, since whoever
 * hands it over expects it to be served. */
#include "handed.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST_FD 3 /* by definition */
#define HANDED_MAX 16

/* A number above 0 in the environment, or 0. */
static long number(const char *variable)
{
    const char *text = getenv(variable);
    char *end;
    long n;

    if (text == NULL || *text == '\0')
        return 0;
    n = strtol(text, &end, 10);
    return *end == '\0' && n > 0 ? n : 0;
}

static int count(void)
{
    long n = number("LISTEN_FDS");

    if (number("LISTEN_PID") != (long)getpid())
        return 0;
    return n < HANDED_MAX ? (int)n : HANDED_MAX;
}

/* The name of the @i-th, which may be empty. Returns its length. */
static size_t name_of(int i, const char **name)
{
    const char *at = getenv("LISTEN_FDNAMES");

    for (; at && i > 0; i--)
        at = (at = strchr(at, ':')) ? at + 1 : NULL;
    *name = at ? at : "";
    return strcspn(*name, ":");
}

static bool is_called(int i, const char *name)
{
    const char *own;
    size_t n = name_of(i, &own);

    return n == strlen(name) && memcmp(own, name, n) == 0;
}

int handed_find(const char *name)
{
    for (int i = 0, n = count(); i < n; i++)
        if (is_called(i, name))
            return FIRST_FD + i;
    return 0;
}

static const struct handed_kind *kind_of(int i, const struct handed_kind *kinds, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (is_called(i, kinds[k].name))
            return &kinds[k];
    return NULL;
}

static int option_of(int fd, int option)
{
    int value = 0;
    socklen_t n = sizeof value;

    return getsockopt(fd, SOL_SOCKET, option, &value, &n) == 0 ? value : -1;
}

/* One connection alone, or a socket that would come to listen anywhere, is of no use. */
static bool is_of_type(int fd, int type)
{
    return option_of(fd, SO_TYPE) == type &&
           (type != SOCK_STREAM || option_of(fd, SO_ACCEPTCONN) == 1);
}

static bool is_ip_socket(int fd, int type)
{
    struct sockaddr_storage sa = {0};
    socklen_t n = sizeof sa;

    return is_of_type(fd, type) && getsockname(fd, (struct sockaddr *)&sa, &n) == 0 &&
           (sa.ss_family == AF_INET || sa.ss_family == AF_INET6);
}

static int refuse(int i, const char *why, char *err, size_t err_n)
{
    const char *name;
    int n = (int)name_of(i, &name);

    snprintf(err, err_n, "LISTEN_FDNAMES: the socket called \"%.*s\" %s", n > 64 ? 64 : n,
             name, why);
    return -1;
}

/* The names there are, for a sentence. */
static void list(char *out, size_t room, const struct handed_kind *kinds, size_t n)
{
    size_t used = 0;

    for (size_t k = 0; k < n && used < room; k++)
        used += (size_t)snprintf(out + used, room - used, "%s%s", k ? ", " : "",
                                 kinds[k].name);
}

int handed_check(const struct handed_kind *kinds, size_t n, char *err, size_t err_n)
{
    for (int i = 0, all = count(); i < all; i++) {
        const struct handed_kind *kind = kind_of(i, kinds, n);
        char names[128], why[256];

        list(names, sizeof names, kinds, n);
        snprintf(why, sizeof why, "is for nothing here; name it one of %s", names);
        if (kind == NULL)
            return refuse(i, why, err, err_n);
        if (handed_find(kind->name) != FIRST_FD + i)
            return refuse(i, "is there twice; [::]:PORT takes all addresses", err, err_n);
        if (!is_ip_socket(FIRST_FD + i, kind->type))
            return refuse(i,
                          kind->type == SOCK_DGRAM
                              ? "is not for datagrams of UDP"
                              : "does not listen for connections of TCP",
                          err, err_n);
        fcntl(FIRST_FD + i, F_SETFD, FD_CLOEXEC);
        fcntl(FIRST_FD + i, F_SETFL, fcntl(FIRST_FD + i, F_GETFL) | O_NONBLOCK);
    }
    return 0;
}
