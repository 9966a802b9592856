/* counters: what one worker has done and refused, one row each.
 *
 * A worker adds to its own struct only; the main thread reads them all. The relaxed store
 * costs what a plain one does and keeps a reader from seeing half a number. The rows of
 * the sender are copied from it (uplink.c), those of a worker's several senders added. */
#ifndef HC_COLLECTOR_COUNTERS_H
#define HC_COLLECTOR_COUNTERS_H

#include "../proto/sender.h"

#define COLLECTOR_COUNTERS(X)                                                            \
    X(conns_open, GAUGE, "HTTP connections open now", "http_connections")                \
    X(conns, COUNTER, "connections accepted", "http_connections_accepted_total")         \
    X(conns_displaced, COUNTER,                                                          \
      "idle or slow ones closed for a newcomer at the cap, or for a file in reserve",    \
      "http_connections_closed_total{reason=\"displaced\"}")                             \
    X(conns_refused, COUNTER, "newcomers closed because nobody could make room",         \
      "http_connections_closed_total{reason=\"refused\"}")                               \
    X(conns_crowded, COUNTER, "newcomers closed: too many from one address",             \
      "http_connections_closed_total{reason=\"crowded\"}")                               \
    X(conns_starved, COUNTER, "connections closed because WORKER_HELD_MAX was reached",  \
      "http_connections_closed_total{reason=\"starved\"}")                               \
    X(accept_errors, COUNTER, "connections the kernel could not hand over",              \
      "http_accept_errors_total")                                                        \
    X(timeouts_idle, COUNTER, "keep-alive connections closed after their idle time",     \
      "http_connections_closed_total{reason=\"idle\"}")                                  \
    X(timeouts_head, COUNTER, "connections closed because a head came too slowly",       \
      "http_connections_closed_total{reason=\"slow_head\"}")                             \
    X(proxy_bad, COUNTER, "connections closed: no PROXY header, which is needed",        \
      "http_connections_closed_total{reason=\"bad_proxy_header\"}")                      \
    X(proxy_missing, COUNTER, "connections closed: PROXY is needed, no trusted proxy",   \
      "http_connections_closed_total{reason=\"no_proxy\"}")                              \
    X(timeouts_body, COUNTER, "connections closed because a body came too slowly",       \
      "http_connections_closed_total{reason=\"slow_body\"}")                             \
    X(timeouts_wait, COUNTER, "connections closed because Redis never answered",         \
      "http_connections_closed_total{reason=\"no_answer\"}")                             \
    X(timeouts_write, COUNTER, "connections closed because an answer was not read",      \
      "http_connections_closed_total{reason=\"slow_reader\"}")                           \
    X(requests, COUNTER, "requests understood", "http_requests_total")                   \
    X(http_refused, COUNTER, "requests refused by the parser with a 4xx or 5xx",         \
      "http_requests_refused_total{reason=\"parser\"}")                                  \
    X(not_found, COUNTER, "requests for a path that is not there",                       \
      "http_requests_refused_total{reason=\"not_found\"}")                               \
    X(not_allowed, COUNTER, "requests with a method the path does not take",             \
      "http_requests_refused_total{reason=\"not_allowed\"}")                             \
    X(answers_too_large, COUNTER, "answers over ANSWER_MAX, refused with 503",           \
      "http_requests_refused_total{reason=\"answer_too_large\"}")                        \
    X(hits, COUNTER, "hits taken from beacons", "events_received_total")                 \
    X(minute_hits, GAUGE, "hits of the last full minute, counted or not",                \
      "last_minute_hits")                                                                \
    X(minute_busiest, GAUGE, "of them from the address of each worker that sent most",   \
      "last_minute_hits_of_busiest_client")                                              \
    X(busiest_share, GAUGE, "that as percent of them; 0 with fewer than 100 hits",       \
      "busiest_client_share")                                                            \
    X(no_site, COUNTER, "hits refused: no site id",                                      \
      "events_dropped_total{reason=\"no_site\"}")                                        \
    X(bad_site, COUNTER, "hits refused: not a site id",                                  \
      "events_dropped_total{reason=\"bad_site\"}")                                       \
    X(bad_kind, COUNTER, "hits refused: unknown kind",                                   \
      "events_dropped_total{reason=\"bad_kind\"}")                                       \
    X(bad_state, COUNTER, "hits refused: unknown state",                                 \
      "events_dropped_total{reason=\"bad_state\"}")                                      \
    X(bad_path, COUNTER, "hits refused: path too long",                                  \
      "events_dropped_total{reason=\"bad_path\"}")                                       \
    X(bad_name, COUNTER, "hits refused: event without a name",                           \
      "events_dropped_total{reason=\"bad_name\"}")                                       \
    X(bad_visitor, COUNTER, "hits refused: visitor or page-view id too long",            \
      "events_dropped_total{reason=\"bad_visitor\"}")                                    \
    X(bad_query, COUNTER, "queries refused: no text or no time",                         \
      "events_dropped_total{reason=\"bad_query\"}")                                      \
    X(bots, COUNTER, "hits not counted: a robot's User-Agent, or its own word",          \
      "events_dropped_total{reason=\"bot\"}")                                            \
    X(prefetched, COUNTER, "hits not counted: fetched ahead, nobody looks",              \
      "events_dropped_total{reason=\"prefetch\"}")                                       \
    X(excluded, COUNTER, "hits not counted: the site's own people",                      \
      "events_dropped_total{reason=\"excluded\"}")                                       \
    X(spam, COUNTER, "hits not counted: a referrer of the spam list",                    \
      "events_dropped_total{reason=\"spam\"}")                                           \
    X(opted_out, COUNTER, "hits not counted: DNT or Sec-GPC, which the site heeds",      \
      "events_dropped_total{reason=\"opted_out\"}")                                      \
    X(ratelimited, COUNTER, "hits not counted: too many from one address",               \
      "events_dropped_total{reason=\"ratelimited\"}")                                    \
    X(replayed, COUNTER, "hits not counted: the same beacon came before",                \
      "events_dropped_total{reason=\"replayed\"}")                                       \
    X(limiter_displaced, COUNTER, "addresses forgotten for others that owed for hits",   \
      "limiter_addresses_displaced_total")                                               \
    X(seen_displaced, COUNTER, "visitors and sites forgotten early for others",          \
      "limiter_seen_displaced_total")                                                    \
    X(replays_displaced, COUNTER, "beacons forgotten early for others",                  \
      "replays_displaced_total")                                                         \
    X(unknown_site, COUNTER, "hits refused: the site was not added",                     \
      "events_dropped_total{reason=\"unknown_site\"}")                                   \
    X(foreign_origin, COUNTER, "hits refused: a page of another origin than the site's", \
      "events_dropped_total{reason=\"foreign_origin\"}")                                 \
    X(sites_added, GAUGE, "sites that were added, as they were read last",               \
      "sites_added")                                                                     \
    X(sites_left_out, GAUGE, "of them and their origins not understood, or too many",    \
      "sites_left_out")                                                                  \
    X(sites_open, GAUGE, "1 while any site counts: --open-sites, or never read",         \
      "sites_open")                                                                      \
    X(register_reads, COUNTER, "times it was read which sites were added",               \
      "register_reads_total")                                                            \
    X(register_failed, COUNTER, "times Redis did not give them",                         \
      "redis_errors_total{reason=\"register\"}")                                         \
    X(geo_unknown, COUNTER, "views whose address the file of --geoip does not know",     \
      "geo_lookups_failed_total{reason=\"unknown\"}")                                    \
    X(geo_damaged, COUNTER, "views whose place in that file is damaged",                 \
      "geo_lookups_failed_total{reason=\"damaged\"}")                                    \
    X(bad_body, COUNTER, "posts refused: neither a form nor JSON",                       \
      "http_requests_refused_total{reason=\"bad_body\"}")                                \
    X(too_many, COUNTER, "posts refused: more than BATCH_MAX events",                    \
      "http_requests_refused_total{reason=\"too_many\"}")                                \
    X(json_udp, COUNTER, "datagrams of JSON received", "json_datagrams_total")           \
    X(json_udp_bad, COUNTER,                                                             \
      "of them and their parts those that are no events, or too long",                   \
      "events_dropped_total{reason=\"bad_json_datagram\"}")                              \
    X(dialect_ignored, COUNTER, "beacons of other systems that count as nothing here",   \
      "dialect_ignored_total")                                                           \
    X(sends_refused, COUNTER, "datagrams the kernel did not take",                       \
      "udp_sends_refused_total")                                                         \
    X(aggregator_refused, COUNTER, "times the aggregator's host refused a datagram",     \
      "udp_unreachable_total")                                                           \
    X(reports, COUNTER, "reports asked of Redis", "reports_total")                       \
    X(reports_shared, COUNTER, "requests answered by a report asked for or kept",        \
      "reports_shared_total")                                                            \
    X(reports_failed, COUNTER, "reports Redis did not give",                             \
      "redis_errors_total{reason=\"report\"}")                                           \
    X(reports_evicted, COUNTER, "kept reports dropped for another at REPORTS_MAX",       \
      "reports_evicted_total")                                                           \
    X(site_lists, COUNTER, "lists of sites asked of Redis", "site_lists_total")          \
    X(site_lists_failed, COUNTER, "lists of sites Redis did not give",                   \
      "redis_errors_total{reason=\"sites\"}")                                            \
    X(reports_full, COUNTER, "requests refused because REPORTS_MAX were being asked",    \
      "http_requests_refused_total{reason=\"reports_full\"}")                            \
    X(day_visitors, COUNTER, "visitors of a day asked of Redis",                         \
      "day_visitors_asked_total")                                                        \
    X(day_visitors_bad, COUNTER,                                                         \
      "visitors of a day refused: no id, too long, or no site",                          \
      "http_requests_refused_total{reason=\"bad_day_visitor\"}")                         \
    X(day_visitors_full, COUNTER,                                                        \
      "visitors of a day refused: DAY_VISITORS_ASKED_MAX were being asked",              \
      "http_requests_refused_total{reason=\"day_visitors_full\"}")                       \
    X(day_visitors_failed, COUNTER, "visitors of a day Redis did not give",              \
      "redis_errors_total{reason=\"day_visitors\"}")                                     \
    X(day_visitors_capped, COUNTER,                                                      \
      "visitors of a day not counted: DAY_VISITORS_MAX, or the worker's own",            \
      "day_visitors_capped_total")                                                       \
    X(unauthorized, COUNTER, "requests refused: no token of the site",                   \
      "http_requests_refused_total{reason=\"unauthorized\"}")                            \
    X(forbidden, COUNTER, "requests refused: the token may not do that",                 \
      "http_requests_refused_total{reason=\"forbidden\"}")                               \
    X(guessers, COUNTER, "requests refused: too many wrong tokens from that address",    \
      "http_requests_refused_total{reason=\"too_many_wrong_tokens\"}")                   \
    X(guessers_forgotten, COUNTER, "addresses with wrong tokens forgotten for others",   \
      "token_guessers_forgotten_total")                                                  \
    X(tokens_left_out, COUNTER,                                                          \
      "tokens not looked at, for their site has more than SITE_TOKENS_MAX",              \
      "tokens_left_out_total")                                                           \
    X(settings_failed, COUNTER, "settings of a site Redis did not give",                 \
      "redis_errors_total{reason=\"settings\"}")                                         \
    X(feed_messages, COUNTER, "messages of services taken for the feed",                 \
      "feed_messages_total")                                                             \
    X(queries, COUNTER, "queries of programs taken", "queries_received_total")           \
    X(resets, COUNTER, "resets of totals taken", "resets_received_total")                \
    X(feed_open, GAUGE, "connections of the feed port open now", "feed_connections")     \
    X(feed_conns, COUNTER, "connections of the feed port accepted",                      \
      "feed_connections_accepted_total")                                                 \
    X(feed_refused, COUNTER, "newcomers at the feed port closed at FEED_CONNS_MAX",      \
      "feed_connections_closed_total{reason=\"refused\"}")                               \
    X(feed_idle, COUNTER, "connections closed that watched nothing and were silent",     \
      "feed_connections_closed_total{reason=\"idle\"}")                                  \
    X(feed_too_long, COUNTER, "connections closed because a line was too long",          \
      "feed_connections_closed_total{reason=\"line_too_long\"}")                         \
    X(feed_commands, COUNTER, "commands at the feed port", "feed_commands_total")        \
    X(feed_unknown, COUNTER, "of them that are none", "feed_commands_unknown_total")     \
    X(notifications, COUNTER, "messages taken by the notification port",                 \
      "notifications_total")                                                             \
    X(notifications_ignored, COUNTER,                                                    \
      "requests to the notification port that name no site or say nothing",              \
      "notifications_ignored_total")                                                     \
    X(streams_open, GAUGE, "streams open now", "streams")                                \
    X(streams, COUNTER, "streams opened", "streams_opened_total")                        \
    X(streams_resumed, COUNTER, "of them went on where the client had left off",         \
      "streams_resumed_total")                                                           \
    X(streams_full, COUNTER, "streams refused at --streams or WATCHED_SITES_MAX",        \
      "http_requests_refused_total{reason=\"streams_full\"}")                            \
    X(streams_forbidden, COUNTER, "streams refused to pages of other origins",           \
      "http_requests_refused_total{reason=\"origin\"}")                                  \
    X(streams_dismissed, COUNTER, "streams asked to come again: old, or stopping",       \
      "streams_closed_total{reason=\"dismissed\"}")                                      \
    X(streams_slow, COUNTER, "streams closed because they were not read",                \
      "streams_closed_total{reason=\"slow_reader\"}")                                    \
    X(streams_dead, COUNTER, "streams closed because no ping was answered",              \
      "streams_closed_total{reason=\"no_pong\"}")                                        \
    X(members_open, GAUGE, "connections open now that stand for presence", "members")    \
    X(members_joined, COUNTER, "of such connections, those that came to count",          \
      "members_joined_total")                                                            \
    X(members_replaced, COUNTER, "of them ended because another had their name",         \
      "members_replaced_total")                                                          \
    X(members_full, COUNTER, "of such connections, those refused at MEMBERS_MAX",        \
      "http_requests_refused_total{reason=\"members_full\"}")                            \
    X(members_limited, COUNTER, "of such connections, refused: too many of one address", \
      "http_requests_refused_total{reason=\"members_limited\"}")                         \
    X(joins_refused, COUNTER, "times Redis refused to carry joins between collectors",   \
      "redis_errors_total{reason=\"joins\"}")                                            \
    X(joins_untold, COUNTER, "joins not told to others: Redis away, or too many",        \
      "joins_untold_total")                                                              \
    X(ws_refused, COUNTER, "requests refused: no WebSocket handshake of version 13",     \
      "http_requests_refused_total{reason=\"no_websocket\"}")                            \
    X(ws_failed, COUNTER, "WebSockets closed because the client broke the protocol",     \
      "streams_closed_total{reason=\"protocol_error\"}")                                 \
    X(ws_idle, COUNTER, "WebSockets closed that did not say which site they are of",     \
      "streams_closed_total{reason=\"no_site\"}")                                        \
    X(ws_messages, COUNTER, "messages of WebSocket clients, which are ignored",          \
      "websocket_messages_ignored_total")                                                \
    X(stream_writes, COUNTER, "writes to streams", "stream_writes_total")                \
    X(stream_blocks, COUNTER, "writes to streams that the socket did not take whole",    \
      "stream_writes_blocked_total")                                                     \
    X(sites_watched, GAUGE, "sites subscribed for streams", "sites_watched")             \
    X(messages_received, COUNTER, "published messages received",                         \
      "messages_received_total")                                                         \
    X(messages_bad, COUNTER, "messages that are none, seen by a worker",                 \
      "messages_dropped_total{reason=\"malformed\"}")                                    \
    X(messages_old, COUNTER, "messages not above the last one, seen by a worker",        \
      "messages_dropped_total{reason=\"old\"}")                                          \
    X(mail_dropped, COUNTER, "times messages were dropped because a worker was busy",    \
      "messages_dropped_total{reason=\"busy\"}")                                         \
    X(watch_reads, COUNTER, "watched sites asked of Redis", "watch_reads_total")         \
    X(watch_reads_failed, COUNTER, "watched sites Redis did not give",                   \
      "redis_errors_total{reason=\"watch\"}")                                            \
    X(subscribes_refused, COUNTER, "subscriptions Redis refused",                        \
      "redis_errors_total{reason=\"subscribe\"}")                                        \
    X(subscriber_ups, COUNTER, "times the subscriber's connection to Redis was made",    \
      "redis_subscriber_connects_total")                                                 \
    X(subscriber_up, GAUGE, "1 while the subscriber is connected to Redis",              \
      "redis_subscriber_up")                                                             \
    X(redis_ups, COUNTER, "times the connection to Redis was made",                      \
      "redis_connects_total")                                                            \
    X(redis_downs, COUNTER, "times it was lost, or a dial failed",                       \
      "redis_disconnects_total")                                                         \
    X(redis_up, GAUGE, "workers connected to Redis", "redis_up")                         \
    X(aggregator_up, GAUGE, "workers that hear the aggregator", "aggregator_up")         \
    SENDER_COUNTERS(X)

COUNTERS_STRUCT(counters, COLLECTOR_COUNTERS);

#define COUNT_ADD(counters, row, n) \
    __atomic_store_n(&(counters)->row, (counters)->row + (uint64_t)(n), __ATOMIC_RELAXED)
#define COUNT(counters, row) COUNT_ADD(counters, row, 1)
#define GAUGE_SET(counters, row, v) \
    __atomic_store_n(&(counters)->row, (uint64_t)(v), __ATOMIC_RELAXED)

#endif
