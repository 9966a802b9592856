/* command: what the subcommands of `headcount` share: exit codes and entry points. */
#ifndef HC_CLI_COMMAND_H
#define HC_CLI_COMMAND_H

#include "../proto/opts.h"

/* Documented in `headcount --help` and headcount(1). */
enum command_exit {
    EXIT_FINE = 0,        /* done, and the answer is yes */
    EXIT_NO = 1,          /* the answer is no, refused, or nothing there */
    EXIT_USAGE = 2,       /* the command line is wrong */
    EXIT_UNREACHABLE = 3, /* Redis or the collector does not answer */
    EXIT_INTERRUPTED = 130,
};

/* Each takes its own arguments, argv[0] being its name, and returns the exit code. What
 * goes wrong was said in one sentence on stderr. */
int now_run(int argc, char **argv);
int minutes_run(int argc, char **argv);
int top_run(int argc, char **argv);
int watch_run(int argc, char **argv);
int tail_run(int argc, char **argv);
int alerts_run(int argc, char **argv);
int send_run(int argc, char **argv);
int site_run(int argc, char **argv);
int decode_run(int argc, char **argv);
int replay_run(int argc, char **argv);
int stats_run(int argc, char **argv);
int doctor_run(int argc, char **argv);

/* Parses the options of a command (opts.h). True: go on. False: the command ends with
 * *code, because help was printed or an option was wrong. */
bool command_options(const struct opts_spec *spec, void *into, int argc, char **argv,
                     int *rest, int *code);

/* Writes "headcount: " and one line to stderr. Text from outside is made safe for a
 * terminal first (table.h). */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
