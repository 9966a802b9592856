/* JSON -> visitor and site -> Redis (day_visitors.h) -> the answer, which comes later, or
 * 503 when Redis cannot be asked or does not tell. */
#include "liveuser_visit.h"

#include "../../proto/hit.h"
#include "../../proto/iso.h"
#include "../../proto/json.h"
#include "../beacons.h"
#include "../conn.h"
#include "../json_body.h"
#include "../worker.h"

#define DEFAULT_SITE "default-site"
#define DATE_BYTES 10 /* of "2025-11-22T..." */

const char *liveuser_visit_read(struct liveuser_visit *v, const json_t *body)
{
    v->visitor = json_body_text(body, "visitorId");
    v->site = json_body_text(body, "siteId");
    if (!json_is_object(body))
        return "bad_body";
    if (v->visitor.n == 0 || v->visitor.n > CLIENT_ID_MAX)
        return "bad_visitor_id";
    return NULL;
}

struct slice liveuser_visit_site(struct slice said, const struct http_request *rq,
                                 char *out)
{
    struct slice host;

    if (said.n > 0)
        return said;
    host = host_normalize(rq->referer, out);
    if (host.n == 0 && !slice_eq(rq->origin, SLICE("null"))) /* a sandbox, a file */
        host = host_normalize(rq->origin, out);
    return host.n > 0 ? host : SLICE(DEFAULT_SITE);
}

void liveuser_visit_write(struct buf *out, struct slice site, const struct day_count *n)
{
    struct iso date = iso_of(n->at);
    struct json j;

    json_init(&j, out);
    json_begin_object(&j);
    json_key(&j, "type");
    json_str(&j, "visit");
    json_key(&j, "siteId");
    json_slice(&j, site);
    json_key(&j, "today");
    json_u64(&j, n->visitors);
    json_key(&j, "date");
    json_slice(&j, (struct slice){date.s, DATE_BYTES});
    json_key(&j, "timestamp");
    json_i64(&j, n->at / 1000);
    if (n->capped) {
        json_key(&j, "capped");
        json_bool(&j, true);
    }
    json_end(&j);
    buf_slice(out, SLICE("\n"));
}

static void on_told(struct waiter *waiter, struct slice site, const struct day_count *n)
{
    static const struct reply unavailable = {
        .status = 503,
        .type = "application/json",
        .headers = HEADER_OPEN HEADER_NO_STORE "Retry-After: 1\r\n",
        .body = {"{\"error\":\"redis_unavailable\"}\n", 30},
    };
    struct conn *c = conn_of_waiter(waiter);
    struct reply r = unavailable;

    if (n) {
        buf_clear(&c->worker->answer);
        liveuser_visit_write(&c->worker->answer, site, n);
        r = (struct reply){.status = 200,
                           .type = "application/json",
                           .headers = HEADER_OPEN HEADER_NO_STORE HEADER_NO_SNIFF,
                           .body = buf_get(&c->worker->answer)};
    }
    conn_answer(c, &r);
}

static enum handled refuse(struct exchange *x, const char *reason)
{
    COUNT(&x->worker->counters, day_visitors_bad);
    exchange_error(x, 400, reason, NULL);
    return ANSWERED;
}

/* Whether who is named counts; for limits it is the visitor that a beacon with that name
 * would be of. */
static enum admission judge(struct exchange *x, struct slice site, struct slice name)
{
    struct worker *w = x->worker;
    const struct beacon_sender from = beacons_sender(x);
    const struct visitor_ids ids =
        visitor_identify(&w->day_keys, &w->files.secret, worker_now(w)->wall, site, name,
                         &from.ip, from.user_agent);
    const struct hit visitor = {
        .site = site, .visitor = ids.visitor, .previous = ids.previous};

    return admission_judge_visitor(w, &visitor, &from);
}

static enum handled take(struct exchange *x, const struct liveuser_visit *v)
{
    char host[REFERRER_MAX];
    struct slice site = liveuser_visit_site(v->site, x->request, host);
    enum admission judged;
    const char *error;

    if (!site_valid(site))
        return refuse(x, "bad_site");
    judged = judge(x, site, v->visitor);
    if (admission_refuses(judged)) {
        exchange_error(x, 400, admission_name(judged), NULL);
        return ANSWERED;
    }
    error = day_visitors_ask(x->worker, site, v->visitor, worker_now(x->worker)->wall,
                             judged == ADMITTED, &x->conn->waiter, on_told);
    if (error == NULL)
        return LATER;
    exchange_error(x, 503, error, "Retry-After: 1\r\n");
    return ANSWERED;
}

enum handled liveuser_visit(struct exchange *x)
{
    json_t *body = json_body_parse(x->body);
    struct liveuser_visit v;
    const char *reason = liveuser_visit_read(&v, body);
    enum handled handled = reason ? refuse(x, reason) : take(x, &v);

    json_decref(body);
    return handled;
}
