/* loads: slots, each with a site being read back, a call under way or hits to fold.
 *
 * A slot whose site was given up while a call is under way waits for that reply and
 * ignores it. After a failure no site is begun for a while, 100 ms at first and 5 s in
 * the end: what failed for one would fail for the others. */
#include "loads.h"

#include <assert.h>
#include <stdlib.h>

#include "../proto/keys.h"
#include "commit.h"
#include "message.h"

#define REST_FIRST_MS 100
#define REST_MAX_MS 5000

struct loads_slot {
    struct loads *owner;
    struct load load; /* load.site NULL: none */
    bool waiting;     /* for a reply */
    bool folding;     /* the site is there, what was parked for it is folded */
};

struct loads {
    struct store *store;
    struct clock *clock;
    struct aggregator_counters *counters;
    struct fold_counts *folded;
    struct loads_events events;
    struct redis_link *link; /* NULL: sites may not be read */
    struct slice sha;
    uint64_t epoch;
    mono_t rest_until;
    mono_t rest; /* the next one */
    struct command command;
    struct buf message;
    struct loads_slot slot[LOADS_MAX];
};

struct loads *loads_new(struct store *st, struct clock *clock,
                        struct aggregator_counters *counters, struct fold_counts *folded,
                        const struct loads_events *events)
{
    struct loads *l = calloc(1, sizeof *l);

    if (!l)
        return NULL;
    l->store = st;
    l->clock = clock;
    l->counters = counters;
    l->folded = folded;
    l->events = *events;
    l->rest_until = INT64_MIN;
    l->rest = REST_FIRST_MS;
    command_init(&l->command, COMMIT_BYTES_MAX);
    buf_init(&l->message, MESSAGE_MAX);
    for (size_t i = 0; i < LOADS_MAX; i++)
        l->slot[i].owner = l;
    return l;
}

void loads_free(struct loads *l)
{
    if (!l)
        return;
    loads_forget(l);
    command_fini(&l->command);
    buf_fini(&l->message);
    free(l);
}

static void release(struct loads_slot *slot)
{
    load_fini(&slot->load);
    slot->folding = false;
}

/* The site waits again for its turn. */
static void give_up(struct loads_slot *slot)
{
    struct loads *l = slot->owner;

    store_retry_load(l->store, slot->load.site);
    release(slot);
    l->counters->load_retries++;
}

static void rest(struct loads *l)
{
    mono_t now = clock_mono(l->clock);

    if (now < l->rest_until)
        return; /* others of the same turn */
    l->rest_until = now + l->rest;
    l->rest = l->rest * 2 < REST_MAX_MS ? l->rest * 2 : REST_MAX_MS;
}

static void on_reply(void *arg, const redisReply *reply);

static void ask(struct loads_slot *slot)
{
    struct loads *l = slot->owner;

    load_next(&slot->load, l->sha, &l->command);
    if (redis_link_call(l->link, (int)l->command.n, command_argv(&l->command),
                        l->command.len, on_reply, slot) == 0) {
        slot->waiting = true;
        return;
    }
    give_up(slot);
    rest(l);
}

static void on_published(void *arg, const redisReply *reply)
{
    (void)arg;
    (void)reply;
}

/* Tells readers that the site will take a while: the rows' numbers and who was online at
 * its last commit, no pages. Best effort. */
static void publish_loading(struct loads_slot *slot)
{
    struct loads *l = slot->owner;
    struct site *s = slot->load.site;
    struct key_name channel = key_channel(site_id(s));

    message_encode(s, l->epoch, l->clock->now, &slot->load.online, s->recent.last,
                   &l->message);
    command_clear(&l->command);
    command_arg(&l->command, SLICE("PUBLISH"));
    command_arg(&l->command, key_text(&channel));
    command_arg(&l->command, buf_get(&l->message));
    redis_link_call(l->link, (int)l->command.n, command_argv(&l->command), l->command.len,
                    on_published, NULL);
}

/* Redis has minutes that have not come for us: the clock goes there if that is near, else
 * whoever wrote them was wrong. */
static void begin_again(struct loads_slot *slot)
{
    struct loads *l = slot->owner;
    struct site *s = slot->load.site;
    ms_t ahead = slot->load.ahead;
    bool near = ahead - l->clock->now <= CLOCK_HOLD_MAX_MS && !slot->load.drop_ahead;

    if (near) {
        clock_raise(l->clock, ahead);
        site_advance(s, minute_of(l->clock->now));
    }
    load_fini(&slot->load);
    load_begin(&slot->load, l->store, s, l->epoch, l->clock->now, !near);
    ask(slot);
}

static void on_done(struct loads_slot *slot)
{
    struct loads *l = slot->owner;

    if (slot->load.known)
        slot->load.site->warming = slot->load.now + WARMING_MS; /* as who is seeded */
    slot->folding = true;
    l->rest = REST_FIRST_MS;
    l->counters->goals_bad += slot->load.goals_bad;
    l->counters->loads++;
}

static void on_failed(struct loads_slot *slot, const redisReply *reply)
{
    struct loads *l = slot->owner;

    give_up(slot);
    rest(l);
    if (reply && reply->type == REDIS_REPLY_ERROR &&
        commit_outcome(reply->str, (size_t)reply->len, true) == COMMIT_NOSCRIPT) {
        l->link = NULL;
        l->events.noscript(l->events.arg);
    }
}

static void on_fenced(struct loads_slot *slot)
{
    struct loads *l = slot->owner;
    uint64_t by = slot->load.fenced_by;

    give_up(slot);
    rest(l);
    l->events.fenced(l->events.arg, by);
}

static void on_reply(void *arg, const redisReply *reply)
{
    struct loads_slot *slot = arg;
    bool claimed = slot->load.claimed;

    slot->waiting = false;
    if (!slot->load.site) /* given up meanwhile */
        return;
    switch (load_take(&slot->load, reply)) {
    case LOAD_MORE:
        if (!claimed)
            publish_loading(slot);
        ask(slot);
        break;
    case LOAD_REFUSED:
        slot->owner->counters->refused++;
        on_done(slot);
        break;
    case LOAD_DONE:
        on_done(slot);
        break;
    case LOAD_AHEAD:
        begin_again(slot);
        break;
    case LOAD_FENCED:
        on_fenced(slot);
        break;
    case LOAD_RETRY:
        on_failed(slot, reply);
        break;
    }
}

void loads_start(struct loads *l, struct redis_link *link, struct slice sha,
                 uint64_t epoch)
{
    l->link = link;
    l->sha = sha;
    l->epoch = epoch;
    l->rest_until = INT64_MIN;
    l->rest = REST_FIRST_MS;
}

void loads_stop(struct loads *l)
{
    l->link = NULL;
    for (size_t i = 0; i < LOADS_MAX; i++)
        if (l->slot[i].load.site && !l->slot[i].folding)
            give_up(&l->slot[i]);
}

void loads_forget(struct loads *l)
{
    for (size_t i = 0; i < LOADS_MAX; i++)
        release(&l->slot[i]);
}

static uint64_t folded(const struct fold_counts *c)
{
    return c->views + c->events + c->heartbeats + c->leaves + c->joins + c->messages +
           c->queries + c->resets + c->repeated;
}

/* Folds of what is parked for the site at most @max hits. Returns how many, all of @max
 * when it is not done. */
static size_t fold_some(struct loads_slot *slot, size_t max)
{
    struct loads *l = slot->owner;
    uint64_t before = folded(l->folded);
    struct site *s = slot->load.site;

    if (!fold_parked(l->store, s, max, l->folded))
        return max;
    release(slot);
    store_loaded(l->store, s);
    return (size_t)(folded(l->folded) - before);
}

static bool fold_all(struct loads *l)
{
    size_t room = LOAD_FOLDS_MAX;

    for (size_t i = 0; i < LOADS_MAX; i++) {
        size_t n;

        if (!l->slot[i].folding)
            continue;
        if (room == 0)
            return false;
        n = fold_some(&l->slot[i], room);
        room -= n < room ? n : room;
    }
    return room > 0;
}

static struct loads_slot *free_slot(struct loads *l)
{
    for (size_t i = 0; i < LOADS_MAX; i++)
        if (!l->slot[i].load.site && !l->slot[i].waiting)
            return &l->slot[i];
    return NULL;
}

mono_t loads_turn(struct loads *l, mono_t now)
{
    struct loads_slot *slot;
    struct site *s;

    if (!fold_all(l))
        return now;
    while (l->link && now >= l->rest_until && (slot = free_slot(l)) != NULL &&
           (s = store_take_load(l->store)) != NULL) {
        load_begin(&slot->load, l->store, s, l->epoch, l->clock->now, false);
        ask(slot);
    }
    return l->link && l->store->load_head && now < l->rest_until ? l->rest_until
                                                                 : INT64_MAX;
}
