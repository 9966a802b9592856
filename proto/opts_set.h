/* opts_set: the table of options while its rows take their values. Part of opts; nothing
 * else needs it. */
#ifndef HC_OPTS_SET_H
#define HC_OPTS_SET_H

#include "limits.h"
#include "opts.h"

#define OPTS_NAME_MAX 40 /* bytes of an option's name with --no- and NUL; asserted */

/* Read in this order, the strongest first. */
enum opts_source { NOWHERE, ARGUMENTS, ENVIRONMENT, CONFIG_FILE, DEFAULTS };

struct opts_parse {
    const struct opts_spec *spec;
    char *into;
    enum opts_source from[OPTS_MAX]; /* which source gave the row its value */
    const char *config;              /* value of --config, NULL: not given */
    bool check;                      /* --check-config was given */
};

/* Starts with every field of @into empty. Asserts the bounds of the table. */
void opts_set_init(struct opts_parse *p, const struct opts_spec *spec, void *into);

/* The row called @name, or -1. */
int opts_find(const struct opts_parse *p, const char *name, size_t n);

/* Gives row @i the value @text, which must live as long as the process; if a stronger
 * source has given it one already, @text is only checked. @where names the option in a
 * sentence. Returns OPTS_RUN, or OPTS_ERROR and the sentence is printed. */
enum opts_result opts_set(struct opts_parse *p, size_t i, enum opts_source from,
                          const char *where, const char *text);

/* A NUL-terminated copy that lives as long as the process. */
char *opts_keep(const char *text, size_t n);

/* Prints one sentence on stderr, with the program before it and a hint behind it. Returns
 * OPTS_ERROR. */
enum opts_result opts_fail(const struct opts_parse *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
