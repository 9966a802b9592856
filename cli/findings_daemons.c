/* One function for each thing looked at, one table for counters that should be zero. The
 * facts of a daemon are those it tells itself (told.h); what cannot be asked, or is
 * another program, is told as that alone. */
#include "findings_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What the aggregator asks for (aggregator/udp.h). */
#define RCVBUF_WANTED (4 * 1024 * 1024)

/* An aggregator that begins anew more often than that does not do so because somebody
 * restarts it. */
#define EPOCHS_FREE 3
#define EPOCH_SECONDS_MIN 600

/* Percent of a minute's hits from one address: no audience of a hundred hits has that. */
#define BUSIEST_SHARE_MIN 50

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
    {"unknown_site", FINDING_NOTE, "hits were refused: their site was not added",
     "`headcount site add SITE` lets a site count; event=unknown_site in its log tells "
     "the first. Strangers may ask for sites that are none: then all is well."},
    {"foreign_origin", FINDING_NOTE,
     "hits were refused: sent by pages of other origins than their site's",
     "See `headcount site origin SITE`, and add one that is missing there; copies of "
     "pages elsewhere are refused rightly."},
    {"sites_left_out", FINDING_NOTE,
     "added sites or origins are not understood, or too many",
     "See `headcount site list`; a collector knows 10,000 sites of 16 origins each."},
    {"proxy_missing", FINDING_NOTE,
     "connections were closed, for they came from no trusted proxy",
     "With --proxy-protocol only a --trusted-proxy may connect; checks of health can ask "
     "the admin port."},
    {"proxy_bad", FINDING_PROBLEM,
     "connections of trusted proxies did not begin with a PROXY header",
     "Let the proxy send it (send-proxy of HAProxy, proxy_protocol of nginx), or take "
     "--proxy-protocol away."},
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
            findings_add(f, zeros[i].level, zeros[i].advice,
                         "The %s at %s: %" PRIu64 " %s.", kind, t->at, value,
                         zeros[i].what);
    }
    if (f->n == before)
        findings_add(f, FINDING_OK, "",
                     "The %s at %s has lost, refused and capped nothing.", kind, t->at);
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
        findings_add(f, FINDING_OK, "", "The %s at %s answers and is ready.", kind,
                     t->at);
        return;
    }
    join_lines(t->unready, reasons, sizeof reasons);
    findings_add(f, FINDING_PROBLEM, unready_advice(reasons),
                 "The %s at %s is not ready: %s.", kind, t->at, reasons);
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
        findings_add(f, FINDING_PROBLEM, advice, "The %s at %s cannot be asked: %s.",
                     kind, t->at, t->why);
        return false;
    }
    if (is_kind(t, kind))
        return true;
    snprintf(advice, sizeof advice, "Give the --admin-listen of a headcount-%s.", kind);
    findings_add(f, FINDING_PROBLEM, advice, "At %s is no %s but %s.", t->at, kind,
                 told_program(t));
    return false;
}

static void check_version(struct findings *f, const char *kind, const struct told *t)
{
    if (strcmp(told_version(t), HC_VERSION) != 0)
        findings_add(f, FINDING_NOTE,
                     "Install the same version everywhere, then restart it.",
                     "The %s at %s is version %s, this command is " HC_VERSION ".", kind,
                     t->at, told_version(t));
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
        findings_add(
            f, FINDING_PROBLEM,
            "See in the aggregator's log whether it dies, and stop a second aggregator "
            "on the same Redis if there is one.",
            "The %s at %s has %s %" PRIu64 " times in %" PRIu64 " seconds.", kind, t->at,
            what, epochs, told_uptime(t));
}

/* Whether there is a site that may count. */
static void check_sites(struct findings *f, const struct told *t)
{
    if (!told_has(t, "sites_open"))
        return; /* an older one */
    if (told_counter(t, "register_reads") == 0 && told_counter(t, "register_failed") > 0)
        findings_add(f, FINDING_PROBLEM,
                     "See event=register_refused in its log: the Redis user of "
                     "--redis-auth-file may not run what it needs (ACL, see "
                     "headcount-collector(8)), or hc:sites is a foreign key.",
                     "The collector at %s could not read which sites were added, so any "
                     "site counts.",
                     t->at);
    else if (told_counter(t, "sites_open") == 0 && told_counter(t, "sites_added") == 0)
        findings_add(f, FINDING_PROBLEM,
                     "Add each site with `headcount site add SITE`, or start it with "
                     "--open-sites.",
                     "The collector at %s counts nothing: no site was added.", t->at);
}

/* A proxy in front that nobody has named: to the collector all visitors are one. */
static void check_busiest(struct findings *f, const struct told *t)
{
    uint64_t share = told_counter(t, "busiest_share");

    if (share >= BUSIEST_SHARE_MIN)
        findings_add(f, FINDING_NOTE,
                     "If it is a proxy's, name it with --trusted-proxy of the collector; "
                     "GET /debug/whoami tells what it sends. Else somebody tests, or "
                     "plays.",
                     "The collector at %s: %" PRIu64
                     " %% of all hits of the last minute come from one address; is "
                     "--trusted-proxy missing?",
                     t->at, share);
}

void findings_collector(struct findings *f, const struct told *t)
{
    if (!check_reached(f, "collector", t))
        return;
    check_ready(f, "collector", t);
    check_version(f, "collector", t);
    check_sites(f, t);
    check_epochs(f, "collector", t, "seen the aggregator begin anew",
                 told_counter(t, "epochs") / workers_of(t));
    check_busiest(f, t);
    check_zeros(f, "collector", t, collector_zeros,
                sizeof collector_zeros / sizeof *collector_zeros);
}

static void check_rcvbuf(struct findings *f, const struct told *t)
{
    uint64_t granted = told_counter(t, "rcvbuf");

    if (!told_has(t, "rcvbuf"))
        return;
    if (granted < RCVBUF_WANTED)
        findings_add(
            f, FINDING_NOTE,
            "Set net.core.rmem_max = 4194304 with sysctl and restart it, or grant "
            "CAP_NET_ADMIN.",
            "The aggregator at %s was granted a receive buffer of %" PRIu64
            " bytes of the %d it asked for.",
            t->at, granted, RCVBUF_WANTED);
    else
        findings_add(f, FINDING_OK, "",
                     "The aggregator at %s has the receive buffer it wants.", t->at);
}

void findings_aggregator(struct findings *f, const struct told *t)
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
