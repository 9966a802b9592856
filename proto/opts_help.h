/* opts_help: the document that --help prints. Part of opts; nothing else needs it. */
#ifndef HC_OPTS_HELP_H
#define HC_OPTS_HELP_H

#include <stdio.h>
#include "opts.h"

/* The options every program has, as rows without a place in a struct. */
#define OPTS_COMMON 4
extern const struct opt opts_common[OPTS_COMMON];

/* Prints usage, about, the options by group with their defaults, where else they may be
 * given, and the footer as it stands. */
void opts_help(const struct opts_spec *spec, FILE *out);

#endif
