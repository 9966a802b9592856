/* Complaints are one line on stderr, in one write, so that they do not mix with a
 * progress bar. Paths, Redis' error texts and host names come from outside: the finished
 * line is made safe. */
#include "command.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>
#include "table.h"

#define LINE_MAX_BYTES 2048 /* longer complaints are cut */

bool command_options(const struct opts_spec *spec, void *into, int argc, char **argv,
                     int *rest, int *code)
{
    enum opts_result result = opts_parse(spec, into, argc, argv, rest);

    *code = result == OPTS_ERROR ? EXIT_USAGE : EXIT_FINE;
    return result == OPTS_RUN;
}

void complain(const char *fmt, ...)
{
    char text[LINE_MAX_BYTES];
    struct buf line;
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n < 0)
        return;
    buf_init(&line, 4 * LINE_MAX_BYTES + 32); /* every byte may become \xNN */
    buf_str(&line, "headcount: ");
    text_safe(&line, slice_of(text));
    buf_str(&line, "\n");
    fflush(stdout);
    if (write(STDERR_FILENO, line.p, line.n) < 0) {
        /* Nobody is left to be told. */
    }
    buf_fini(&line);
}
