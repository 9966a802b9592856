/* A second collector on the same port would share its connections unnoticed, since all
 * workers' sockets allow that. So the address is tried once without sharing first. */
#include "collector.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../proto/log.h"
#include "admission/busiest.h"
#include "worker.h"

COUNTERS_ROWS(counters, COLLECTOR_COUNTERS);

#define NCOUNTERS COUNTERS_COUNT(COLLECTOR_COUNTERS)

static int explain_bind(const struct setup *setup, int error, char *err, size_t err_n)
{
    if (error == EADDRINUSE)
        snprintf(err, err_n,
                 "--listen %s: the port is in use; stop the other program or choose "
                 "another port",
                 setup->listen_text);
    else
        snprintf(err, err_n, "--listen %s: %s", setup->listen_text, strerror(error));
    return -1;
}

/* Whether nobody else listens there. */
static int try_address(const struct collector *c, char *err, size_t err_n)
{
    int fd = listener_bind(&c->bound, false);

    if (fd < 0)
        return explain_bind(c->setup, -fd, err, err_n);
    close(fd);
    return 0;
}

/* All workers wait for connections of the one socket that was handed over: it cannot be
 * bound a second time by somebody else. */
static int share_handed(struct collector *c, char *err, size_t err_n)
{
    int fd = fcntl(c->setup->handed, F_DUPFD_CLOEXEC, 0);

    if (fd < 0) {
        snprintf(err, err_n, "LISTEN_FDNAMES: http: %s", strerror(errno));
        return -1;
    }
    c->bound.n = sizeof c->bound.v6;
    getsockname(fd, &c->bound.sa, &c->bound.n);
    return fd;
}

/* A socket for one more worker. The first one finds out the port if any will do. */
static int bind_one(struct collector *c, char *err, size_t err_n)
{
    int fd = listener_bind(&c->bound, true);

    if (fd < 0)
        return explain_bind(c->setup, -fd, err, err_n);
    if (address_port(&c->bound) == 0)
        getsockname(fd, &c->bound.sa, &c->bound.n);
    return fd;
}

static void on_worker_ended(void *arg)
{
    struct collector *c = arg;

    if (__atomic_sub_fetch(&c->running, 1, __ATOMIC_ACQ_REL) == 0 && c->ended)
        c->ended(c->arg);
}

static int open_one(struct collector *c, char *err, size_t err_n)
{
    struct worker *w;
    int fd = c->setup->handed ? share_handed(c, err, err_n) : bind_one(c, err, err_n);

    if (fd < 0)
        return -1;
    if ((w = malloc(sizeof *w)) == NULL)
        abort();
    if (worker_open(w, c->setup, &c->spool, &c->hub, c->commons, c->workers, fd,
                    on_worker_ended, c, err, err_n) < 0) {
        worker_free(w);
        return -1;
    }
    c->worker[c->workers++] = w;
    return 0;
}

static void abandon_from(struct collector *c, unsigned first)
{
    for (unsigned i = first; i < c->workers; i++)
        worker_abandon(c->worker[i]);
}

static int open_spool(struct collector *c, char *err, size_t err_n)
{
    const struct secret *secret = &c->setup->files.secret;
    struct spool_setup setup = {.path = c->setup->spool,
                                .mark.key_id = secret->v[0].key_id,
                                .ring_bytes = c->setup->ring_bytes,
                                .workers = c->setup->workers};

    for (unsigned i = 1; i < secret->n; i++)
        setup.also[setup.nalso++] = secret->v[i].key_id;
    spool_boot_id(setup.mark.boot);
    return spool_open(&c->spool, &setup, err, err_n);
}

int collector_open(struct collector *c, const struct setup *setup,
                   void (*ended)(void *arg), void *arg, char *err, size_t err_n)
{
    *c = (struct collector){
        .setup = setup, .bound = setup->listen, .ended = ended, .arg = arg};
    if (setup->handed == 0 && address_port(&c->bound) != 0 &&
        try_address(c, err, err_n) < 0)
        return -1;
    if (open_spool(c, err, err_n) < 0)
        return -1;
    c->commons = commons_new(setup);
    for (unsigned i = 0; i < setup->workers; i++) {
        if (open_one(c, err, err_n) < 0) {
            abandon_from(c, 0);
            collector_close(c);
            return -1;
        }
    }
    return 0;
}

int collector_start(struct collector *c, char *err, size_t err_n)
{
    for (unsigned i = 0; i < c->workers; i++) {
        int r;

        __atomic_add_fetch(&c->running, 1, __ATOMIC_ACQ_REL);
        if ((r = worker_start(c->worker[i])) == 0)
            continue;
        snprintf(err, err_n, "--workers: no thread for one more: %s", uv_strerror(r));
        abandon_from(c, i);
        c->workers = i;
        collector_stop(c);
        collector_join(c);
        collector_close(c);
        return -1;
    }
    return 0;
}

void collector_leave(struct collector *c)
{
    c->leaving = true;
    for (unsigned i = 0; i < c->workers; i++)
        worker_leave(c->worker[i]);
}

bool collector_is_turning(struct collector *c)
{
    bool all = true;

    for (unsigned i = 0; i < c->workers && !c->stopping; i++)
        all &= worker_is_turning(c->worker[i]);
    return all;
}

void collector_stop(struct collector *c)
{
    if (c->stopping)
        return; /* one that has ended since cannot be told again */
    c->stopping = true;
    for (unsigned i = 0; i < c->workers; i++)
        worker_stop(c->worker[i]);
}

void collector_renew(struct collector *c, const struct files *f)
{
    for (unsigned i = 0; i < c->workers; i++)
        worker_renew(c->worker[i], f);
}

/* A gauge whose sum says nothing. */
static uint64_t longest_rtt(const struct collector *c)
{
    uint64_t longest = 0;

    for (unsigned i = 0; i < c->workers; i++) {
        uint64_t one = __atomic_load_n(&c->worker[i]->counters.rtt_us, __ATOMIC_RELAXED);

        longest = one > longest ? one : longest;
    }
    return longest;
}

void collector_sum(const struct collector *c, struct counters *sum)
{
    const void *each[WORKERS_MAX];

    for (unsigned i = 0; i < c->workers; i++)
        each[i] = &c->worker[i]->counters;
    counters_sum(sum, each, c->workers, NCOUNTERS);
    /* Hits of a spool from before a boot were taken and lost before any worker was. */
    sum->accepted += c->spool.expired;
    sum->lost_expired += c->spool.expired;
    sum->rtt_us = longest_rtt(c);
    sum->busiest_share = busiest_percent(sum->minute_busiest, sum->minute_hits);
}

size_t collector_tables(const struct collector *c, struct counters *sum,
                        struct counters_table *out)
{
    collector_sum(c, sum);
    out[0] = (struct counters_table){sum, counters_rows, NCOUNTERS};
    return 1;
}

static void explain_missing(struct buf *out, const char *what, uint64_t have,
                            unsigned workers)
{
    if (have < workers)
        buf_printf(out, "%s (%u of %u workers)\n", what, workers - (unsigned)have,
                   workers);
}

void collector_unready(const struct collector *c, struct buf *out)
{
    struct counters sum;

    if (c->leaving || c->stopping)
        buf_str(out, "stopping\n");
    collector_sum(c, &sum);
    explain_missing(out, "redis: not connected", sum.redis_up, c->workers);
    explain_missing(out, "aggregator: does not answer", sum.aggregator_up, c->workers);
}

void collector_describe(struct buf *out)
{
    counters_markdown(out, counters_rows, NCOUNTERS);
}

void collector_log_counters(const struct collector *c)
{
    struct counters sum;

    collector_sum(c, &sum);
    counters_log(&sum, counters_rows, NCOUNTERS);
}

void collector_join(struct collector *c)
{
    for (unsigned i = 0; i < c->workers; i++)
        worker_join(c->worker[i]);
}

struct leftover collector_leftover(const struct collector *c)
{
    struct leftover sum = {0};

    for (unsigned i = 0; i < c->workers; i++) {
        sum.unreceived += c->worker[i]->unreceived;
        sum.undurable += c->worker[i]->undurable;
    }
    return sum;
}

void collector_close(struct collector *c)
{
    spool_close(&c->spool);
    if (c->hub.link)
        hub_fini(&c->hub);
    for (unsigned i = 0; i < c->workers; i++)
        worker_free(c->worker[i]);
    c->workers = 0;
    commons_free(c->commons);
    c->commons = NULL;
}
