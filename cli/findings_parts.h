/* findings_parts: what findings.c is made of: a part for each thing looked at, and how
 * they say what they found. Pure. */
#ifndef HC_FINDINGS_PARTS_H
#define HC_FINDINGS_PARTS_H

#include "findings.h"

/* Adds a finding, or counts it as dropped when there are FINDINGS_MAX; texts are copied,
 * and cut where they are too long. @advice is "" when there is nothing to do. */
__attribute__((format(printf, 4, 5))) void findings_add(struct findings *f,
                                                        enum finding_level level,
                                                        const char *advice,
                                                        const char *fmt, ...);

/* Each adds what it finds: at least one finding, if only that all is well. */
void findings_collector(struct findings *f, const struct told *t);
void findings_aggregator(struct findings *f, const struct told *t);
void findings_redis(struct findings *f, const struct redis_facts *r);

#endif
