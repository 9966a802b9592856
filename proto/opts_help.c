/* Lays the table of options out as a text of 80 columns: names on the left, sentences on
 * the right, wrapped at blanks. */
#include "opts_help.h"

#include <string.h>

#define WIDTH 80
#define HELP_COLUMN 28 /* where sentences start; longer names get a line of their own */

/* Not of OPT_FLAG: none of them has a --no- form. */
const struct opt opts_common[OPTS_COMMON] = {
    {.name = "config",
     .arg = "FILE",
     .type = OPT_TEXT,
     .help = "Read options from FILE, one `name = value` a line.",
     .group = "Common"},
    {.name = "check-config", .type = OPT_TEXT, .help = "Check all options, then exit."},
    {.name = "help", .type = OPT_TEXT, .help = "Print this and exit; also -h."},
    {.name = "version", .type = OPT_TEXT, .help = "Print the version and exit."},
};

/* Prints the words of @text from column @at on, further lines at @indent. */
static void put_wrapped(FILE *out, const char *text, int at, int indent)
{
    bool first = true;

    for (;;) {
        text += strspn(text, " \n");
        int n = (int)strcspn(text, " \n");

        if (n == 0)
            break;
        if (!first && at + 1 + n > WIDTH) {
            fprintf(out, "\n%*s", indent, "");
            at = indent;
            first = true;
        }
        at += fprintf(out, "%s%.*s", first ? "" : " ", n, text);
        text += n;
        first = false;
    }
    fputc('\n', out);
}

static void describe(const struct opt *o, char *text, size_t n)
{
    const char *def = o->def;

    if (o->type == OPT_INT)
        snprintf(text, n, "%s (%ld to %ld%s%s)", o->help, o->min, o->max,
                 def ? "; default " : "", def ? def : "");
    else if (def && *def && strcmp(def, "no") != 0)
        snprintf(text, n, "%s (default %s)", o->help, def);
    else
        snprintf(text, n, "%s", o->help);
}

static void put_option(FILE *out, const struct opt *o)
{
    char text[1024];
    int at;

    describe(o, text, sizeof text);
    at = fprintf(out, "  --%s%s%s%s", o->type == OPT_FLAG ? "[no-]" : "", o->name,
                 o->arg ? " " : "", o->arg ? o->arg : "");
    if (at > HELP_COLUMN - 2) {
        fputc('\n', out);
        at = 0;
    }
    fprintf(out, "%*s", HELP_COLUMN - at, "");
    put_wrapped(out, text, HELP_COLUMN, HELP_COLUMN);
}

static void put_options(FILE *out, const struct opt *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (rows[i].group)
            fprintf(out, "\n%s:\n", rows[i].group);
        else if (i == 0)
            fprintf(out, "\nOptions:\n");
        put_option(out, &rows[i]);
    }
}

void opts_help(const struct opts_spec *spec, FILE *out)
{
    fprintf(out, "usage: %s %s\n\n", spec->program, spec->usage);
    put_wrapped(out, spec->about, 0, 0);
    put_options(out, spec->rows, spec->nrows);
    put_options(out, opts_common, OPTS_COMMON);
    fputc('\n', out);
    put_wrapped(out,
                "An option may also stand in the environment, as HEADCOUNT_ and its name "
                "in upper case with _ for -, or in the file of --config or of "
                "HEADCOUNT_CONFIG. The command line wins over the environment, and that "
                "over the file. Flags are yes or no there; lists are separated by "
                "commas.",
                0, 0);
    if (spec->footer)
        fprintf(out, "\n%s\n", spec->footer);
}
