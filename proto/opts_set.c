/* Turns text into values, one type at a time, and puts them where the row says. A row
 * takes its value from the first source that gives one; what weaker sources say of it is
 * still checked, so that --check-config finds every slip, and then dropped. */
#include "opts_set.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "utf8.h"

#define COMPLAINT_MAX 2048 /* bytes of it; what is longer is cut */
#define HINT " (see --help)"

union value {
    bool flag;
    long number;
    const char *text;
    struct opt_list list;
};

/* Chained, so that they can be found; never freed, because options are read once. */
static struct kept {
    struct kept *next;
    char text[];
} * kept;

char *opts_keep(const char *text, size_t n)
{
    struct kept *k = malloc(sizeof *k + n + 1);

    if (k == NULL)
        abort();
    memcpy(k->text, text, n);
    k->text[n] = '\0';
    k->next = kept;
    kept = k;
    return k->text;
}

void opts_complain(const char *program, const char *text)
{
    struct slice rest = slice_of(text);

    fprintf(stderr, "%s: ", program);
    while (rest.n > 0) {
        struct slice c = rest;
        uint32_t code;
        bool fit = utf8_next(&rest, &code) && !utf8_is_unsafe(code);

        c.n -= rest.n;
        for (size_t i = 0; i < c.n; i++)
            fprintf(stderr, fit ? "%c" : "\\x%02x", (unsigned char)c.p[i]);
    }
    fputc('\n', stderr);
}

enum opts_result opts_fail(const struct opts_parse *p, const char *fmt, ...)
{
    char text[COMPLAINT_MAX];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(text, sizeof text - sizeof HINT, fmt, ap);
    va_end(ap);
    if (n < 0)
        n = 0;
    else if (n >= (int)(sizeof text - sizeof HINT))
        n = (int)(sizeof text - sizeof HINT) - 1;
    memcpy(text + n, HINT, sizeof HINT);
    opts_complain(p->spec->program, text);
    return OPTS_ERROR;
}

static size_t size_of(enum opt_type type)
{
    switch (type) {
    case OPT_FLAG:
        return sizeof(bool);
    case OPT_TEXT:
        return sizeof(const char *);
    case OPT_INT:
        return sizeof(long);
    case OPT_LIST:
        return sizeof(struct opt_list);
    }
    abort();
}

void opts_set_init(struct opts_parse *p, const struct opts_spec *spec, void *into)
{
    *p = (struct opts_parse){.spec = spec, .into = into};
    assert(spec->nrows <= OPTS_MAX);
    for (size_t i = 0; i < spec->nrows; i++) {
        assert(strlen("--no-") + strlen(spec->rows[i].name) < OPTS_NAME_MAX);
        memset(p->into + spec->rows[i].offset, 0, size_of(spec->rows[i].type));
    }
}

int opts_find(const struct opts_parse *p, const char *name, size_t n)
{
    for (size_t i = 0; i < p->spec->nrows; i++) {
        const char *candidate = p->spec->rows[i].name;

        if (strlen(candidate) == n && memcmp(candidate, name, n) == 0)
            return (int)i;
    }
    return -1;
}

static enum opts_result set_flag(const struct opts_parse *p, const char *where,
                                 const char *text, bool *v)
{
    *v = strcmp(text, "yes") == 0;
    if (!*v && strcmp(text, "no") != 0)
        return opts_fail(p, "%s must be yes or no, not \"%s\"", where, text);
    return OPTS_RUN;
}

/* strtol would also take blanks and a plus sign before the digits. */
static enum opts_result set_int(const struct opts_parse *p, const struct opt *o,
                                const char *where, const char *text, long *v)
{
    bool has_digit = isdigit((unsigned char)text[*text == '-']);
    char *end;

    errno = 0;
    *v = strtol(text, &end, 10);
    if (!has_digit || *end || errno || *v < o->min || *v > o->max)
        return opts_fail(p, "%s must be a whole number from %ld to %ld, not \"%s\"",
                         where, o->min, o->max, text);
    return OPTS_RUN;
}

/* Cuts blanks around @text in place. */
static char *trim(char *text)
{
    char *end;

    text += strspn(text, " \t");
    end = text + strlen(text);
    while (end > text && (end[-1] == ' ' || end[-1] == '\t'))
        *--end = '\0';
    return text;
}

static enum opts_result append(const struct opts_parse *p, const char *where,
                               const char *text, struct opt_list *list)
{
    char *rest = trim(opts_keep(text, strlen(text)));

    if (*rest == '\0')
        return OPTS_RUN;
    while (rest) {
        char *item = trim(strsep(&rest, ","));

        if (*item == '\0')
            return opts_fail(p, "%s has an empty entry between commas", where);
        if (list->n == OPT_LIST_MAX)
            return opts_fail(p, "%s takes at most %d values", where, OPT_LIST_MAX);
        list->v[list->n++] = item;
    }
    return OPTS_RUN;
}

enum opts_result opts_set(struct opts_parse *p, size_t i, enum opts_source from,
                          const char *where, const char *text)
{
    const struct opt *o = &p->spec->rows[i];
    union value dropped = {.list = {.n = 0}};
    void *v = &dropped;

    if (p->from[i] == NOWHERE)
        p->from[i] = from;
    if (p->from[i] == from)
        v = p->into + o->offset;
    switch (o->type) {
    case OPT_FLAG:
        return set_flag(p, where, text, v);
    case OPT_TEXT:
        *(const char **)v = text;
        return OPTS_RUN;
    case OPT_INT:
        return set_int(p, o, where, text, v);
    case OPT_LIST:
        return append(p, where, text, v);
    }
    abort();
}
