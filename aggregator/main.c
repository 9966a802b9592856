/* headcount-aggregator: reads the options, runs the loop, reports how it ended. */
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "../proto/log.h"
#include "../proto/loop/handed.h"
#include "../proto/opts.h"
#include "../proto/reload.h"
#include "aggregator.h"
#include "heap.h"

#define PROGRAM "headcount-aggregator"
#define ERR_MAX 1024 /* bytes of a sentence */

enum { EXIT_OK = 0, EXIT_BUSY = 1, EXIT_OPTIONS = 2, EXIT_UNSAVED = 3 };

struct options {
    const char *udp, *admin_listen, *stats_listen, *secret_file, *redis, *redis_auth_file;
    long window, hold_ms, clean_delay;
    bool drain;
};

#define AT(field) offsetof(struct options, field)

static const struct opt rows[] = {
    {"udp", "HOST:PORT", OPT_TEXT, AT(udp), "127.0.0.1:7125", 0, 0,
     "Where datagrams of the collectors come in. [IPv6]:PORT for IPv6, [::]:PORT for all "
     "addresses; port 0 lets the kernel choose one, which is printed.",
     "Input"},
    {"admin-listen", "HOST:PORT", OPT_TEXT, AT(admin_listen), "127.0.0.1:9181", 0, 0,
     "Where operators are answered: /metrics, /counters, /livez, /readyz. Port 0 lets "
     "the kernel choose one, which is printed; none: nowhere.",
     NULL},
    {"stats-listen", "HOST:PORT", OPT_TEXT, AT(stats_listen), "127.0.0.1:1442", 0, 0,
     "Where whoever connects is told the numbers of all sites, one JSON object. Port 0 "
     "lets the kernel choose one, which is printed; none: nowhere.",
     NULL},
    {"namespace-clean-delay", "SECONDS", OPT_INT, AT(clean_delay), "60", 0, 86400,
     "A site where nobody is online and nothing has happened for so long is left out "
     "there; 0: never.",
     NULL},
    {"secret-file", "FILE", OPT_TEXT, AT(secret_file), NULL, 0, 0,
     "The secret shared with the collectors: the same file on every node, 16 to 4096 "
     "bytes. Required.",
     NULL},
    {"window", "MINUTES", OPT_INT, AT(window), TEXT_OF(WINDOW_DEFAULT), 1, WINDOW_MAX,
     "How many minutes are kept, the running one included.", "Counting"},
    {"redis", "ADDRESS", OPT_TEXT, AT(redis), "tcp://127.0.0.1:6379", 0, 0,
     "unix:PATH[?db=N] or tcp://HOST[:PORT][/DB]. Need not be there at start.", "Output"},
    {"redis-auth-file", "FILE", OPT_TEXT, AT(redis_auth_file), NULL, 0, 0,
     "A file with PASSWORD or USER:PASSWORD on its first line.", NULL},
    {"drain", NULL, OPT_FLAG, AT(drain), NULL, 0, 0,
     "At the end wait, at most 10 seconds, until Redis keeps all and the collectors know "
     "it: before they too are stopped for good.",
     "Durability"},
    {"hold-ms", "MS", OPT_INT, AT(hold_ms), TEXT_OF(HOLD_MS), 0, 60000,
     "For how long Redis must live on after a commit before the collectors may forget "
     "what is in it. The default suits appendfsync everysec, which may lose two seconds; "
     "with always 0 is enough.",
     NULL},
};

static const struct opts_spec spec = {
    .program = PROGRAM,
    .usage = "--secret-file FILE [options]",
    .about = "Counts what the collectors saw, minute by minute, and keeps Redis and its "
             "subscribers up to date. Runs in the foreground; the address it listens on "
             "is printed on stdout, everything else on stderr.",
    .footer =
        "Signals:\n"
        "  SIGTERM, SIGINT           End after a final round of commits; the second "
        "time\n"
        "                            at once.\n"
        "  SIGHUP                    Read --secret-file and --redis-auth-file again; "
        "one\n"
        "                            that is broken stays as it was.\n"
        "  SIGUSR1                   Print the counters on stderr; --help-counters says\n"
        "                            what they mean.\n"
        "\n"
        "Exit codes: 0 ended by a signal, 1 something could not be opened, 2 an option\n"
        "is wrong, 3 ended by a signal while Redis did not take the last changes,\n"
        "130 ended by a second signal.",
    .rows = rows,
    .nrows = sizeof rows / sizeof *rows,
};

static int fail(const char *err, int code)
{
    opts_complain(PROGRAM, err);
    return code;
}

/* What was handed over is used, whatever the options say of the place. */
static int take_handed(struct aggregator_config *c, char *err, size_t err_n)
{
    static const struct handed_kind kinds[] = {{"udp", SOCK_DGRAM},
                                               {"admin", SOCK_STREAM}};

    c->udp.handed = handed_find("udp");
    listen_addr_hand(&c->admin, handed_find("admin"));
    return handed_check(kinds, sizeof kinds / sizeof *kinds, err, err_n);
}

/* Returns 0, or -1 with a sentence that names the option in @err. */
static int configure(struct aggregator_config *c, const struct options *o, char *err,
                     size_t err_n)
{
    c->window = (unsigned)o->window;
    c->hold_ms = o->hold_ms;
    c->drain = o->drain;
    c->clean_ms = o->clean_delay * 1000;
    if (udp_addr_parse(&c->udp, o->udp, err, err_n) < 0 ||
        listen_addr_parse(&c->admin, "--admin-listen", o->admin_listen, err, err_n) < 0 ||
        listen_addr_parse(&c->stats, "--stats-listen", o->stats_listen, err, err_n) < 0 ||
        take_handed(c, err, err_n) < 0 ||
        redis_addr_parse(&c->redis, o->redis, err, err_n) < 0 ||
        secret_read(&c->secret, o->secret_file, err, err_n) < 0)
        return -1;
    if (!o->redis_auth_file)
        return 0;
    return redis_addr_auth_file(&c->redis, o->redis_auth_file, err, err_n);
}

/* For whoever started it: with port 0 nobody else knows the address. */
static void announce(const struct aggregator *a)
{
    char addr[UDP_TEXT];

    udp_local(&a->ingest.udp, addr);
    printf("event=listening program=" PROGRAM " proto=udp addr=%s\n", addr);
    fflush(stdout);
    admin_announce(&a->admin);
    stats_port_announce(&a->stats, PROGRAM);
}

static int print_counters(void)
{
    struct buf text;

    buf_init(&text, 64 * 1024);
    aggregator_describe(&text);
    printf("%.*s", (int)text.n, text.p);
    buf_fini(&text);
    return EXIT_OK;
}

/* What SIGHUP renews, from which files. */
struct file_renewal {
    struct aggregator *aggregator;
    struct aggregator_config *config;
    const char *secret_file, *redis_auth_file;
};

/* Everybody looks the secret up where it stands, so it need only be another. */
static void renew_secret(struct file_renewal *r)
{
    struct secret fresh;
    char err[ERR_MAX];
    bool good = reload_check("secret-file", r->secret_file, err, sizeof err) == 0 &&
                secret_read(&fresh, r->secret_file, err, sizeof err) == 0;

    if (good)
        r->config->secret = fresh;
    reload_tell("secret-file", r->secret_file, good ? NULL : err);
}

static void renew_password(struct file_renewal *r)
{
    struct redis_addr fresh = r->config->redis;
    char err[ERR_MAX];
    bool good;

    if (!r->redis_auth_file)
        return;
    good = reload_check("redis-auth-file", r->redis_auth_file, err, sizeof err) == 0 &&
           redis_addr_auth_file(&fresh, r->redis_auth_file, err, sizeof err) == 0;
    if (good) {
        r->config->redis = fresh;
        aggregator_readdress(r->aggregator);
    }
    reload_tell("redis-auth-file", r->redis_auth_file, good ? NULL : err);
}

static void on_hangup(uv_signal_t *signal, int signum)
{
    struct file_renewal *r = signal->data;

    (void)signum;
    supervisor_reloading(&r->aggregator->supervisor);
    renew_secret(r);
    renew_password(r);
    supervisor_ready(&r->aggregator->supervisor);
}

/* Does not keep the loop running. */
static void open_hangup(uv_signal_t *hangup, uv_loop_t *loop, struct file_renewal *r)
{
    uv_signal_init(loop, hangup); /* as little as SIGUSR1's can it fail */
    hangup->data = r;
    uv_signal_start(hangup, on_hangup, SIGHUP);
    uv_unref((uv_handle_t *)hangup);
    reload_hold(false);
}

static int run(struct aggregator_config *config, const struct options *o)
{
    static struct aggregator a;
    struct file_renewal renewal = {&a, config, o->secret_file, o->redis_auth_file};
    uv_signal_t hangup;
    uv_loop_t loop;
    char err[ERR_MAX];
    int r;

    if ((r = uv_loop_init(&loop)) < 0) {
        snprintf(err, sizeof err, "no event loop: %s", uv_strerror(r));
        return fail(err, EXIT_BUSY);
    }
    if (aggregator_open(&a, &loop, config, err, sizeof err) < 0) {
        uv_loop_close(&loop);
        return fail(err, EXIT_BUSY);
    }
    open_hangup(&hangup, &loop, &renewal);
    announce(&a);
    supervisor_ready(&a.supervisor);
    uv_run(&loop, UV_RUN_DEFAULT);
    reload_hold(true);
    uv_close((uv_handle_t *)&hangup, NULL);
    aggregator_close(&a, &loop);
    r = uv_loop_close(&loop);
    assert(r == 0); /* every handle was closed */
    return a.unsaved ? EXIT_UNSAVED : EXIT_OK;
}

int main(int argc, char **argv)
{
    static struct aggregator_config config; /* for as long as the loop runs */
    struct options options;
    enum opts_result parsed;
    char err[ERR_MAX];

    if (argc == 2 && strcmp(argv[1], "--help-counters") == 0)
        return print_counters();
    parsed = opts_parse(&spec, &options, argc, argv, NULL);
    if (parsed == OPTS_DONE)
        return EXIT_OK;
    if (parsed == OPTS_ERROR)
        return EXIT_OPTIONS;
    log_open(PROGRAM);
    heap_init();
    reload_hold(true);
    if (configure(&config, &options, err, sizeof err) < 0)
        return fail(err, EXIT_OPTIONS);
    return parsed == OPTS_CHECK ? EXIT_OK : run(&config, &options);
}
