/* The option table, and one check after the other: the first that fails tells what to
 * change. */
#include "setup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>
#include "../proto/limits.h"

#define ROW(field) offsetof(struct options, field)

static const struct opt rows[] = {
    {.name = "listen",
     .arg = "HOST:PORT",
     .type = OPT_TEXT,
     .offset = ROW(listen),
     .def = "127.0.0.1:8080",
     .group = "Network",
     .help = "Where browsers are answered. [IPv6]:PORT for IPv6, [::]:PORT for all "
             "addresses; port 0 lets the kernel choose one, which is printed."},
    {.name = "admin-listen",
     .arg = "HOST:PORT",
     .type = OPT_TEXT,
     .offset = ROW(admin_listen),
     .def = "127.0.0.1:9180",
     .help = "Where operators are answered: /metrics, /counters, /livez, /readyz. Port 0 "
             "lets the kernel choose one, which is printed; none: nowhere."},
    {.name = "aggregator",
     .arg = "HOST:PORT",
     .type = OPT_LIST,
     .offset = ROW(aggregators),
     .def = "127.0.0.1:7125",
     .help = "Where headcount-aggregator takes datagrams. May be repeated: the next one "
             "is for when this one has not answered for 5 seconds."},
    {.name = "redis",
     .arg = "ADDRESS",
     .type = OPT_TEXT,
     .offset = ROW(redis),
     .def = "tcp://127.0.0.1:6379",
     .help = "unix:PATH[?db=N] or tcp://HOST[:PORT][/DB]. Only read from. Need not be "
             "there at start."},
    {.name = "trusted-proxy",
     .arg = "CIDR",
     .type = OPT_LIST,
     .offset = ROW(trusted_proxies),
     .help = "A network whose X-Forwarded-For is believed. May be repeated."},
    {.name = "secret-file",
     .arg = "FILE",
     .type = OPT_TEXT,
     .offset = ROW(secret_file),
     .group = "Secrets",
     .help = "The secret shared with the aggregator: the same file on every node, 16 to "
             "4096 bytes. Required."},
    {.name = "redis-auth-file",
     .arg = "FILE",
     .type = OPT_TEXT,
     .offset = ROW(redis_auth_file),
     .help = "A file with PASSWORD or USER:PASSWORD on its first line."},
    {.name = "ring",
     .arg = "MIB",
     .type = OPT_INT,
     .offset = ROW(ring),
     .def = "64",
     .min = RING_MIB_MIN,
     .max = RING_MIB_MAX,
     .group = "Safety",
     .help = "Memory of each worker for hits that are not safe in Redis yet; about "
             "25,000 hits a MiB."},
    {.name = "spool",
     .arg = "DIR",
     .type = OPT_TEXT,
     .offset = ROW(spool),
     .help =
         "Keep that memory in files of DIR, so that hits survive the end of the process, "
         "kill -9 too; not a reboot, so DIR may be in memory, like /dev/shm."},
    {.name = "drain",
     .type = OPT_FLAG,
     .offset = ROW(drain),
     .help = "At the end wait up to 30 seconds until all hits are safe in Redis, instead "
             "of up to 5 until an aggregator has received them."},
    {.name = "workers",
     .arg = "N",
     .type = OPT_INT,
     .offset = ROW(workers),
     .def = "0",
     .min = 0,
     .max = WORKERS_MAX,
     .group = "Process",
     .help = "Threads, each with its own listening socket; 0: one for each core."},
};

const struct opts_spec options_spec = {
    .program = "headcount-collector",
    .usage = "--secret-file FILE [options]",
    .about = "Takes beacons over HTTP, sends them to headcount-aggregator as datagrams, "
             "and answers who is on a site now from what the aggregator keeps in Redis. "
             "Runs in the foreground; the address it listens on is printed on stdout, "
             "everything else on stderr.",
    .footer =
        "Signals:\n"
        "  SIGTERM, SIGINT           End after the hits have been handed over, see\n"
        "                            --drain; the second time at once.\n"
        "  SIGUSR1                   Print the counters on stderr; --help-counters says\n"
        "                            what they mean.\n"
        "\n"
        "Exit codes: 0 ended by a signal, 1 something could not be opened, 2 an option\n"
        "is wrong, 3 ended with hits that no aggregator had received and no spool\n"
        "keeps, 130 ended by a second signal.",
    .rows = rows,
    .nrows = sizeof rows / sizeof rows[0],
};

static int check_trusted(struct trusted *t, const struct opt_list *list, char *err,
                         size_t err_n)
{
    for (size_t i = 0; i < list->n; i++) {
        if (t->n == TRUSTED_MAX) {
            snprintf(err, err_n, "--trusted-proxy: at most %d networks", TRUSTED_MAX);
            return -1;
        }
        if (cidr_parse(&t->v[t->n++], slice_of(list->v[i])) < 0) {
            snprintf(err, err_n, "--trusted-proxy %s: give a network like 10.0.0.0/8",
                     list->v[i]);
            return -1;
        }
    }
    return 0;
}

static int check_aggregators(struct setup *s, const struct opt_list *list, char *err,
                             size_t err_n)
{
    if (list->n == 0 || list->n > AGGREGATORS_MAX) {
        snprintf(err, err_n, "--aggregator: give one address, or up to %d",
                 AGGREGATORS_MAX);
        return -1;
    }
    for (size_t i = 0; i < list->n; i++)
        if (address_parse(&s->aggregator[i], list->v[i], "--aggregator", err, err_n) < 0)
            return -1;
    s->naggregators = (unsigned)list->n;
    return 0;
}

static int check_spool(const char *path, char *err, size_t err_n)
{
    struct stat st;

    if (path == NULL)
        return 0;
    if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
        errno = ENOTDIR;
    else if (access(path, R_OK | W_OK | X_OK) == 0)
        return 0;
    snprintf(err, err_n, "--spool %s: %s", path, strerror(errno));
    return -1;
}

static int check_redis(struct redis_addr *a, const struct options *o, char *err,
                       size_t err_n)
{
    if (redis_addr_parse(a, o->redis, err, err_n) < 0)
        return -1;
    return o->redis_auth_file ? redis_addr_auth_file(a, o->redis_auth_file, err, err_n)
                              : 0;
}

/* A fifth of the files is left to Redis, the uplink, the loops and the log. */
static unsigned conns_of(unsigned workers)
{
    struct rlimit files = {.rlim_cur = 1024};
    rlim_t share;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files); /* best effort: the soft limit serves too */
        getrlimit(RLIMIT_NOFILE, &files);
    }
    share = files.rlim_cur / 5 * 4 / workers;
    if (share < 1)
        return 1;
    return share < WORKER_CONNS_MAX ? (unsigned)share : WORKER_CONNS_MAX;
}

int setup_init(struct setup *s, const struct options *o, char *err, size_t err_n)
{
    static const int deadline_ms[DEADLINE_CLASSES] = {
        [DEADLINE_IDLE] = HTTP_IDLE_DEADLINE_MS,
        [DEADLINE_HEAD] = HTTP_HEAD_DEADLINE_MS,
        [DEADLINE_BODY] = HTTP_BODY_DEADLINE_MS,
        [DEADLINE_WAIT] = HTTP_WAIT_DEADLINE_MS,
        [DEADLINE_WRITE] = HTTP_WRITE_DEADLINE_MS,
        [DEADLINE_DRAIN] = HTTP_DRAIN_DEADLINE_MS,
        [DEADLINE_REPORT] = REPORT_CACHE_MS,
    };

    *s = (struct setup){.listen_text = o->listen};
    if (address_parse(&s->listen, o->listen, "--listen", err, err_n) < 0 ||
        listen_addr_parse(&s->admin, "--admin-listen", o->admin_listen, err, err_n) < 0 ||
        check_aggregators(s, &o->aggregators, err, err_n) < 0 ||
        check_redis(&s->redis, o, err, err_n) < 0 ||
        check_trusted(&s->trusted, &o->trusted_proxies, err, err_n) < 0 ||
        secret_read(&s->secret, o->secret_file, err, err_n) < 0 ||
        check_spool(o->spool, err, err_n) < 0)
        return -1;
    s->workers = o->workers > 0 ? (unsigned)o->workers : uv_available_parallelism();
    if (s->workers > WORKERS_MAX)
        s->workers = WORKERS_MAX;
    s->ring_bytes = (size_t)o->ring << 20;
    s->spool = o->spool;
    s->drain = o->drain;
    s->stop_ms = o->drain ? STOP_DURABLE_MS : STOP_RECEIVED_MS;
    s->conns_max = conns_of(s->workers);
    memcpy(s->deadline_ms, deadline_ms, sizeof deadline_ms);
    return 0;
}
