/* Happy path: the names of all sites in one reply, then their settings in replies of
 * REGISTER_BATCH sites each, one after the other; then the register is put on the board,
 * and the other workers are told to take it from there.
 *
 * Failure modes: the link is down, or breaks meanwhile: what was read is forgotten, the
 * last register serves on, and it is read when the link is up again. Redis refuses: the
 * same, counted and tried again in REGISTER_READ_MS. A name that is no site id, an origin
 * that is none and a key of another type are left out, and all others are read. */
#include "register_reading.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include "../../proto/keys.h"
#include "../../proto/log.h"
#include "../container.h"
#include "../hub.h"
#include "../worker.h"

extern const char register_sites_lua[], register_settings_lua[];

#define ARGS_BEFORE 3 /* EVAL, the script, how many keys */
#define ARGS_BEHIND 2

static void set_due(struct register_reading *r, enum deadline_class class)
{
    struct worker *w = r->worker;

    deadline_set(&w->deadlines, &r->due, class, worker_now(w)->mono);
}

/* For the next time. */
static void end(struct register_reading *r)
{
    register_drop(r->draft);
    r->draft = NULL;
    r->state = REGISTER_RESTING;
    set_due(r, DEADLINE_REGISTER_REST);
}

static void fail(struct register_reading *r, const redisReply *reply)
{
    char why[200];

    COUNT(&r->worker->counters, register_failed);
    if (reply && reply->type == REDIS_REPLY_ERROR && !r->refused) {
        log_line("event=register_refused why=\"%s\"; which sites were added stays as it "
                 "was known%s",
                 log_safe(why, sizeof why, reply->str, reply->len),
                 r->worker->site_register ? "" : ", that is, any site counts");
        r->refused = true;
    }
    r->again = false;
    end(r);
}

static void succeed(struct register_reading *r)
{
    struct worker *w = r->worker;

    GAUGE_SET(&w->counters, sites_added, register_sites(r->draft));
    GAUGE_SET(&w->counters, sites_left_out, r->left_out);
    GAUGE_SET(&w->counters, sites_open, w->setup->open_sites);
    COUNT(&w->counters, register_reads);
    r->refused = false;
    register_board_put(&w->hub->board, r->draft);
    r->draft = NULL;
    register_board_renew(&w->hub->board, &w->site_register);
    hub_tell_register(w->hub);
    end(r);
}

/* ---- second, what is set of them ---- */

static void ask_settings(struct register_reading *r);

static size_t batch_of(const struct register_reading *r)
{
    size_t left = register_sites(r->draft) - r->done;

    return left < REGISTER_BATCH ? left : REGISTER_BATCH;
}

static void on_settings(void *arg, const redisReply *reply)
{
    struct register_reading *r = arg;
    size_t n = batch_of(r);

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements != n) {
        fail(r, reply);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const redisReply *text = reply->element[i];

        if (text->type == REDIS_REPLY_STRING)
            r->left_out += registered_set(register_at(r->draft, r->done + i),
                                          (struct slice){text->str, text->len});
    }
    r->done += n;
    ask_settings(r);
}

static void ask_settings(struct register_reading *r)
{
    const char *argv[ARGS_BEFORE + REGISTER_BATCH + ARGS_BEHIND] = {
        "EVAL", register_settings_lua};
    struct key_name key[REGISTER_BATCH];
    size_t n = batch_of(r), argc = ARGS_BEFORE;
    char count[24];

    if (n == 0) {
        succeed(r);
        return;
    }
    snprintf(count, sizeof count, "%zu", n);
    argv[ARGS_BEFORE - 1] = count;
    for (size_t i = 0; i < n; i++) {
        key[i] = key_settings(register_name(r->draft, r->done + i));
        argv[argc++] = key[i].s;
    }
    argv[argc++] = TEXT_OF(ORIGINS_MAX);
    argv[argc++] = TEXT_OF(ORIGIN_MAX);
    if (redis_link_call(r->worker->redis, (int)argc, argv, NULL, on_settings, r) < 0)
        fail(r, NULL);
}

/* ---- first, the names ---- */

static void take_names(struct register_reading *r, const redisReply *reply)
{
    unsigned char key[SITE_MAP_KEY_BYTES];

    randombytes_buf(key, sizeof key);
    r->draft = register_new(reply->elements - 1, key);
    r->done = 0;
    r->left_out = (size_t)reply->element[0]->integer;
    for (size_t i = 1; i < reply->elements; i++) {
        const redisReply *name = reply->element[i];

        if (name->type != REDIS_REPLY_STRING ||
            !register_add(r->draft, (struct slice){name->str, name->len}))
            r->left_out++;
    }
}

static void on_names(void *arg, const redisReply *reply)
{
    struct register_reading *r = arg;

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements == 0 ||
        reply->elements > SITES_MAX + 1 ||
        reply->element[0]->type != REDIS_REPLY_INTEGER) {
        fail(r, reply);
        return;
    }
    take_names(r, reply);
    ask_settings(r);
}

static void begin(struct register_reading *r)
{
    const char *argv[] = {"EVAL", register_sites_lua, "1", KEY_SITES, TEXT_OF(SITES_MAX)};

    r->again = false;
    if (redis_link_call(r->worker->redis, 5, argv, NULL, on_names, r) < 0) {
        r->state = REGISTER_IDLE;
        set_due(r, DEADLINE_REGISTER);
        return;
    }
    deadline_clear(&r->due);
    r->state = REGISTER_READING;
}

/* ---- life ---- */

void register_reading_wake(struct register_reading *r)
{
    struct worker *w = r->worker;

    if (w == NULL || w->redis == NULL)
        return; /* it is read when there is a connection */
    if (r->state == REGISTER_IDLE)
        begin(r);
    else
        r->again = true;
}

void register_reading_due(struct deadline *d)
{
    struct register_reading *r = CONTAINER(d, struct register_reading, due);

    if (r->state == REGISTER_IDLE || r->again) {
        begin(r);
        return;
    }
    r->state = REGISTER_IDLE;
    set_due(r, DEADLINE_REGISTER);
}

void register_reading_init(struct register_reading *r, struct worker *w)
{
    *r = (struct register_reading){.worker = w};
}

void register_reading_fini(struct register_reading *r)
{
    assert(r->state != REGISTER_READING);
    register_drop(r->draft);
}
