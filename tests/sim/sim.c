/* sim: whole clusters on the real code, in virtual time, one for each seed.
 *
 *   sim [--seeds N] [--from N] [--jobs N] [--quiet]
 *   sim --seed N [--trace]      one seed, twice, to see that it is the same
 *   sim --break NAME ...        with something taken out that should be missed
 *   sim --breaks [--seeds N]    all of these, and that each is missed
 *
 * Lives seeds from..from+N-1 in as many processes as there are jobs. A seed that fails
 * says what was wrong and what happened before. Ends with 1 if any failed. */
#include "cluster.h"

#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <sodium.h>

#define SHOWN 3 /* failures told in full by one process */

struct options {
    uint64_t from, seeds;
    bool one; /* --seed */
    unsigned jobs;
    enum broken broken;
    bool quiet; /* only the sums */
    bool trace; /* everything noted, as it comes */
    bool breaks;
};

/* Of one process, in memory that all share. */
struct sums {
    uint64_t worlds, failed, hits, missing, messages, stale_ticks, alerts;
    uint64_t full, restart, expired, poison, at_risk;
    uint64_t datagrams, datagrams_lost, executed, refused, broken, straggled;
    uint64_t aggregators, redis_lives, collectors, reboots, fenced, regress, events;
    uint64_t longest_rest; /* us */
    uint64_t first_failed;
};

static struct world world;
static struct cluster cluster;

static void on_abort(int sig)
{
    snprintf(world.failure, sizeof world.failure,
             sig == SIGABRT ? "an assertion failed, see above" : "a memory fault");
    siglongjmp(world.failed, 1);
}

static void count(struct sums *s)
{
    const struct cluster *c = &cluster;
    struct losses l = cluster_losses(c);

    s->hits += c->oracle.hits;
    s->missing += c->oracle.missing;
    s->full += l.refused;
    s->restart += l.restart;
    s->expired += l.expired;
    s->poison += l.poison;
    s->at_risk += l.at_risk;
    s->messages += c->oracle.messages;
    s->stale_ticks += c->oracle.stale_ticks;
    s->alerts += c->oracle.alerts;
    s->datagrams += c->net.sent;
    s->datagrams_lost += c->net.lost;
    s->executed += c->redis.executed;
    s->refused += c->redis.refused;
    s->broken += c->redis.broken;
    s->straggled += c->redis.straggled;
    s->redis_lives += c->redis.life;
    s->events += world.events;
    for (unsigned i = 0; i < AGGREGATORS; i++) {
        s->aggregators += c->aggregator[i].starts;
        s->reboots += c->aggregator[i].sum.reboots;
        s->fenced += c->aggregator[i].sum.fenced;
        s->regress += c->aggregator[i].sum.regress;
    }
    for (unsigned i = 0; i < c->ncollectors; i++)
        s->collectors += c->collector[i].kills;
    if ((uint64_t)c->rested > s->longest_rest)
        s->longest_rest = (uint64_t)c->rested;
}

/* In one piece: other processes may have something to tell at the same time. */
static void tell(const struct options *o, uint64_t seed, uint64_t failed)
{
    char *text;
    size_t n;
    FILE *out;

    if (o->quiet || failed > SHOWN)
        return;
    out = open_memstream(&text, &n);
    fprintf(out, "SEED=%lu: %s\n", seed, world.failure);
    cluster_print(&cluster, out);
    world_print(&world, out);
    fclose(out);
    fwrite(text, 1, n, stderr);
    free(text);
}

static void live(const struct options *o, uint64_t seed, struct sums *s)
{
    world_init(&world, seed);
    world.loud = o->trace;
    s->worlds++;
    if (sigsetjmp(world.failed, 1) == 0) {
        cluster_live(&cluster, &world, o->broken);
        count(s);
        cluster_fini(&cluster);
    } else { /* what it had is given up */
        s->failed++;
        s->first_failed = s->first_failed ? s->first_failed : seed;
        tell(o, seed, s->failed);
    }
    world_fini(&world);
}

static void add(struct sums *to, const struct sums *from)
{
    uint64_t longest =
        to->longest_rest > from->longest_rest ? to->longest_rest : from->longest_rest;
    uint64_t first = to->first_failed;

    if (from->first_failed && (first == 0 || from->first_failed < first))
        first = from->first_failed;
    for (size_t i = 0; i < sizeof *to / sizeof(uint64_t); i++)
        ((uint64_t *)to)[i] += ((const uint64_t *)from)[i];
    to->longest_rest = longest;
    to->first_failed = first;
}

static void print_sums(const struct options *o, const struct sums *s, double seconds)
{
    printf("%lu worlds, %lu failed; %.2f ms each on one of %u processes\n", s->worlds,
           s->failed, seconds * 1000 * o->jobs / (double)s->worlds, o->jobs);
    if (s->failed)
        printf("the first: SEED=%lu\n", s->first_failed);
    if (o->quiet)
        return;
    printf("%lu hits, %lu missing and counted: refused by full rings %lu, restart %lu, "
           "expired %lu, poison %lu, died with a collector %lu\n",
           s->hits, s->missing, s->full, s->restart, s->expired, s->poison, s->at_risk);
    printf("%lu messages, %lu stale ticks, %lu alerts\n", s->messages, s->stale_ticks,
           s->alerts);
    printf("%lu datagrams, %lu lost; %lu commands, %lu refused, %lu executed late; %lu "
           "connections broken\n",
           s->datagrams, s->datagrams_lost, s->executed, s->refused, s->straggled,
           s->broken);
    printf(
        "%lu aggregators started, %lu times Redis, %lu collectors killed; %lu reboots, "
        "%lu fenced, %lu regresses found; all well after %.1f s at most\n",
        s->aggregators, s->redis_lives, s->collectors, s->reboots, s->fenced, s->regress,
        (double)s->longest_rest / SECOND);
}

/* ---- many, and one twice ------------------------------------------------ */

static void work(const struct options *o, unsigned job, struct sums *s)
{
    for (uint64_t i = job; i < o->seeds; i += o->jobs)
        live(o, o->from + i, s);
}

static double seconds_since(const struct timespec *from)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - from->tv_sec) +
           (double)(now.tv_nsec - from->tv_nsec) / 1e9;
}

/* Returns whether the processes ended well. */
static bool run_jobs(const struct options *o, struct sums *sum)
{
    struct sums *s = mmap(NULL, o->jobs * sizeof *s, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status, bad = 0;

    if (s == MAP_FAILED)
        return false;
    fflush(NULL);
    for (unsigned i = 0; i < o->jobs; i++)
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL); /* not to go on alone */
            work(o, i, &s[i]);
            if (s[i].failed) /* that leaks */
                _exit(0);
            exit(0);
        }
    while (wait(&status) > 0)
        bad |= status;
    for (unsigned i = 0; i < o->jobs; i++)
        add(sum, &s[i]);
    munmap(s, o->jobs * sizeof *s);
    return bad == 0;
}

static int live_many(const struct options *o)
{
    struct timespec from;
    struct sums sum = {0};
    bool well;

    clock_gettime(CLOCK_MONOTONIC, &from);
    well = run_jobs(o, &sum);
    print_sums(o, &sum, seconds_since(&from));
    printf("%lu passed, %lu failed\n", sum.worlds - sum.failed, sum.failed + !well);
    return sum.failed || !well;
}

/* Each of them must be missed by some world. */
static int live_broken(const struct options *o)
{
    int passed = 0;

    for (unsigned b = BREAK_NOTHING + 1; b < BREAKS; b++) {
        struct options one = *o;
        struct sums sum = {0};

        one.broken = (enum broken)b;
        one.quiet = true;
        run_jobs(&one, &sum);
        printf("without %-10s %4lu of %lu worlds fail, the first is SEED=%lu\n",
               break_names[b], sum.failed, sum.worlds, sum.first_failed);
        passed += sum.failed == 0;
    }
    printf("%d passed, %d failed\n", BREAKS - 1 - passed, passed);
    return passed > 0;
}

static int live_twice(const struct options *o)
{
    struct sums s = {0};
    uint64_t digest;

    live(o, o->from, &s);
    digest = world_digest(&world);
    live(&(struct options){.broken = o->broken, .quiet = true}, o->from, &s);
    printf("SEED=%lu: %s, %lu events, digest %016lx, %s\n", o->from,
           s.failed ? "failed" : "passed", s.events / 2, digest,
           digest == world_digest(&world) ? "twice the same" : "NOT TWICE THE SAME");
    return s.failed || digest != world_digest(&world);
}

static enum broken parse_break(const char *name)
{
    for (unsigned i = 0; i < BREAKS; i++)
        if (strcmp(name, break_names[i]) == 0)
            return (enum broken)i;
    fprintf(stderr, "--break %s: there is", name);
    for (unsigned i = BREAK_NOTHING + 1; i < BREAKS; i++)
        fprintf(stderr, " %s", break_names[i]);
    fprintf(stderr, "\n");
    exit(2);
}

static void parse(struct options *o, int argc, char **argv)
{
    static const struct option longs[] = {{"seeds", required_argument, NULL, 'n'},
                                          {"from", required_argument, NULL, 'f'},
                                          {"seed", required_argument, NULL, 's'},
                                          {"jobs", required_argument, NULL, 'j'},
                                          {"break", required_argument, NULL, 'b'},
                                          {"quiet", no_argument, NULL, 'q'},
                                          {"trace", no_argument, NULL, 't'},
                                          {"breaks", no_argument, NULL, 'B'},
                                          {NULL, 0, NULL, 0}};
    int c;

    while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1)
        switch (c) {
        case 'n':
            o->seeds = strtoull(optarg, NULL, 10);
            break;
        case 's':
            o->one = true; /* fall through */
        case 'f':
            o->from = strtoull(optarg, NULL, 10);
            break;
        case 'j':
            o->jobs = (unsigned)atoi(optarg);
            break;
        case 'b':
            o->broken = parse_break(optarg);
            break;
        case 'q':
            o->quiet = true;
            break;
        case 't':
            o->trace = true;
            break;
        case 'B':
            o->breaks = true;
            break;
        default:
            exit(2);
        }
}

int main(int argc, char **argv)
{
    struct options o = {
        .from = 1, .seeds = 200, .jobs = (unsigned)sysconf(_SC_NPROCESSORS_ONLN)};

    parse(&o, argc, argv);
    if (sodium_init() < 0 || o.jobs == 0 || o.seeds == 0)
        return 2;
    mallopt(M_MMAP_THRESHOLD, 1 << 30); /* one world's memory is the next one's */
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    signal(SIGABRT, on_abort);
    if (o.breaks)
        return live_broken(&o);
    return o.one ? live_twice(&o) : live_many(&o);
}
