/* host_site: the site of a request whose protocol has no site ids. Pure. */
#ifndef HC_DIALECTS_HOST_SITE_H
#define HC_DIALECTS_HOST_SITE_H

#include "../../proto/limits.h"
#include "../http.h"

/* The parameter i of the query, else the host that was asked, in lower case and without
 * its port; written into @out (HTTP_HEAD_MAX bytes) or borrowed from the request. May be
 * no site id, as that of an IPv6 address. */
struct slice host_site(const struct http_request *rq, char *out);

#endif
