/* collector: the workers, their common address, and the order in which they end. */
#ifndef HC_COLLECTOR_H
#define HC_COLLECTOR_H

#include "../proto/limits.h"
#include "counters.h"
#include "hub.h"
#include "setup.h"
#include "spool.h"

struct worker;
struct commons;

struct collector {
    const struct setup *setup;
    struct spool spool;
    struct hub hub;
    struct commons *commons;
    struct address bound; /* the address listened on, with its real port */
    struct worker *worker[WORKERS_MAX];
    unsigned workers; /* opened */
    unsigned running; /* threads that have not ended; atomic */
    bool leaving;     /* not ready any more, and soon to be stopped */
    bool stopping;
    void (*ended)(void *arg);
    void *arg;
};

/* Opens setup->workers listening workers, on the socket handed over if there is one.
 * @setup must outlive the collector. @ended (may be NULL) is called on some worker's
 * thread when the last one ends. Returns 0, or -1 with one sentence in @err and nothing
 * left open. */
int collector_open(struct collector *c, const struct setup *setup,
                   void (*ended)(void *arg), void *arg, char *err, size_t err_n);

/* Starts the threads. Returns 0, or -1 with one sentence in @err; the collector is then
 * closed. */
int collector_start(struct collector *c, char *err, size_t err_n);

/* Health checks are told from now on that nobody should be sent here; all else goes on.
 */
void collector_leave(struct collector *c);

/* Whether every worker's loop has turned since this was last asked; true while they
 * stop. */
bool collector_is_turning(struct collector *c);

/* Asks all workers to stop; returns at once. Again: does nothing. */
void collector_stop(struct collector *c);

/* Adds up what all workers counted; at any time until collector_close. */
void collector_sum(const struct collector *c, struct counters *sum);

/* The same as a table; @sum is the caller's and must last as long. Returns how many
 * tables it wrote to @out. */
size_t collector_tables(const struct collector *c, struct counters *sum,
                        struct counters_table *out);

/* Appends a line for each reason why the collector should not be sent visitors. */
void collector_unready(const struct collector *c, struct buf *out);

/* The table of counters as Markdown, for the manuals. */
void collector_describe(struct buf *out);

/* Logs "event=counters" with all sums that are not zero. */
void collector_log_counters(const struct collector *c);

/* Hits that had no answer when the workers had ended, of an aggregator that received
 * them, and that they are durable. With a spool they are in it. After collector_join. */
struct leftover {
    uint64_t unreceived, undurable;
};
struct leftover collector_leftover(const struct collector *c);

/* Hands all workers what was read anew; returns at once. Before collector_join. */
void collector_renew(struct collector *c, const struct files *f);

/* Waits for the threads to end, then frees. Follows collector_stop. */
void collector_join(struct collector *c);
void collector_close(struct collector *c);

#endif
