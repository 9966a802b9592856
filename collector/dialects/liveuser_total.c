/* The same numbers and the same reset as under /sites/, in LiveUser's words. */
#include "liveuser_total.h"

#include "../../proto/json.h"
#include "../access_http.h"
#include "../conn.h"
#include "../report.h"
#include "../total.h"
#include "../worker.h"

static void begin(struct json *j, struct buf *out, struct slice site)
{
    json_init(j, out);
    json_begin_object(j);
    json_key(j, "siteId");
    json_slice(j, site);
}

static struct slice end(struct json *j, struct buf *out, ms_t at)
{
    json_key(j, "timestamp");
    json_i64(j, at / 1000);
    json_end(j);
    buf_slice(out, SLICE("\n"));
    return buf_get(out);
}

static void show(struct report_answer *a, struct slice site,
                 const struct report_numbers *n, const void *wish)
{
    struct json j;

    (void)wish;
    begin(&j, a->body, site);
    json_key(&j, "totalCount");
    json_u64(&j, n->total.counted);
    a->reply.body = end(&j, a->body, n->as_of);
}

enum handled liveuser_total(struct exchange *x)
{
    return report_answer(x, show, NULL, 0);
}

/* What was granted is said in other words, what was refused in the same. */
static const struct reply *word(struct verdict *v, struct worker *w, struct slice site,
                                const struct outcome *o)
{
    struct json j;

    access_judge(v, w, site, o);
    if (o->end != ACCESS_DONE)
        return &v->reply;
    buf_clear(&w->answer);
    begin(&j, &w->answer, site);
    json_key(&j, "message");
    json_str(&j, "Total count reset");
    v->reply.status = 200;
    v->reply.body = end(&j, &w->answer, worker_now(w)->wall);
    return &v->reply;
}

static void on_told(struct waiter *waiter, struct slice site, const struct outcome *o)
{
    struct conn *c = conn_of_waiter(waiter);
    struct verdict v;

    conn_answer(c, word(&v, c->worker, site, o));
}

enum handled liveuser_reset(struct exchange *x)
{
    struct demand d = access_of(x, x->at.id, SCOPE_ADMIN);
    struct outcome o;
    struct verdict v;

    d.act = total_act;
    d.tell = on_told;
    if (!access_decide(x->worker, &d, &x->conn->waiter, &o))
        return LATER;
    exchange_reply(x, word(&v, x->worker, x->at.id, &o));
    return ANSWERED;
}
