/* counters: what the aggregator tells of itself, one row each (proto/counters.h). */
#ifndef HC_AGGREGATOR_COUNTERS_H
#define HC_AGGREGATOR_COUNTERS_H

#include "../proto/counters.h"

#define AGGREGATOR_COUNTERS(X)                                                           \
    X(datagrams, COUNTER, "datagrams received, whatever became of them",                 \
      "udp_datagrams_total")                                                             \
    X(folded, COUNTER, "datagrams whose hits were folded", "udp_datagrams_folded_total") \
    X(early, COUNTER, "datagrams folded that had to wait for those before them",         \
      "udp_datagrams_early_total")                                                       \
    X(bad_shape, COUNTER,                                                                \
      "datagrams refused: too short, too long or no headcount frame",                    \
      "udp_datagrams_refused_total{reason=\"bad_shape\"}")                               \
    X(bad_version, COUNTER, "datagrams refused: a protocol version not spoken here",     \
      "udp_datagrams_refused_total{reason=\"bad_version\"}")                             \
    X(bad_type, COUNTER, "datagrams refused: a type not known here",                     \
      "udp_datagrams_refused_total{reason=\"bad_type\"}")                                \
    X(bad_key, COUNTER, "datagrams refused: made with another secret file",              \
      "udp_datagrams_refused_total{reason=\"bad_key\"}")                                 \
    X(bad_mac, COUNTER, "datagrams refused: damaged or forged",                          \
      "udp_datagrams_refused_total{reason=\"bad_mac\"}")                                 \
    X(malformed, COUNTER, "datagrams refused: authentic, but the body cannot be read",   \
      "udp_datagrams_refused_total{reason=\"malformed\"}")                               \
    X(stale_epoch, COUNTER,                                                              \
      "datagrams refused: made for another aggregator or before a restart",              \
      "udp_datagrams_refused_total{reason=\"stale_epoch\"}")                             \
    X(not_ready, COUNTER, "datagrams refused: Redis has not given an epoch yet",         \
      "udp_datagrams_refused_total{reason=\"not_ready\"}")                               \
    X(window_drops, COUNTER,                                                             \
      "datagrams refused: too far ahead, or no room; they come again",                   \
      "udp_datagrams_refused_total{reason=\"window\"}")                                  \
    X(duplicate, COUNTER, "datagrams that had been here before",                         \
      "udp_datagrams_duplicate_total")                                                   \
    X(skipped, COUNTER, "datagrams that their sender had given up",                      \
      "udp_datagrams_skipped_total")                                                     \
    X(missing, GAUGE, "datagrams whose number was skipped and that have not come since", \
      "udp_datagrams_missing")                                                           \
    X(pings, COUNTER, "PINGs of senders", "udp_pings_total")                             \
    X(acks, COUNTER, "ACKs sent", "udp_acks_total")                                      \
    X(ack_errors, COUNTER, "ACKs that the socket did not take", "udp_ack_errors_total")  \
    X(streams, GAUGE, "sender streams of this epoch", "sender_streams")                  \
    X(streams_full, COUNTER,                                                             \
      "times there were too many sender streams; a new epoch was taken",                 \
      "sender_streams_full_total")                                                       \
    X(kernel_drops, COUNTER,                                                             \
      "datagrams, or trains of them, the kernel dropped because the buffer was full",    \
      "udp_receive_buffer_errors_total")                                                 \
    X(socket_errors, COUNTER, "errors reported by the socket",                           \
      "udp_socket_errors_total")                                                         \
    X(rcvbuf, GAUGE, "receive buffer that the kernel granted, bytes",                    \
      "udp_receive_buffer_bytes")                                                        \
    X(busy, GAUGE, "1 while the socket is emptied by a timer rather than watched",       \
      "udp_polling")                                                                     \
    X(views, COUNTER, "pageviews folded", "events_total{kind=\"view\"}")                 \
    X(events, COUNTER, "events folded", "events_total{kind=\"event\"}")                  \
    X(heartbeats, COUNTER, "heartbeats folded", "events_total{kind=\"heartbeat\"}")      \
    X(leaves, COUNTER, "leaves folded", "events_total{kind=\"leave\"}")                  \
    X(joins, COUNTER, "connections folded", "events_total{kind=\"join\"}")               \
    X(messages, COUNTER, "messages folded", "events_total{kind=\"message\"}")            \
    X(queries, COUNTER, "queries folded", "events_total{kind=\"query\"}")                \
    X(resets, COUNTER, "resets of totals folded", "events_total{kind=\"reset\"}")        \
    X(goals, COUNTER, "goals reached by views and events", "goals_reached_total")        \
    X(goals_bad, COUNTER,                                                                \
      "goals and alerts in settings that cannot be read, or are too many: left out",     \
      "goals_unreadable_total")                                                          \
    X(roll_capped, COUNTER,                                                              \
      "times a site with alerts was not looked at: there was no room for it",            \
      "alerts_sites_refused_total")                                                      \
    X(unknown_kind, COUNTER, "hits of a kind not known here, skipped",                   \
      "events_dropped_total{reason=\"unknown_kind\"}")                                   \
    X(late, COUNTER, "hits that happened before the window, not counted",                \
      "events_dropped_total{reason=\"late\"}")                                           \
    X(repeated, COUNTER,                                                                 \
      "hits that Redis had when their site was read back, not counted again",            \
      "events_dropped_total{reason=\"repeated\"}")                                       \
    X(capped_sites, COUNTER, "hits not counted because there were too many sites",       \
      "events_dropped_total{reason=\"capped_sites\"}")                                   \
    X(capped_visitors, COUNTER, "hits whose visitor found no room; the view counts",     \
      "events_capped_total{bound=\"visitors\"}")                                         \
    X(capped_pages, COUNTER, "hits counted on (other) because of too many pages",        \
      "events_capped_total{bound=\"pages\"}")                                            \
    X(capped_referrers, COUNTER,                                                         \
      "views with a referrer, country, campaign or term counted on (other) because of "  \
      "too many",                                                                        \
      "events_capped_total{bound=\"referrers\"}")                                        \
    X(capped_goals, COUNTER, "goals counted on (other) because of too many names",       \
      "events_capped_total{bound=\"goals\"}")                                            \
    X(capped_tabs, COUNTER,                                                              \
      "hits whose tab found no room; they count, but make nobody present",               \
      "events_capped_total{bound=\"tabs\"}")                                             \
    X(tabs_displaced, COUNTER,                                                           \
      "tabs that made room for another one of the same visitor", "tabs_displaced_total") \
    X(parked, COUNTER, "hits that waited for their site to be read back",                \
      "events_parked_total")                                                             \
    X(parked_bytes, GAUGE, "memory of hits that wait for their site, bytes",             \
      "parked_bytes")                                                                    \
    X(marks_evicted, COUNTER,                                                            \
      "marks of senders forgotten because a site has too many: their hits may count "    \
      "twice after a crash",                                                             \
      "marks_evicted_total")                                                             \
    X(sites, GAUGE, "sites in memory", "sites")                                          \
    X(visitors, GAUGE, "visitors in memory, those about to be dropped included",         \
      "visitors")                                                                        \
    X(tabs, GAUGE, "tabs in memory, those that left a moment ago included", "tabs")      \
    X(alerts, GAUGE, "alerts that are on", "alerts_on")                                  \
    X(memory, GAUGE, "memory of the sites' tables, bytes", "store_bytes")                \
    X(dirty, GAUGE, "sites that wait for a commit", "sites_dirty")                       \
    X(quarantined, GAUGE, "sites left out at present", "sites_quarantined")              \
    X(loading, GAUGE, "sites that wait to be read back, or are being", "sites_loading")  \
    X(loads, COUNTER, "sites read back from Redis", "site_loads_total")                  \
    X(load_retries, COUNTER, "readings that had to begin again",                         \
      "site_load_retries_total")                                                         \
    X(log_rewrites, COUNTER, "logs of visitors written anew", "log_rewrites_total")      \
    X(epoch, GAUGE, "this aggregator's epoch, 0 before Redis gave one", "epoch")         \
    X(frozen, COUNTER,                                                                   \
      "times the process had been stopped so long that all was forgotten",               \
      "frozen_total")                                                                    \
    X(reboots, COUNTER, "times all was forgotten and a new epoch taken",                 \
      "reboots_total")                                                                   \
    X(redis_up, GAUGE, "1 while commits can be made", "redis_up")                        \
    X(redis_evicts, GAUGE, "1 when Redis may drop keys of its own accord",               \
      "redis_evicts")                                                                    \
    X(rounds, COUNTER, "rounds of commits", "commit_rounds_total")                       \
    X(commits, COUNTER, "commits that Redis confirmed", "commits_total")                 \
    X(ticks, COUNTER, "messages published because the minute turned", "ticks_total")     \
    X(barriers, COUNTER, "times confirmed commits began to wait for Redis to keep them", \
      "barriers_total")                                                                  \
    X(matured, COUNTER, "times they had waited long enough and senders were told",       \
      "barriers_matured_total")                                                          \
    X(hold_us, GAUGE, "how long the oldest of them has waited, microseconds",            \
      "barrier_age_seconds")                                                             \
    X(retries, COUNTER, "commits that Redis could not take for the moment",              \
      "redis_errors_total{reason=\"retry\"}")                                            \
    X(noscript, COUNTER, "commits that found the script missing; it was loaded again",   \
      "redis_errors_total{reason=\"noscript\"}")                                         \
    X(unknown, COUNTER,                                                                  \
      "commits whose fate was unknown, or that took too long, repeated",                 \
      "redis_errors_total{reason=\"unknown\"}")                                          \
    X(regress, COUNTER, "commits that found Redis behind; the site was rewritten whole", \
      "redis_errors_total{reason=\"regress\"}")                                          \
    X(fenced, COUNTER, "commits refused because another aggregator owns the site",       \
      "redis_errors_total{reason=\"fenced\"}")                                           \
    X(refused, COUNTER,                                                                  \
      "commits that Redis refused for their site alone; it was written anew",            \
      "redis_errors_total{reason=\"refused\"}")                                          \
    X(site_unprotected, COUNTER,                                                         \
      "times a site was left out for 60 s, for Redis kept refusing it",                  \
      "sites_unprotected_total")                                                         \
    X(commit_us, GAUGE, "duration of the last commit, microseconds",                     \
      "commit_last_seconds")                                                             \
    X(commit_us_max, GAUGE, "duration of the longest commit, microseconds",              \
      "commit_longest_seconds")                                                          \
    X(clock_held, COUNTER, "steps back of the wall clock that were waited out",          \
      "clock_steps_total{handled=\"held\"}")                                             \
    X(clock_resets, COUNTER, "steps back too large for it; all was forgotten",           \
      "clock_steps_total{handled=\"reset\"}")                                            \
    X(stats_answers, COUNTER, "connections to the stats port answered",                  \
      "stats_answers_total")                                                             \
    X(stats_displaced, COUNTER, "its oldest connection closed for a newcomer",           \
      "stats_connections_closed_total{reason=\"displaced\"}")                            \
    X(stats_timeouts, COUNTER, "its connections not read within five seconds",           \
      "stats_connections_closed_total{reason=\"deadline\"}")

COUNTERS_STRUCT(aggregator_counters, AGGREGATOR_COUNTERS);

#endif
