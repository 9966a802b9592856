/* One check after the other: the first that fails tells what to change. */
#include "setup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>
#include "../proto/limits.h"
#include "../proto/loop/handed.h"
#include "dialects/dialect.h"

/* A port alone is one of this host. The text of a listen_addr is borrowed, so the setup
 * keeps it. */
static int check_json_udp(struct setup *s, const char *text, char *err, size_t err_n)
{
    const char *digit = text;

    while (*digit >= '0' && *digit <= '9')
        digit++;
    if (*text && *digit == '\0') {
        snprintf(s->json_udp_text, sizeof s->json_udp_text, "127.0.0.1:%.20s", text);
        text = s->json_udp_text;
    }
    return listen_addr_parse(&s->json_udp, "--json-udp", text, err, err_n);
}

/* What was handed over is used, whatever the options say of the place. */
static int take_handed(struct setup *s, char *err, size_t err_n)
{
    static const struct handed_kind kinds[] = {{"http", SOCK_STREAM},
                                               {"admin", SOCK_STREAM},
                                               {"feed", SOCK_STREAM},
                                               {"notify", SOCK_STREAM}};

    s->handed = handed_find("http");
    listen_addr_hand(&s->admin, handed_find("admin"));
    listen_addr_hand(&s->feed, handed_find("feed"));
    listen_addr_hand(&s->notify, handed_find("notify"));
    return handed_check(kinds, sizeof kinds / sizeof *kinds, err, err_n);
}

static int check_networks(struct trusted *t, const char *option,
                          const struct opt_list *list, char *err, size_t err_n)
{
    for (size_t i = 0; i < list->n; i++) {
        if (t->n == TRUSTED_MAX) {
            snprintf(err, err_n, "--%s: at most %d networks", option, TRUSTED_MAX);
            return -1;
        }
        if (cidr_parse(&t->v[t->n++], slice_of(list->v[i])) < 0) {
            snprintf(err, err_n, "--%s %s: give a network like 10.0.0.0/8", option,
                     list->v[i]);
            return -1;
        }
    }
    return 0;
}

/* A name that http_parse_with takes. */
static int check_client_ip(struct setup *s, const char *name, char *err, size_t err_n)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
    size_t n = name ? strlen(name) : 0;

    if (name && (n < 4 || n > 64 || strspn(name, allowed) != n)) {
        snprintf(err, err_n, "--client-ip-header %.80s: give a name like X-Real-IP",
                 name);
        return -1;
    }
    if (name && s->trusted.n == 0) {
        snprintf(err, err_n,
                 "--client-ip-header %s: nobody is believed; give --trusted-proxy, too",
                 name);
        return -1;
    }
    s->client_ip_header = slice_of(name);
    return 0;
}

static int check_proxies(struct setup *s, const struct options *o, char *err,
                         size_t err_n)
{
    if (check_networks(&s->trusted, "trusted-proxy", &o->trusted_proxies, err, err_n) <
            0 ||
        check_networks(&s->excluded, "exclude", &o->excluded, err, err_n) < 0 ||
        check_client_ip(s, o->client_ip_header, err, err_n) < 0)
        return -1;
    if (o->proxy_protocol && s->trusted.n == 0) {
        snprintf(err, err_n,
                 "--proxy-protocol: nobody may connect; give --trusted-proxy, too");
        return -1;
    }
    s->proxy_protocol = o->proxy_protocol;
    return 0;
}

static int check_aggregators(struct setup *s, const struct opt_list *list, char *err,
                             size_t err_n)
{
    if (list->n == 0 || list->n > AGGREGATORS_MAX) {
        snprintf(err, err_n, "--aggregator: give one address, or up to %d",
                 AGGREGATORS_MAX);
        return -1;
    }
    for (size_t i = 0; i < list->n; i++)
        if (address_parse(&s->aggregator[i], list->v[i], "--aggregator", err, err_n) < 0)
            return -1;
    s->naggregators = (unsigned)list->n;
    return 0;
}

static int check_spool(const char *path, char *err, size_t err_n)
{
    struct stat st;

    if (path == NULL)
        return 0;
    if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
        errno = ENOTDIR;
    else if (access(path, R_OK | W_OK | X_OK) == 0)
        return 0;
    snprintf(err, err_n, "--spool %s: %s", path, strerror(errno));
    return -1;
}

static void set_limits(struct setup *s, const struct options *o)
{
    s->quota_rates.events = rate_of(o->rate, 1000, o->rate_burst);
    s->quota_rates.visitors = rate_of(o->new_visitors, MS_PER_MINUTE, o->new_visitors);
    s->quota_rates.sites = rate_of(o->new_sites, MS_PER_MINUTE, o->new_sites);
    s->conns_per_address = (unsigned)o->conns_per_address;
}

/* A fifth of the files is left to Redis, the uplink, the loops and the log. */
static unsigned conns_of(unsigned workers)
{
    struct rlimit files = {.rlim_cur = 1024};
    rlim_t share;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files); /* best effort: the soft limit serves too */
        getrlimit(RLIMIT_NOFILE, &files);
    }
    share = files.rlim_cur / 5 * 4 / workers;
    if (share < 1)
        return 1;
    return share < WORKER_CONNS_MAX ? (unsigned)share : WORKER_CONNS_MAX;
}

/* A name of ours that a dialect has would be answered by us, and never by it. Names that
 * are anybody's, like Audience Meter's, are not had. */
static int check_name(const struct setup *s, const char *option, enum http_method method,
                      struct slice name, char *err, size_t err_n)
{
    char path[NAMING_NAME_MAX + 1] = "/";
    struct http_request rq = {.method = method, .path = {path, 1 + name.n}};
    const struct route *route;
    struct route_match at;

    memcpy(path + 1, name.p, name.n);
    route = dialects_find(s->routing.dialects, (struct slice){0}, &rq, &at);
    if (route == NULL || at.id.n > 0 || !(route->methods & method))
        return 0;
    snprintf(
        err, err_n,
        "--%s %.*s: one of --dialects answers %s; give another name, or leave that out",
        option, (int)name.n, name.p, route->pattern);
    return -1;
}

static int check_names(const struct setup *s, char *err, size_t err_n)
{
    const struct naming *n = &s->routing.naming;

    if (check_name(s, "pixel-name", HTTP_GET, n->pixel, err, err_n) < 0 ||
        check_name(s, "event-name", HTTP_POST, n->events, err, err_n) < 0)
        return -1;
    return check_name(s, "script-name", HTTP_GET, n->script, err, err_n);
}

static int set_names(struct setup *s, const struct options *o, char *err, size_t err_n)
{
    struct naming naming;

    if (naming_init(&naming, o->base_path, o->pixel_name, o->event_name, o->script_name,
                    err, err_n) < 0)
        return -1;
    s->dashboard = o->dashboard;
    s->overview = o->dashboard && o->overview;
    routing_init(&s->routing, &naming);
    if (dialects_parse(&s->routing.dialects, o->dialects, err, err_n) < 0)
        return -1;
    return check_names(s, err, err_n);
}

/* What was not given stays as it is. */
static int check_notify(uint32_t *into, const char *name, const char *text, int64_t max,
                        char *err, size_t err_n)
{
    int64_t value;

    if (text == NULL)
        return 0;
    value = damp_parse(slice_of(text), max);
    if (value < 0) {
        snprintf(err, err_n, "--%s %s: give a number from 0 to %d", name, text,
                 (int)(max / 1000));
        return -1;
    }
    *into = (uint32_t)value;
    return 0;
}

/* An origin is compared as browsers send it: no path, no slash at the end. */
static int check_origins(struct setup *s, const struct opt_list *list, char *err,
                         size_t err_n)
{
    for (size_t i = 0; i < list->n; i++) {
        const char *host = strstr(list->v[i], "://");

        if (host == NULL || host[3] == '\0' || strchr(host + 3, '/')) {
            snprintf(err, err_n, "--origin %s: give it like https://example.org",
                     list->v[i]);
            return -1;
        }
        s->origin[s->norigins++] = list->v[i];
    }
    return 0;
}

static int check_damp(struct damp *d, const struct options *o, char *err, size_t err_n)
{
    if (check_notify(&d->ratio, "notify-delta-ratio", o->notify_delta_ratio,
                     DAMP_RATIO_MAX, err, err_n) < 0 ||
        check_notify(&d->min_ms, "notify-min-delay", o->notify_min_delay, DAMP_DELAY_MAX,
                     err, err_n) < 0 ||
        check_notify(&d->max_ms, "notify-max-delay", o->notify_max_delay, DAMP_DELAY_MAX,
                     err, err_n) < 0)
        return -1;
    return 0;
}

static int check_streams(struct setup *s, const struct options *o, char *err,
                         size_t err_n)
{
    s->streams_max = (unsigned)o->streams;
    s->stream_life_ms = STREAM_LIFE_MS;
    s->audience_damp = (struct damp){.ratio = 100, .min_ms = 2000, .max_ms = 25000};
    if (check_damp(&s->damp, o, err, err_n) < 0 ||
        check_damp(&s->audience_damp, o, err, err_n) < 0)
        return -1;
    return check_origins(s, &o->origins, err, err_n);
}

/* Streams stay for minutes, and none makes room for a newcomer: beacons need a share of
 * the connections that streams cannot take. */
static void leave_room(struct setup *s)
{
    unsigned most = s->conns_max / 4 * 3;

    if (s->streams_max > most)
        s->streams_max = most;
}

/* A stream of Audience Meter that is told nothing new for the longest delay is told the
 * same again. */
static void set_members(struct setup *s, const struct options *o)
{
    const struct damp *damp = &s->audience_damp;
    uint32_t again = damp->max_ms > damp->min_ms ? damp->max_ms : damp->min_ms;

    s->enable_uuid = o->enable_uuid;
    s->log_members = o->log_members;
    s->member_timeout_s = (uint8_t)o->member_timeout;
    s->deadline_ms[DEADLINE_AUDIENCE] = damp->max_ms ? (int)again : STREAM_SILENCE_MS;
    s->deadline_ms[DEADLINE_JOIN] = (int)o->increment_delay * 1000;
    s->deadline_ms[DEADLINE_BEAT] = (int)o->member_timeout * 1000 / 3;
    s->deadline_ms[DEADLINE_AUDIENCE_LIFE] = (int)o->max_conn_duration * 1000;
}

/* The last of all checks: what it opens stays open. */
static int open_files(struct setup *s, const struct options *o, char *err, size_t err_n)
{
    s->names = (struct file_names){.secret = o->secret_file,
                                   .bots = o->bots,
                                   .spam = o->referrer_spam,
                                   .geoip = o->geoip,
                                   .redis_auth = o->redis_auth_file};
    if (files_open(&s->files, &s->names, &s->redis, err, err_n) < 0)
        return -1;
    s->redis = s->files.redis;
    return 0;
}

int setup_init(struct setup *s, const struct options *o, char *err, size_t err_n)
{
    static const int deadline_ms[DEADLINE_CLASSES] = {
        [DEADLINE_IDLE] = HTTP_IDLE_DEADLINE_MS,
        [DEADLINE_HEAD] = HTTP_HEAD_DEADLINE_MS,
        [DEADLINE_BODY] = HTTP_BODY_DEADLINE_MS,
        [DEADLINE_WAIT] = HTTP_WAIT_DEADLINE_MS,
        [DEADLINE_WRITE] = HTTP_WRITE_DEADLINE_MS,
        [DEADLINE_DRAIN] = HTTP_DRAIN_DEADLINE_MS,
        [DEADLINE_SILENCE] = STREAM_SILENCE_MS,
        [DEADLINE_PING] = WS_PING_MS,
        [DEADLINE_FEED] = FEED_SILENCE_MS,
        [DEADLINE_FIRST] = STREAM_FIRST_MS,
        [DEADLINE_REPORT] = REPORT_CACHE_MS,
        [DEADLINE_PACE] = STREAM_STATE_MS,
        [DEADLINE_READ] = WATCH_RETRY_MS,
        [DEADLINE_QUIET] = WATCH_QUIET_MS,
        [DEADLINE_SETTLING] = WATCH_SETTLING_MS,
        [DEADLINE_RELEASE] = HUB_RELEASE_MS,
        [DEADLINE_REGISTER] = REGISTER_READ_MS,
        [DEADLINE_REGISTER_REST] = REGISTER_REST_MS,
    };

    *s = (struct setup){.listen_text = o->listen};
    if (address_parse(&s->listen, o->listen, "--listen", err, err_n) < 0 ||
        listen_addr_parse(&s->admin, "--admin-listen", o->admin_listen, err, err_n) < 0 ||
        listen_addr_parse(&s->feed, "--feed-listen", o->feed_listen, err, err_n) < 0 ||
        listen_addr_parse(&s->notify, "--notify-listen", o->notify_listen, err, err_n) <
            0 ||
        check_json_udp(s, o->json_udp, err, err_n) < 0 ||
        take_handed(s, err, err_n) < 0 ||
        check_aggregators(s, &o->aggregators, err, err_n) < 0 ||
        redis_addr_parse(&s->redis, o->redis, err, err_n) < 0 ||
        check_proxies(s, o, err, err_n) < 0 || set_names(s, o, err, err_n) < 0 ||
        check_streams(s, o, err, err_n) < 0 || check_spool(o->spool, err, err_n) < 0 ||
        open_files(s, o, err, err_n) < 0)
        return -1;
    s->open_sites = o->open_sites;
    s->livestats_s = (uint8_t)o->livestats_timeout;
    s->workers = o->workers > 0 ? (unsigned)o->workers : uv_available_parallelism();
    if (s->workers > WORKERS_MAX)
        s->workers = WORKERS_MAX;
    s->ring_bytes = (size_t)o->ring << 20;
    s->spool = o->spool;
    s->drain = o->drain;
    s->leave_ms = (int)o->drain_delay * 1000;
    s->stop_ms = o->drain ? STOP_DURABLE_MS : STOP_RECEIVED_MS;
    s->conns_max = conns_of(s->workers);
    leave_room(s);
    set_limits(s, o);
    memcpy(s->deadline_ms, deadline_ms, sizeof deadline_ms);
    set_members(s, o);
    return 0;
}

void setup_fini(struct setup *s)
{
    files_drop(&s->files);
}

bool setup_has_origin(const struct setup *s, struct slice origin)
{
    for (size_t i = 0; i < s->norigins; i++)
        if (slice_eq(slice_of(s->origin[i]), origin))
            return true;
    return false;
}
