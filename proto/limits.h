/* limits: every bound of headcount, with its reason and what happens at it.
 *
 * A bound is part of the interface: the policy at it is written here and each
 * refusal has a counter (collector/counters.h, aggregator/counters.h). */
#ifndef HC_LIMITS_H
#define HC_LIMITS_H

/* A bound as text, for the help of options and for commands. */
#define TEXT_OF(number) TEXT_OF_(number)
#define TEXT_OF_(number) #number

/* -- names ---------------------------------------------------------------- */

/* Site ids: [A-Za-z0-9._-]{1,64}, neither "." nor "..", which addresses lose on their
 * way. The alphabet keeps the Redis hash tag {site} and the channel name unambiguous.
 * Refused: bad_site. */
#define SITE_MAX 64

/* A path after normalizing, bytes of UTF-8. Longer ones are cut at a character
 * boundary: a page is still told from the others, a datagram still carries two. */
#define PATH_MAX_BYTES 512

/* The name of a custom event. Cut like a path. Peers allow 120 (Plausible) to 256. */
#define EVENT_NAME_MAX 128

/* The host that a view came from. Hosts may have 253 bytes; those that people link from
 * have fewer than these. Longer ones are left out. */
#define REFERRER_MAX 64

/* The name of a campaign or term, cleaned and cut like an event's name. So long is what
 * a field of a site's traits may be (TRAIT_NAME_MAX in aggregator/traits.h). */
#define CAMPAIGN_MAX 64

/* How long a tab may be told to last, s: half of it, and the third in which it beats,
 * lies below ONLINE_TTL_S. More is cut. */
#define TAB_LASTS_MAX_S 150

/* A visitor's own id (parameter u). Hashed, never kept; longer is refused: bad_visitor.
 */
#define CLIENT_ID_MAX 64

/* Raw path parameter before decoding. GoatCounter and Plausible take 2,000 to 2,048.
 * Longer is refused: bad_path. */
#define PATH_RAW_MAX 2048

/* Attention that one hit may report, ms: four heartbeats of a hidden tab. More is cut. */
#define ENGAGED_MAX_MS 240000

/* -- datagrams ------------------------------------------------------------ */

/* UDP payload. Passes WireGuard (MTU 1420), PPPoE and IPv6's minimum MTU of 1280 with
 * its headers; the figure QUIC chose (RFC 9000, section 14). */
#define DATAGRAM_MAX 1200

/* Events in one datagram, and entries of its dictionary (sites, paths, event names). The
 * shortest event with a visitor's hash takes 14 bytes, so 1,128 bytes of body hold some
 * 80. The writer starts the next datagram at the bound, the reader calls more malformed.
 */
#define DATAGRAM_HITS_MAX 140
#define DATAGRAM_NAMES_MAX 256

/* Hits that the aggregator folds together (fold.h), and datagrams they are from: so many
 * wait at most, within one reading of the socket, and at the bound they are folded. Room
 * for one full datagram behind five or six of the usual 21. */
#define FOLD_QUEUE_HITS 256
#define FOLD_QUEUE_DATAGRAMS 64

/* How far an event's own time may stand before or after the datagram's clock, ms. Eight
 * days cover the longest suspended laptop that matters. Beyond: malformed. */
#define EVENT_AGE_MAX_MS (8LL * 24 * 3600 * 1000)

/* How long a hit may wait in the sender for company, ms. */
#define SENDER_LINGER_MS 5

/* Hits kept until they are durable: the ring of one collector thread, bytes. At 40 bytes
 * a hit some 1.5 million, five minutes of 5,000 hits a second. What happens at the bound
 * stands in sender.h. --ring changes it. */
#define SENDER_RING_BYTES (64L * 1024 * 1024)

/* Part of the ring, in sixteenths, from which on heartbeats are refused: what is left is
 * for hits that will not be repeated. */
#define SENDER_FULL 14

/* Datagrams on their way: at most so many beyond the last one acknowledged in order, and
 * the aggregator holds as many that came out of order. 256 full ones are 300 KB, a
 * receive buffer of 4 MiB takes seven senders at full speed. */
#define SENDER_WINDOW 256
#define SENDER_CWND_FIRST 32
#define SENDER_CWND_MIN 8

/* Repeated at a probe timeout: two, as RFC 9002 has it. */
#define SENDER_PROBES 2

/* A hit that could not be delivered for so long belongs to no window any more. */
#define SENDER_RETENTION_MS (60 * 60 * 1000L)

/* An aggregator that dies each time it is sent a certain datagram would die for ever:
 * when it stood first in line in so many epochs it is set aside. From SENDER_ALONE epochs
 * on the first in line is sent alone, so that no bystander is taken for it. */
#define SENDER_TRIES 4
#define SENDER_ALONE 2

/* With nothing on its way a sender asks so often whether the aggregator is still the
 * same. */
#define SENDER_PING_MS 1000

/* Without an answer for so long the next aggregator of the list is tried; and one that
 * answered so recently is called present by /readyz. */
#define SENDER_SILENCE_MS 5000
#define SENDER_FRESH_MS 3000

/* Ranges of unprotected hits that a sender tells apart; more are joined, which delays
 * their being called durable and loses nothing. */
#define SENDER_UNPROTECTED_MAX 4096

/* Addresses of one --aggregator list. */
#define AGGREGATORS_MAX 8

/* --ring, MiB. */
#define RING_MIB_MIN 1
#define RING_MIB_MAX 4096

/* Files in a --spool directory. Rings: those of WORKERS_MAX threads and of four times as
 * many that there were before; with more a collector does not start. Datagrams set aside:
 * more are only logged. Rings from before a boot: more are deleted, and counted all the
 * same. */
#define SPOOL_RINGS_MAX 320
#define SPOOL_POISON_MAX 100
#define SPOOL_STALE_MAX 16

/* Datagrams read from the aggregator before the loop turns to others. */
#define UPLINK_READS_MAX 64

/* Datagrams given to the kernel with one call. Runs of one length are seldom longer. */
#define UPLINK_TRAIN_MAX 16

/* What a stopping collector waits for hits to be received, and with --drain to be
 * durable, ms. A second is a few probe timeouts; durable takes HOLD_MS and a commit. */
#define STOP_RECEIVED_MS 5000
#define STOP_DURABLE_MS 30000

/* Sender streams of one epoch: one for each thread of a collector, and each restart of
 * one begins another. None is forgotten within an epoch, so that nothing replayed is
 * taken for new; when they are too many a new epoch begins: streams_full. 144 bytes each.
 */
#define STREAMS_MAX 65536

/* Datagrams that came out of order and wait for those before them, all streams together,
 * bytes. More are dropped and will be sent again: window_drops. */
#define RECEIVER_HELD_MAX (64L * 1024 * 1024)

/* An ACK may be held back for so long, for others to share it; and after so many
 * datagrams of a stream it goes at once. */
#define RECEIVER_ACK_DELAY_MS 5
#define RECEIVER_ACK_EVERY 64

/* What the aggregator receives with one call: so many datagrams, or trains of them, each
 * as long as an IP packet can be. 4 MiB, of which single datagrams touch a page or two
 * each. */
#define RECEIVE_SLOTS 64
#define RECEIVE_SLOT_BYTES 65536

/* ACKs a second to those who may be replaying: duplicates of one stream, and senders
 * whose epoch is another. A sender that follows the rules needs one. */
#define RECEIVER_ACKS_DUPLICATE 10
#define RECEIVER_ACKS_STRANGERS 2000

/* Hits of sites that are being read back from Redis wait for it, bytes; when that is full
 * no datagram is taken until it is not: they wait with their senders. */
#define PARKED_MAX (64L * 1024 * 1024)

/* Sites being read back at the same time, and what is read of a minute's log with one
 * call: 16,384 visitors, some 4 ms of work. */
#define LOADS_MAX 64
#define LOAD_CHUNK_BYTES (256 * 1024)
#define LOAD_INLINE_BYTES (32 * 1024) /* logs that come with the first reply */

/* Hits that waited for their site, folded in one turn; some 2 ms. */
#define LOAD_FOLDS_MAX 8192

/* A site that was read back says so for one heartbeat of 15 s + 10 %, ms. */
#define WARMING_MS 16500

/* Senders that one site is fed by and whose marks it keeps (marks.h), four times the
 * threads of the largest collectors in use and their restarts within an hour. Those of a
 * sender that has moved on are dropped; beyond the bound one that has not been heard of
 * in this epoch, else the one that was silent longest: marks_evicted. If its sender lives
 * and the aggregator dies, what was on its way counts twice for this site. 16 bytes each
 * in every commit. */
#define SITE_MARKS_MAX 1024

/* Log records that wait for a commit, all sites together: 64 MiB. A site that cannot have
 * one more writes its log anew from what it knows instead (minute_log.h). */
#define LOG_PENDING_MAX (4L * 1024 * 1024)

/* What Redis has confirmed is called durable when the same connection has lasted for so
 * long after it, ms. Under appendfsync everysec Redis may lose up to two seconds when it
 * is killed (redis/src/aof.c postpones a write while an fsync runs). */
#define HOLD_MS 3000

/* Barriers waiting for HOLD_MS; younger ones than a thirty-second part of it are joined.
 */
#define MATURITY_MAX 64

/* -- the store ------------------------------------------------------------ */

/* Minutes a window may span: a visitor's minutes are the bits of one uint64_t. */
#define WINDOW_MAX 64
#define WINDOW_DEFAULT 30

/* Sites alive in one aggregator. The next one is refused: capped_sites. */
#define SITES_MAX 10000

/* Live paths of one site; more are folded into "(other)": capped_pages. */
#define PAGES_MAX 1000

/* Those that a site has whatever is done to others, and those beyond that all sites
 * share; for who may name sites could else fill a thousand pages of each of ten thousand.
 * A page takes 0.3 KB, at most 1, and where others have gone twice that at most: so all
 * together some 400 MB, at most 1.2 GB, of which 0.5 are long paths. */
#define PAGES_SURE 64
#define PAGES_SHARED_MAX 500000

/* Visitors of one site and of all; over it hits still count as views and the site's
 * messages say "capped": capped_visitors. 8 M visitors take some 250 MB. */
#define SITE_VISITORS_MAX 2000000
#define VISITORS_MAX 8000000

/* Hosts that views of one site came from, and countries, told apart at a time; more are
 * counted as "(other)": capped_referrers. ISO 3166 has 249 countries. Some 360 bytes each
 * with a window of 60 minutes. */
#define REFERRERS_MAX 200
#define COUNTRIES_MAX 260

/* Campaigns and terms told apart at a time, of each; more are counted as "(other)":
 * capped_referrers. Whoever makes a link chooses these names, so they are as many as
 * hosts are; a site that advertises has some dozens a day. */
#define CAMPAIGNS_MAX 200

/* As with pages: what views are told apart by, that a site has in any case, and that all
 * share. A value takes 360 bytes: some 400 MB all together. */
#define TRAITS_SURE 64
#define TRAITS_SHARED_MAX 500000

/* -- presence ------------------------------------------------------------- */

/* How long a tab counts after it was last heard of, ms. In front it beats every 15 s +-
 * 10 %, so two beats may be lost; hidden once a minute, as browsers slow timers down to
 * that. A tick less than 45 s, so that a browser that was killed is gone within them. */
#define PRESENCE_ACTIVE_MS 44000
#define PRESENCE_HIDDEN_MS 150000

/* A tab that said goodbye counts for so long: the next page of the same visitor is there
 * by then, and the number does not flicker. */
#define PRESENCE_LEAVE_MS 1000

/* And it is remembered for so long, so that a beat sent before and delivered after the
 * goodbye does not bring it back. */
#define PRESENCE_LEFT_MS 45000

/* Presence moves in steps of this, ms. */
#define PRESENCE_STEP_MS 500

/* Tabs of one visitor (offices behind one address may look like one); the one not heard
 * of for longest makes room: tabs_displaced. Of one site, and of all: beyond, nobody new
 * is present, and the site says capped: capped_tabs. 40 bytes each. */
#define VISITOR_TABS_MAX 64
#define SITE_TABS_MAX 2000000
#define TABS_MAX 4000000

/* Tabs looked at in one call of fold_tick; some 2 ms. */
#define PRESENCE_TABS_A_TICK 8192

/* What is known of who is there is worth nothing when nobody has said so for this long,
 * s: every present tab beats in less than half of it, and each first beat of a minute is
 * committed. */
#define ONLINE_TTL_S 150

/* How often at most Redis is told so: it may forget so much earlier. */
#define ONLINE_RENEW_S 10

/* Recent events kept per site, memory and Redis alike. */
#define RECENT_MAX 100

/* -- Redis ---------------------------------------------------------------- */

/* Epochs, commit numbers and event ids that are believed when they are read from Redis.
 * Epochs are milliseconds since 1970 and the others grow more slowly, so only garbage is
 * above it; and who counts on from here stays below 2^53, up to which Lua and JSON are
 * exact. The scripts have it as 4e15. */
#define EPOCH_MAX UINT64_C(4000000000000000)

/* One script call. Larger commits go out in parts; Redis blocks while it reads one. */
#define COMMIT_BYTES_MAX (256 * 1024)

/* A part ends when it has grown to so many bytes; behind them is room for what ends the
 * last one, and for what a single step may take over it (commit.c): 64 KiB of views'
 * traits, 22 KiB of alerts, and 124 KiB of all else. */
#define COMMIT_PART_BYTES (COMMIT_BYTES_MAX - 212 * 1024)

/* How long keys of a site outlive their window, seconds: the clocks of Redis and of the
 * aggregator may differ by so much. */
#define EXPIRY_SLACK_S 60

/* How alerts stand is kept by each commit of a site that has any, so at least once a
 * minute. An aggregator that was away for so long tells anew those that are on. */
#define ALERTS_TTL_S (30 * 86400)

/* Names and values in one HSET of the script: Lua's unpack() takes fewer than 8,000. */
#define COMMIT_FIELDS_MAX 2048

/* How far ahead of its clock an aggregator that was set back looks for rows it wrote,
 * minutes: a day. Rows further ahead stay until they expire. */
#define MINUTES_AHEAD_MAX 1440

/* Script calls outstanding on the writer's connection. More cost no less where Redis is
 * near, and a change of a quiet site waits for them: at 256 its p99 was 29 ms beside a
 * thousand busy sites, at 64 it is 10. Where it is 5 ms away, 64 in 5 ms are the most. */
#define COMMITS_IN_FLIGHT_MAX 64

/* The published message, bytes; its page list is cut to stay below. */
#define MESSAGE_MAX (16 * 1024)
#define MESSAGE_PAGES_MAX 20
#define MESSAGE_EVENTS_MAX 20

/* Bytes waiting on a Redis connection; more is refused to the caller, who tries again
 * when they are fewer. */
#define REDIS_OUTBOX_MAX (16 * 1024 * 1024)

/* Calls of one connection that wait for a reply. More is refused like the bytes. Four
 * times a burst of all sites' commits; 32 bytes each. */
#define REDIS_CALLS_MAX 65536

/* One reply, bytes as sent. Twice the largest there is, a realtime answer with every page
 * of a site in every minute; a longer one breaks the connection. */
#define REDIS_REPLY_MAX (64 * 1024 * 1024)

/* Pages in the realtime answer; and of each kind of trait, values. */
#define ANSWER_PAGES_MAX 100
#define ANSWER_TRAITS_MAX 100

/* -- settings of a site ---------------------------------------------------- */

/* Names of tokens and goals: [A-Za-z0-9._-]{1,64}, like site ids. */
#define SETTING_NAME_MAX 64

/* Tokens and goals of one site. A token is looked up by comparing with all of them, and
 * a goal is tried on every hit; the next one is refused by `headcount site`. */
#define TOKENS_MAX 16
#define GOALS_MAX 32

/* Origins whose pages may send the beacons of one site, tried one after the other on each
 * of its hits; the next one is refused. And the bytes of one: a scheme, a name as DNS has
 * it (253, RFC 1035), a port. */
#define ORIGINS_MAX 16
#define ORIGIN_MAX 280

/* Alerts of one site, each looked at once a second; the next one is refused. And those
 * that an aggregator keeps, with as many that were removed and of which Redis has not
 * heard yet, for all may be replaced at once; a commit tells all of them at most. */
#define ALERTS_MAX 16
#define ALERTS_KEPT_MAX (2 * ALERTS_MAX)

/* Sites with alerts that are called up at once though nobody visits them; of more, others
 * each time. A thousand answers of Redis to read, once in ten seconds. */
#define ALERTED_MAX 1000

/* The bound of an alert, and how long a number may have to be beyond it. */
#define ALERT_LIMIT_MAX 1000000000
#define ALERT_HOLD_MAX_S 86400

/* Goals that a site's rows tell apart, those that were removed within the window
 * included; more are counted as "(other)": capped_goals. */
#define GOALS_COUNTED_MAX (2 * GOALS_MAX)

/* Goals that an entry of the feed names; a hit that reached more counts for all. */
#define EVENT_GOALS_MAX 8

/* -- options and log ------------------------------------------------------ */

/* The file of --config; a larger one is a wrong file and refused at start. */
#define CONFIG_FILE_MAX (64 * 1024)

/* Options of one program; asserted at start. */
#define OPTS_MAX 64

/* Files of items a line, of --bots and --referrer-spam; a larger one is a wrong file. An
 * item is a domain, or what a program calls itself. */
#define LIST_FILE_MAX 262144
#define LIST_ITEM_MAX 128

/* Words of --bots, and their letters, each of which takes up to 190 bytes. A word below
 * the shortest would be found in nearly every User-Agent. */
#define WORD_MIN 3
#define WORDS_MAX 4096
#define WORDS_NODES_MAX 32768

/* Domains of --referrer-spam; public lists have some 2,500. */
#define DOMAINS_MAX 16384

/* One log line with its newline; cut when longer. Below PIPE_BUF, so that lines of
 * several processes on one pipe stay whole. */
#define LOG_LINE_MAX 1024

/* -- HTTP ----------------------------------------------------------------- */

#define HTTP_REQUEST_LINE_MAX 4096 /* 414 */
#define HTTP_HEAD_MAX 8192         /* 431; also one connection's carry buffer */
#define HTTP_HEADERS_MAX 64        /* 431; Chrome sends about 20 */
#define HTTP_FORWARDED_MAX 8       /* X-Forwarded-For lines looked at, the last ones */
#define HTTP_BODY_MAX (64 * 1024)  /* 413; a batch of 500 at 130 bytes an event */
#define BATCH_MAX 500              /* events in one POST /e; more is 400 too_many */
#define PARAMS_MAX 64 /* pairs read of one query or form; the rest is ignored */

/* Deadlines, ms. The whole head must arrive in 10 s whatever its pieces (slowloris). The
 * idle time outlasts a heartbeat of 15 s +- 10 %, so a tab keeps its connection. */
#define HTTP_HEAD_DEADLINE_MS 10000
#define HTTP_BODY_DEADLINE_MS 10000
#define HTTP_IDLE_DEADLINE_MS 20000
#define HTTP_WRITE_DEADLINE_MS 10000

/* What stands in front of a connection with --proxy-protocol, bytes: version 2 has 52 for
 * IPv6, and TLVs with a certificate's names behind. Longer: proxy_bad. */
#define PROXY_HEADER_MAX 4096

/* Addresses whose hits are told apart to see whether most of a minute's come from one, 24
 * bytes each; and the fewest hits of which a share is told. */
#define BUSIEST_PLACES 8
#define BUSIEST_HITS_MIN 100

/* User-Agents that a worker knows again, a power of two: a hundred make up most views, so
 * few of those share a place. Who comes to a place that is taken has it, and the other is
 * read again. And the longest that has room: browsers' have some 110 to 250 bytes. Longer
 * ones are read each time. 128 KiB in all. */
#define AGENT_CACHE_MAX 512
#define AGENT_CACHE_TEXT 252

/* -- members: connections that stand for presence -------------------------- */

/* Members of one worker; each is a connection, of which it has no more. They take some
 * 500 bytes, and beat three times in --member-timeout. More: members_full. */
#define MEMBERS_MAX WORKER_CONNS_MAX

/* What is kept of a member's User-Agent, to know its visitor by; real ones have 100 to
 * 300 bytes. Longer ones are cut. */
#define MEMBER_AGENT_MAX 512

/* --member-timeout, s: a member beats three times in it, the first time before an
 * aggregator that begins anew has given up waiting for heartbeats, WARMING_MS. */
#define MEMBER_TIMEOUT_S 15
#define MEMBER_TIMEOUT_MIN_S 3
#define MEMBER_TIMEOUT_MAX_S 45
_Static_assert(MEMBER_TIMEOUT_MAX_S * 1000 / 3 < WARMING_MS, "heard of in time");

/* A stream that tells how many members there are begins to do so after so long, ms: then
 * its own JOIN has been counted and published, as a rule. */
#define STREAM_FIRST_MS 50
#define STREAM_FIRST_TRIES 10 /* while it seems not to be */

/* -- streams -------------------------------------------------------------- */

/* Streams of one worker, --streams. One idle takes some 800 bytes. More: 503. Cut at
 * start to three quarters of the connections it may have. */
#define STREAMS_DEFAULT 10000
#define WORKER_STREAMS_MAX 1000000

/* Sites that one process watches. More: 503. Those that wait to be let go are subscribed,
 * too, but make room. */
#define WATCHED_SITES_MAX 10000

/* A site's state goes out at once after a quiet time and then at most so often, ms. */
#define STREAM_STATE_MS 250

/* A stream that was silent for so long gets a comment (SSE; the WHATWG advises 15 s) or a
 * ping (WebSocket), ms. A WebSocket that answers none of WS_PINGS_MAX is closed. */
#define STREAM_SILENCE_MS 15000
#define WS_PING_MS 25000
#define WS_PINGS_MAX 2

/* A stream lives so long, ms, give or take a fifth, and is then asked to come again: so
 * that a restarted node gets its share back and nobody holds a connection for ever. */
#define STREAM_LIFE_MS 600000

/* What is told to a stream as the time before coming again, ms: at random between. */
#define STREAM_RETRY_MIN_MS 2000
#define STREAM_RETRY_MAX_MS 5000

/* One message of a WebSocket client, all its fragments; more is closed with 1009. */
#define WS_MESSAGE_MAX (64 * 1024)

/* The same of a widget of LiveUser, which is read; the longest that one sends has some
 * 200 bytes. More is closed with 1009, too. */
#define LIVEUSER_MESSAGE_MAX 4096

/* What one flush writes to one stream: RECENT_MAX events of FEED_EVENT_MAX, a state and
 * their frames. */
#define STREAM_BATCH_MAX (1024 * 1024)

/* What the kernel may hold of a stream that its client has not read, bytes; it takes as
 * much again for itself. Left alone it grows to megabytes, and a client that stopped
 * reading would be found out only after many minutes. */
#define STREAM_SNDBUF (32 * 1024)

/* A watched site that no message came of is read again, ms: a minute's turn and some. And
 * one that Redis did not give, or not whole. */
#define WATCH_QUIET_MS 90000
#define WATCH_RETRY_MS 1000

/* A watched site that was read back just now, and so tells what it may not have heard of
 * yet, is read again after so long, ms, unless a message comes: nothing else says when
 * that is over. */
#define WATCH_SETTLING_MS 2000

/* Watched sites being read at the same time, of one worker; others wait. */
#define WATCH_READS_MAX 64

/* How long a site stays subscribed that nobody watches any more, ms. */
#define HUB_RELEASE_MS 5000

/* Messages on their way from the subscriber to one worker, bytes. More are dropped, and
 * the worker reads its sites again: mail_dropped. */
#define MAILBOX_BYTES_MAX (16 * 1024 * 1024)

/* Connections of the feed port: people with telnet and a few scripts. More are told so
 * and closed: feed_refused. */
#define FEED_CONNS_MAX 64

/* A line that is sent to it, bytes without its end: the longest text with its command
 * and a token takes 700. Longer is refused and closed: feed_too_long. */
#define FEED_LINE_MAX 1024

/* Who watches nothing and says nothing for so long is closed, ms: feed_idle; who watches
 * gets a sign of life after as much silence. */
#define FEED_SILENCE_MS 60000

/* A datagram of --json-udp, bytes; a few texts of the longest kept take less. Longer:
 * json_udp_bad. */
#define JSON_UDP_MAX 8192

/* Connections of one worker; for a newcomer the one is closed that is idle longest, or
 * else takes longest to send a request; when there is none the newcomer is:
 * conns_refused. Lowered at start to 80 % of the file descriptors the process may have.
 */
#define WORKER_CONNS_MAX 16384

/* Bytes of answers queued on one connection before it is read again (pipelining). */
#define HTTP_OUT_MAX (64 * 1024)

/* Bytes of an answer that may wait for those of other connections: a pixel's has some
 * 300. Longer ones are written at once, they are not worth a copy. */
#define REPLY_KEPT_MAX 512

/* One answer. 100 pages and 100 events of the longest texts, all escaped, stay below; a
 * larger one becomes a 503: answers_too_large. */
#define ANSWER_MAX (1024 * 1024)

/* Requests half received and answers half sent, all connections of one worker together,
 * bytes. The connection that would exceed it is closed: conns_starved. */
#define WORKER_HELD_MAX (128 * 1024 * 1024)

/* After so much was held and most of it is gone, free memory is given back to the system,
 * at most so often, ms. malloc does so by itself only above the highest block in use. */
#define WORKER_TRIM_BYTES (4 * 1024 * 1024)
#define WORKER_TRIM_MS 5000

/* A client that was refused, or sent something after its last request, may be sending
 * still: the write side is shut and what comes is read away, for so long and so many
 * bytes. Closing at once could reset the connection before the answer was read (RFC 9112,
 * section 9.6). */
#define HTTP_DRAIN_DEADLINE_MS 1000
#define HTTP_DRAIN_MAX (256 * 1024)

/* A request that waits for Redis; longer than the link's own reply deadline, so it
 * strikes only when that one failed. */
#define HTTP_WAIT_DEADLINE_MS 10000

/* Reports (site and window) asked for or kept at the same time. The oldest kept one makes
 * room: reports_evicted; when all are being asked for, 503: reports_full. */
#define REPORTS_MAX 256

/* How long a finished report answers further requests, ms. */
#define REPORT_CACHE_MS 200

/* Sites in the list of all, the busiest; the same for how long it is good, ms. Names that
 * are looked at for it, of those that are live and of those that were given: as many as
 * one aggregator has. */
#define SITES_LISTED_MAX 200
#define SITES_LIST_MS 1000
#define SITES_NAMES_MAX 10000

/* Visitors of one site's day, of whom Redis keeps hashes, and those that one worker adds
 * in a day to all sites together, for strangers may name sites as they like. Beyond,
 * nobody new is counted and the answer says "capped": day_visitors_capped. 60 to 75 bytes
 * of Redis each, for up to three days. */
#define DAY_VISITORS_MAX 1000000
#define DAY_VISITORS_ADDED_MAX 4000000

/* Such visitors that one worker has asked Redis for and not heard of yet; a round trip of
 * 10 ms lets 25,000 a second through. More: 503, day_visitors_full. */
#define DAY_VISITORS_ASKED_MAX 256

/* Sites whose settings one worker keeps, and for how long, ms: a token that is taken back
 * is refused that much later. Those read longest ago make room. */
#define SETTINGS_MAX 64
#define SETTINGS_CACHE_MS 2000

/* Sites whose settings one worker asks for at the same time, for those who read: more are
 * as if Redis could not be asked (settings_failed). */
#define READINGS_MAX 256

/* How often a process reads which sites were added, ms; and how soon again after it did,
 * when it hears that there is another, so that a script that adds ten thousand sites is
 * not as many readings. Sites beyond SITES_MAX are left out. */
#define REGISTER_READ_MS 30000
#define REGISTER_REST_MS 250

/* Of so many sites the settings are asked for at a time, for Redis does nothing else
 * meanwhile: some 4 ms, and 230 KB of an answer, when each has ORIGINS_MAX long ones. */
#define REGISTER_BATCH 50

/* Tokens of one site. More are not looked at: tokens_left_out. */
#define SITE_TOKENS_MAX 64

/* Wrong tokens that one address may try in so many ms, at each worker; then 429 for the
 * wrong ones: guessers. A right one always works: 256 random bits cannot be guessed, so
 * this is for the sake of the counters and of whoever has a mistake in a script. */
#define TOKEN_GUESSES_MAX 10
#define TOKEN_GUESSES_MS 60000

/* Addresses for which that is remembered; 24 bytes each. The one whose minute began first
 * makes room: guessers_forgotten. */
#define GUESSERS_MAX 4096

/* -- who sends too much ---------------------------------------------------- */

/* These tables are of one process, whatever its workers, and of a fixed size: 15 MB when
 * all are full. What makes room is what matters least, so that a flood of strangers
 * forgets strangers.
 *
 * Addresses of which is known how much they did, 16 bytes each, for each of three limits
 * (limiter.h). At 50 hits a second and 200 at once an address owes for at most four
 * seconds, so 65,536 are enough for 16,000 new ones a second. One that owes little is
 * forgotten for a newcomer: limiter_displaced. */
#define LIMITER_BUCKETS 65536

/* --rate, --rate-burst, --new-visitors, --new-sites, --conns-per-address: more is no
 * limit, which is 0. */
#define RATE_MAX 1000000

/* By default, of one address: events a second, and at once, as a browser sends them that
 * was away, or a proxy with a hundred people behind it; new visitors and new sites a
 * minute: an office that comes in the morning, and a host of many sites when a collector
 * was started; and connections: a browser has six, and 40 of those may be behind one. */
#define RATE_DEFAULT 50
#define RATE_BURST_DEFAULT 200
#define NEW_VISITORS_DEFAULT 300
#define NEW_SITES_DEFAULT 30
#define CONNS_PER_ADDRESS_DEFAULT 256

/* How long a visitor, a site or a beacon counts as seen, s: about as long as the longest
 * window. And how many are kept, 8 bytes each: as many visitors as send in an hour to all
 * but the largest; sites, several times SITES_MAX; beacons, of 290 a second an hour, of
 * 5,000 three minutes, which is longer than any client tries again. The oldest make room:
 * seen_displaced, replays_displaced. Who is forgotten is new once more. */
#define SEEN_S 3600
#define VISITORS_SEEN (1 << 18)
#define SITES_SEEN (1 << 16)
#define REPLAYS_KEPT (1 << 20)

/* Counters of connections by address, in each of four rows (crowd.h), 4 bytes each. With
 * 32,768 connections at most 128 addresses have 256, so that somebody else shares all
 * four of his with such is one in 200 million. */
#define CROWD_COLUMNS 16384

/* Threads of one collector. */
#define WORKERS_MAX 64

/* What a stopping collector grants to answers under way, ms. */
#define STOP_GRACE_MS 2000

/* -- the admin port ------------------------------------------------------- */

/* Connections, one request each; the oldest is closed for a newcomer: admin_displaced. A
 * scraper, a supervisor and a person with curl are three. */
#define ADMIN_CONNS_MAX 16

/* A request's head; Prometheus sends some 500 bytes. Longer: 431. */
#define ADMIN_REQUEST_MAX 4096

/* From accepting a connection to its end, whatever goes on in it. */
#define ADMIN_DEADLINE_MS 5000

/* What is read away behind a request, bytes, so that its answer is not lost to a reset.
 */
#define ADMIN_DRAIN_MAX (64 * 1024)

/* One answer: a hundred counters in Prometheus' words take 20 KB. */
#define ADMIN_ANSWER_MAX (256 * 1024)

/* Tables of counters that one daemon shows. */
#define ADMIN_TABLES_MAX 8

/* -- the stats port ------------------------------------------------------- */

/* Connections of the stats port; the oldest is closed for a newcomer. And from accepting
 * one to its end, ms. */
#define STATS_CONNS_MAX 16
#define STATS_DEADLINE_MS 5000

/* Its answer, bytes: SITES_MAX sites of at most 400. */
#define STATS_MAX (4 * 1024 * 1024)

/* What the command line reads of an answer, and waits for it, ms. */
#define FETCH_ANSWER_MAX (1024 * 1024)
#define FETCH_DEADLINE_MS 3000

/* -- the command line ----------------------------------------------------- */

/* Cells and columns of one printed table: the 140 hits of a datagram in 13 columns fit.
 */
#define TABLE_CELLS_MAX 2048
#define TABLE_COLUMNS_MAX 16

/* Sites that one command shows or follows; four shards full. More are told as a number.
 */
#define ROSTER_MAX 40000

/* Alerts whose state `headcount alerts` remembers; of more a change may be told twice. */
#define ALERT_BOOK_MAX 65536

/* Hooks of `headcount alerts` that wait or run, and those that run at a time. */
#define HOOKS_MAX 256
#define HOOKS_RUNNING_MAX 16

/* Snapshots asked for and not answered yet on one connection of `headcount top`: enough
 * to hide the way to Redis and back, few enough that a key press is drawn at once. */
#define TOP_READS_MAX 32

/* A line of an access log. nginx and Apache escape a byte to four, so a request line of
 * 8 KiB with a long referrer and User-Agent stays below. Longer is skipped: too_long. */
#define ACCESS_LINE_MAX (64 * 1024)

/* The lines of one second that replay holds to spread them over it. A second that has
 * more is spread in parts. */
#define REPLAY_SECOND_LINES 16384
#define REPLAY_SECOND_BYTES (4 * 1024 * 1024)

/* Connections of a replay, and requests outstanding on each: it waits for answers. */
#define REPLAY_CONNECTIONS_MAX 256
#define REPLAY_PIPELINE_MAX 64

/* Visitors of the demo at a time, 1.2 MB. A million a day are some 5,000 in the evening,
 * and more than that with the newsletter: who finds no room goes, and the report says how
 * many. */
#define DEMO_PEOPLE_MAX 8192

#endif
