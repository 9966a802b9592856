/* opts: each source, their order, and what each slip is answered. Standard output and
 * error are caught in memory files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../proto/config.h"
#include "../../proto/limits.h"
#include "../../proto/near.h"
#include "../../proto/opts.h"
#include "../aborts.h"
#include "../guard.h"

struct shop {
    const char *listen, *door;
    long workers;
    bool open, alarm;
    struct opt_list clerks;
};

#define AT(field) .offset = offsetof(struct shop, field)

static const struct opt rows[] = {
    {"listen", "ADDR", OPT_TEXT, AT(listen), .def = "127.0.0.1:80", .group = "Doors",
     .help = "where customers come in, which may be a port alone or an address and a "
             "port; the address of an IPv6 door stands in brackets"},
    {"back-door", "ADDR", OPT_TEXT, AT(door), .help = "where deliveries come in"},
    {"workers", "N", OPT_INT, AT(workers), .def = "2", .min = -1, .max = 64,
     .help = "how many serve", .group = "People"},
    {"clerks-with-a-long-name", "NAME", OPT_LIST, AT(clerks), .help = "who serves"},
    {"open", NULL, OPT_FLAG, AT(open), .def = "yes", .help = "let people in"},
    {"alarm", NULL, OPT_FLAG, AT(alarm), .help = "ring when a thing is carried out"},
};

static const struct opts_spec spec = {
    .program = "shop",
    .usage = "[options] [THING ...]",
    .about = "Sells things to people who come in, one at a time, and says so when there "
             "is nothing left to sell.",
    .footer = "Examples:\n  shop --listen 8080",
    .rows = rows,
    .nrows = sizeof rows / sizeof *rows,
};

#define ARGS_MAX 40

struct run {
    enum opts_result result;
    struct shop shop;
    char out[8192], err[2048];
    int argc, rest;
    char *argv[ARGS_MAX + 1];
};

static void read_back(int fd, char *text, size_t n)
{
    ssize_t got = pread(fd, text, n - 1, 0);

    assert_true(got >= 0);
    text[got] = '\0';
    close(fd);
}

/* Runs opts_parse with stdout and stderr going to files. */
static void parse_caught(struct run *r, bool takes_rest)
{
    int out = memfd_create("out", 0), err = memfd_create("err", 0);
    int out_before = dup(STDOUT_FILENO), err_before = dup(STDERR_FILENO);

    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    r->result =
        opts_parse(&spec, &r->shop, r->argc, r->argv, takes_rest ? &r->rest : NULL);
    fflush(stdout);
    dup2(out_before, STDOUT_FILENO);
    dup2(err_before, STDERR_FILENO);
    close(out_before);
    close(err_before);
    read_back(out, r->out, sizeof r->out);
    read_back(err, r->err, sizeof r->err);
}

/* Runs "shop @line", split at blanks. The result is valid until the next run. */
static struct run *run_with(const char *line, bool takes_rest)
{
    static struct run r;
    static char words[4096];
    char *rest = words;

    memset(&r, '#', sizeof r);
    snprintf(words, sizeof words, "shop%s%s", *line ? " " : "", line);
    r.argc = 0;
    while (rest && r.argc < ARGS_MAX)
        r.argv[r.argc++] = strsep(&rest, " ");
    r.argv[r.argc] = NULL;
    parse_caught(&r, takes_rest);
    return &r;
}

static struct run *run(const char *line)
{
    return run_with(line, false);
}

static void assert_error(const char *line, const char *sentence)
{
    struct run *r = run(line);
    char want[2048];

    snprintf(want, sizeof want, "shop: %s (see --help)\n", sentence);
    assert_string_equal(r->err, want);
    assert_int_equal(r->result, OPTS_ERROR);
    assert_string_equal(r->out, "");
}

static void assert_runs(const struct run *r)
{
    assert_string_equal(r->err, "");
    assert_int_equal(r->result, OPTS_RUN);
}

static void assert_clerks(const struct run *r, const char *want)
{
    char all[1024] = "";

    assert_runs(r);
    for (size_t i = 0; i < r->shop.clerks.n; i++) {
        strcat(all, r->shop.clerks.v[i]);
        strcat(all, ";");
    }
    assert_string_equal(all, want);
}

static void without_anything_the_defaults_hold(void **state)
{
    struct run *r = run("");

    (void)state;
    assert_clerks(r, "");
    assert_string_equal(r->shop.listen, "127.0.0.1:80");
    assert_null(r->shop.door);
    assert_int_equal(r->shop.workers, 2);
    assert_true(r->shop.open);
    assert_false(r->shop.alarm);
}

static void every_form_of_an_option_is_taken(void **state)
{
    struct run *r = run("--listen 8080 --back-door=a=b --workers -1 --no-open --alarm");

    (void)state;
    assert_runs(r);
    assert_string_equal(r->shop.listen, "8080");
    assert_string_equal(r->shop.door, "a=b");
    assert_int_equal(r->shop.workers, -1);
    assert_false(r->shop.open);
    assert_true(r->shop.alarm);
    assert_string_equal(run("--listen=")->shop.listen, "");
    assert_string_equal(run("--listen=--workers")->shop.listen, "--workers");
}

static void the_last_of_the_same_wins(void **state)
{
    struct run *r = run("--workers 3 --workers=4 --no-open --open");

    (void)state;
    assert_runs(r);
    assert_int_equal(r->shop.workers, 4);
    assert_true(r->shop.open);
}

#define CLERKS "--clerks-with-a-long-name"

static void lists_grow_and_split_at_commas(void **state)
{
    (void)state;
    assert_clerks(run(CLERKS " ann"), "ann;");
    assert_clerks(run(CLERKS "=ann,bob " CLERKS " cid"), "ann;bob;cid;");
    assert_clerks(run(CLERKS "="), "");
    setenv("HEADCOUNT_CLERKS_WITH_A_LONG_NAME", " ann ,\tbob and co ", 1);
    assert_clerks(run(""), "ann;bob and co;");
    unsetenv("HEADCOUNT_CLERKS_WITH_A_LONG_NAME");
    assert_error(CLERKS " ann,,bob", CLERKS " has an empty entry between commas");
    assert_error(CLERKS "=,", CLERKS " has an empty entry between commas");
    assert_int_equal(
        run(CLERKS "=" /* 32 */
                   "1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2")
            ->shop.clerks.n,
        OPT_LIST_MAX);
    assert_error(CLERKS "="
                        "1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2 "
                        "" CLERKS " 3",
                 CLERKS " takes at most 32 values");
}

static void numbers_are_whole_and_within_bounds(void **state)
{
    static const char *const bad[] = {
        "65", "-2", "x", "", "3x", "3.0", "0x3", "+3", "-", "99999999999999999999",
    };
    char line[100], sentence[200];

    (void)state;
    assert_runs(run("--workers 64"));
    assert_int_equal(run("--workers 64")->shop.workers, 64);
    assert_int_equal(run("--workers=007")->shop.workers, 7);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(line, sizeof line, "--workers=%s", bad[i]);
        snprintf(sentence, sizeof sentence,
                 "--workers must be a whole number from -1 to 64, not \"%s\"", bad[i]);
        assert_error(line, sentence);
    }
    setenv("HEADCOUNT_WORKERS", " 3", 1);
    assert_error("", "HEADCOUNT_WORKERS must be a whole number from -1 to 64, "
                     "not \" 3\"");
    unsetenv("HEADCOUNT_WORKERS");
}

static void slips_on_the_command_line_are_named(void **state)
{
    (void)state;
    assert_error("--lisen 80", "--lisen is not an option; did you mean --listen?");
    assert_error("--listen=80 --wrokers=3",
                 "--wrokers is not an option; did you mean --workers?");
    assert_error("--list", "--list is not an option; did you mean --listen?");
    assert_error("--no-opn", "--no-opn is not an option; did you mean --no-open?");
    assert_error("--no-listen", "--no-listen is not an option");
    assert_error("--confg=x", "--confg is not an option; did you mean --config?");
    assert_error("--zzz", "--zzz is not an option");
    assert_error("--=x", "-- is not an option");
    assert_error("--no-zzz", "--no-zzz is not an option");
    assert_error("-l 80", "-l is not an option");
    assert_error("--listen", "--listen needs a value");
    assert_error("--listen --workers 3",
                 "--listen needs a value; if --workers is meant, write "
                 "--listen=--workers");
    assert_error("--config", "--config needs a value");
    assert_error("--open=yes", "--open takes no value");
    assert_error("--no-open=", "--no-open takes no value");
    assert_error("--help=me", "--help takes no value");
    assert_error("thing", "thing is no option, and nothing else is expected");
    assert_error("--open -- --alarm",
                 "--alarm is no option, and nothing else is expected");
}

static void other_arguments_move_to_the_end(void **state)
{
    struct run *r = run_with("now --workers 3 shop - --no-open -- --alarm -h", true);

    (void)state;
    assert_runs(r);
    assert_int_equal(r->shop.workers, 3);
    assert_false(r->shop.open);
    assert_false(r->shop.alarm);
    assert_int_equal(r->argc - r->rest, 5);
    assert_string_equal(r->argv[r->rest], "now");
    assert_string_equal(r->argv[r->rest + 1], "shop");
    assert_string_equal(r->argv[r->rest + 2], "-");
    assert_string_equal(r->argv[r->rest + 3], "--alarm");
    assert_string_equal(r->argv[r->rest + 4], "-h");
    assert_null(r->argv[r->argc]);
    r = run_with("--workers 3", true);
    assert_int_equal(r->rest, r->argc);
}

static void set_environment(void)
{
    setenv("HEADCOUNT_LISTEN", "from env", 1);
    setenv("HEADCOUNT_WORKERS", "5", 1);
    setenv("HEADCOUNT_CLERKS_WITH_A_LONG_NAME", "eve,eric", 1);
    setenv("HEADCOUNT_OPEN", "no", 1);
    setenv("HEADCOUNT_BACK_DOOR", "", 1); /* counts as not set */
}

static int clear_environment(void **state)
{
    (void)state;
    unsetenv("HEADCOUNT_LISTEN");
    unsetenv("HEADCOUNT_WORKERS");
    unsetenv("HEADCOUNT_CLERKS_WITH_A_LONG_NAME");
    unsetenv("HEADCOUNT_OPEN");
    unsetenv("HEADCOUNT_BACK_DOOR");
    unsetenv("HEADCOUNT_CONFIG");
    return 0;
}

static void the_environment_stands_behind_the_command_line(void **state)
{
    struct run *r;

    (void)state;
    set_environment();
    r = run("--workers 6 --open");
    assert_clerks(r, "eve;eric;");
    assert_string_equal(r->shop.listen, "from env");
    assert_null(r->shop.door);
    assert_int_equal(r->shop.workers, 6);
    assert_true(r->shop.open);
    assert_clerks(run(CLERKS " ann"), "ann;"); /* replaces, does not add */
    setenv("HEADCOUNT_OPEN", "true", 1);
    assert_error("", "HEADCOUNT_OPEN must be yes or no, not \"true\"");
    assert_error("--open", "HEADCOUNT_OPEN must be yes or no, not \"true\"");
}

/* Writes a file of options and returns its name, which is the same each time. */
static const char *config_file(const char *text)
{
    static char path[100];
    FILE *f;

    snprintf(path, sizeof path, "%s/headcount-opts-%d", P_tmpdir, (int)getpid());
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    return path;
}

static struct run *run_config(const char *line, const char *text)
{
    char whole[500];

    snprintf(whole, sizeof whole, "%s%s--config %s", line, *line ? " " : "",
             config_file(text));
    return run(whole);
}

static void the_file_stands_behind_the_environment(void **state)
{
    const char *text = "# the shop\n\n"
                       "listen = from file\r\n"
                       "\t back-door\t=a = b # c \n"
                       "workers=7\n"
                       "clerks-with-a-long-name = fay\n"
                       "clerks-with-a-long-name = finn, flo\n"
                       "open = no\n"
                       "alarm = yes";
    struct run *r = run_config("", text);

    (void)state;
    assert_clerks(r, "fay;finn;flo;");
    assert_string_equal(r->shop.listen, "from file");
    assert_string_equal(r->shop.door, "a = b # c");
    assert_int_equal(r->shop.workers, 7);
    assert_false(r->shop.open);
    assert_true(r->shop.alarm);
    set_environment();
    r = run_config("--workers=8", text);
    assert_clerks(r, "eve;eric;");
    assert_string_equal(r->shop.listen, "from env");
    assert_int_equal(r->shop.workers, 8);
    assert_true(r->shop.alarm);
    clear_environment(state);
    setenv("HEADCOUNT_CONFIG", config_file(text), 1);
    assert_int_equal(run("")->shop.workers, 7);
    assert_int_equal(run_config("", "workers=9")->shop.workers, 9);
    unlink(config_file(""));
}

/* @sentence follows the file's name. */
static void assert_config_error(const char *text, const char *sentence)
{
    struct run *r = run_config("", text);
    char want[2048];

    snprintf(want, sizeof want, "shop: %s%s (see --help)\n", config_file(text), sentence);
    assert_string_equal(r->err, want);
    assert_int_equal(r->result, OPTS_ERROR);
}

static void slips_in_the_file_are_named_with_their_line(void **state)
{
    (void)state;
    assert_config_error("\n# x\nlisten 80\n",
                        ":3: the line is not of the form key = value");
    assert_config_error("lisen = 80", ":1: lisen is not an option; did you mean listen?");
    assert_config_error("no-open = yes", ":1: no-open is not an option");
    assert_config_error("help = yes", ":1: help is not an option");
    assert_config_error("config = x", ":1: config is not an option");
    assert_config_error("open = true", ":1: open must be yes or no, not \"true\"");
    assert_config_error("open =", ":1: open must be yes or no, not \"\"");
    assert_config_error("workers = 1\nworkers = 2", ":2: workers is given a second time");
    assert_config_error("workers = many", ":1: workers must be a whole number from -1 to "
                                          "64, not \"many\"");
    assert_config_error("= x", ":1: the line has no key of a-z, 0-9 and - before the =");
    assert_config_error("Listen = x",
                        ":1: the line has no key of a-z, 0-9 and - before the =");
    assert_config_error("listen = a\x1b[31m", ":1: the line has a control character");
    assert_config_error("listen = \"x\"\n[shop]\n",
                        ":2: the line is not of the form key = value");
    unlink(config_file(""));
}

static void a_weaker_source_is_checked_all_the_same(void **state)
{
    struct run *r = run_config("--workers 3", "workers = many");

    (void)state;
    assert_int_equal(r->result, OPTS_ERROR);
    assert_non_null(strstr(r->err, ":1: workers must be"));
    unlink(config_file(""));
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
    char big[CONFIG_FILE_MAX + 2];

    (void)state;
    assert_error("--config /no/file",
                 "--config /no/file cannot be read: No such file or directory");
    assert_error("--config /", "--config / cannot be read: Is a directory");
    setenv("HEADCOUNT_CONFIG", "/no/file", 1);
    assert_error("",
                 "HEADCOUNT_CONFIG /no/file cannot be read: No such file or directory");
    memset(big, '\n', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    unsetenv("HEADCOUNT_CONFIG");
    assert_non_null(strstr(run_config("", big)->err, " is larger than 65536 bytes"));
    assert_runs(run_config("", big + 1));
    unlink(config_file(""));
}

static void check_config_checks_and_does_not_run(void **state)
{
    (void)state;
    assert_int_equal(run("--check-config --workers 3")->result, OPTS_CHECK);
    assert_int_equal(run("--check-config --workers x")->result, OPTS_ERROR);
}

static void the_version_is_one_line(void **state)
{
    struct run *r = run("--workers 3 --version --nonsense");

    (void)state;
    assert_int_equal(r->result, OPTS_DONE);
    assert_string_equal(r->out, "shop " HC_VERSION "\n");
}

static const char help[] =
    "usage: shop [options] [THING ...]\n"
    "\n"
    "Sells things to people who come in, one at a time, and says so when there is\n"
    "nothing left to sell.\n"
    "\n"
    "Doors:\n"
    "  --listen ADDR             where customers come in, which may be a port alone\n"
    "                            or an address and a port; the address of an IPv6\n"
    "                            door stands in brackets (default 127.0.0.1:80)\n"
    "  --back-door ADDR          where deliveries come in\n"
    "\n"
    "People:\n"
    "  --workers N               how many serve (-1 to 64; default 2)\n"
    "  --clerks-with-a-long-name NAME\n"
    "                            who serves\n"
    "  --[no-]open               let people in (default yes)\n"
    "  --[no-]alarm              ring when a thing is carried out\n"
    "\n"
    "Common:\n"
    "  --config FILE             Read options from FILE, one `name = value` a line.\n"
    "  --check-config            Check all options, then exit.\n"
    "  --help                    Print this and exit; also -h.\n"
    "  --version                 Print the version and exit.\n";

static void help_is_a_document_of_80_columns(void **state)
{
    struct run *r = run("--help");
    size_t column = 0;

    (void)state;
    assert_int_equal(r->result, OPTS_DONE);
    assert_string_equal(r->err, "");
    assert_memory_equal(r->out, help, strlen(help));
    assert_non_null(strstr(r->out, "HEADCOUNT_"));
    assert_string_equal(strstr(r->out, "\nExamples:"),
                        "\nExamples:\n  shop --listen 8080\n");
    for (const char *c = r->out; *c; c++) {
        column = *c == '\n' ? 0 : column + 1;
        assert_true(column <= 80);
    }
    assert_string_equal(run("-h")->out, r->out);
}

static const struct opt bad_default[] = {
    {"workers", "N", OPT_INT, AT(workers), .def = "65", .max = 64, .help = "many"},
};

static void what_a_terminal_should_not_be_shown_is_spelled_out(void **state)
{
    (void)state;
    assert_error("--\033[31mred", "--\\x1b[31mred is not an option");
    assert_error("--a\nb", "--a\\x0ab is not an option");
    assert_error("--\342\200\256x", "--\\xe2\\x80\\xaex is not an option");
    assert_error("--\302\233\377", "--\\xc2\\x9b\\xff is not an option");
    assert_error("--\303\274ber", "--\303\274ber is not an option");
}

static void parse_bad_default(void)
{
    struct opts_spec bad = {"shop", "", "", NULL, bad_default, 1};
    char name[] = "shop", *argv[] = {name, NULL};
    struct shop shop;

    opts_parse(&bad, &shop, 1, argv, NULL);
}

static void a_default_that_is_wrong_is_a_mistake_of_ours(void **state)
{
    (void)state;
    assert_true(aborts(parse_bad_default));
}

/* What config_next says of @text: pairs as "key=value;", errors as "!line;". */
static void assert_pairs(const char *text, size_t n, const char *want)
{
    struct config c;
    struct slice key, value;
    char got[1000] = "";
    int r;

    config_init(&c, guard_copy(text, n), n);
    while ((r = config_next(&c, &key, &value)) != 0) {
        size_t used = strlen(got);

        if (r < 0)
            snprintf(got + used, sizeof got - used, "!%u;", c.line);
        else
            snprintf(got + used, sizeof got - used, "%.*s=%.*s;", (int)key.n, key.p,
                     (int)value.n, value.p);
    }
    assert_string_equal(got, want);
}

#define PAIRS(text, want) assert_pairs(text, sizeof(text) - 1, want)

static void a_config_is_lines_of_pairs(void **state)
{
    (void)state;
    PAIRS("", "");
    PAIRS("\n\n \t\n\r\n", "");
    PAIRS("a=1", "a=1;");
    PAIRS("a=1\nb=2\r\n", "a=1;b=2;");
    PAIRS("  a-0\t= \tone two\t \n", "a-0=one two;");
    PAIRS("a=", "a=;");
    PAIRS("a= =", "a==;");
    PAIRS("#a=1\n  # b\na=#", "a=#;");
    PAIRS("a=\xc3\xa9", "a=\xc3\xa9;");
    PAIRS("a\n=b\nA=1\na b=1\nb=2", "!1;!2;!3;!4;b=2;");
    PAIRS("a=\0\na=\x7f\na=\r\r\n\rb=1", "!1;!2;!3;!4;");
    PAIRS("a=b\r", "!1;"); /* a CR without its LF */
}

static void assert_near(const char *text, const char *want)
{
    static const char *const names[] = {"listen", "redis", "redis-auth-file", "shards",
                                        "db"};
    struct near g;

    near_init(&g, guard_copy(text, strlen(text)), strlen(text));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        near_consider(&g, names[i]);
    assert_string_equal(g.best, want);
}

static void the_nearest_name_is_near(void **state)
{
    (void)state;
    assert_near("listen", "listen");
    assert_near("lisetn", "listen");
    assert_near("liste", "listen");
    assert_near("listens", "listen");
    assert_near("xlisten", "listen");
    assert_near("red", "redis");
    assert_near("redis-auth", "redis-auth-file");
    assert_near("redis-autfile", "redis-auth-file");
    assert_near("radis", "redis");
    assert_near("shard", "shards");
    assert_near("d", "");
    assert_near("dc", "");
    assert_near("", "");
    assert_near("glitter", "");
    assert_near("a-name-that-is-much-longer-than-any-name-in-any-table-of-options", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_anything_the_defaults_hold),
        cmocka_unit_test(every_form_of_an_option_is_taken),
        cmocka_unit_test(the_last_of_the_same_wins),
        cmocka_unit_test(lists_grow_and_split_at_commas),
        cmocka_unit_test(numbers_are_whole_and_within_bounds),
        cmocka_unit_test(slips_on_the_command_line_are_named),
        cmocka_unit_test(other_arguments_move_to_the_end),
        cmocka_unit_test_teardown(the_environment_stands_behind_the_command_line,
                                  clear_environment),
        cmocka_unit_test_teardown(the_file_stands_behind_the_environment,
                                  clear_environment),
        cmocka_unit_test(slips_in_the_file_are_named_with_their_line),
        cmocka_unit_test(a_weaker_source_is_checked_all_the_same),
        cmocka_unit_test_teardown(a_file_that_cannot_be_read_is_named, clear_environment),
        cmocka_unit_test(check_config_checks_and_does_not_run),
        cmocka_unit_test(the_version_is_one_line),
        cmocka_unit_test(what_a_terminal_should_not_be_shown_is_spelled_out),
        cmocka_unit_test(help_is_a_document_of_80_columns),
        cmocka_unit_test(a_default_that_is_wrong_is_a_mistake_of_ours),
        cmocka_unit_test(a_config_is_lines_of_pairs),
        cmocka_unit_test(the_nearest_name_is_near),
    };

    clear_environment(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
