/* opts_args: the command line as a source of options. Part of opts; nothing else needs
 * it. */
#ifndef HC_OPTS_ARGS_H
#define HC_OPTS_ARGS_H

#include "opts_set.h"

/* Sets the rows that argv names, and p->config and p->check. Moves arguments that are no
 * options to argv[*rest..argc). Returns OPTS_RUN, OPTS_DONE when it printed --help or
 * --version, or OPTS_ERROR. */
enum opts_result opts_args(struct opts_parse *p, int argc, char **argv, int *rest);

#endif
