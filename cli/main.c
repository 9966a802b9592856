/* headcount: a reader at the terminal, and a feeder of logs. One table of commands; each
 * has a file of its name. */
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include "../proto/near.h"
#include "command.h"

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
};

static const struct command commands[] = {
    {"now", now_run, "visitors, views, active pages and last events of a site"},
    {"minutes", minutes_run, "one row for each of the last minutes of a site"},
    {"top", top_run, "all sites on a live screen; open one for its pages and feed"},
    {"watch", watch_run, "the numbers of a site: one line whenever they change"},
    {"tail", tail_run, "follow the messages of sites: one line each, with their events"},
    {"alerts", alerts_run, "which alerts go on and off, and programs run for them"},
    {"send", send_run, "put a line of text into the feed of a site"},
    {"site", site_run, "name sites; their tokens, badges, goals and alerts"},
    {"decode", decode_run, "print a datagram between collector and aggregator"},
    {"replay", replay_run, "feed an access log or recorded beacons to a collector"},
    {"stats", stats_run, "what running daemons have counted, and whether it adds up"},
    {"doctor", doctor_run, "check a running installation and say what to change"},
};
#define COMMANDS (sizeof commands / sizeof *commands)

static const char usage_head[] =
    "usage: headcount COMMAND [options]\n"
    "\n"
    "Tells how many people are on a site now, from what headcount-aggregator keeps in\n"
    "Redis.\n"
    "\n"
    "Commands:\n";

static const char usage_tail[] =
    "\n"
    "`headcount COMMAND --help` explains one, with its own options. Those below may\n"
    "also stand before the command.\n"
    "\n"
    "Options of all but decode, replay, send and stats:\n"
    "  --redis ADDRESS           Where Redis is: unix:PATH[?db=N] or\n"
    "                            tcp://HOST[:PORT][/DB]; also HEADCOUNT_REDIS.\n"
    "                            (default tcp://127.0.0.1:6379)\n"
    "  --redis-auth-file FILE    A file with PASSWORD or USER:PASSWORD on its first\n"
    "                            line.\n"
    "\n"
    "Options of all:\n"
    "  --json                    For programs, on stdout; messages go to stderr.\n"
    "  --help, -h                Print this, or what a command does, and exit.\n"
    "  --version                 Print the version and exit.\n"
    "\n"
    "Environment:\n"
    "  HEADCOUNT_<OPTION>        The value of an option that is not given.\n"
    "  NO_COLOR                  If set and not empty, no colours.\n"
    "  TZ                        The time zone of what is printed.\n"
    "Colours, progress bars and cutting to the width appear only on a terminal.\n"
    "\n"
    "Exit codes:\n"
    "  0  done, and the answer is yes\n"
    "  1  the answer is no: site unknown, datagram or message refused, beacons not\n"
    "     answered 2xx, nothing seen in time, doctor found a problem\n"
    "  2  the command line is wrong, or a file cannot be read\n"
    "  3  Redis or a daemon cannot be reached\n"
    "\n"
    "Examples:\n"
    "  headcount now shop\n"
    "  headcount top\n"
    "  headcount tail shop --json\n"
    "  headcount replay access.log --site shop --speed 10\n";

static void print_usage(FILE *out)
{
    fputs(usage_head, out);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-10s%s\n", commands[i].name, commands[i].help);
    fputs(usage_tail, out);
}

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static int refuse(const char *name)
{
    struct near guess;

    near_init(&guess, name, strlen(name));
    for (size_t i = 0; i < COMMANDS; i++)
        near_consider(&guess, commands[i].name);
    if (guess.best[0])
        complain("there is no command \"%s\", did you mean %s?", name, guess.best);
    else
        complain("there is no command \"%s\" (see --help)", name);
    return EXIT_USAGE;
}

/* Options before the command that take the next argument as their value. */
static bool takes_value(const char *option)
{
    return strcmp(option, "--redis") == 0 || strcmp(option, "--redis-auth-file") == 0 ||
           strcmp(option, "--config") == 0;
}

/* Where the command's name stands, or argc. */
static int find_command(int argc, char **argv)
{
    int i = 1;

    while (i < argc && argv[i][0] == '-')
        i += takes_value(argv[i]) ? 2 : 1;
    return i < argc ? i : argc;
}

/* --help or --version among the options before the command. */
static bool answer_for_all(int n, char **argv)
{
    for (int i = 1; i < n; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_usage(stdout);
            return true;
        }
        if (strcmp(argv[i], "--version") == 0) {
            puts("headcount " HC_VERSION);
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    int at = find_command(argc, argv);
    const struct command *command;
    char *name;

    setlocale(LC_CTYPE, "");
    if (answer_for_all(at, argv))
        return EXIT_FINE;
    if (at == argc) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    name = argv[at];
    command = find(name);
    if (command == NULL)
        return refuse(name);
    /* headcount --redis X now shop -> now --redis X shop */
    memmove(argv + 2, argv + 1, (size_t)(at - 1) * sizeof *argv);
    argv[1] = name;
    return command->run(argc - 1, argv + 1);
}
