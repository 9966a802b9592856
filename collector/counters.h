/* counters: what one worker has done and refused, one row each.
 *
 * A worker adds to its own struct only; the main thread reads them all. The relaxed store
 * costs what a plain one does and keeps a reader from seeing half a number. */
#ifndef HC_COLLECTOR_COUNTERS_H
#define HC_COLLECTOR_COUNTERS_H

#include "../proto/counters.h"

#define COLLECTOR_COUNTERS(X)                                                           \
    X(conns_open, GAUGE, "HTTP connections open now")                                   \
    X(conns, COUNTER, "connections accepted")                                           \
    X(conns_displaced, COUNTER, "idle connections closed for a newcomer at the cap")    \
    X(conns_refused, COUNTER, "newcomers closed because no connection was idle")        \
    X(conns_starved, COUNTER, "connections closed because WORKER_HELD_MAX was reached") \
    X(accept_errors, COUNTER, "connections the kernel could not hand over")             \
    X(timeouts_idle, COUNTER, "keep-alive connections closed after their idle time")    \
    X(timeouts_head, COUNTER, "connections closed because a head came too slowly")      \
    X(timeouts_body, COUNTER, "connections closed because a body came too slowly")      \
    X(timeouts_wait, COUNTER, "connections closed because Redis never answered")        \
    X(timeouts_write, COUNTER, "connections closed because an answer was not read")     \
    X(requests, COUNTER, "requests understood")                                         \
    X(http_refused, COUNTER, "requests refused by the parser with a 4xx or 5xx")        \
    X(not_found, COUNTER, "requests for a path that is not there")                      \
    X(not_allowed, COUNTER, "requests with a method the path does not take")            \
    X(answers_too_large, COUNTER, "answers over ANSWER_MAX, refused with 503")          \
    X(hits, COUNTER, "hits taken from beacons")                                         \
    X(no_site, COUNTER, "hits refused: no site id")                                     \
    X(bad_site, COUNTER, "hits refused: not a site id")                                 \
    X(bad_kind, COUNTER, "hits refused: unknown kind")                                  \
    X(bad_state, COUNTER, "hits refused: unknown state")                                \
    X(bad_path, COUNTER, "hits refused: path too long")                                 \
    X(bad_name, COUNTER, "hits refused: event without a name")                          \
    X(bad_visitor, COUNTER, "hits refused: visitor or page-view id too long")           \
    X(bad_body, COUNTER, "posts refused: neither a form nor JSON")                      \
    X(too_many, COUNTER, "posts refused: more than BATCH_MAX events")                   \
    X(datagrams, COUNTER, "datagrams the kernel took")                                  \
    X(datagrams_lost, COUNTER, "datagrams the kernel did not take")                     \
    X(aggregator_refused, COUNTER, "times the aggregator's host refused a datagram")    \
    X(reports, COUNTER, "reports asked of Redis")                                       \
    X(reports_shared, COUNTER, "requests answered by a report asked for or kept")       \
    X(reports_failed, COUNTER, "reports Redis did not give")                            \
    X(reports_evicted, COUNTER, "kept reports dropped for another at REPORTS_MAX")      \
    X(reports_full, COUNTER, "requests refused because REPORTS_MAX were being asked")   \
    X(redis_ups, COUNTER, "times the connection to Redis was made")                     \
    X(redis_downs, COUNTER, "times it was lost, or a dial failed")

COUNTERS_STRUCT(counters, COLLECTOR_COUNTERS);

#define COUNT_ADD(counters, row, n) \
    __atomic_store_n(&(counters)->row, (counters)->row + (uint64_t)(n), __ATOMIC_RELAXED)
#define COUNT(counters, row) COUNT_ADD(counters, row, 1)
#define GAUGE_SET(counters, row, v) \
    __atomic_store_n(&(counters)->row, (uint64_t)(v), __ATOMIC_RELAXED)

#endif
