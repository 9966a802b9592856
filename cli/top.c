/* top: all sites at once, and one of them opened.
 *
 * On a terminal a full screen that changes as messages come; elsewhere one table, or one
 * JSON object, and with --interval one after the other. What is shown is decided in
 * top_model, how it looks in top_screen; here are clocks, keys and sockets.
 *
 * Never reached at the start, Redis is an error. Later it is waited for, and the screen
 * says since when its numbers are old; between tables there is a sentence on stderr, and
 * no table. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include "interrupt.h"
#include "keystroke.h"
#include "top_print.h"
#include "top_screen.h"
#include "top_source.h"
#include "tty.h"

#define DRAW_EVERY_MS 200 /* when nobody pressed a key */
#define CLOCK_EVERY_MS 1000
#define KEYS_MAX 256 /* bytes typed and not understood yet */

struct top_opts {
    struct dial_opts dial;
    const char *sort;
    const char *filter;
    long interval; /* seconds, 0: once */
    bool once;
    bool json;
};

struct top {
    struct top_opts opts;
    struct term term;
    struct top_model model;
    struct top_source source;
    char keys[KEYS_MAX];
    size_t nkeys;
    mono_t typed; /* when the last of them came */
    mono_t drawn;
    bool stale; /* the screen */
};

static const struct opt rows[] = {
    {.name = "sort",
     .arg = "BY",
     .type = OPT_TEXT,
     .offset = offsetof(struct top_opts, sort),
     .def = "online",
     .help = "What the sites are sorted by: online, visitors, views or name.",
     .group = "Sites"},
    {.name = "filter",
     .arg = "TEXT",
     .type = OPT_TEXT,
     .offset = offsetof(struct top_opts, filter),
     .help = "Only sites that have TEXT in their id."},
    {.name = "once",
     .type = OPT_FLAG,
     .offset = offsetof(struct top_opts, once),
     .help = "Print one table and end, on a terminal too.",
     .group = "Output"},
    {.name = "interval",
     .arg = "SECONDS",
     .type = OPT_INT,
     .offset = offsetof(struct top_opts, interval),
     .def = "0",
     .max = 86400,
     .help = "Print again after so long, until Ctrl-C; 0 is once."},
    {.name = "json",
     .type = OPT_FLAG,
     .offset = offsetof(struct top_opts, json),
     .help = "Print one JSON object a line instead of tables."},
    DIAL_OPTS(struct top_opts, dial),
};

static const struct opts_spec spec = {
    .program = "headcount top",
    .usage = "[options]",
    .about = "Shows all sites that are live or were named, on a full screen that "
             "changes as they do: who is online (a tab is open) and active (it is in "
             "front), visitors and page views of the last 5 minutes, the peak of today, "
             "visitors of the last minutes. Enter opens a site; ? lists the keys. Not "
             "on a terminal it prints one table.",
    .footer = "Exit codes:\n"
              "  0  ended by q, Ctrl-C or SIGTERM, or printed\n"
              "  2  the command line is wrong\n"
              "  3  Redis could not be reached at the start\n"
              "\n"
              "Examples:\n"
              "  headcount top\n"
              "  headcount top --sort visitors --filter shop\n"
              "  headcount top --json | jq '.sites[0].online.total'",
    .rows = rows,
    .nrows = sizeof rows / sizeof *rows,
};

static void tell_time(struct top *t)
{
    struct timespec wall;

    clock_gettime(CLOCK_REALTIME, &wall);
    top_model_time(&t->model, (ms_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000,
                   mono_now());
}

/* Waits for sockets, and with @keys for the keyboard, for at most @ms. */
static void wait_for(struct top *t, bool keys, mono_t ms)
{
    struct pollfd fds[TOP_SOCKETS + 1];
    nfds_t n = top_source_fds(&t->source, fds);
    mono_t patience = top_source_patience(&t->source, mono_now());
    int ready;

    if (keys)
        fds[n] = (struct pollfd){0, POLLIN, 0};
    ready = interrupt_poll(fds, n + keys, patience < ms ? patience : ms);
    tell_time(t);
    if (ready < 0)
        return;
    if (n > 0 && (fds[0].revents || (n > 1 && fds[1].revents)))
        t->stale = true;
    top_source_on_poll(&t->source, &t->model, fds);
}

/* ---- tables -------------------------------------------------------------- */

/* Reads all sites. Returns 0, or -1 when Redis went away or somebody interrupted. */
static int gather(struct top *t)
{
    do {
        top_source_step(&t->source, &t->model);
        if (t->model.away || interrupt_seen())
            return -1;
        if (top_source_is_idle(&t->source) && top_model_is_complete(&t->model))
            return 0;
        wait_for(t, false, CLOCK_EVERY_MS);
    } while (!t->model.away);
    return -1;
}

static void print(struct top *t)
{
    struct buf out;

    buf_init(&out, TOP_PRINT_MAX);
    top_model_arrange(&t->model);
    if (t->opts.json)
        top_print_json(&t->model, &out);
    else
        top_print_table(&t->model, &t->term, &out);
    fwrite(out.p, 1, out.n, stdout);
    fflush(stdout);
    buf_fini(&out);
}

static void sleep_until(mono_t until)
{
    while (!interrupt_seen() && mono_now() < until)
        interrupt_poll(NULL, 0, until - mono_now());
}

static enum command_exit print_all(struct top *t)
{
    bool told = false;
    mono_t next = mono_now();

    if (gather(t) < 0 && !interrupt_seen()) {
        complain("cannot read sites from %s: %s", t->opts.dial.redis, t->model.why);
        return EXIT_UNREACHABLE;
    }
    while (!interrupt_seen()) {
        print(t);
        if (t->opts.interval == 0 || ferror(stdout))
            break;
        do {
            next += t->opts.interval * 1000;
            sleep_until(next);
            tell_time(t);
            top_source_refresh(&t->source, &t->model);
            if (gather(t) == 0)
                break;
            if (!told && !interrupt_seen())
                complain("lost %s: %s; dialling again", t->opts.dial.redis, t->model.why);
            told = true;
        } while (!interrupt_seen());
        told = false;
    }
    return EXIT_FINE;
}

/* ---- the screen ---------------------------------------------------------- */

static void draw(struct top *t)
{
    unsigned width, height;
    struct buf out;

    tty_size(&width, &height);
    top_model_resize(&t->model, width, height);
    top_model_arrange(&t->model);
    buf_init(&out, TOP_SCREEN_MAX);
    top_screen(&t->model, &t->term, &out);
    if (tty_draw(buf_get(&out)) < 0)
        t->model.quit = true;
    buf_fini(&out);
    t->drawn = mono_now();
    t->stale = false;
}

/* Gives complete keys to the model; with @all the rest is one, too. */
static bool take_keys(struct top *t, bool all)
{
    size_t taken, at = 0;
    bool any = false;
    int key;

    while (at < t->nkeys &&
           (taken = keystroke_take(t->keys + at, t->nkeys - at, all, &key)) > 0) {
        at += taken;
        any = true;
        top_model_arrange(&t->model); /* the place that the key is about */
        top_model_key(&t->model, key);
    }
    t->nkeys -= at;
    memmove(t->keys, t->keys + at, t->nkeys);
    return any;
}

/* Returns whether the screen should be drawn at once. */
static bool read_keys(struct top *t)
{
    ssize_t n = tty_read(t->keys + t->nkeys, sizeof t->keys - t->nkeys);
    bool late = mono_now() - t->typed >= KEYSTROKE_ESCAPE_MS;

    if (n < 0)
        t->model.quit = true;
    if (n > 0) {
        t->nkeys += (size_t)n;
        t->typed = mono_now();
        late = t->nkeys == sizeof t->keys; /* no key is as long as that */
    }
    return take_keys(t, late);
}

static mono_t until_draw(const struct top *t)
{
    mono_t due = t->drawn + (t->stale ? DRAW_EVERY_MS : CLOCK_EVERY_MS);
    mono_t left = due - mono_now();

    if (t->nkeys > 0 && left > KEYSTROKE_ESCAPE_MS)
        left = KEYSTROKE_ESCAPE_MS;
    return left > 0 ? left : 0;
}

static enum command_exit show(struct top *t)
{
    bool now = true;

    if (tty_open() < 0) {
        complain("this terminal cannot be a screen: %s; try --once", strerror(errno));
        return EXIT_NO;
    }
    while (!t->model.quit && !interrupt_seen() && !tty_is_gone()) {
        top_source_step(&t->source, &t->model);
        if (now || until_draw(t) == 0)
            draw(t);
        wait_for(t, true, until_draw(t));
        now = read_keys(t);
        now |= tty_disturbed();
    }
    tty_close();
    return EXIT_FINE;
}

/* ---- the whole ----------------------------------------------------------- */

static int sort_of(const char *name)
{
    for (int i = 0; i < TOP_SORTS; i++)
        if (strcmp(name, top_sort_name((enum top_sort)i)) == 0)
            return i;
    complain("--sort \"%s\" is none of online, visitors, views and name", name);
    return -1;
}

static enum command_exit run(struct top *t, bool screen)
{
    struct redis_addr addr;
    char at[512];
    enum command_exit code;

    if (dial_address(&addr, &t->opts.dial) < 0)
        return EXIT_USAGE;
    interrupt_open();
    tell_time(t);
    if (top_source_open(&t->source, &addr, screen) < 0) {
        redis_addr_text(&addr, at, sizeof at);
        complain("cannot reach Redis at %s: %s", at, t->source.why);
        return EXIT_UNREACHABLE;
    }
    code = screen ? show(t) : print_all(t);
    top_source_close(&t->source);
    return code;
}

int top_run(int argc, char **argv)
{
    static struct top t; /* holds the feed of the open site */
    int rest, code, sort;
    bool screen;

    if (!command_options(&spec, &t.opts, argc, argv, &rest, &code))
        return code;
    if (rest < argc) {
        complain("top takes no %s; to look at one site open it, or `headcount watch %s`",
                 argv[rest], argv[rest]);
        return EXIT_USAGE;
    }
    sort = sort_of(t.opts.sort);
    if (sort < 0)
        return EXIT_USAGE;
    t.term = term_of(stdout);
    screen = !t.opts.json && !t.opts.once && t.opts.interval == 0 && tty_usable();
    top_model_init(&t.model, (enum top_sort)sort, t.opts.filter);
    code = run(&t, screen);
    top_model_fini(&t.model);
    return code;
}
