/* Command lines, environments and config files of any bytes, together: what is read of
 * them keeps to its table, written out anew as arguments it is the same, and what a
 * collector makes of it is within its bounds; else there is one sentence. One thing a
 * line: -... an argument, NAME=... in capitals a variable, anything else goes to the
 * file.
 *
 * Files that options name are not read here (fuzz_files), nor are names looked up, nor
 * pages made (the linker puts the functions of this file in place of others). */
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../collector/options.h"
#include "../../collector/setup.h"
#include "../../proto/utf8.h"
#include "../text_list.h"

#define INPUT_MAX 2048
#define ARGS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int __real_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **found);
int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **found);
void __wrap_assets_init(struct assets *a, const struct naming *n);

static void must(bool claim)
{
    if (!claim)
        abort();
}

int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **found)
{
    struct addrinfo numeric = hints ? *hints : (struct addrinfo){0};

    numeric.ai_flags |= AI_NUMERICHOST;
    return __real_getaddrinfo(host, port, &numeric, found);
}

/* Nearly all the time would go into them. */
void __wrap_assets_init(struct assets *a, const struct naming *n)
{
    must(n->pixel.n > 0 && n->events.n > 0 && n->script.n > 0);
    *a = (struct assets){0};
}

/* ---- what is given ---- */

static struct {
    char *argv[ARGS_MAX];
    int argc;
    char *variable[ARGS_MAX]; /* names, to be forgotten */
    size_t variables;
    char config[48]; /* where the file is found */
    int file;
} given;

static void add_argument(const char *text, size_t n)
{
    must(given.argc < ARGS_MAX);
    given.argv[given.argc++] = strndup(text, n);
}

static bool begins(struct slice s, const char *with)
{
    return s.n >= strlen(with) && memcmp(s.p, with, strlen(with)) == 0;
}

/* A process that inherits sockets is told so by three variables; whose they are is
 * never in doubt here. */
static void add_variable(struct slice line)
{
    char *name = strndup(line.p, line.n), *value = strchr(name, '=');

    if (value == NULL || strncmp(name, "HEADCOUNT_CONFIG=", 17) == 0) {
        free(name);
        return;
    }
    *value++ = '\0';
    setenv(name, value, 1);
    given.variable[given.variables++] = name;
}

static void add_line(struct slice line)
{
    if (begins(line, "-")) {
        if (!begins(line, "--config") && given.argc < ARGS_MAX - 1)
            add_argument(line.p, line.n);
    } else if (begins(line, "HEADCOUNT_") || begins(line, "LISTEN_FD")) {
        if (given.variables < ARGS_MAX)
            add_variable(line);
    } else {
        must(write(given.file, line.p, line.n) == (ssize_t)line.n);
        must(write(given.file, "\n", 1) == 1);
    }
}

static void give(struct slice all)
{
    must(ftruncate(given.file, 0) == 0 && lseek(given.file, 0, SEEK_SET) == 0);
    given.argc = 0;
    given.variables = 0;
    add_argument("headcount-collector", 19);
    add_argument(given.config, strlen(given.config));
    while (all.n > 0)
        add_line(take_line(&all));
}

static void forget_arguments(void)
{
    for (int i = 0; i < given.argc; i++)
        free(given.argv[i]);
    given.argc = 0;
}

static void forget_variables(void)
{
    for (size_t i = 0; i < given.variables; i++) {
        unsetenv(given.variable[i]);
        free(given.variable[i]);
    }
    given.variables = 0;
}

/* ---- what is read ---- */

/* One line, of the program, without what a terminal should not be shown. */
static void expect_sentence(struct slice said)
{
    uint32_t code;

    must(begins(said, "headcount-collector: ") && said.n > 30);
    must(said.p[said.n - 1] == '\n');
    said.n--;
    while (said.n > 0)
        must(utf8_next(&said, &code) && !utf8_is_unsafe(code));
}

/* Reads what is given; what would be shown is looked at. */
static enum opts_result parse(struct options *o)
{
    char *out = NULL, *err = NULL;
    size_t out_n, err_n;
    FILE *terminal = stdout, *errors = stderr;
    enum opts_result r;

    stdout = open_memstream(&out, &out_n);
    stderr = open_memstream(&err, &err_n);
    must(stdout && stderr);
    r = opts_parse(&options_spec, o, given.argc, given.argv, NULL);
    fclose(stdout);
    fclose(stderr);
    stdout = terminal;
    stderr = errors;
    must((r == OPTS_DONE) == (out_n > 0));
    must((r == OPTS_ERROR) == (err_n > 0));
    if (r == OPTS_ERROR)
        expect_sentence((struct slice){err, err_n});
    free(out);
    free(err);
    return r;
}

static const void *field_of(const struct options *o, const struct opt *row)
{
    return (const char *)o + row->offset;
}

static void expect_list(const struct opt_list *list)
{
    must(list->n <= OPT_LIST_MAX);
    for (size_t i = 0; i < list->n; i++) {
        const char *v = list->v[i];

        must(*v && !strchr(v, ',') && !strchr(" \t", *v));
        must(!strchr(" \t", v[strlen(v) - 1]));
    }
}

/* The row's value as an argument. */
static void write_out(const struct options *o, const struct opt *row)
{
    const void *v = field_of(o, row);
    char *text = NULL;
    size_t n;
    FILE *f;

    if (row->type == OPT_TEXT && *(const char *const *)v == NULL)
        return;
    f = open_memstream(&text, &n);
    must(f != NULL);
    if (row->type == OPT_FLAG) {
        fprintf(f, "--%s%s", *(const bool *)v ? "" : "no-", row->name);
    } else if (row->type == OPT_TEXT) {
        fprintf(f, "--%s=%s", row->name, *(const char *const *)v);
    } else if (row->type == OPT_INT) {
        must(*(const long *)v >= row->min && *(const long *)v <= row->max);
        fprintf(f, "--%s=%ld", row->name, *(const long *)v);
    } else {
        const struct opt_list *list = v;

        expect_list(list);
        fprintf(f, "--%s=", row->name);
        for (size_t i = 0; i < list->n; i++)
            fprintf(f, "%s%s", i ? "," : "", list->v[i]);
    }
    fclose(f);
    add_argument(text, n);
    free(text);
}

static bool is_same(const struct options *a, const struct options *b,
                    const struct opt *row)
{
    const void *v = field_of(a, row), *w = field_of(b, row);
    const struct opt_list *l = v, *m = w;
    const char *const *s = v, *const *t = w;

    if (row->type == OPT_FLAG)
        return *(const bool *)v == *(const bool *)w;
    if (row->type == OPT_INT)
        return *(const long *)v == *(const long *)w;
    if (row->type == OPT_TEXT)
        return *s == *t || (*s && *t && strcmp(*s, *t) == 0);
    for (size_t i = 0; i < l->n && l->n == m->n; i++)
        if (strcmp(l->v[i], m->v[i]) != 0)
            return false;
    return l->n == m->n;
}

/* Texts of @o that arguments are must last so long: those of the first time are freed. */
static void expect_same_anew(const struct options *o)
{
    char *first[ARGS_MAX];
    int n = given.argc;
    struct options again;

    memcpy(first, given.argv, sizeof first);
    given.argc = 0;
    add_argument("headcount-collector", 19);
    for (size_t i = 0; i < options_spec.nrows; i++)
        write_out(o, &options_spec.rows[i]);
    must(parse(&again) == OPTS_RUN);
    for (size_t i = 0; i < options_spec.nrows; i++)
        must(is_same(o, &again, &options_spec.rows[i]));
    forget_arguments();
    memcpy(given.argv, first, sizeof first);
    given.argc = n;
}

/* ---- what comes of it ---- */

static const char *secret_path(void)
{
    static const char secret[] = "the secret of a fuzzer";
    static char path[32];
    int fd;

    if (path[0] == '\0') {
        fd = memfd_create("secret", 0);
        must(fd >= 0 && fchmod(fd, 0600) == 0);
        must(write(fd, secret, sizeof secret - 1) == sizeof secret - 1);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    return path;
}

static void expect_setup(struct options *o)
{
    char err[600] = "";
    struct setup s;

    o->secret_file = secret_path();
    o->bots = o->referrer_spam = "none";
    o->geoip = o->redis_auth_file = NULL;
    if (setup_init(&s, o, err, sizeof err) < 0) {
        must(strncmp(err, "--", 2) == 0 || strstr(err, "LISTEN_FD"));
        routing_fini(&s.routing);
        return;
    }
    must(err[0] == '\0');
    must(s.naggregators >= 1 && s.naggregators <= AGGREGATORS_MAX);
    must(s.workers >= 1 && s.workers <= WORKERS_MAX);
    must(s.conns_max >= 1 && s.streams_max <= s.conns_max);
    must(s.trusted.n <= TRUSTED_MAX && s.excluded.n <= TRUSTED_MAX);
    must(s.damp.ratio <= DAMP_RATIO_MAX && s.audience_damp.max_ms <= DAMP_DELAY_MAX);
    for (int i = 0; i < DEADLINE_CLASSES; i++)
        must(s.deadline_ms[i] >= 0);
    for (size_t i = 0; i < s.norigins; i++)
        must(setup_has_origin(&s, slice_of(s.origin[i])));
    routing_fini(&s.routing);
    setup_fini(&s);
}

static void set_up(void)
{
    char pid[24];

    given.file = memfd_create("config", 0);
    must(given.file >= 0);
    snprintf(given.config, sizeof given.config, "--config=/proc/self/fd/%d", given.file);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("LISTEN_PID", pid, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct options o;
    enum opts_result r;

    if (given.file == 0)
        set_up();
    if (size > INPUT_MAX)
        return 0;
    give((struct slice){(const char *)data, size});
    r = parse(&o);
    if (r == OPTS_RUN || r == OPTS_CHECK)
        expect_setup(&o);
    forget_variables();
    if (r == OPTS_RUN || r == OPTS_CHECK)
        expect_same_anew(&o);
    forget_arguments();
    return 0;
}
