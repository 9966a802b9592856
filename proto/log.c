/* Puts a line together in one buffer and gives it to the kernel in one write(2), so that
 * lines of several threads and processes do not mix.
 *
 * Nothing here can fail in a way worth reporting: a line that is too long is cut, and one
 * that stderr does not take is lost. */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "limits.h"

static const char *program_name = "headcount";

void log_open(const char *program)
{
    program_name = program;
}

/* Writes "2026-11-22T10:11:12.345Z collector ". Returns its length, below @n. */
static size_t stamp(char *line, size_t n)
{
    struct timespec now;
    struct tm utc;
    size_t used;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    used = strftime(line, n, "%Y-%m-%dT%H:%M:%S", &utc);
    used += (size_t)snprintf(line + used, n - used, ".%03ldZ %s ", now.tv_nsec / 1000000,
                             program_name);
    return used < n ? used : n - 1;
}

static void one_line(char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] == '\n' || text[i] == '\r')
            text[i] = ' ';
}

static void put(const char *line, size_t n)
{
    ssize_t r;

    do
        r = write(STDERR_FILENO, line, n);
    while (r < 0 && errno == EINTR);
}

void log_line(const char *fmt, ...)
{
    char line[LOG_LINE_MAX];
    int errno_before = errno;
    size_t used = stamp(line, sizeof line);
    size_t room = sizeof line - used;
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(line + used, room, fmt, ap);
    va_end(ap);
    if (n > 0)
        used += (size_t)n < room ? (size_t)n : room - 1;
    one_line(line, used);
    line[used] = '\n'; /* where vsnprintf left its NUL */
    put(line, used + 1);
    errno = errno_before;
}

const char *log_safe(char *out, unsigned long n, const char *s, unsigned long len)
{
    char *end = out + n - 1; /* of what may be text; the NUL fits after it */
    char *p = out;

    for (unsigned long i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        bool plain = c >= ' ' && c <= '~' && !strchr("\"'\\", c);

        if (end - p < (plain ? 1 : 4))
            break;
        if (plain)
            *p++ = (char)c;
        else
            p += sprintf(p, "\\x%02x", c);
    }
    *p = '\0';
    return out;
}
