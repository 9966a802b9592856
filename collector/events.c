/* The happy path: the body becomes a batch, each event of it a hit or a reason, and the
 * reasons the answer.
 *
 * With a token of ours, or a query of a program, which needs one, Redis may have to be
 * asked whose the token is, and the request is gone by then: who sent it and its body are
 * copied (struct posting), and the batch is opened again by whoever is told. So all of it
 * counts or nothing does, and who goes away before has sent nothing. */
#include "events.h"

#include <assert.h>
#include <stdio.h>
#include "../proto/json.h"
#include "access_http.h"
#include "batch.h"
#include "beacons.h"
#include "conn.h"
#include "messages.h"
#include "pixel.h"
#include "worker.h"

#define EVENTS_HEADERS PIXEL_HEADERS HEADER_NO_SNIFF

/* What became of the events of a batch. */
struct tally {
    size_t accepted, refused;
    enum beacon_verdict first;  /* of those refused */
    uint8_t verdict[BATCH_MAX]; /* enum beacon_verdict of each */
};

/* A request that waits for its token to be looked up. */
struct posting {
    struct ip ip;
    bool ahead, opts_out;
    size_t user_agent_n, referer_n, host_n, country_n, origin_n, text_n;
    char bytes[]; /* these, one behind the other */
};

/* An answer and what it points to. */
struct told {
    struct reply reply;
    struct verdict verdict;
    char plain[64], lines[320];
};

/* ---- the events ---- */

/* @site: whose token came with it. */
static enum beacon_verdict take_query(struct worker *w, struct slice site,
                                      const struct beacon *b)
{
    struct posted m = {0};

    if (!slice_eq(b->site, site))
        return b->site.n ? BEACON_BAD_SITE : BEACON_NO_SITE;
    messages_set_query(&m, b->path, b->name, b->engaged);
    return messages_deliver(w, site, &m) ? BEACON_BAD_QUERY : BEACON_OK;
}

/* @site: whose token came with it, empty: none. */
static enum beacon_verdict take_one(struct worker *w, const struct beacon *b,
                                    const struct beacon_sender *from, struct slice site)
{
    struct beacon_sender sender = *from;
    enum beacon_verdict v;

    sender.vouched = site.n > 0 && slice_eq(b->site, site);
    if (site.n == 0 || !slice_eq(b->kind, SLICE("query")))
        return beacons_take_of(w, b, &sender, NULL);
    v = take_query(w, site, b);
    beacons_count(&w->counters, v);
    return v;
}

static void take_all(struct worker *w, const struct batch *batch, struct slice text,
                     const struct beacon_sender *from, struct slice site, struct tally *t)
{
    struct beacon b;

    t->accepted = t->refused = 0;
    t->first = BEACON_OK;
    for (size_t i = 0; i < batch->n; i++) {
        enum beacon_verdict v = batch_get(batch, text, i, &b);

        if (v == BEACON_OK)
            v = take_one(w, &b, from, site);
        else
            beacons_count(&w->counters, v);
        t->verdict[i] = (uint8_t)v;
        if (v == BEACON_OK)
            t->accepted++;
        else if (t->refused++ == 0)
            t->first = v;
    }
}

static bool none_taken(const struct tally *t)
{
    return t->accepted == 0 && t->refused > 0;
}

/* ---- the answer ---- */

/* {"accepted":1,"rejected":[{"index":0,"reason":"bad_site"}]} and, when none was taken,
 * "error". */
static void describe(const struct tally *t, size_t n, struct buf *out)
{
    struct json j;

    json_init(&j, out);
    json_begin_object(&j);
    if (none_taken(t)) {
        json_key(&j, "error");
        json_str(&j, beacon_verdict_name(t->first));
    }
    json_key(&j, "accepted");
    json_u64(&j, t->accepted);
    json_key(&j, "rejected");
    json_begin_array(&j);
    for (size_t i = 0; i < n; i++) {
        if (t->verdict[i] == BEACON_OK)
            continue;
        json_begin_object(&j);
        json_key(&j, "index");
        json_u64(&j, i);
        json_key(&j, "reason");
        json_str(&j, beacon_verdict_name(t->verdict[i]));
        json_end(&j);
    }
    json_end(&j);
    json_end(&j);
    buf_slice(out, SLICE("\n"));
    assert(!out->full); /* BATCH_MAX short elements */
}

/* Takes the events; what became of each is written into the worker's answer, of a form
 * nothing. Returns NULL, or why none was taken. */
static const char *settle(struct worker *w, const struct batch *batch, struct slice text,
                          const struct beacon_sender *from, struct slice site)
{
    struct tally t;

    take_all(w, batch, text, from, site, &t);
    buf_clear(&w->answer);
    if (batch->is_json)
        describe(&t, batch->n, &w->answer);
    return none_taken(&t) ? beacon_verdict_name(t.first) : NULL;
}

/* @body: of the answer; empty: only the reason. */
static void tell_refused(struct told *t, const char *reason, struct slice body)
{
    snprintf(t->plain, sizeof t->plain, "{\"error\":\"%s\"}\n", reason);
    snprintf(t->lines, sizeof t->lines, EVENTS_HEADERS "X-Headcount: %s\r\n", reason);
    t->reply = (struct reply){.status = 400,
                              .type = "application/json",
                              .headers = t->lines,
                              .body = body.n ? body : slice_of(t->plain)};
}

/* What settle() left. */
static void tell_settled(struct told *t, struct worker *w, const char *reason)
{
    struct slice body = buf_get(&w->answer);

    if (reason)
        tell_refused(t, reason, body);
    else if (body.n > 0)
        t->reply = (struct reply){.status = 202,
                                  .type = "application/json",
                                  .headers = EVENTS_HEADERS,
                                  .body = body};
    else
        t->reply = (struct reply){.status = 204, .headers = EVENTS_HEADERS};
}

/* ---- with a token ---- */

static struct slice take_text(const char **at, size_t n)
{
    struct slice text = {*at, n};

    *at += n;
    return text;
}

/* An access_act: takes what was kept. */
static const char *take_posting(struct worker *w, struct slice site, const void *wish)
{
    const struct posting *p = wish;
    const char *at = p->bytes, *reason;
    struct beacon_sender from = {.ip = p->ip, .ahead = p->ahead, .opts_out = p->opts_out};
    struct slice text;
    struct batch batch;

    from.user_agent = take_text(&at, p->user_agent_n);
    from.referer = take_text(&at, p->referer_n);
    from.host = take_text(&at, p->host_n);
    from.country = take_text(&at, p->country_n);
    from.origin = take_text(&at, p->origin_n);
    text = take_text(&at, p->text_n);
    if (batch_open(&batch, text) != BEACON_OK)
        return beacon_verdict_name(BEACON_BAD_BODY); /* it was open before */
    reason = settle(w, &batch, text, &from, site);
    batch_fini(&batch);
    return reason;
}

static void keep_posting(const struct exchange *x, struct slice text, struct buf *out)
{
    struct beacon_sender from = beacons_sender(x);
    struct posting p = {.ip = from.ip,
                        .ahead = from.ahead,
                        .opts_out = from.opts_out,
                        .user_agent_n = from.user_agent.n,
                        .referer_n = from.referer.n,
                        .host_n = from.host.n,
                        .country_n = from.country.n,
                        .origin_n = from.origin.n,
                        .text_n = text.n};

    buf_init(out, sizeof p + HTTP_HEAD_MAX + HTTP_BODY_MAX);
    buf_add(out, &p, sizeof p);
    buf_slice(out, from.user_agent);
    buf_slice(out, from.referer);
    buf_slice(out, from.host);
    buf_slice(out, from.country);
    buf_slice(out, from.origin);
    buf_slice(out, text);
    assert(!out->full); /* all are parts of one request */
}

static void tell_outcome(struct told *t, struct worker *w, struct slice site,
                         const struct outcome *o)
{
    if (o->end == ACCESS_DONE || o->end == ACCESS_REFUSED) {
        tell_settled(t, w, o->error);
        return;
    }
    access_judge(&t->verdict, w, site, o);
    t->reply = t->verdict.reply;
}

static void on_told(struct waiter *waiter, struct slice site, const struct outcome *o)
{
    struct conn *c = conn_of_waiter(waiter);
    struct told t = {0};

    tell_outcome(&t, c->worker, site, o);
    conn_answer(c, &t.reply);
}

static enum handled demand(struct exchange *x, struct slice text, struct slice site)
{
    struct demand d = access_of(x, site, SCOPE_SEND);
    struct outcome o;
    struct told t = {0};
    struct buf kept;
    bool decided;

    keep_posting(x, text, &kept);
    d.act = take_posting;
    d.wish = kept.p;
    d.wish_n = kept.n;
    d.tell = on_told;
    decided = access_decide(x->worker, &d, &x->conn->waiter, &o);
    buf_fini(&kept);
    if (!decided)
        return LATER;
    tell_outcome(&t, x->worker, site, &o);
    exchange_reply(x, &t.reply);
    return ANSWERED;
}

/* ---- the request ---- */

static void take_now(struct exchange *x, const struct batch *batch, struct slice text)
{
    struct beacon_sender from = beacons_sender(x);
    const char *reason = settle(x->worker, batch, text, &from, (struct slice){0});
    struct told t = {0};

    tell_settled(&t, x->worker, reason);
    exchange_reply(x, &t.reply);
}

static void refuse(struct exchange *x, enum beacon_verdict v)
{
    struct told t = {0};

    beacons_count(&x->worker->counters, v);
    tell_refused(&t, beacon_verdict_name(v), (struct slice){0});
    exchange_reply(x, &t.reply);
}

/* A header that holds no token of ours is somebody else's, a proxy's for instance. */
static bool brings_token(const struct exchange *x)
{
    struct token_hash hash;

    return token_of_header(x->request->authorization, &hash) == BEARER_TOKEN;
}

enum handled events_post(struct exchange *x)
{
    struct slice text = x->body.n ? x->body : x->request->query, site;
    enum handled handled = ANSWERED;
    struct batch batch;
    enum beacon_verdict v = batch_open(&batch, text);

    if (v != BEACON_OK) {
        refuse(x, v);
        return ANSWERED;
    }
    if (batch_queries(&batch, text, &site) ||
        (brings_token(x) && batch_site(&batch, text, &site)))
        handled = demand(x, text, site);
    else
        take_now(x, &batch, text);
    batch_fini(&batch);
    return handled;
}
