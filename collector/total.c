/* A reset is a hit like others, so it is done exactly once and in order: what was counted
 * before it on this collector is gone, what comes after it stays. */
#include "total.h"

#include "../proto/hit.h"
#include "../proto/json.h"
#include "access_http.h"
#include "report.h"
#include "worker.h"

static void show(struct report_answer *a, struct slice site,
                 const struct report_numbers *n, const void *wish)
{
    struct json j;

    (void)wish;
    json_init(&j, a->body);
    json_begin_object(&j);
    json_key(&j, "site");
    json_slice(&j, site);
    json_key(&j, "views");
    json_u64(&j, n->total.views);
    json_key(&j, "visits");
    json_u64(&j, n->total.visits);
    json_key(&j, "since");
    json_i64(&j, n->total.since);
    json_key(&j, "asOf");
    json_i64(&j, n->as_of);
    json_end(&j);
    buf_slice(a->body, SLICE("\n"));
    a->reply.body = buf_get(a->body);
}

enum handled total_show(struct exchange *x)
{
    return report_answer(x, show, NULL, 0);
}

const char *total_act(struct worker *w, struct slice site, const void *wish)
{
    mono_t now = worker_now(w)->mono;
    struct hit h = {
        .site = site, .kind = HIT_RESET, .visitor = VISITOR_NOBODY, .at = now};

    (void)wish;
    uplink_add(w->uplink, &h, now);
    COUNT(&w->counters, resets);
    return NULL;
}

enum handled total_reset(struct exchange *x)
{
    return access_demand(x, SCOPE_ADMIN, total_act, NULL, 0);
}
