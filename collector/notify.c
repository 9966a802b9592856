/* The message is sent on like any other; that nobody listens is nothing to this end. */
#include "notify.h"

#include "../proto/hit.h"
#include "admission/admission.h"
#include "query.h"
#include "worker.h"

/* Takes "/segment" off the front of @path. */
static struct slice take_segment(struct slice *path)
{
    struct slice rest = slice_skip(*path, path->n > 0 && *path->p == '/');
    const char *slash = rest.n ? memchr(rest.p, '/', rest.n) : NULL;
    struct slice segment = {rest.p, slash ? (size_t)(slash - rest.p) : rest.n};

    *path = slice_skip(rest, segment.n);
    return segment;
}

/* Slashes of the text need not be encoded. */
bool notify_parse(struct slice path, struct slice *site, struct posted *m)
{
    char service[HTTP_REQUEST_LINE_MAX], text[HTTP_REQUEST_LINE_MAX];
    struct slice name;

    *m = (struct posted){0};
    if (path.n > HTTP_REQUEST_LINE_MAX)
        return false;
    *site = take_segment(&path);
    name = take_segment(&path);
    path = slice_skip(path, path.n > 0);
    messages_set(m, query_decode_path(path, text), query_decode_path(name, service));
    return site_valid(*site) && m->error == NULL;
}

static enum handled notify(struct exchange *x)
{
    struct worker *w = x->worker;
    struct posted m;
    struct slice site;

    if (notify_parse(x->request->path, &site, &m) &&
        admission_judge_site(w, site, NULL) == ADMITTED) {
        messages_deliver(w, site, &m);
        COUNT(&w->counters, notifications);
    } else {
        COUNT(&w->counters, notifications_ignored);
    }
    exchange_reply(x, &(struct reply){.status = 200, .type = "text/html"});
    return ANSWERED;
}

const struct route notify_route = {.methods = HTTP_METHODS,
                                   .pattern = "/*",
                                   .handle = notify,
                                   .what = "puts a message into the feed of a site"};
