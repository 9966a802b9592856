/* Colours follow the NO_COLOR convention (no-color.org): set and not empty turns them
 * off. There is no option that forces them: what is piped is for programs. */
#include "term.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_DEFAULT 80

static bool is_set(const char *name)
{
    const char *v = getenv(name);

    return v && *v;
}

static unsigned width_of(int fd)
{
    struct winsize w;

    if (ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_col > 0)
        return w.ws_col;
    return WIDTH_DEFAULT;
}

struct term term_of(FILE *f)
{
    struct term t = {.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0};
    const char *kind = getenv("TERM");

    t.tty = isatty(fileno(f)) && kind && *kind && strcmp(kind, "dumb") != 0;
    t.colors = t.tty && !is_set("NO_COLOR");
    t.width = t.tty ? width_of(fileno(f)) : 0;
    return t;
}

const char *term_bold(const struct term *t)
{
    return t->colors ? "\033[1m" : "";
}

const char *term_dim(const struct term *t)
{
    return t->colors ? "\033[2m" : "";
}

const char *term_plain(const struct term *t)
{
    return t->colors ? "\033[0m" : "";
}
