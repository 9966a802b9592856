/* What of Redis makes numbers wrong: keys that it drops, a clock that is not ours, writes
 * that it refuses or may lose. A Redis that tells nothing of itself (INFO) is looked at
 * no further. */
#include "findings_parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CLOCK_NOTE_MS 2000
#define CLOCK_PROBLEM_MS 30000 /* half a minute: rows expire by the clock of Redis */

#define REDIS_MAJOR_MIN 5

static void check_redis_version(struct findings *f, const struct redis_facts *r)
{
    if (!*r->version)
        findings_add(f, FINDING_NOTE, "Let the user call INFO.",
                     "Redis tells nothing of itself.");
    else if (atoi(r->version) < REDIS_MAJOR_MIN)
        findings_add(f, FINDING_PROBLEM, "Install Redis 6 or newer.",
                     "Redis is version %s; headcount needs 5.", r->version);
    else
        findings_add(f, FINDING_OK, "", "Redis at %s answers, version %s.", r->at,
                     r->version);
}

static void check_clock(struct findings *f, const struct redis_facts *r)
{
    int64_t off = r->clock_ahead_ms;
    enum finding_level level = FINDING_OK;
    double seconds = (double)(off < 0 ? -off : off) / 1000;

    if (llabs(off) > CLOCK_NOTE_MS)
        level = llabs(off) > CLOCK_PROBLEM_MS ? FINDING_PROBLEM : FINDING_NOTE;
    if (level == FINDING_OK)
        findings_add(f, level, "", "The clock of Redis agrees with the one here.");
    else
        findings_add(f, level, "Let both hosts' clocks be steered (chrony, ntpd).",
                     "The clock of Redis is %.1f s %s the one here.", seconds,
                     off > 0 ? "ahead of" : "behind");
}

static void check_memory(struct findings *f, const struct redis_facts *r)
{
    if (r->maxmemory == 0)
        findings_add(f, FINDING_OK, "", "Redis has no maxmemory, so it drops no keys.");
    else if (strcmp(r->policy, "noeviction") == 0)
        findings_add(f, FINDING_OK, "", "Redis drops no keys at maxmemory (noeviction).");
    else
        findings_add(
            f, FINDING_PROBLEM,
            "CONFIG SET maxmemory-policy noeviction, and in its configuration file.",
            "Redis may drop keys of headcount: maxmemory is %" PRIu64
            " bytes and maxmemory-policy %s.",
            r->maxmemory, r->policy);
}

static void check_writing(struct findings *f, const struct redis_facts *r)
{
    if (r->loading)
        findings_add(f, FINDING_PROBLEM, "Wait until it is done.",
                     "Redis is loading its data and answers nobody yet.");
    if (strcmp(r->role, "slave") == 0)
        findings_add(f, FINDING_PROBLEM, "Give the address of its master.",
                     "This Redis is a replica: an aggregator cannot write to it.");
    if (r->aof_failed)
        findings_add(f, FINDING_PROBLEM, "See its log; often the disk is full.",
                     "Redis could not write its append-only file the last time.");
    if (r->bgsave_failed)
        findings_add(
            f, FINDING_PROBLEM,
            "See its log; often the disk is full or vm.overcommit_memory is not 1.",
            "Redis could not write its snapshot the last time, and may refuse commits.");
}

static void check_persistence(struct findings *f, const struct redis_facts *r)
{
    if (!r->aof)
        findings_add(
            f, FINDING_NOTE,
            "CONFIG SET appendonly yes, and in its configuration file, if what was "
            "counted must outlive a restart of Redis.",
            "Redis keeps no append-only file%s: what it holds is lost when it dies%s.",
            r->saves ? "" : " and no snapshots",
            r->saves ? ", back to its last snapshot" : "");
    else if (strcmp(r->fsync, "no") == 0)
        findings_add(
            f, FINDING_NOTE, "CONFIG SET appendfsync everysec.",
            "Redis leaves it to the kernel when to write its append-only file to disk.");
    else
        findings_add(f, FINDING_OK, "", "Redis keeps an append-only file%s%s.",
                     *r->fsync ? ", appendfsync " : "", r->fsync);
}

void findings_redis(struct findings *f, const struct redis_facts *r)
{
    if (!r->reached) {
        findings_add(f, FINDING_PROBLEM, "Start it, or give its address with --redis.",
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
