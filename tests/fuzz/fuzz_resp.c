/* What Redis says, from whoever writes there or sits in between: bytes through hiredis'
 * reader, in pieces and whole, and its replies through all that take them.
 *
 * The first byte: 1 the rest are the bytes of Redis, else lines of them (resp_lines.h);
 * half of it says who asks.
 *
 * Questions go to fuzz_link.h, which answers them with those replies. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>

#include "../../cli/site_alert.h"
#include "../../cli/site_print.h"
#include "../../cli/site_read.h"
#include "../../collector/channel.h"
#include "../../collector/sites_reading.h"
#include "../../collector/worker.h"
#include "../../proto/utf8.h"
#include "../resp_lines.h"

#define CALLS_MAX 1024
#define ASKS(argc) ((argc) > 0)
#include "fuzz_link.h"

#define NOON INT64_C(1763812800000)
#define SITE SLICE("shop")

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct worker *worker;
static redisReader *reader;

static void must(bool claim)
{
    if (!claim)
        abort();
}

/* ---- who asks ---- */

static void on_sites(void *arg, struct site_list *list, ms_t as_of)
{
    struct buf out;
    json_t *json;

    (void)arg;
    if (list == NULL)
        return;
    must(list->n <= SITES_LISTED_MAX);
    buf_init(&out, 4 << 20);
    site_list_json(list, as_of, &out);
    must(!out.full);
    json = json_loadb(out.p, out.n, 0, NULL);
    must(json != NULL);
    json_decref(json);
    buf_fini(&out);
}

static void ask_sites(void)
{
    must(sites_read(worker, on_sites, NULL) == 0);
    link_answer_all(reader, resp_next);
}

static void on_count(struct waiter *w, struct slice site, const struct day_count *count)
{
    must(w->link == NULL && slice_eq(site, SITE));
    must(count == NULL || count->visitors <= INT64_MAX);
}

static void ask_day(void)
{
    struct waiter waiter = {0};

    day_visitors_init(&worker->day_visitors);
    must(day_visitors_ask(worker, SITE, SLICE("id"), NOON, true, &waiter, on_count) ==
         NULL);
    link_answer_all(reader, resp_next);
    must(worker->day_visitors.asked == 0 && worker->day_visitors.added <= 1);
}

static void ask_settings(void)
{
    const struct token_hash hash = {{1}};
    const struct settings *s;
    redisReply *reply;

    while ((reply = resp_next(reader)) != NULL) {
        channel_is_confirmed(reply);
        s = access_keep(worker, SITE, reply);
        must(s == NULL || s->ntokens <= SITE_TOKENS_MAX);
        if (s)
            must(settings_reader(s, BEARER_TOKEN, &hash) != READER_GRANTED);
        freeReplyObject(reply);
    }
}

/* What is read of a site by the command, which is given the reply. */
static void ask_summary(void)
{
    struct site_read r;
    redisReply *reply;
    char why[256];

    while ((reply = resp_next(reader)) != NULL) {
        struct buf out;

        if (site_read_take(&r, SITE, 30, reply, why, sizeof why) < 0)
            continue;
        buf_init(&out, 16 << 20);
        summary_json(&r.summary, SITE, &out);
        must(!out.full);
        buf_fini(&out);
        site_read_fini(&r);
    }
}

static bool is_texts(const redisReply *r)
{
    if (r->type != REDIS_REPLY_ARRAY || r->elements % 2)
        return false;
    for (size_t i = 0; i < r->elements; i++)
        if (r->element[i]->type != REDIS_REPLY_STRING)
            return false;
    return true;
}

/* For a terminal and parsed. */
static void print(const redisReply *all, bool json, struct buf *out)
{
    const struct term term = {.utf8 = true};

    site_print_settings(all, SETTING_TOKEN, &term, json, out);
    if (json)
        buf_str(out, "\n");
    site_alert_print(all, &term, json, out);
}

static void ask_prints(void)
{
    redisReply *reply;

    while ((reply = resp_next(reader)) != NULL) {
        struct slice rest;
        struct buf out;
        uint32_t code;

        buf_init(&out, 4 << 20);
        if (is_texts(reply)) {
            print(reply, false, &out);
            for (rest = buf_get(&out); rest.n > 0;)
                must(utf8_next(&rest, &code) && (code == '\n' || !utf8_is_unsafe(code)));
            print(reply, true, &out);
        }
        buf_fini(&out);
        freeReplyObject(reply);
    }
}

static void (*const askers[])(void) = {ask_sites, ask_day, ask_settings, ask_summary,
                                       ask_prints};
#define ASKERS (sizeof askers / sizeof askers[0])

/* ---- what Redis says ---- */

/* In pieces hiredis must come to as many replies, and to the same end. */
static size_t count_replies(struct slice bytes, size_t step, bool *failed)
{
    redisReader *r = redisReaderCreate();
    void *reply = NULL;
    size_t n = 0;

    must(r != NULL);
    for (size_t at = 0; at < bytes.n && !r->err; at += step) {
        redisReaderFeed(r, bytes.p + at, step < bytes.n - at ? step : bytes.n - at);
        while (redisReaderGetReply(r, &reply) == REDIS_OK && reply) {
            freeReplyObject(reply);
            n++;
        }
    }
    *failed = r->err != 0;
    redisReaderFree(r);
    return n;
}

static void check_reader(struct slice bytes)
{
    bool whole, pieces;

    must(count_replies(bytes, bytes.n + 1, &whole) == count_replies(bytes, 3, &pieces));
    must(whole == pieces);
}

static void set_up(void)
{
    static struct setup setup;

    worker = calloc(1, sizeof *worker);
    must(worker != NULL);
    worker->setup = &setup;
    worker->redis = (struct redis_link *)&setup; /* never looked into here */
    worker->snapshots.link = worker->redis;
    secret_init(&worker->files.secret, "the fuzzer's secret", 19);
    must(uv_loop_init(&worker->loop) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice all = {(const char *)data, size};

    if (worker == NULL)
        set_up();
    if (size < 2 || !(reader = resp_reader(all)))
        return 0;
    if (data[0] & 1)
        check_reader(slice_skip(all, 1));
    link_reset();
    askers[data[0] / 2 % ASKERS]();
    must(answered == asked);
    redisReaderFree(reader);
    return 0;
}
