/* load: asks a web server for pixels, or tells it events, and says how it answered. See
 * --help. One process and one epoll loop, cheaper than what it drives. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include "../../proto/opts.h"
#include "lib/askers.h"

#define PROGRAM "load"
#define BATCH_MOST 500 /* what headcount takes */

struct options {
    long connections, ms, requests, rate, batch, timeout, seed;
    long below[BLANK_KINDS]; /* visitors, sites, pages */
    const char *target, *event, *once;
    bool small, go_on;
};

#define AT(field) offsetof(struct options, field)

static const struct opt rows[] = {
    {.name = "connections",
     .arg = "N",
     .type = OPT_INT,
     .offset = AT(connections),
     .def = "64",
     .min = 1,
     .max = ASKERS_MAX,
     .help = "At the same time, each with one request under way.",
     .group = "How much"},
    {.name = "ms",
     .arg = "MS",
     .type = OPT_INT,
     .offset = AT(ms),
     .def = "5000",
     .min = 1,
     .max = 86400000,
     .help = "For so many milliseconds."},
    {.name = "requests",
     .arg = "N",
     .type = OPT_INT,
     .offset = AT(requests),
     .def = "0",
     .max = 1000000000000,
     .help = "And no more than these; 0: as many as come."},
    {.name = "rate",
     .arg = "N",
     .type = OPT_INT,
     .offset = AT(rate),
     .def = "0",
     .max = 10000000,
     .help =
         "Open loop: so many a second, whether or not the server keeps up. Latency is "
         "measured from when a request was due. 0: each connection asks as soon as it "
         "is answered."},
    {.name = "target",
     .arg = "TEXT",
     .type = OPT_TEXT,
     .offset = AT(target),
     .help = "What is asked for. Without it /hc.gif?i=bench&p=/{p}&u={u}, or /e with "
             "--batch.",
     .group = "What"},
    {.name = "small",
     .type = OPT_FLAG,
     .offset = AT(small),
     .def = "no",
     .help = "Without the headers of a browser."},
    {.name = "once",
     .arg = "WHO",
     .type = OPT_TEXT,
     .offset = AT(once),
     .help = "A new connection for each request, which WHO closes: server or client."},
    {.name = "batch",
     .arg = "N",
     .type = OPT_INT,
     .offset = AT(batch),
     .def = "0",
     .max = BATCH_MOST,
     .help = "POST so many events as a JSON array."},
    {.name = "event",
     .arg = "TEXT",
     .type = OPT_TEXT,
     .offset = AT(event),
     .def = "{\"i\":\"bench\",\"p\":\"/{p}\",\"u\":\"{u}\"}",
     .help = "One of them."},
    {.name = "visitors",
     .arg = "N",
     .type = OPT_INT,
     .offset = AT(below[BLANK_VISITOR]),
     .def = "0",
     .max = 1000000000000,
     .help =
         "{u} in these texts is one of so many, anew wherever it stands; 0: 64 random "
         "bits."},
    {.name = "sites",
     .arg = "N",
     .type = OPT_INT,
     .offset = AT(below[BLANK_SITE]),
     .def = "1",
     .min = 1,
     .max = 100000,
     .help = "{s} is one of so many, as five digits from 00000 on."},
    {.name = "pages",
     .arg = "N",
     .type = OPT_INT,
     .offset = AT(below[BLANK_PAGE]),
     .def = "100",
     .min = 1,
     .max = 100000,
     .help = "{p} likewise."},
    {.name = "seed",
     .arg = "N",
     .type = OPT_INT,
     .offset = AT(seed),
     .def = "0",
     .max = 1000000000000,
     .help = "The same draws each time; 0: others."},
    {.name = "timeout",
     .arg = "MS",
     .type = OPT_INT,
     .offset = AT(timeout),
     .def = "10000",
     .min = 1,
     .max = 3600000,
     .help = "What is not answered within so many milliseconds is an error.",
     .group = "Errors"},
    {.name = "go-on",
     .type = OPT_FLAG,
     .offset = AT(go_on),
     .def = "no",
     .help = "Count them and go on, on a new connection. Without it the first ends all."},
};

static const struct opts_spec spec = {
    .program = PROGRAM,
    .usage = "[options] IPV4:PORT",
    .about =
        "Asks a web server, and prints what became of it as one line of JSON: requests "
        "answered, seconds, microseconds of its own CPU each, quantiles of the latency "
        "in microseconds, and how many requests ended in which other way.",
    .footer = "Exit codes: 0, 1 an error without --go-on, 2 an option is wrong.",
    .rows = rows,
    .nrows = sizeof rows / sizeof rows[0],
};

static int refuse(const char *why)
{
    opts_complain(PROGRAM, why);
    return -1;
}

static int read_address(struct sockaddr_in *to, const char *text)
{
    char host[INET_ADDRSTRLEN];
    unsigned short port;

    to->sin_family = AF_INET;
    if (sscanf(text, "%15[0-9.]:%hu", host, &port) != 2 || port == 0 ||
        inet_pton(AF_INET, host, &to->sin_addr) != 1)
        return refuse("who is asked is named IPV4:PORT");
    to->sin_port = htons(port);
    return 0;
}

static int read_once(enum askers_once *once, const char *who)
{
    *once = who == NULL ? ONCE_NO : *who == 's' ? ONCE_SERVER : ONCE_CLIENT;
    if (who && strcmp(who, "server") != 0 && strcmp(who, "client") != 0)
        return refuse("--once is server or client");
    return 0;
}

static uint64_t clock_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int make_request(struct request *r, const struct options *o, enum askers_once once)
{
    struct request_form form = {
        .target = o->target  ? o->target
                  : o->batch ? "/e"
                             : "/hc.gif?i=bench&p=/{p}&u={u}",
        .event = o->batch ? o->event : NULL,
        .batch = (unsigned)o->batch,
        .small = o->small,
        .last = once == ONCE_SERVER,
    };

    r->random = o->seed ? (uint64_t)o->seed : clock_now();
    for (unsigned kind = 0; kind < BLANK_KINDS; kind++)
        r->below[kind] = (uint64_t)o->below[kind];
    return request_init(r, &form) < 0 ? refuse("a request of that would be too long") : 0;
}

/* ---- what is printed ---- */

static double cpu_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double us_at(const struct histogram *h, double q)
{
    return (double)histogram_at(h, q) / 1e3;
}

static void print(const struct askers_told *told, double own_us)
{
    static const char *const ends[] = {
#define X(name) #name,
        ASKERS_ENDS(X)
#undef X
    };
    const struct histogram *h = &told->latency;
    uint64_t n = told->count[ASKERS_answered];

    printf("{\"requests\":%llu,\"seconds\":%.4f,\"own_us\":%.3f,\"p50_us\":%.1f,"
           "\"p90_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f",
           (unsigned long long)n, (double)told->took / 1e9, n ? own_us / (double)n : 0,
           us_at(h, 0.5), us_at(h, 0.9), us_at(h, 0.99), us_at(h, 0.999), us_at(h, 1));
    for (int end = ASKERS_answered + 1; end < ASKERS_ENDS_COUNT; end++)
        printf(",\"%s\":%llu", ends[end], (unsigned long long)told->count[end]);
    puts("}");
}

static bool has_errors(const struct askers_told *told)
{
    for (int end = ASKERS_answered + 1; end < ASKERS_unanswered; end++)
        if (told->count[end])
            return true;
    return false;
}

/* So many connections, each a file. */
static void raise_files(void)
{
    struct rlimit files;

    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

static int run(const struct askers_wish *wish, const struct options *o, struct request *r)
{
    static struct askers_told told;
    struct schedule schedule = {
        .rate = (double)o->rate,
        .begin = clock_now(),
        .most = o->requests ? (uint64_t)o->requests : UINT64_MAX,
    };
    double cpu = cpu_us();

    schedule.end = schedule.begin + (uint64_t)o->ms * 1000000;
    if (askers_run(wish, &schedule, r, &told) < 0) {
        perror(PROGRAM);
        return 1;
    }
    print(&told, cpu_us() - cpu);
    return !o->go_on && has_errors(&told);
}

int main(int argc, char **argv)
{
    static struct request request;
    struct askers_wish wish = {0};
    struct options o;
    int rest;
    enum opts_result parsed = opts_parse(&spec, &o, argc, argv, &rest);

    if (parsed != OPTS_RUN)
        return parsed == OPTS_ERROR ? 2 : 0;
    if (argc != rest + 1) {
        refuse("one address is needed");
        return 2;
    }
    if (read_address(&wish.to, argv[rest]) < 0 || read_once(&wish.once, o.once) < 0 ||
        make_request(&request, &o, wish.once) < 0)
        return 2;
    wish.connections = (unsigned)o.connections;
    wish.timeout_ns = (uint64_t)o.timeout * 1000000;
    wish.go_on = o.go_on;
    raise_files();
    return run(&wish, &o, &request);
}
