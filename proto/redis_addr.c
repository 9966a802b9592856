/* Takes an address apart from the left: scheme, then host and port or path, then the
 * number of the database. Whatever is left over at the end makes it wrong.
 *
 * Sentences never repeat the text they complain about once it may hold a password. */
#include "redis_addr.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>
#include "slice.h"

#define PORT_DEFAULT 6379
#define DB_MAX 65535 /* Redis takes any `databases`; the default is 16 */

/* User, colon, password and line end; a longer first line would not fit the struct. */
#define AUTH_LINE_MAX 700

struct complaint {
    char *text;
    size_t n;
};

static int __attribute__((format(printf, 2, 3)))
complain(struct complaint c, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(c.text, c.n, fmt, ap);
    va_end(ap);
    return -1;
}

/* Cuts @prefix off the front of @s; false leaves @s alone. */
static bool eat(struct slice *s, struct slice prefix)
{
    if (!slice_starts(*s, prefix))
        return false;
    *s = slice_skip(*s, prefix.n);
    return true;
}

/* Cuts off what stands before the first of @stops, or all. */
static struct slice eat_until(struct slice *s, const char *stops)
{
    struct slice head = {s->p, 0};

    while (head.n < s->n && !memchr(stops, s->p[head.n], strlen(stops)))
        head.n++;
    *s = slice_skip(*s, head.n);
    return head;
}

/* A decimal number of [min, max] that fills @s. */
static bool number(struct slice s, int min, int max, int *v)
{
    long n = 0;

    if (s.n == 0 || s.n > 5)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        n = n * 10 + (s.p[i] - '0');
    }
    *v = (int)n;
    return n >= min && n <= max;
}

/* Whether every byte lies between @first and @last, as unsigned. */
static bool within(struct slice s, unsigned char first, unsigned char last)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < first || (unsigned char)s.p[i] > last)
            return false;
    return true;
}

/* A NUL-terminated copy, if it is not empty and fits with its NUL. */
static bool copy(char *out, size_t n, struct slice s)
{
    if (s.n == 0 || s.n >= n)
        return false;
    memcpy(out, s.p, s.n);
    out[s.n] = '\0';
    return true;
}

static int parse_unix(struct redis_addr *a, struct slice rest, struct complaint c)
{
    struct slice path = eat_until(&rest, "?");

    a->is_unix = true;
    a->port = 0;
    if (path.n == 0 || !within(path, ' ', 0xff))
        return complain(c, "--redis needs the path of a socket after unix:");
    if (path.n >= sizeof((struct sockaddr_un *)0)->sun_path ||
        !copy(a->host, sizeof a->host, path))
        return complain(c, "--redis names a socket whose path is longer than 107 bytes");
    if (rest.n && (!eat(&rest, SLICE("?db=")) || !number(rest, 0, DB_MAX, &a->db)))
        return complain(c, "--redis takes only ?db=0 to ?db=%d after a path", DB_MAX);
    return 0;
}

/* What may stand in brackets; which of them are addresses is the resolver's business. */
static bool is_ipv6(struct slice s)
{
    return s.n > 0 && memchr(s.p, ':', s.n) && !memchr(s.p, '/', s.n);
}

/* Takes "host" or "[v6]" off the front. */
static bool eat_host(struct redis_addr *a, struct slice *rest)
{
    struct slice host;

    if (eat(rest, SLICE("["))) {
        host = eat_until(rest, "]");
        if (!eat(rest, SLICE("]")) || (rest->n && !memchr(":/", rest->p[0], 2)) ||
            !is_ipv6(host))
            return false;
    } else {
        host = eat_until(rest, ":/");
    }
    return within(host, '!', '~') && copy(a->host, sizeof a->host, host);
}

static int parse_tcp(struct redis_addr *a, struct slice rest, struct complaint c)
{
    if (memchr(rest.p, '@', rest.n))
        return complain(c, "--redis must not hold a password, it would show in the list "
                           "of processes: put it into a file for --redis-auth-file");
    if (!eat_host(a, &rest))
        return complain(c, "--redis needs a host name or address after ://");
    if (eat(&rest, SLICE(":")) && !number(eat_until(&rest, "/"), 1, 65535, &a->port))
        return complain(c, "--redis has a port that is not a number from 1 to 65535");
    if (eat(&rest, SLICE("/")) && rest.n && !number(rest, 0, DB_MAX, &a->db))
        return complain(c, "--redis has a database that is not a number from 0 to %d",
                        DB_MAX);
    return 0;
}

int redis_addr_parse(struct redis_addr *a, const char *text, char *err, size_t err_n)
{
    struct complaint c = {err, err_n};
    struct slice rest = slice_of(text);

    *a = (struct redis_addr){.port = PORT_DEFAULT};
    if (eat(&rest, SLICE("unix:")))
        return parse_unix(a, rest, c);
    if (eat(&rest, SLICE("tcp://")) || eat(&rest, SLICE("redis://")))
        return parse_tcp(a, rest, c);
    return complain(c, "--redis must be unix:/path or tcp://host:port");
}

/* Reads up to @max bytes. Returns their number, or -1 and errno. */
static ssize_t read_head(const char *path, char *out, size_t max)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t n = 0;
    ssize_t r = 1;

    if (fd < 0)
        return -1;
    while (n < max && r != 0) {
        r = read(fd, out + n, max - n);
        if (r < 0 && errno != EINTR)
            break;
        n += r > 0 ? (size_t)r : 0;
    }
    close(fd);
    return r < 0 ? -1 : (ssize_t)n;
}

/* `password`, or `user:password` split at the first colon. */
static bool take_credentials(struct redis_addr *a, struct slice line)
{
    struct slice rest = line;
    struct slice user = eat_until(&rest, ":");

    a->user[0] = '\0';
    if (!eat(&rest, SLICE(":")))
        rest = line;
    else if (!copy(a->user, sizeof a->user, user))
        return false;
    return copy(a->password, sizeof a->password, rest);
}

int redis_addr_auth_file(struct redis_addr *a, const char *path, char *err, size_t err_n)
{
    struct complaint c = {err, err_n};
    char text[AUTH_LINE_MAX];
    ssize_t n = read_head(path, text, sizeof text);
    struct slice line = {text, n > 0 ? (size_t)n : 0};
    bool taken;

    if (n < 0)
        return complain(c, "--redis-auth-file %s cannot be read: %s", path,
                        strerror(errno));
    line = eat_until(&line, "\r\n");
    taken = !memchr(line.p, '\0', line.n) && take_credentials(a, line);
    explicit_bzero(text, sizeof text);
    if (!taken)
        return complain(c,
                        "--redis-auth-file %s must hold `password` or `user:password` "
                        "on its first line, at most %zu and %zu bytes",
                        path, sizeof a->user - 1, sizeof a->password - 1);
    return 0;
}

void redis_addr_text(const struct redis_addr *a, char *out, size_t n)
{
    bool is_v6 = strchr(a->host, ':') != NULL;

    if (!a->is_unix)
        snprintf(out, n, is_v6 ? "tcp://[%s]:%d/%d" : "tcp://%s:%d/%d", a->host, a->port,
                 a->db);
    else if (a->db)
        snprintf(out, n, "unix:%s?db=%d", a->host, a->db);
    else
        snprintf(out, n, "unix:%s", a->host);
}
