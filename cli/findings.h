/* findings: what is good and bad about an installation, and what to do. Pure: facts in,
 * sentences out. */
#ifndef HC_FINDINGS_H
#define HC_FINDINGS_H

#include "redis_facts.h"
#include "told.h"

enum finding_level { FINDING_OK, FINDING_NOTE, FINDING_PROBLEM };

struct finding {
    enum finding_level level;
    char text[768]; /* one sentence or more, without line ends; may hold what daemons and
                       Redis said */
    char advice[400]; /* what to do, "" when there is nothing */
};

/* Some ten for each daemon, and those of Redis; more are dropped, which `dropped` tells.
 */
#define FINDINGS_MAX 256

struct findings {
    size_t n;
    size_t dropped;
    struct finding v[FINDINGS_MAX];
};

struct facts {
    const struct told *collectors, *aggregators;
    size_t ncollectors, naggregators;
    const struct redis_facts *redis;
};

/* Replaces what is in @out. */
void findings_of(struct findings *out, const struct facts *facts);

size_t findings_count(const struct findings *f, enum finding_level level);

/* "ok", "note" or "problem". */
const char *finding_word(enum finding_level level);

#endif
