/* The answer is written before the token is looked up, for the request does not live so
 * long, and travels as the wish; the act puts it where it is sent from. */
#include "whoami.h"

#include <arpa/inet.h>
#include "../proto/json.h"
#include "access_http.h"
#include "beacons.h"
#include "client_http.h"
#include "conn.h"
#include "query.h"
#include "worker.h"

/* A head's bytes become six at most, and each may stand here twice. */
#define WHOAMI_MAX (12 * HTTP_HEAD_MAX + 4096)

#define HEADERS HEADER_NO_STORE HEADER_NO_SNIFF

/* "2001:db8::1", or null. */
static void put_ip(struct json *j, const char *key, const struct ip *ip)
{
    char text[INET6_ADDRSTRLEN];

    json_key(j, key);
    if (ip->n > 0)
        json_str(j, inet_ntop(ip->n == 4 ? AF_INET : AF_INET6, ip->b, text, sizeof text));
    else
        json_none(j);
}

static void put_text(struct json *j, const char *key, struct slice text)
{
    json_key(j, key);
    if (text.n > 0)
        json_slice(j, text);
    else
        json_none(j);
}

/* Who is connected, whatever was told of them. */
static struct ip connected(const struct conn *c)
{
    struct address peer = {.n = sizeof peer.v6};
    struct ip ip = {.n = 0};

    if (getpeername(c->socket.fd, &peer.sa, &peer.n) == 0)
        ip_of_sockaddr(&ip, &peer.sa);
    return ip;
}

static void put_proxy(struct json *j, const struct conn *c)
{
    json_key(j, "proxyProtocol");
    if (c->proxy_version > 0)
        json_u64(j, c->proxy_version);
    else
        json_none(j);
}

static void put_headers(struct json *j, const struct exchange *x)
{
    const struct http_request *rq = x->request;
    struct slice named = x->worker->setup->client_ip_header;

    json_key(j, "xForwardedFor");
    json_begin_array(j);
    for (unsigned i = 0; i < rq->nforwarded_for; i++)
        json_slice(j, rq->forwarded_for[i]);
    json_end(j);
    put_text(j, "clientIpHeader", named);
    put_text(j, "clientIp", rq->client_ip);
    json_key(j, "clientIpRepeated");
    json_bool(j, rq->client_ip_repeated);
    put_text(j, "cfIpCountry", rq->country);
}

/* What a hit would be made of. */
static void put_reading(struct json *j, struct exchange *x,
                        const struct beacon_sender *from)
{
    struct worker *w = x->worker;
    struct agent agent = agent_cache_read(&w->agents, from->user_agent);
    char country[3] = "";

    if (from->country.n == 2)
        memcpy(country, from->country.p, 2);
    else if (w->files.geo)
        geo_country(w->files.geo, &from->ip, country);
    put_ip(j, "client", &from->ip);
    put_text(j, "country", (struct slice){country, strnlen(country, 2)});
    put_text(j, "userAgent", from->user_agent);
    put_text(j, "device", slice_of(hit_device_name(agent.device)));
    put_text(j, "browser", slice_of(hit_browser_name(agent.browser)));
    json_key(j, "robot");
    json_bool(j, agent.is_robot);
    json_key(j, "optsOut");
    json_bool(j, from->opts_out);
}

static void put_admission(struct json *j, enum admission a)
{
    json_key(j, "counts");
    json_bool(j, a == ADMITTED);
    put_text(j, "whyNot", slice_of(admission_name(a)));
}

static void compose(struct exchange *x, struct slice site, struct buf *out)
{
    struct beacon_sender from = beacons_sender(x);
    struct ip at = connected(x->conn);
    struct json j;

    json_init(&j, out);
    json_begin_object(&j);
    put_ip(&j, "connection", &at);
    put_proxy(&j, x->conn);
    put_ip(&j, "peer", &x->conn->peer);
    json_key(&j, "trusted");
    json_bool(&j, trusted_has(&x->worker->setup->trusted, &x->conn->peer));
    put_headers(&j, x);
    put_reading(&j, x, &from);
    put_admission(&j, admission_foretell(x->worker, site, &from));
    json_end(&j);
    buf_slice(out, SLICE("\n"));
}

static const char *tell(struct worker *w, struct slice site, const void *wish)
{
    size_t n;

    (void)site;
    memcpy(&n, wish, sizeof n);
    buf_clear(&w->answer);
    buf_add(&w->answer, (const char *)wish + sizeof n, n);
    return NULL;
}

static struct reply reply_of(struct verdict *v, struct worker *w, struct slice site,
                             const struct outcome *o)
{
    if (o->end == ACCESS_DONE)
        return (struct reply){.status = 200,
                              .type = "application/json",
                              .headers = HEADERS,
                              .body = buf_get(&w->answer)};
    access_judge(v, w, site, o);
    return v->reply;
}

static void on_told(struct waiter *waiter, struct slice site, const struct outcome *o)
{
    struct conn *c = conn_of_waiter(waiter);
    struct verdict v;
    struct reply r = reply_of(&v, c->worker, site, o);

    conn_answer(c, &r);
}

enum handled whoami_show(struct exchange *x)
{
    struct slice site = query_find(x->request->query, SLICE("site"), NULL, 0);
    struct demand d = access_of(x, site, SCOPE_ADMIN);
    struct outcome o;
    struct verdict v;
    struct buf wish; /* a size_t, and so many bytes of text */
    struct reply r;
    size_t n = 0;
    bool now;

    buf_init(&wish, sizeof n + WHOAMI_MAX);
    buf_add(&wish, &n, sizeof n);
    if (d.bearer == BEARER_TOKEN && site_valid(site))
        compose(x, site, &wish); /* else there is nobody to tell */
    n = wish.n - sizeof n;
    memcpy(wish.p, &n, sizeof n);
    d.act = tell;
    d.wish = wish.p;
    d.wish_n = wish.n;
    d.tell = on_told;
    now = access_decide(x->worker, &d, &x->conn->waiter, &o);
    buf_fini(&wish); /* access has a copy */
    if (!now)
        return LATER;
    r = reply_of(&v, x->worker, site, &o);
    exchange_reply(x, &r);
    return ANSWERED;
}
