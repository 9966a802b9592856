/* A file is read whole and then line by line. What is not a regular file is refused
 * before it is opened: a pipe would wait for a writer. */
#include "list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static char *explain_file(const char *option, const char *path, const char *why,
                          char *err, size_t err_n)
{
    snprintf(err, err_n, "%s %s: %s", option, path, why);
    return NULL;
}

/* Returns how many bytes the file holds, or -1. */
static ssize_t read_open(FILE *f, char *bytes, size_t room)
{
    size_t n = fread(bytes, 1, room, f);

    return ferror(f) ? -1 : (ssize_t)n;
}

char *list_read(const char *option, const char *path, size_t *n, char *err, size_t err_n)
{
    struct stat st;
    char *bytes;
    FILE *f;
    ssize_t got;

    if (stat(path, &st) < 0)
        return explain_file(option, path, strerror(errno), err, err_n);
    if (!S_ISREG(st.st_mode))
        return explain_file(option, path, "not a file", err, err_n);
    if ((f = fopen(path, "rbe")) == NULL)
        return explain_file(option, path, strerror(errno), err, err_n);
    if ((bytes = malloc(LIST_FILE_MAX + 1)) == NULL)
        abort();
    got = read_open(f, bytes, LIST_FILE_MAX + 1);
    fclose(f);
    *n = (size_t)got;
    if (got >= 0 && got <= LIST_FILE_MAX)
        return bytes;
    free(bytes);
    return explain_file(option, path,
                        got < 0 ? "it cannot be read"
                                : "longer than " TEXT_OF(LIST_FILE_MAX) " bytes",
                        err, err_n);
}

void list_init(struct list *l, struct slice text, const char *name)
{
    *l = (struct list){.rest = text, .name = name};
}

int list_explain(const struct list *l, const char *why, char *err, size_t err_n)
{
    snprintf(err, err_n, "%s, line %u: %s", l->name, l->line, why);
    return -1;
}

/* Takes the next line off the text, without its LF or CR LF and the blanks around it. */
static struct slice take_line(struct list *l)
{
    const char *end = memchr(l->rest.p, '\n', l->rest.n);
    struct slice line = {l->rest.p, end ? (size_t)(end - l->rest.p) : l->rest.n};

    l->rest = slice_skip(l->rest, line.n + (end != NULL));
    l->line++;
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    return slice_trim(line);
}

static bool is_printable(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < ' ' || s.p[i] > '~')
            return false;
    return true;
}

int list_next(struct list *l, struct slice *item, char *err, size_t err_n)
{
    while (l->rest.n > 0) {
        *item = take_line(l);
        if (item->n == 0 || item->p[0] == '#')
            continue;
        if (item->n > LIST_ITEM_MAX)
            return list_explain(l, "longer than " TEXT_OF(LIST_ITEM_MAX) " bytes", err,
                                err_n);
        if (!is_printable(*item))
            return list_explain(l, "holds what is no printable ASCII", err, err_n);
        return 1;
    }
    return 0;
}
