/* A demand's outcome as an answer, now or when Redis has told the site's tokens. */
#include "access_http.h"

#include <stdio.h>
#include "../proto/json.h"
#include "client_http.h"
#include "conn.h"
#include "worker.h"

#define CLOSED_HEADERS HEADER_NO_STORE HEADER_NO_SNIFF

/* {"error":"@reason"}, readable from nowhere else. */
static void refuse(struct verdict *v, struct worker *w, int status, const char *reason,
                   const char *headers)
{
    buf_clear(&w->answer);
    buf_printf(&w->answer, "{\"error\":\"%s\"}\n", reason);
    snprintf(v->lines, sizeof v->lines, "%s%s", CLOSED_HEADERS, headers);
    v->reply = (struct reply){.status = status,
                              .type = "application/json",
                              .headers = v->lines,
                              .body = buf_get(&w->answer)};
}

static void refuse_guesser(struct verdict *v, struct worker *w, ms_t wait)
{
    char line[40];

    snprintf(line, sizeof line, "Retry-After: %d\r\n", (int)((wait + 999) / 1000));
    refuse(v, w, 429, "too_many_wrong_tokens", line);
}

static void grant(struct verdict *v, struct worker *w, struct slice site)
{
    struct json j;

    buf_clear(&w->answer);
    json_init(&j, &w->answer);
    json_begin_object(&j);
    json_key(&j, "site");
    json_slice(&j, site);
    json_key(&j, "accepted");
    json_bool(&j, true);
    json_end(&j);
    buf_slice(&w->answer, SLICE("\n"));
    v->reply = (struct reply){.status = 202,
                              .type = "application/json",
                              .headers = CLOSED_HEADERS,
                              .body = buf_get(&w->answer)};
}

void access_judge(struct verdict *v, struct worker *w, struct slice site,
                  const struct outcome *o)
{
    switch (o->end) {
    case ACCESS_DONE:
        grant(v, w, site);
        break;
    case ACCESS_REFUSED:
        refuse(v, w, 400, o->error, "");
        break;
    case ACCESS_BAD_SITE:
        refuse(v, w, 400, "bad_site", "");
        break;
    case ACCESS_STRANGER:
        refuse(v, w, 401, "unauthorized",
               "WWW-Authenticate: Bearer realm=\"headcount\"\r\n");
        break;
    case ACCESS_FORBIDDEN:
        refuse(v, w, 403, "forbidden",
               "WWW-Authenticate: Bearer error=\"insufficient_scope\"\r\n");
        break;
    case ACCESS_GUESSER:
        refuse_guesser(v, w, o->wait);
        break;
    case ACCESS_UNHEARD:
        refuse(v, w, 503, "redis_unavailable", "Retry-After: 1\r\n");
        break;
    }
}

static void on_told(struct waiter *waiter, struct slice site, const struct outcome *o)
{
    struct conn *c = conn_of_waiter(waiter);
    struct verdict v;

    access_judge(&v, c->worker, site, o);
    conn_answer(c, &v.reply);
}

struct demand access_of(const struct exchange *x, struct slice site, enum scope need)
{
    struct demand d = {.site = site, .need = need};

    d.ip = client_of(x);
    d.bearer = token_of_header(x->request->authorization, &d.hash);
    return d;
}

enum handled access_demand(struct exchange *x, enum scope need, access_act *act,
                           const void *wish, size_t n)
{
    struct worker *w = x->worker;
    struct demand d = access_of(x, x->at.id, need);
    struct outcome o;
    struct verdict v;

    d.act = act;
    d.wish = wish;
    d.wish_n = n;
    d.tell = on_told;
    if (!access_decide(w, &d, &x->conn->waiter, &o))
        return LATER;
    access_judge(&v, w, x->at.id, &o);
    exchange_reply(x, &v.reply);
    return ANSWERED;
}
