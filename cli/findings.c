/* One function for each thing looked at, one table for counters that should be zero.
 *
 * A problem is what loses hits, or makes numbers wrong, or will; a note is what an
 * operator would want to know. What is fine is said once for each thing, so that a clean
 * report is not an empty one. */
#include "findings.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLOCK_NOTE_MS 2000
#define CLOCK_PROBLEM_MS 30000 /* half a minute: rows expire by the clock of Redis */

/* What the aggregator asks for (aggregator/udp.h). */
#define RCVBUF_WANTED (4 * 1024 * 1024)

#define REDIS_MAJOR_MIN 5

/* An aggregator that begins anew more often than that does not do so because somebody
 * restarts it. */
#define EPOCHS_FREE 3
#define EPOCH_SECONDS_MIN 600

__attribute__((format(printf, 4, 5))) static void find(struct findings *f,
                                                       enum finding_level level,
                                                       const char *advice,
                                                       const char *fmt, ...)
{
    struct finding *found;
    va_list ap;

    if (f->n == FINDINGS_MAX) {
        f->dropped++;
        return;
    }
    found = &f->v[f->n++];
    found->level = level;
    snprintf(found->advice, sizeof found->advice, "%s", advice);
    va_start(ap, fmt);
    vsnprintf(found->text, sizeof found->text, fmt, ap);
    va_end(ap);
}

/* -- the daemons --------------------------------------------------------------- */

struct zero {
    const char *counter;
    enum finding_level level;
    const char *what; /* follows the number */
    const char *advice;
};

static const struct zero collector_zeros[] = {
    {"lost_full", FINDING_PROBLEM, "hits were lost because the ring was full",
     "See why the aggregator did not take them (its /readyz, its log), or give --ring "
     "more memory."},
    {"lost_expired", FINDING_PROBLEM, "hits were lost: not delivered within an hour",
     "See that headcount-aggregator runs and that --aggregator names its --udp."},
    {"lost_poison", FINDING_PROBLEM, "hits were set aside: the aggregator died of them",
     "Keep the datagram named in the collector's log and report it; `headcount decode` "
     "shows what is in it."},
    {"lost_restart", FINDING_NOTE, "hits were lost at most, when an aggregator died",
     "More memory for the ring (--ring) keeps hits until they are durable."},
    {"lost_heartbeat", FINDING_NOTE,
     "heartbeats were refused, the ring being nearly full",
     "The next heartbeat of a visitor says the same; if it lasts, see lost_full."},
    {"accept_errors", FINDING_PROBLEM, "connections could not be accepted",
     "Raise the limit of open files (ulimit -n, LimitNOFILE=)."},
    {"conns_refused", FINDING_PROBLEM, "connections were refused at the bound",
     "Raise the limit of open files, or start more collectors."},
    {"aggregator_refused", FINDING_NOTE,
     "datagrams found nobody at the aggregator's port",
     "This is normal while it is restarted; else see that --aggregator names its --udp."},
};

static const struct zero aggregator_zeros[] = {
    {"bad_key", FINDING_PROBLEM, "datagrams were made with another secret file",
     "Give all collectors and the aggregator the same --secret-file; the log names who "
     "has another."},
    {"bad_version", FINDING_PROBLEM, "datagrams spoke another version of the protocol",
     "Install the same version of headcount on all hosts."},
    {"bad_mac", FINDING_NOTE, "datagrams were damaged or forged",
     "A few are noise; many mean that somebody plays with the port: close it to others."},
    {"malformed", FINDING_PROBLEM, "datagrams were genuine, but could not be read",
     "Install the same version of headcount on all hosts."},
    {"kernel_drops", FINDING_NOTE, "datagrams were dropped because the buffer was full",
     "Collectors send them again; raise net.core.rmem_max to spare them that."},
    {"capped_sites", FINDING_PROBLEM, "hits were not counted: too many sites",
     "See which sites are real; an aggregator keeps 10,000 of them."},
    {"capped_visitors", FINDING_NOTE, "hits had visitors that found no room",
     "Their views count, they themselves do not; such sites say so (capped)."},
    {"capped_pages", FINDING_NOTE, "hits are counted on the page (other)",
     "Sites with more than 1,000 live paths show the rest as (other)."},
    {"capped_referrers", FINDING_NOTE, "views are counted on the referrer (other)",
     "Sites with more than 200 referring hosts or campaigns show the rest as (other)."},
    {"streams_full", FINDING_PROBLEM, "times there were too many senders' streams",
     "Somebody restarts collectors very often, or replays their datagrams."},
    {"fenced", FINDING_PROBLEM, "commits were refused: another aggregator took the site",
     "Stop one of them: one Redis database belongs to one aggregator."},
    {"site_unprotected", FINDING_PROBLEM, "times Redis kept refusing a site",
     "See event=site_refused in its log, which tells the site and what Redis said: a "
     "foreign key may have one of our names, or the Redis user of --redis-auth-file may "
     "not run what it needs (ACL, see headcount-aggregator(8))."},
    {"ack_errors", FINDING_NOTE, "ACKs to collectors could not be sent",
     "See whether a firewall lets the aggregator answer them."},
    {"regress", FINDING_NOTE, "commits found Redis behind what it had confirmed",
     "Redis lost data, by a restart or FLUSHALL; it was written again."},
    {"clock_resets", FINDING_PROBLEM,
     "times the clock was set back and all was forgotten",
     "Let the clock be steered (chrony, ntpd) instead of set."},
};

static void check_zeros(struct findings *f, const char *kind, const struct told *t,
                        const struct zero *zeros, size_t n)
{
    size_t before = f->n;

    for (size_t i = 0; i < n; i++) {
        uint64_t value = told_counter(t, zeros[i].counter);

        if (value > 0)
            find(f, zeros[i].level, zeros[i].advice, "The %s at %s: %" PRIu64 " %s.",
                 kind, t->at, value, zeros[i].what);
    }
    if (f->n == before)
        find(f, FINDING_OK, "", "The %s at %s has lost, refused and capped nothing.",
             kind, t->at);
}

/* The lines of @text as "one; another". */
static void join_lines(const char *text, char *out, size_t out_n)
{
    size_t used = 0;

    out[0] = '\0';
    while (*text && used < out_n) {
        size_t n = strcspn(text, "\n");

        if (n > 0)
            used += (size_t)snprintf(out + used, out_n - used, "%s%.*s",
                                     used > 0 ? "; " : "", (int)n, text);
        text += text[n] ? n + 1 : n;
    }
}

/* What to do about the reasons that /readyz gives. */
static const char *unready_advice(const char *reasons)
{
    static const struct {
        const char *reason, *advice;
    } rows[] = {
        {"refuses the commits",
         "See event=site_refused in its log: the Redis user of --redis-auth-file may not "
         "run what it needs (ACL, see headcount-aggregator(8)), or foreign keys have our "
         "names."},
        {"redis:",
         "See that Redis runs, that --redis and --redis-auth-file of this daemon lead to "
         "it, and event=redis_down or event=redis_refuses in its log."},
        {"aggregator:",
         "See that headcount-aggregator runs and is ready, and that --aggregator names "
         "its --udp."},
        {"stopping", "Wait until it has ended, and start it again if it is missed."},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strstr(reasons, rows[i].reason))
            return rows[i].advice;
    return "See the last lines of its log.";
}

static void check_ready(struct findings *f, const char *kind, const struct told *t)
{
    char reasons[2 * sizeof t->unready];

    if (t->ready) {
        find(f, FINDING_OK, "", "The %s at %s answers and is ready.", kind, t->at);
        return;
    }
    join_lines(t->unready, reasons, sizeof reasons);
    find(f, FINDING_PROBLEM, unready_advice(reasons), "The %s at %s is not ready: %s.",
         kind, t->at, reasons);
}

/* "headcount-collector" where a collector should be. */
static bool is_kind(const struct told *t, const char *kind)
{
    const char *dash = strchr(told_program(t), '-');

    return dash && strcmp(dash + 1, kind) == 0;
}

/* Whether there is more to look at. */
static bool check_reached(struct findings *f, const char *kind, const struct told *t)
{
    char advice[200];

    if (!t->json) {
        snprintf(advice, sizeof advice,
                 "Start headcount-%s, or give its --admin-listen with --%s-admin.", kind,
                 kind);
        find(f, FINDING_PROBLEM, advice, "The %s at %s cannot be asked: %s.", kind, t->at,
             t->why);
        return false;
    }
    if (is_kind(t, kind))
        return true;
    snprintf(advice, sizeof advice, "Give the --admin-listen of a headcount-%s.", kind);
    find(f, FINDING_PROBLEM, advice, "At %s is no %s but %s.", t->at, kind,
         told_program(t));
    return false;
}

static void check_version(struct findings *f, const char *kind, const struct told *t)
{
    if (strcmp(told_version(t), HC_VERSION) != 0)
        find(f, FINDING_NOTE, "Install the same version everywhere, then restart it.",
             "The %s at %s is version %s, this command is " HC_VERSION ".", kind, t->at,
             told_version(t));
}

/* Every worker hears of each epoch; how many they are, is told by who is connected. */
static uint64_t workers_of(const struct told *t)
{
    uint64_t redis = told_counter(t, "redis_up");
    uint64_t aggregator = told_counter(t, "aggregator_up");
    uint64_t most = redis > aggregator ? redis : aggregator;

    return most > 0 ? most : 1;
}

/* Each epoch costs a resending of everything that is not yet durable. @what goes between
 * the daemon and the number. */
static void check_epochs(struct findings *f, const char *kind, const struct told *t,
                         const char *what, uint64_t epochs)
{
    if (epochs > EPOCHS_FREE && told_uptime(t) / epochs < EPOCH_SECONDS_MIN)
        find(f, FINDING_PROBLEM,
             "See in the aggregator's log whether it dies, and stop a second aggregator "
             "on the same Redis if there is one.",
             "The %s at %s has %s %" PRIu64 " times in %" PRIu64 " seconds.", kind, t->at,
             what, epochs, told_uptime(t));
}

static void check_collector(struct findings *f, const struct told *t)
{
    if (!check_reached(f, "collector", t))
        return;
    check_ready(f, "collector", t);
    check_version(f, "collector", t);
    check_epochs(f, "collector", t, "seen the aggregator begin anew",
                 told_counter(t, "epochs") / workers_of(t));
    check_zeros(f, "collector", t, collector_zeros,
                sizeof collector_zeros / sizeof *collector_zeros);
}

static void check_rcvbuf(struct findings *f, const struct told *t)
{
    uint64_t granted = told_counter(t, "rcvbuf");

    if (!told_has(t, "rcvbuf"))
        return;
    if (granted < RCVBUF_WANTED)
        find(f, FINDING_NOTE,
             "Set net.core.rmem_max = 4194304 with sysctl and restart it, or grant "
             "CAP_NET_ADMIN.",
             "The aggregator at %s was granted a receive buffer of %" PRIu64
             " bytes of the %d it asked for.",
             t->at, granted, RCVBUF_WANTED);
    else
        find(f, FINDING_OK, "", "The aggregator at %s has the receive buffer it wants.",
             t->at);
}

static void check_aggregator(struct findings *f, const struct told *t)
{
    if (!check_reached(f, "aggregator", t))
        return;
    check_ready(f, "aggregator", t);
    check_version(f, "aggregator", t);
    check_epochs(f, "aggregator", t, "forgotten everything and begun anew",
                 told_counter(t, "reboots"));
    check_rcvbuf(f, t);
    check_zeros(f, "aggregator", t, aggregator_zeros,
                sizeof aggregator_zeros / sizeof *aggregator_zeros);
}

/* -- Redis --------------------------------------------------------------------- */

static void check_redis_version(struct findings *f, const struct redis_facts *r)
{
    if (!*r->version)
        find(f, FINDING_NOTE, "Let the user call INFO.",
             "Redis tells nothing of itself.");
    else if (atoi(r->version) < REDIS_MAJOR_MIN)
        find(f, FINDING_PROBLEM, "Install Redis 6 or newer.",
             "Redis is version %s; headcount needs 5.", r->version);
    else
        find(f, FINDING_OK, "", "Redis at %s answers, version %s.", r->at, r->version);
}

static void check_clock(struct findings *f, const struct redis_facts *r)
{
    int64_t off = r->clock_ahead_ms;
    enum finding_level level = FINDING_OK;
    double seconds = (double)(off < 0 ? -off : off) / 1000;

    if (llabs(off) > CLOCK_NOTE_MS)
        level = llabs(off) > CLOCK_PROBLEM_MS ? FINDING_PROBLEM : FINDING_NOTE;
    if (level == FINDING_OK)
        find(f, level, "", "The clock of Redis agrees with the one here.");
    else
        find(f, level, "Let both hosts' clocks be steered (chrony, ntpd).",
             "The clock of Redis is %.1f s %s the one here.", seconds,
             off > 0 ? "ahead of" : "behind");
}

static void check_memory(struct findings *f, const struct redis_facts *r)
{
    if (r->maxmemory == 0)
        find(f, FINDING_OK, "", "Redis has no maxmemory, so it drops no keys.");
    else if (strcmp(r->policy, "noeviction") == 0)
        find(f, FINDING_OK, "", "Redis drops no keys at maxmemory (noeviction).");
    else
        find(f, FINDING_PROBLEM,
             "CONFIG SET maxmemory-policy noeviction, and in its configuration file.",
             "Redis may drop keys of headcount: maxmemory is %" PRIu64
             " bytes and maxmemory-policy %s.",
             r->maxmemory, r->policy);
}

static void check_writing(struct findings *f, const struct redis_facts *r)
{
    if (r->loading)
        find(f, FINDING_PROBLEM, "Wait until it is done.",
             "Redis is loading its data and answers nobody yet.");
    if (strcmp(r->role, "slave") == 0)
        find(f, FINDING_PROBLEM, "Give the address of its master.",
             "This Redis is a replica: an aggregator cannot write to it.");
    if (r->aof_failed)
        find(f, FINDING_PROBLEM, "See its log; often the disk is full.",
             "Redis could not write its append-only file the last time.");
    if (r->bgsave_failed)
        find(f, FINDING_PROBLEM,
             "See its log; often the disk is full or vm.overcommit_memory is not 1.",
             "Redis could not write its snapshot the last time, and may refuse commits.");
}

static void check_persistence(struct findings *f, const struct redis_facts *r)
{
    if (!r->aof)
        find(f, FINDING_NOTE,
             "CONFIG SET appendonly yes, and in its configuration file, if what was "
             "counted must outlive a restart of Redis.",
             "Redis keeps no append-only file%s: what it holds is lost when it dies%s.",
             r->saves ? "" : " and no snapshots",
             r->saves ? ", back to its last snapshot" : "");
    else if (strcmp(r->fsync, "no") == 0)
        find(f, FINDING_NOTE, "CONFIG SET appendfsync everysec.",
             "Redis leaves it to the kernel when to write its append-only file to disk.");
    else
        find(f, FINDING_OK, "", "Redis keeps an append-only file%s%s.",
             *r->fsync ? ", appendfsync " : "", r->fsync);
}

static void check_redis(struct findings *f, const struct redis_facts *r)
{
    if (!r->reached) {
        find(f, FINDING_PROBLEM, "Start it, or give its address with --redis.",
             "Redis at %s does not answer: %s.", r->at, r->why);
        return;
    }
    check_redis_version(f, r);
    check_clock(f, r);
    if (!*r->version)
        return; /* nothing else is known */
    check_memory(f, r);
    check_persistence(f, r);
    check_writing(f, r);
}

void findings_of(struct findings *out, const struct facts *facts)
{
    out->n = out->dropped = 0;
    for (size_t i = 0; i < facts->ncollectors; i++)
        check_collector(out, &facts->collectors[i]);
    for (size_t i = 0; i < facts->naggregators; i++)
        check_aggregator(out, &facts->aggregators[i]);
    check_redis(out, facts->redis);
}

size_t findings_count(const struct findings *f, enum finding_level level)
{
    size_t n = 0;

    for (size_t i = 0; i < f->n; i++)
        n += f->v[i].level == level;
    return n;
}

const char *finding_word(enum finding_level level)
{
    static const char *const words[] = {"ok", "note", "problem"};

    return words[level];
}
