/* setup: what the collector was told on its command line, checked and resolved. Read only
 * once the workers run. */
#ifndef HC_SETUP_H
#define HC_SETUP_H

#include "../proto/limits.h"
#include "../proto/loop/admin.h"
#include "../proto/redis_addr.h"
#include "address.h"
#include "admission/quotas.h"
#include "client.h"
#include "damp.h"
#include "deadlines.h"
#include "files.h"
#include "options.h"
#include "route.h"

struct setup {
    struct address listen;
    const char *listen_text; /* as given, for messages */
    int handed;              /* the socket to use instead, already bound; 0: none */
    struct listen_addr admin, feed, notify;
    struct address aggregator[AGGREGATORS_MAX]; /* in order of preference */
    unsigned naggregators;                      /* at least 1 */
    size_t ring_bytes;                          /* of one worker */
    const char *spool;                          /* directory, NULL: none */
    bool drain;                                 /* stopping waits for durable */
    int stop_ms;                                /* at most so long */
    int leave_ms; /* and before it health checks are told so long */
    struct redis_addr redis;
    struct trusted trusted;
    bool proxy_protocol; /* trusted proxies speak it, and nobody else connects */
    struct slice client_ip_header; /* empty: X-Forwarded-For */
    struct file_names names;       /* of files that may be read again, */
    struct files files;            /* and what was in them; the main thread's alone */
    struct trusted excluded;       /* whose hits do not count */
    struct routing routing;
    bool open_sites; /* sites that were not added count too */
    bool dashboard;  /* there are pages for people */
    bool overview;   /* and all sites are shown to whoever asks */
    unsigned workers;
    unsigned conns_max;         /* of one worker, */
    unsigned conns_per_address; /* and of all; 0: no limit */
    struct quota_rates quota_rates;
    unsigned streams_max;      /* of them; 0: there are none */
    int stream_life_ms;        /* give or take a fifth */
    struct damp damp;          /* of streams that do not say, */
    struct damp audience_damp; /* and of Audience Meter's */
    bool enable_uuid;          /* Audience Meter's members may have names */
    uint8_t member_timeout_s;  /* how long a member counts without a heartbeat */
    bool log_members;
    const char *origin[OPT_LIST_MAX]; /* whose pages may open streams; */
    size_t norigins;                  /* 0: all */
    uint8_t livestats_s;              /* how long a ping of livestats.js counts */
    struct listen_addr json_udp;      /* datagrams of JSON */
    char json_udp_text[32];           /* of a port alone */
    int deadline_ms[DEADLINE_CLASSES];
};

/* Checks and resolves; reads the files named. Nothing of @o is kept but texts that live
 * as long as the process. Raises the limit of open files to what the process may have.
 * Returns 0, or -1 with one sentence that names the option in @err. */
int setup_init(struct setup *s, const struct options *o, char *err, size_t err_n);

/* Closes what it opened; nobody may use it any more. */
void setup_fini(struct setup *s);

/* Whether --origin names @origin, as browsers send it. */
bool setup_has_origin(const struct setup *s, struct slice origin);

#endif
