/* `told` moves up while the next event is held; a message that begins further on leaves
 * it where it is until a snapshot was read, which moves it to the snapshot's end: what is
 * not held then is nowhere any more.
 *
 * A new life of the ids (Redis lost the site, or it slept longer than its window) empties
 * the ring. The watch sets its streams back to 0 then: they are told all of it. */
#include "feed.h"

#include <stdlib.h>

void feed_init(struct feed *f)
{
    memset(f, 0, sizeof *f);
    buf_init(&f->state, MESSAGE_MAX + 1);
}

static void clear(struct feed_slot *slot)
{
    free(slot->json);
    *slot = (struct feed_slot){0};
}

void feed_fini(struct feed *f)
{
    for (size_t i = 0; i < RECENT_MAX; i++)
        clear(&f->slot[i]);
    buf_fini(&f->state);
}

void feed_expect(struct feed *f)
{
    f->floor_epoch = f->floor_n = 0;
}

static const struct feed_slot *held(const struct feed *f, uint64_t id)
{
    const struct feed_slot *slot = &f->slot[id % RECENT_MAX];

    return slot->id == id && id > 0 ? slot : NULL;
}

static void hold(struct feed *f, uint64_t id, struct slice json)
{
    struct feed_slot *slot = &f->slot[id % RECENT_MAX];

    if (id == 0 || slot->id >= id || json.n > FEED_EVENT_MAX)
        return;
    clear(slot);
    if ((slot->json = malloc(json.n)) == NULL)
        abort();
    memcpy(slot->json, json.p, json.n);
    slot->n = json.n;
    slot->id = id;
}

static void enter_life(struct feed *f, ms_t life)
{
    if (f->life == life || life == 0)
        return; /* none: Redis knows nothing of the site, or not yet */
    for (size_t i = 0; i < RECENT_MAX; i++)
        clear(&f->slot[i]);
    f->life = life;
    f->told = f->newest = 0;
}

/* Up to @last is known of, and up to @told can be told, whether it is held or not. */
static void advance(struct feed *f, uint64_t told, uint64_t last)
{
    if (f->told < told)
        f->told = told;
    if (f->newest < last)
        f->newest = last;
    while (f->told < f->newest && held(f, f->told + 1))
        f->told++;
}

static void take_state(struct feed *f, const struct delta_view *v)
{
    buf_clear(&f->state);
    buf_slice(&f->state, v->state);
    buf_slice(&f->state, SLICE("}"));
    f->epoch = f->floor_epoch = v->epoch;
    f->n = f->floor_n = v->n;
    f->at = v->at;
    f->online = online_total(&v->online);
    f->members = v->online.members;
    f->total = v->total;
    f->settling = v->loading || v->warming;
    f->states++;
}

static bool above_floor(const struct feed *f, uint64_t epoch, uint64_t n)
{
    return epoch != f->floor_epoch ? epoch > f->floor_epoch : n > f->floor_n;
}

static void hold_recent(struct feed *f, const struct summary *s)
{
    uint64_t id;
    ms_t at;

    for (size_t i = 0; i < s->nrecent; i++)
        if (recent_event_check(s->recent[i], &id, &at))
            hold(f, id, s->recent[i]);
}

void feed_snapshot(struct feed *f, const struct summary *s, struct slice site,
                   struct buf *scratch)
{
    bool is_new = (f->floor_epoch | f->floor_n) == 0 || above_floor(f, s->epoch, s->n);
    struct delta d = summary_delta(s, site);
    struct delta_view v;

    f->known = true;
    if (d.epoch == f->epoch && d.n < f->n)
        d.n = f->n; /* a tick has been told since; (e, n) does not go back */
    delta_encode(&d, scratch);
    if (is_new && delta_parse(buf_get(scratch), &v) == 0) {
        enter_life(f, s->life);
        take_state(f, &v);
    }
    if (f->life == s->life) {
        hold_recent(f, s);
        advance(f, s->last, s->last);
    } else if (is_new) {
        advance(f, f->newest, f->newest);
    }
}

bool feed_message(struct feed *f, const struct delta_view *v)
{
    if (!above_floor(f, v->epoch, v->n))
        return false;
    enter_life(f, v->life);
    take_state(f, v);
    for (size_t i = 0; i < v->nevents; i++)
        hold(f, v->event_id[i], v->event[i]);
    advance(f, 0, v->last);
    return true;
}

bool feed_lacks(const struct feed *f)
{
    return f->told < f->newest;
}

enum feed_step feed_next(const struct feed *f, uint64_t after, struct feed_item *item)
{
    uint64_t id = after + 1;
    const struct feed_slot *slot;

    if (after >= f->told)
        return FEED_END;
    if ((slot = held(f, id))) {
        *item = (struct feed_item){id, id, {slot->json, slot->n}};
        return FEED_EVENT;
    }
    if (f->told - after > RECENT_MAX)
        id = f->told - RECENT_MAX; /* nothing up to here can be held */
    while (id < f->told && !held(f, id + 1))
        id++;
    *item = (struct feed_item){.from = after + 1, .to = id};
    return FEED_GAP;
}

uint64_t feed_earliest(const struct feed *f)
{
    uint64_t after = f->told;

    for (size_t i = 0; i < RECENT_MAX; i++)
        if (f->slot[i].id > 0 && f->slot[i].id <= after)
            after = f->slot[i].id - 1;
    return after;
}

bool feed_resumes(const struct feed *f, ms_t life, uint64_t id)
{
    if (life == 0 && id == 0)
        return true;
    return life == f->life && id <= f->newest;
}
