/* Reads the sources of options from the strongest to the weakest: arguments, environment,
 * file, defaults. The first error ends it: one sentence on stderr that names the option
 * the way it was given there: --name, HEADCOUNT_NAME, or file:line: name. */
#include "opts.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "config.h"
#include "near.h"
#include "opts_args.h"
#include "opts_set.h"

#define WHERE_MAX 4400 /* a path, a line number and a name; a longer one is cut */

/* HEADCOUNT_ and the name in upper case, with _ for -. */
static void environment_name(char *out, size_t n, const char *name)
{
    snprintf(out, n, "HEADCOUNT_%s", name);
    for (char *c = out; *c; c++)
        *c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
}

static enum opts_result take_environment(struct opts_parse *p)
{
    char name[OPTS_NAME_MAX + 16];
    enum opts_result r = OPTS_RUN;

    for (size_t i = 0; i < p->spec->nrows && r == OPTS_RUN; i++) {
        const char *value;

        environment_name(name, sizeof name, p->spec->rows[i].name);
        value = getenv(name);
        if (value && *value)
            r = opts_set(p, i, ENVIRONMENT, name, opts_keep(value, strlen(value)));
    }
    return r;
}

static enum opts_result unknown_key(const struct opts_parse *p, const char *where,
                                    struct slice key)
{
    struct near near;

    near_init(&near, key.p, key.n);
    for (size_t i = 0; i < p->spec->nrows; i++)
        near_consider(&near, p->spec->rows[i].name);
    if (near.best[0])
        return opts_fail(p, "%s is not an option; did you mean %s?", where, near.best);
    return opts_fail(p, "%s is not an option", where);
}

static enum opts_result take_pair(struct opts_parse *p, const char *path, unsigned line,
                                  struct slice key, struct slice value)
{
    int row = opts_find(p, key.p, key.n);
    char where[WHERE_MAX];

    snprintf(where, sizeof where, "%s:%u: %.*s", path, line, (int)key.n, key.p);
    if (row < 0)
        return unknown_key(p, where, key);
    if (p->from[row] == CONFIG_FILE && p->spec->rows[row].type != OPT_LIST)
        return opts_fail(p, "%s is given a second time", where);
    return opts_set(p, (size_t)row, CONFIG_FILE, where, opts_keep(value.p, value.n));
}

/* Reads the whole file into @text, CONFIG_FILE_MAX + 1 bytes. */
static enum opts_result read_file(const struct opts_parse *p, const char *option,
                                  const char *path, char *text, size_t *n)
{
    FILE *f = fopen(path, "re");
    bool failed = f == NULL;

    if (f) {
        *n = fread(text, 1, CONFIG_FILE_MAX + 1, f);
        failed = ferror(f);
        fclose(f);
    }
    if (failed)
        return opts_fail(p, "%s %s cannot be read: %s", option, path, strerror(errno));
    if (*n > CONFIG_FILE_MAX)
        return opts_fail(p, "%s %s is larger than %d bytes", option, path,
                         CONFIG_FILE_MAX);
    return OPTS_RUN;
}

static enum opts_result take_file(struct opts_parse *p, const char *option,
                                  const char *path)
{
    char text[CONFIG_FILE_MAX + 1];
    struct config c;
    struct slice key, value;
    enum opts_result r;
    size_t n = 0;
    int more;

    r = read_file(p, option, path, text, &n);
    config_init(&c, text, n);
    while (r == OPTS_RUN && (more = config_next(&c, &key, &value)) != 0) {
        if (more < 0)
            return opts_fail(p, "%s:%u: the line %s", path, c.line, c.why);
        r = take_pair(p, path, c.line, key, value);
    }
    return r;
}

static enum opts_result take_config(struct opts_parse *p)
{
    const char *path = getenv("HEADCOUNT_CONFIG");

    if (p->config)
        return take_file(p, "--config", p->config);
    return path && *path ? take_file(p, "HEADCOUNT_CONFIG", path) : OPTS_RUN;
}

static void take_defaults(struct opts_parse *p)
{
    for (size_t i = 0; i < p->spec->nrows; i++) {
        const struct opt *o = &p->spec->rows[i];
        enum opts_result r = OPTS_RUN;

        if (o->def)
            r = opts_set(p, i, DEFAULTS, o->name, o->def);
        assert(r == OPTS_RUN);
    }
}

enum opts_result opts_parse(const struct opts_spec *spec, void *into, int argc,
                            char **argv, int *rest)
{
    struct opts_parse p;
    enum opts_result r;

    opts_set_init(&p, spec, into);
    r = opts_args(&p, argc, argv, rest);
    if (r == OPTS_RUN)
        r = take_environment(&p);
    if (r == OPTS_RUN)
        r = take_config(&p);
    take_defaults(&p);
    return r == OPTS_RUN && p.check ? OPTS_CHECK : r;
}
