/* options: the command line of headcount-collector, as text. setup.h has what it means.
 */
#ifndef HC_OPTIONS_H
#define HC_OPTIONS_H

#include "../proto/opts.h"

/* Filled by opts_parse(&options_spec, ...); texts live as long as the process. What has
 * no default is NULL, or an empty list. */
struct options {
    const char *listen, *admin_listen, *feed_listen, *notify_listen, *redis,
        *redis_auth_file, *secret_file, *spool;
    const char *base_path, *pixel_name, *event_name, *script_name, *dialects;
    long workers; /* 0: one per core */
    long ring;    /* MiB */
    bool drain;
    long drain_delay;                                        /* s */
    long increment_delay, max_conn_duration, member_timeout; /* s */
    bool open_sites;
    bool enable_uuid, log_members, dashboard, overview;
    long streams;
    long livestats_timeout; /* s */
    const char *json_udp;
    const char *geoip, *bots, *referrer_spam;
    const char *client_ip_header;
    bool proxy_protocol;
    const char *notify_delta_ratio, *notify_min_delay, *notify_max_delay;
    long rate, rate_burst;        /* of one address: hits a second, and at once, */
    long new_visitors, new_sites; /* a minute, */
    long conns_per_address;       /* and at a time; of each 0: no limit */
    struct opt_list aggregators, trusted_proxies, origins, excluded;
};

extern const struct opts_spec options_spec;

#endif
