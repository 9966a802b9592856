/* counters: what the aggregator tells of itself, one row each (proto/counters.h). */
#ifndef HC_AGGREGATOR_COUNTERS_H
#define HC_AGGREGATOR_COUNTERS_H

#include "../proto/counters.h"

#define AGGREGATOR_COUNTERS(X)                                                           \
    X(datagrams, COUNTER, "datagrams received, whatever became of them")                 \
    X(folded, COUNTER, "datagrams whose hits were folded")                               \
    X(bad_shape, COUNTER,                                                                \
      "datagrams refused: too short, too long or no headcount frame")                    \
    X(bad_version, COUNTER, "datagrams refused: a protocol version not spoken here")     \
    X(bad_type, COUNTER, "datagrams refused: a type not known here")                     \
    X(bad_key, COUNTER, "datagrams refused: made with another secret file")              \
    X(bad_mac, COUNTER, "datagrams refused: damaged or forged")                          \
    X(malformed, COUNTER, "datagrams refused: authentic, but the body cannot be read")   \
    X(duplicate, COUNTER, "datagrams that had been here before")                         \
    X(too_old, COUNTER, "datagrams more than 255 behind their stream, not folded")       \
    X(missing, GAUGE, "datagrams whose number was skipped and that have not come since") \
    X(streams, GAUGE, "sender streams remembered")                                       \
    X(streams_evicted, COUNTER, "sender streams forgotten to make room for others")      \
    X(kernel_drops, COUNTER, "datagrams the kernel dropped because the buffer was full") \
    X(socket_errors, COUNTER, "errors reported by the socket")                           \
    X(rcvbuf, GAUGE, "receive buffer that the kernel granted, bytes")                    \
    X(busy, GAUGE, "1 while the socket is emptied by a timer rather than watched")       \
    X(views, COUNTER, "pageviews folded")                                                \
    X(events, COUNTER, "events folded")                                                  \
    X(heartbeats, COUNTER, "heartbeats folded")                                          \
    X(leaves, COUNTER, "leaves received")                                                \
    X(unknown_kind, COUNTER, "hits of a kind not known here, skipped")                   \
    X(late, COUNTER, "hits that happened before the window, not counted")                \
    X(capped_sites, COUNTER, "hits not counted because there were too many sites")       \
    X(capped_visitors, COUNTER, "hits whose visitor found no room; the view counts")     \
    X(capped_pages, COUNTER, "hits counted on (other) because of too many pages")        \
    X(sites, GAUGE, "sites in memory")                                                   \
    X(visitors, GAUGE, "visitors in memory, those about to be dropped included")         \
    X(memory, GAUGE, "memory of the sites' tables, bytes")                               \
    X(dirty, GAUGE, "sites that wait for a commit")                                      \
    X(epoch, GAUGE, "this aggregator's epoch, 0 before Redis gave one")                  \
    X(redis_up, GAUGE, "1 while commits can be made")                                    \
    X(redis_evicts, GAUGE, "1 when Redis may drop keys of its own accord")               \
    X(rounds, COUNTER, "rounds of commits")                                              \
    X(commits, COUNTER, "commits that Redis confirmed")                                  \
    X(ticks, COUNTER, "messages published because the minute turned")                    \
    X(retries, COUNTER, "commits that Redis could not take for the moment")              \
    X(noscript, COUNTER, "commits that found the script missing; it was loaded again")   \
    X(unknown, COUNTER, "commits whose fate was unknown, repeated")                      \
    X(regress, COUNTER, "commits that found Redis behind; the site was rewritten whole") \
    X(fenced, COUNTER, "commits refused because another aggregator owns the site")       \
    X(site_unprotected, COUNTER, "commits that Redis refused for good; again in 60 s")   \
    X(reboots, COUNTER, "times all was forgotten and a new epoch taken")                 \
    X(commit_us, GAUGE, "duration of the last commit, microseconds")                     \
    X(commit_us_max, GAUGE, "duration of the longest commit, microseconds")              \
    X(clock_held, COUNTER, "steps back of the wall clock that were waited out")          \
    X(clock_resets, COUNTER, "steps back too large for it; all was forgotten")

COUNTERS_STRUCT(aggregator_counters, AGGREGATOR_COUNTERS);

#endif
