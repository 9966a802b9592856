/* A report stays for REPORT_CACHE_MS after it was ready, unless its entry is needed
 * before by another; one that is being asked for, or given to those who waited, stays
 * anyway. */
#include "report_table.h"

#include "container.h"
#include "worker.h"

void report_init(struct report *r, struct worker *w)
{
    memset(r, 0, sizeof *r);
    r->worker = w;
    for (size_t i = 0; i < REPORTS_MAX; i++) {
        r->entry[i].report = r;
        buf_init(&r->entry[i].body, ANSWER_MAX);
    }
}

void report_release(struct report_entry *e)
{
    deadline_clear(&e->deadline);
    buf_fini(&e->body);
    buf_init(&e->body, ANSWER_MAX);
    e->state = REPORT_FREE;
}

struct report_entry *report_find(struct report *r, struct slice site, unsigned minutes,
                                 report_writer *write, unsigned how)
{
    for (size_t i = 0; i < REPORTS_MAX; i++) {
        struct report_entry *e = &r->entry[i];

        if (e->state != REPORT_FREE && e->write == write && e->how == how &&
            e->question.minutes == minutes && slice_eq(report_site(e), site))
            return e;
    }
    return NULL;
}

struct report_entry *report_claim(struct report *r)
{
    struct report_entry *oldest = NULL;

    for (size_t i = 0; i < REPORTS_MAX; i++) {
        struct report_entry *e = &r->entry[i];

        if (e->pinned)
            continue;
        if (e->state == REPORT_FREE)
            return e;
        if (e->state == REPORT_READY &&
            (oldest == NULL || e->deadline.due < oldest->deadline.due))
            oldest = e;
    }
    if (oldest) {
        COUNT(&r->worker->counters, reports_evicted);
        report_release(oldest);
    }
    return oldest;
}

void report_expired(struct deadline *d)
{
    report_release(CONTAINER(d, struct report_entry, deadline));
}

void report_fini(struct report *r)
{
    for (size_t i = 0; i < REPORTS_MAX; i++)
        report_release(&r->entry[i]);
}
