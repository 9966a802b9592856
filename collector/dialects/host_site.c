/* What clients send unchanged is a host name; who has several sites behind one adds i. */
#include "host_site.h"

#include "../query.h"

static bool is_digits(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return true;
}

static struct slice cut_port(struct slice host)
{
    const char *colon = host.n ? memrchr(host.p, ':', host.n) : NULL;
    size_t before = colon ? (size_t)(colon - host.p) : host.n;

    if (colon && is_digits(slice_skip(host, before + 1)))
        host.n = before;
    return host;
}

struct slice host_site(const struct http_request *rq, char *out)
{
    struct slice given = query_find(rq->query, SLICE("i"), out, HTTP_HEAD_MAX);
    struct slice host;

    if (given.n > 0)
        return given;
    host = cut_port(rq->host);
    for (size_t i = 0; i < host.n; i++)
        out[i] =
            host.p[i] >= 'A' && host.p[i] <= 'Z' ? (char)(host.p[i] | 0x20) : host.p[i];
    return (struct slice){out, host.n};
}
