/* request -> beacon -> hit -> uplink; what is refused is counted by its reason and
 * answered with it. The image comes even with an error, so that no page shows a broken
 * one. */
#include "beacons.h"

#include <assert.h>
#include <stdio.h>
#include "../proto/json.h"
#include "batch.h"
#include "batch.h"
#include "beacon.h"
#include "conn.h"
#include "pixel.h"
#include "worker.h"

#define EVENTS_HEADERS PIXEL_HEADERS HEADER_NO_SNIFF

static void count_refused(struct counters *c, enum beacon_verdict v)
{
    switch (v) {
    case BEACON_OK:
        break;
    case BEACON_NO_SITE:
        COUNT(c, no_site);
        break;
    case BEACON_BAD_SITE:
        COUNT(c, bad_site);
        break;
    case BEACON_BAD_KIND:
        COUNT(c, bad_kind);
        break;
    case BEACON_BAD_STATE:
        COUNT(c, bad_state);
        break;
    case BEACON_BAD_PATH:
        COUNT(c, bad_path);
        break;
    case BEACON_BAD_NAME:
        COUNT(c, bad_name);
        break;
    case BEACON_BAD_VISITOR:
        COUNT(c, bad_visitor);
        break;
    case BEACON_BAD_BODY:
        COUNT(c, bad_body);
        break;
    case BEACON_TOO_MANY:
        COUNT(c, too_many);
        break;
    }
}

static struct beacon_sender sender_of(const struct exchange *x)
{
    const struct http_request *rq = x->request;
    const struct trusted *trusted = &x->worker->setup->trusted;

    return (struct beacon_sender){
        .ip = client_ip(trusted, &x->conn->peer, rq->forwarded_for),
        .user_agent = rq->user_agent,
        .referer = rq->referer,
    };
}

/* Sends the beacon on its way. */
static enum beacon_verdict take(struct worker *w, const struct beacon *b,
                                const struct beacon_sender *from)
{
    const struct moment *now = worker_now(w);
    struct beacon_texts texts;
    enum beacon_verdict v;
    struct hit h;

    v = beacon_hit(b, from, &w->day_keys, &w->setup->secret, now->wall, now->mono, &h,
                   &texts);
    if (v == BEACON_OK) {
        /* Before the answer: that leaves when all requests of this read are served
         * (conn.c). So with a spool whatever was answered survives the process. A hit
         * for which there is no room is answered all the same; the sender counts it. */
        uplink_add(w->uplink, &h, now->mono);
        COUNT(&w->counters, hits);
    }
    return v;
}

static void refuse_pixel(struct exchange *x, enum beacon_verdict v)
{
    char lines[256];

    snprintf(lines, sizeof lines, PIXEL_HEADERS "X-Headcount: %s\r\n",
             beacon_verdict_name(v));
    exchange_reply(x, &(struct reply){.status = 400,
                                      .type = "image/gif",
                                      .headers = lines,
                                      .body = {pixel_gif, PIXEL_BYTES}});
}

enum handled beacons_pixel(struct exchange *x)
{
    bool counts = x->request->method != HTTP_HEAD;
    struct beacon b;
    enum beacon_verdict v = beacon_from_query(&b, x->request->query);

    if (v == BEACON_OK && counts) {
        struct beacon_sender from = sender_of(x);

        v = take(x->worker, &b, &from);
    }
    if (v != BEACON_OK) {
        count_refused(&x->worker->counters, v);
        refuse_pixel(x, v);
    } else {
        exchange_canned(x, b.no_image ? &pixel_empty : &pixel_image);
    }
    return ANSWERED;
}

/* What became of the events of a batch. */
struct tally {
    size_t accepted, refused;
    enum beacon_verdict first;  /* of those refused */
    uint8_t verdict[BATCH_MAX]; /* enum beacon_verdict of each */
};

static void refuse_events(struct exchange *x, enum beacon_verdict v, struct slice body)
{
    const char *reason = beacon_verdict_name(v);
    char plain[64], lines[320];

    snprintf(plain, sizeof plain, "{\"error\":\"%s\"}\n", reason);
    snprintf(lines, sizeof lines, EVENTS_HEADERS "X-Headcount: %s\r\n", reason);
    exchange_reply(x, &(struct reply){.status = 400,
                                      .type = "application/json",
                                      .headers = lines,
                                      .body = body.n ? body : slice_of(plain)});
}

static void take_all(struct exchange *x, const struct batch *batch, struct slice text,
                     struct tally *t)
{
    struct beacon_sender from = sender_of(x);
    struct beacon b;

    t->accepted = t->refused = 0;
    t->first = BEACON_OK;
    for (size_t i = 0; i < batch->n; i++) {
        enum beacon_verdict v = batch_get(batch, text, i, &b);

        if (v == BEACON_OK)
            v = take(x->worker, &b, &from);
        t->verdict[i] = (uint8_t)v;
        count_refused(&x->worker->counters, v);
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

/* {"accepted":1,"rejected":[{"index":0,"reason":"bad_site"}]} and, when none was taken,
 * "error". */
static struct slice describe(const struct tally *t, size_t n, struct buf *out)
{
    struct json j;

    buf_clear(out);
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
    return buf_get(out);
}

static void answer_batch(struct exchange *x, const struct batch *batch,
                         const struct tally *t)
{
    struct reply taken = {.status = 204, .headers = EVENTS_HEADERS};
    struct slice body = {0};

    if (batch->is_json) {
        body = describe(t, batch->n, &x->worker->answer);
        taken.status = 202;
        taken.type = "application/json";
        taken.body = body;
    }
    if (none_taken(t))
        refuse_events(x, t->first, body);
    else
        exchange_reply(x, &taken);
}

enum handled beacons_events(struct exchange *x)
{
    struct slice text = x->body.n ? x->body : x->request->query;
    struct batch batch;
    struct tally tally;
    enum beacon_verdict v = batch_open(&batch, text);

    if (v != BEACON_OK) {
        count_refused(&x->worker->counters, v);
        refuse_events(x, v, (struct slice){0});
        return ANSWERED;
    }
    take_all(x, &batch, text, &tally);
    answer_batch(x, &batch, &tally);
    batch_fini(&batch);
    return ANSWERED;
}
