/* Members that the datagram does not have are left out. */
#include "decoded.h"

#include <inttypes.h>
#include <stdio.h>
#include "../proto/json.h"

static void key_text(struct json *j, const char *key, const char *text)
{
    json_key(j, key);
    json_str(j, text);
}

static void key_number(struct json *j, const char *key, uint64_t v)
{
    json_key(j, key);
    json_u64(j, v);
}

/* All that a sender chooses freely is above 2^53 at times, so it travels as text. */
static void key_decimal(struct json *j, const char *key, uint64_t v)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, v);
    key_text(j, key, text);
}

static void key_hex(struct json *j, const char *key, uint64_t v)
{
    char text[24];

    snprintf(text, sizeof text, "%016" PRIx64, v);
    key_text(j, key, text);
}

static void key_true(struct json *j, const char *key)
{
    json_key(j, key);
    json_bool(j, true);
}

static void json_head(struct json *j, const struct decoded *d)
{
    const struct wire_head *h = &d->head;

    key_number(j, "bodyBytes", d->body_n);
    key_number(j, "keyId", h->key_id);
    key_number(j, "shard", h->shard);
    key_number(j, "shards", h->nshards);
    key_hex(j, "stream", h->stream);
    key_decimal(j, "epoch", h->epoch);
    key_decimal(j, "seq", h->seq);
    key_decimal(j, "base", h->base);
    key_decimal(j, "sentUs", h->ts_us);
}

static void json_ack(struct json *j, const struct wire_ack *a)
{
    key_number(j, "shard", a->shard);
    key_number(j, "shards", a->nshards);
    key_hex(j, "stream", a->stream);
    key_decimal(j, "epoch", a->epoch);
    key_decimal(j, "ackNo", a->ack_no);
    key_decimal(j, "received", a->cum);
    key_hex(j, "sack", a->sack);
    key_decimal(j, "durable", a->durable);
    key_decimal(j, "echoUs", a->echo_us);
    key_number(j, "window", a->window);
}

static void json_stay(struct json *j, const struct hit *h)
{
    if (h->lasts)
        key_number(j, "lasts", h->lasts);
    if (h->marks & HIT_HELD)
        key_true(j, "held");
    if (h->marks & HIT_COUNTED)
        key_true(j, "counted");
    if (h->marks & HIT_NAMED)
        key_true(j, "named");
}

/* A text, where there is one. */
static void key_slice(struct json *j, const char *key, struct slice s)
{
    if (s.n == 0)
        return;
    json_key(j, key);
    json_slice(j, s);
}

static void json_traits(struct json *j, const struct hit *h)
{
    if (h->device)
        key_text(j, "device", hit_device_name(h->device));
    if (h->browser)
        key_text(j, "browser", hit_browser_name(h->browser));
    if (h->country[0]) {
        json_key(j, "country");
        json_slice(j, (struct slice){h->country, 2});
    }
    key_slice(j, "referrer", h->referrer);
    key_slice(j, "campaign", h->campaign);
    key_slice(j, "term", h->term);
}

static void json_hit(struct json *j, const struct hit *h, mono_t clock)
{
    json_begin_object(j);
    json_key(j, "site");
    json_slice(j, h->site);
    key_text(j, "kind", hit_kind_name(h->kind));
    key_text(j, "state", hit_state_name(h->state));
    json_key(j, "ms");
    json_i64(j, h->at - clock);
    key_hex(j, "visitor", h->visitor);
    if (h->tab)
        key_hex(j, "tab", h->tab);
    if (h->previous)
        key_hex(j, "previous", h->previous);
    if (h->engaged)
        key_number(j, "engaged", h->engaged);
    json_stay(j, h);
    json_traits(j, h);
    json_key(j, h->kind == HIT_MESSAGE || h->kind == HIT_QUERY ? "text" : "path");
    json_slice(j, h->path);
    if (h->name.n > 0) {
        json_key(j, "name");
        json_slice(j, h->name);
    }
    json_end(j);
}

static void json_hits(struct json *j, const struct decoded *d)
{
    key_decimal(j, "clockMs", (uint64_t)d->clock);
    json_key(j, "hits");
    json_begin_array(j);
    for (size_t i = 0; i < d->nhits; i++)
        json_hit(j, &d->hit[i], d->clock);
    json_end(j);
}

void decoded_json(const struct decoded *d, struct buf *out)
{
    struct json j;

    json_init(&j, out);
    json_begin_object(&j);
    key_text(&j, "verdict", decoded_verdict(d));
    key_text(&j, "mac", decoded_mac(d));
    key_number(&j, "bytes", d->n);
    if (d->opened)
        key_number(&j, "type", d->type);
    if (d->opened && d->type == WIRE_ACK)
        json_ack(&j, &d->ack);
    else if (d->opened)
        json_head(&j, d);
    if (d->opened && d->type == WIRE_DATA)
        json_hits(&j, d);
    json_end(&j);
    buf_str(out, "\n");
}
