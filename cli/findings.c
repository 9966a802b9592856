/* A problem is what loses hits, or makes numbers wrong, or will; a note is what an
 * operator would want to know. What is fine is said once for each thing, so that a clean
 * report is not an empty one. */
#include "findings.h"

#include <stdarg.h>
#include <stdio.h>
#include "findings_parts.h"

void findings_add(struct findings *f, enum finding_level level, const char *advice,
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

void findings_of(struct findings *out, const struct facts *facts)
{
    out->n = out->dropped = 0;
    for (size_t i = 0; i < facts->ncollectors; i++)
        findings_collector(out, &facts->collectors[i]);
    for (size_t i = 0; i < facts->naggregators; i++)
        findings_aggregator(out, &facts->aggregators[i]);
    findings_redis(out, facts->redis);
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
