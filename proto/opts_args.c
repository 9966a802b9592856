/* Walks argv once, from left to right. Options are taken where they stand; what is none
 * gathers at the front of argv, where everything has been read, and moves to its end at
 * last. */
#include "opts_args.h"

#include <stdio.h>
#include <string.h>
#include "near.h"
#include "opts_help.h"

/* argv while it is read. */
struct args {
    char **v;
    int n;
    int at;       /* the one being read */
    int operands; /* seen so far; they stand in v[1..operands] */
};

/* One argument that starts with --, taken apart. */
struct given {
    const char *whole;
    const char *name; /* inside whole, ends at = */
    size_t n;
    const char *value; /* after =, or NULL */
};

static struct given take_apart(const char *arg)
{
    struct given g = {.whole = arg, .name = arg + 2, .n = strcspn(arg + 2, "=")};

    if (g.name[g.n] == '=')
        g.value = g.name + g.n + 1;
    return g;
}

static bool is_named(const struct given *g, const char *name)
{
    return g->n == strlen(name) && memcmp(g->name, name, g->n) == 0;
}

static enum opts_result unknown_option(const struct opts_parse *p, const struct given *g)
{
    char no_form[OPTS_NAME_MAX];
    struct near near;

    near_init(&near, g->name, g->n);
    for (size_t i = 0; i < p->spec->nrows; i++) {
        const struct opt *o = &p->spec->rows[i];

        near_consider(&near, o->name);
        snprintf(no_form, sizeof no_form, "no-%s", o->name);
        if (o->type == OPT_FLAG)
            near_consider(&near, no_form);
    }
    for (size_t i = 0; i < OPTS_COMMON; i++)
        near_consider(&near, opts_common[i].name);
    if (near.best[0])
        return opts_fail(p, "--%.*s is not an option; did you mean --%s?", (int)g->n,
                         g->name, near.best);
    return opts_fail(p, "--%.*s is not an option", (int)g->n, g->name);
}

/* Finds the value of an option that needs one: after = or in the next argument. */
static enum opts_result want_value(const struct opts_parse *p, struct args *a,
                                   struct given *g)
{
    const char *next = a->at + 1 < a->n ? a->v[a->at + 1] : NULL;

    if (g->value)
        return OPTS_RUN;
    if (next == NULL)
        return opts_fail(p, "%s needs a value", g->whole);
    if (strncmp(next, "--", 2) == 0)
        return opts_fail(p, "%s needs a value; if %s is meant, write %s=%s", g->whole,
                         next, g->whole, next);
    g->value = next;
    a->at++;
    return OPTS_RUN;
}

static enum opts_result refuse_value(const struct opts_parse *p, const struct given *g)
{
    if (g->value)
        return opts_fail(p, "--%.*s takes no value", (int)g->n, g->name);
    return OPTS_RUN;
}

/* Does what one of the options says that every program has. */
static enum opts_result take_common(struct opts_parse *p, struct args *a, struct given *g)
{
    enum opts_result r;

    if (is_named(g, "config")) {
        r = want_value(p, a, g);
        p->config = g->value;
        return r;
    }
    r = refuse_value(p, g);
    if (r != OPTS_RUN)
        return r;
    if (is_named(g, "check-config")) {
        p->check = true;
        return OPTS_RUN;
    }
    if (is_named(g, "help"))
        opts_help(p->spec, stdout);
    else
        printf("%s %s\n", p->spec->program, HC_VERSION);
    return OPTS_DONE;
}

static bool is_common(const struct given *g)
{
    for (size_t i = 0; i < OPTS_COMMON; i++)
        if (is_named(g, opts_common[i].name))
            return true;
    return false;
}

/* The row that @g names, with *@no if it is the --no- form of a flag; or -1. */
static int find_row(const struct opts_parse *p, const struct given *g, bool *no)
{
    int row = opts_find(p, g->name, g->n);

    *no = false;
    if (row >= 0 || g->n < 3 || memcmp(g->name, "no-", 3) != 0)
        return row;
    *no = true;
    row = opts_find(p, g->name + 3, g->n - 3);
    return row >= 0 && p->spec->rows[row].type == OPT_FLAG ? row : -1;
}

/* Takes one argument that starts with --, and its value. */
static enum opts_result take_option(struct opts_parse *p, struct args *a)
{
    struct given g = take_apart(a->v[a->at]);
    char where[OPTS_NAME_MAX];
    enum opts_result r;
    bool no;
    int row;

    if (is_common(&g))
        return take_common(p, a, &g);
    row = find_row(p, &g, &no);
    if (row < 0)
        return unknown_option(p, &g);
    if (p->spec->rows[row].type == OPT_FLAG) {
        r = refuse_value(p, &g);
        g.value = no ? "no" : "yes";
    } else {
        r = want_value(p, a, &g);
    }
    if (r != OPTS_RUN)
        return r;
    snprintf(where, sizeof where, "--%.*s", (int)g.n, g.name);
    return opts_set(p, (size_t)row, ARGUMENTS, where, g.value);
}

static enum opts_result take_argument(struct opts_parse *p, struct args *a, bool *options,
                                      bool operands)
{
    char *arg = a->v[a->at];

    if (*options && strcmp(arg, "--") == 0) {
        *options = false;
        return OPTS_RUN;
    }
    if (*options && strncmp(arg, "--", 2) == 0)
        return take_option(p, a);
    if (*options && strcmp(arg, "-h") == 0) {
        opts_help(p->spec, stdout);
        return OPTS_DONE;
    }
    if (*options && arg[0] == '-' && arg[1])
        return opts_fail(p, "%s is not an option", arg);
    if (!operands)
        return opts_fail(p, "%s is no option, and nothing else is expected", arg);
    a->v[++a->operands] = arg;
    return OPTS_RUN;
}

enum opts_result opts_args(struct opts_parse *p, int argc, char **argv, int *rest)
{
    struct args a = {.v = argv, .n = argc};
    enum opts_result r = OPTS_RUN;
    bool options = true;

    for (a.at = 1; a.at < a.n && r == OPTS_RUN; a.at++)
        r = take_argument(p, &a, &options, rest != NULL);
    if (rest) {
        *rest = argc - a.operands;
        memmove(argv + *rest, argv + 1, (size_t)a.operands * sizeof *argv);
    }
    return r;
}
