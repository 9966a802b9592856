/* opts: one table of options -> a struct, --help, HEADCOUNT_<FLAG> and --config FILE.
 *
 * Precedence: command line, then environment, then file, then default; a list too comes
 * whole from the strongest that gives it. --help, --version, --config and --check-config
 * are every program's and not in the table.
 *
 * Long options only, never abbreviated: --name value, --name=value, --flag, --no-flag. A
 * value that starts with -- needs the form with =. Options and other arguments may be
 * mixed; after -- nothing is an option. An environment variable that is empty counts as
 * not set. In the file an option stands once, a list as often as one likes. */
#ifndef HC_OPTS_H
#define HC_OPTS_H

#include <stdbool.h>
#include <stddef.h>

enum opt_type {
    OPT_FLAG, /* bool: --name or --no-name; in file and environment yes|no */
    OPT_TEXT, /* const char * */
    OPT_INT,  /* long within [min, max] */
    OPT_LIST, /* struct opt_list: repeatable, and comma separated; blanks around commas
                 are cut, and an empty value is the empty list */
};

#define OPT_LIST_MAX 32

struct opt_list {
    const char *v[OPT_LIST_MAX];
    size_t n;
};

struct opt {
    const char *name; /* without dashes */
    const char *arg;  /* what --help calls the value, NULL for OPT_FLAG */
    enum opt_type type;
    size_t offset;     /* in the options struct */
    const char *def;   /* default as text, NULL: none */
    long min, max;     /* OPT_INT */
    const char *help;  /* wrapped to 80 columns by opts */
    const char *group; /* heading in --help, given on the first row of a group */
};

struct opts_spec {
    const char *program; /* "headcount-collector" */
    const char *usage;   /* "[options]" */
    const char *about;   /* one paragraph for --help */
    const char *footer;  /* after the options, as it stands, without the last newline:
                            examples, files, exit codes; may be NULL */
    const struct opt *rows;
    size_t nrows;
};

enum opts_result {
    OPTS_RUN,   /* go on */
    OPTS_CHECK, /* --check-config: check the rest, then exit 0 */
    OPTS_DONE,  /* --help or --version was printed on stdout: exit 0 */
    OPTS_ERROR, /* one sentence naming the option was printed on stderr: exit 2 */
};

/* Fills @into, every row's field, also on OPTS_ERROR (as far as it came). Strings point
 * into argv, the table, or memory kept for the process' life. Arguments that are no
 * options are moved to the end of argv and left to the caller in argv[*rest..argc); with
 * @rest NULL they are an error. Asserts that the table is sound: its defaults are valid.
 */
enum opts_result opts_parse(const struct opts_spec *spec, void *into, int argc,
                            char **argv, int *rest);

/* Prints "PROGRAM: @text" as a line on stderr; what a terminal should not be shown, as
 * \xNN: options may name anything. */
void opts_complain(const char *program, const char *text);

#endif
