/* told: what a daemon tells of itself on its admin port. */
#ifndef HC_TOLD_H
#define HC_TOLD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "../proto/opts.h"
#include "../proto/slice.h"

#define TOLD_MAX OPT_LIST_MAX /* daemons of a kind */
#define TOLD_COUNTERS_MAX 500 /* counters of one that are shown */

struct told {
    const char *at;    /* HOST:PORT as given; borrowed */
    json_t *json;      /* the document of /counters; NULL: it was not reached */
    char why[256];     /* why not */
    bool ready;        /* what /readyz says */
    char unready[512]; /* its reasons, a line each */
};

/* Rows of options: where the daemons are. Their fields are struct opt_list. */
#define TOLD_OPTS(opts_type, collectors, aggregators)                             \
    {.name = "collector-admin",                                                   \
     .arg = "HOST:PORT",                                                          \
     .type = OPT_LIST,                                                            \
     .offset = offsetof(opts_type, collectors),                                   \
     .def = "127.0.0.1:9180",                                                     \
     .help = "The --admin-listen of a headcount-collector. May be repeated.",     \
     .group = "Daemons"},                                                         \
    {                                                                             \
        .name = "aggregator-admin", .arg = "HOST:PORT", .type = OPT_LIST,         \
        .offset = offsetof(opts_type, aggregators), .def = "127.0.0.1:9181",      \
        .help = "The --admin-listen of a headcount-aggregator. May be repeated.", \
    }

/* Whether all addresses of a list can be read; if not, a sentence naming @option was
 * printed. */
bool told_check(const struct opt_list *at, const char *option);

/* Asks the daemon at @at, which told_check has passed. What goes wrong is in it. */
void told_ask(struct told *t, const char *at);
void told_fini(struct told *t);

/* Reads the document of /counters. Returns 0, or -1 with why set. */
int told_read(struct told *t, struct slice body);

/* Borrowed from @t, "" or 0 when it did not tell. */
const char *told_program(const struct told *t);
const char *told_version(const struct told *t);
uint64_t told_uptime(const struct told *t);
bool told_has(const struct told *t, const char *counter);
uint64_t told_counter(const struct told *t, const char *counter);

#endif
