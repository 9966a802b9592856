/* Each row is an option, its default and what --help says of it. Ranges of numbers are
 * checked by opts.c, everything else by setup.c. */
#include "options.h"

#include <stddef.h>
#include "../proto/limits.h"

#define ROW(field) offsetof(struct options, field)

static const struct opt rows[] = {
    {.name = "listen",
     .arg = "HOST:PORT",
     .type = OPT_TEXT,
     .offset = ROW(listen),
     .def = "127.0.0.1:8080",
     .group = "Network",
     .help = "Where browsers are answered. [IPv6]:PORT for IPv6, [::]:PORT for all "
             "addresses; port 0 lets the kernel choose one, which is printed."},
    {.name = "admin-listen",
     .arg = "HOST:PORT",
     .type = OPT_TEXT,
     .offset = ROW(admin_listen),
     .def = "127.0.0.1:9180",
     .help = "Where operators are answered: /metrics, /counters, /livez, /readyz. Port 0 "
             "lets the kernel choose one, which is printed; none: nowhere."},
    {.name = "feed-listen",
     .arg = "HOST:PORT",
     .type = OPT_TEXT,
     .offset = ROW(feed_listen),
     .def = "127.0.0.1:9182",
     .help = "Where telnet and nc are told of a site's events, line by line, and send "
             "messages. Port 0 lets the kernel choose one, which is printed; none: "
             "nowhere."},
    {.name = "notify-listen",
     .arg = "HOST:PORT",
     .type = OPT_TEXT,
     .offset = ROW(notify_listen),
     .def = "127.0.0.1:2442",
     .help = "Where programs of this host send messages by asking for "
             "/SITE/SERVICE/TEXT, as Audience Meter has it. Nobody is asked for a token. "
             "Port 0 or none as above."},
    {.name = "aggregator",
     .arg = "HOST:PORT",
     .type = OPT_LIST,
     .offset = ROW(aggregators),
     .def = "127.0.0.1:7125",
     .help = "Where headcount-aggregator takes datagrams. May be repeated: the next one "
             "is for when this one has not answered for 5 seconds."},
    {.name = "redis",
     .arg = "ADDRESS",
     .type = OPT_TEXT,
     .offset = ROW(redis),
     .def = "tcp://127.0.0.1:6379",
     .help = "unix:PATH[?db=N] or tcp://HOST[:PORT][/DB]. Only read from, but for what "
             "collectors tell each other of members. Need not be there at start."},
    {.name = "trusted-proxy",
     .arg = "CIDR",
     .type = OPT_LIST,
     .offset = ROW(trusted_proxies),
     .help = "A network whose X-Forwarded-For is believed. May be repeated."},
    {.name = "client-ip-header",
     .arg = "NAME",
     .type = OPT_TEXT,
     .offset = ROW(client_ip_header),
     .help = "The header in which trusted proxies tell the one address of the client, "
             "like X-Real-IP or CF-Connecting-IP, instead of X-Forwarded-For."},
    {.name = "proxy-protocol",
     .type = OPT_FLAG,
     .offset = ROW(proxy_protocol),
     .help = "Trusted proxies begin each connection to --listen with the PROXY protocol, "
             "version 1 or 2; nobody else may connect."},
    {.name = "geoip",
     .arg = "FILE",
     .type = OPT_TEXT,
     .offset = ROW(geoip),
     .help =
         "A database in MaxMind DB format that tells the countries of addresses. What "
         "a trusted proxy says in CF-IPCountry is believed rather."},
    {.name = "bots",
     .arg = "FILE",
     .type = OPT_TEXT,
     .offset = ROW(bots),
     .def = "built-in",
     .group = "Not counted",
     .help = "Words that the User-Agents of robots hold, a line each; their hits are "
             "answered and do not count. built-in: the list that headcount comes with; "
             "none: nobody is a robot."},
    {.name = "referrer-spam",
     .arg = "FILE",
     .type = OPT_TEXT,
     .offset = ROW(referrer_spam),
     .def = "built-in",
     .help = "Domains that only want to be seen in statistics, a line each; views that "
             "come from them do not count. built-in or none as above."},
    {.name = "exclude",
     .arg = "CIDR",
     .type = OPT_LIST,
     .offset = ROW(excluded),
     .help = "An address or network of the site's own people, whose hits do not count. "
             "May be repeated."},
    {.name = "base-path",
     .arg = "PATH",
     .type = OPT_TEXT,
     .offset = ROW(base_path),
     .group = "Names",
     .help = "Answer under this path only, like /stats, for a proxy that hands it on as "
             "it is. /livez and /readyz stay where they are."},
    {.name = "script-name",
     .arg = "NAME.js",
     .type = OPT_TEXT,
     .offset = ROW(script_name),
     .def = "hc.js",
     .help = "What the script for pages is called."},
    {.name = "pixel-name",
     .arg = "NAME.gif",
     .type = OPT_TEXT,
     .offset = ROW(pixel_name),
     .def = "hc.gif",
     .help = "What the beacon pixel is called. The script uses this name."},
    {.name = "event-name",
     .arg = "NAME",
     .type = OPT_TEXT,
     .offset = ROW(event_name),
     .def = "e",
     .help = "What the address is called that takes forms and JSON."},
    {.name = "open-sites",
     .type = OPT_FLAG,
     .offset = ROW(open_sites),
     .group = "Sites",
     .help = "Count any site id that beacons bring. Without it only sites count that "
             "`headcount site add` has added, and hits of others are refused."},
    {.name = "dashboard",
     .type = OPT_FLAG,
     .offset = ROW(dashboard),
     .def = "yes",
     .group = "Dashboard",
     .help = "Show people pages: / and /site/ID. Without them / leads to the demo, and "
             "numbers are had by answers, streams, elements and badges."},
    {.name = "overview",
     .type = OPT_FLAG,
     .offset = ROW(overview),
     .def = "yes",
     .help = "Show all sites at / and /sites to whoever asks. Else each is shown at "
             "/site/ID to who knows its name, and / leads to the demo."},
    {.name = "dialects",
     .arg = "LIST",
     .type = OPT_TEXT,
     .offset = ROW(dialects),
     .def = "all",
     .group = "Dialects",
     .help = "The tracking protocols of other systems that are understood, so that their "
             "clients work by changing a host name: all, none, or with commas between "
             "them some of livestats, liveuser, ts-analytics, hummingbird, goatcounter, "
             "plausible, matomo, umami, fathom, snowplow, audience-meter."},
    {.name = "livestats-timeout",
     .arg = "SECONDS",
     .type = OPT_INT,
     .offset = ROW(livestats_timeout),
     .def = "60",
     .min = 1,
     .max = TAB_LASTS_MAX_S,
     .help = "How long a ping of livestats.js counts; on its page for half of it."},
    {.name = "json-udp",
     .arg = "HOST:PORT",
     .type = OPT_TEXT,
     .offset = ROW(json_udp),
     .def = "none",
     .help = "Where programs send events as datagrams of JSON, as Hummingbird has it. "
             "Nobody is asked for a token. A port alone is one of 127.0.0.1; port 0 lets "
             "the kernel choose one, which is printed; none: nowhere."},
    {.name = "enable-uuid",
     .type = OPT_FLAG,
     .offset = ROW(enable_uuid),
     .help = "Audience Meter: /SITE/UUID is a member with a name, who counts once and "
             "ends the connection that had the name before."},
    {.name = "increment-delay",
     .arg = "SECONDS",
     .type = OPT_INT,
     .offset = ROW(increment_delay),
     .def = "0",
     .min = 0,
     .max = 3600,
     .help = "Audience Meter: a connection counts only after so long."},
    {.name = "max-conn-duration",
     .arg = "SECONDS",
     .type = OPT_INT,
     .offset = ROW(max_conn_duration),
     .def = "3600",
     .min = 0,
     .max = 604800,
     .help = "Audience Meter: a connection is ended after so long, and comes again; 0: "
             "never."},
    {.name = "member-timeout",
     .arg = "SECONDS",
     .type = OPT_INT,
     .offset = ROW(member_timeout),
     .def = TEXT_OF(MEMBER_TIMEOUT_S),
     .min = MEMBER_TIMEOUT_MIN_S,
     .max = MEMBER_TIMEOUT_MAX_S,
     .help = "Connections that count as members (Audience Meter, LiveUser) are gone so "
             "long after the death of their collector."},
    {.name = "log-members",
     .type = OPT_FLAG,
     .offset = ROW(log_members),
     .help = "Print a line on stderr for each member that joins or leaves, and each "
             "number a member is told."},
    {.name = "streams",
     .arg = "N",
     .type = OPT_INT,
     .offset = ROW(streams),
     .def = "10000",
     .min = 0,
     .max = WORKER_STREAMS_MAX,
     .group = "Streams",
     .help = "Streams of each worker at the same time, and no more than three quarters "
             "of its connections; 0 turns them off."},
    {.name = "origin",
     .arg = "ORIGIN",
     .type = OPT_LIST,
     .offset = ROW(origins),
     .help = "Only pages of this origin, like https://example.org, may open streams. May "
             "be repeated; without it all may."},
    {.name = "notify-delta-ratio",
     .arg = "RATIO",
     .type = OPT_TEXT,
     .offset = ROW(notify_delta_ratio),
     .help = "Tell a stream the new numbers only when the visitors online have changed "
             "by this part since the last time, 0.1 for a tenth, and by one at least. "
             "Without it 0, for Audience Meter 0.1."},
    {.name = "notify-min-delay",
     .arg = "SECONDS",
     .type = OPT_TEXT,
     .offset = ROW(notify_min_delay),
     .help = "And at most so often. Without it 0, for Audience Meter 2."},
    {.name = "notify-max-delay",
     .arg = "SECONDS",
     .type = OPT_TEXT,
     .offset = ROW(notify_max_delay),
     .help = "But after so long whatever the change is; 0: never for that reason. "
             "Without it 0, for Audience Meter 25. A stream of headcount's own may ask "
             "for other values of these three in its query."},
    {.name = "rate",
     .arg = "N",
     .type = OPT_INT,
     .offset = ROW(rate),
     .def = TEXT_OF(RATE_DEFAULT),
     .min = 0,
     .max = RATE_MAX,
     .group = "Limits of one address",
     .help = "Hits a second that count. Others are answered as ever and count as "
             "ratelimited. Of IPv6 a /64 is one address; this host and who sends a "
             "token of the site are not limited. 0: no limit, here and below."},
    {.name = "rate-burst",
     .arg = "N",
     .type = OPT_INT,
     .offset = ROW(rate_burst),
     .def = TEXT_OF(RATE_BURST_DEFAULT),
     .min = 1,
     .max = RATE_MAX,
     .help = "And so many at once."},
    {.name = "new-visitors",
     .arg = "N",
     .type = OPT_INT,
     .offset = ROW(new_visitors),
     .def = TEXT_OF(NEW_VISITORS_DEFAULT),
     .min = 0,
     .max = RATE_MAX,
     .help = "Visitors a minute of whom nothing counted within an hour, and members "
             "(Audience Meter, LiveUser) that join."},
    {.name = "new-sites",
     .arg = "N",
     .type = OPT_INT,
     .offset = ROW(new_sites),
     .def = TEXT_OF(NEW_SITES_DEFAULT),
     .min = 0,
     .max = RATE_MAX,
     .help = "Sites a minute of which nothing counted within an hour."},
    {.name = "conns-per-address",
     .arg = "N",
     .type = OPT_INT,
     .offset = ROW(conns_per_address),
     .def = TEXT_OF(CONNS_PER_ADDRESS_DEFAULT),
     .min = 0,
     .max = RATE_MAX,
     .help = "Connections at a time, of all but this host and trusted proxies; more are "
             "closed."},
    {.name = "secret-file",
     .arg = "FILE",
     .type = OPT_TEXT,
     .offset = ROW(secret_file),
     .group = "Secrets",
     .help = "The secret shared with the aggregator: the same file on every node, 16 to "
             "4096 bytes. Required."},
    {.name = "redis-auth-file",
     .arg = "FILE",
     .type = OPT_TEXT,
     .offset = ROW(redis_auth_file),
     .help = "A file with PASSWORD or USER:PASSWORD on its first line."},
    {.name = "ring",
     .arg = "MIB",
     .type = OPT_INT,
     .offset = ROW(ring),
     .def = "64",
     .min = RING_MIB_MIN,
     .max = RING_MIB_MAX,
     .group = "Safety",
     .help = "Memory of each worker for hits that are not safe in Redis yet; about "
             "25,000 hits a MiB."},
    {.name = "spool",
     .arg = "DIR",
     .type = OPT_TEXT,
     .offset = ROW(spool),
     .help =
         "Keep that memory in files of DIR, so that hits survive the end of the process, "
         "kill -9 too; not a reboot, so DIR may be in memory, like /dev/shm."},
    {.name = "drain",
     .type = OPT_FLAG,
     .offset = ROW(drain),
     .help = "At the end wait up to 30 seconds until all hits are safe in Redis, instead "
             "of up to 5 until an aggregator has received them."},
    {.name = "drain-delay",
     .arg = "SECONDS",
     .type = OPT_INT,
     .offset = ROW(drain_delay),
     .def = "0",
     .min = 0,
     .max = 3600,
     .help = "Before the end answer /readyz with 503 for so long and go on with all "
             "else, so that a load balancer sends nobody any more."},
    {.name = "workers",
     .arg = "N",
     .type = OPT_INT,
     .offset = ROW(workers),
     .def = "0",
     .min = 0,
     .max = WORKERS_MAX,
     .group = "Process",
     .help = "Threads, each with its own listening socket; 0: one for each core."},
};

const struct opts_spec options_spec = {
    .program = "headcount-collector",
    .usage = "--secret-file FILE [options]",
    .about = "Takes beacons over HTTP, sends them to headcount-aggregator as datagrams, "
             "and answers who is on a site now from what the aggregator keeps in Redis. "
             "Runs in the foreground; the address it listens on is printed on stdout, "
             "everything else on stderr.",
    .footer =
        "Signals:\n"
        "  SIGTERM, SIGINT           End after --drain-delay and after the hits have\n"
        "                            been handed over, see --drain; the second time\n"
        "                            at once.\n"
        "  SIGHUP                    Read the files of --secret-file, --bots,\n"
        "                            --referrer-spam, --geoip and --redis-auth-file\n"
        "                            again; what is broken stays as it was.\n"
        "  SIGUSR1                   Print the counters on stderr; --help-counters says\n"
        "                            what they mean.\n"
        "\n"
        "Exit codes: 0 ended by a signal, 1 something could not be opened, 2 an option\n"
        "is wrong, 3 ended with hits that no aggregator had received and no spool\n"
        "keeps, 130 ended by a second signal.",
    .rows = rows,
    .nrows = sizeof rows / sizeof rows[0],
};
