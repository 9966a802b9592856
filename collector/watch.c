/* Happy path: the first stream makes the watch, which asks the hub for the site. Once
 * that is confirmed, so that nothing can be missed any more, the site is read, and every
 * stream is greeted. From then on messages come, each makes a flush due, and a flush
 * writes the same bytes to every stream that has all that went before.
 *
 * A site that turns out to be closed, so that who reads it needs a token, loses the
 * streams that brought none; and all that read it, when its tokens may have changed: they
 * come again with what they have. Members (stream.h) take part, and stay.
 *
 * Failure modes: Redis does not give the site: it is asked again every second, and until
 * then nothing is told but what was known. The hub's connection broke: it confirms again,
 * and the site is read again. Events are missing between two messages: it is read again,
 * and no state that counts them is told meanwhile. No message for a while, where at least
 * the turn of a minute should have made one: the aggregator may be gone, and the site is
 * read again, because numbers fade. */
#include "watch.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include "container.h"
#include "hub.h"
#include "worker.h"

static struct watch *watch_of(struct site_node *node)
{
    return (struct watch *)(void *)node;
}

static struct slice site_of(const struct watch *w)
{
    return site_node_name(&w->node);
}

/* ---- life ---- */

void watches_init(struct watches *ws, struct worker *w)
{
    unsigned char key[SITE_MAP_KEY_BYTES];

    *ws = (struct watches){.worker = w};
    randombytes_buf(key, sizeof key);
    site_map_init(&ws->map, key);
    for (int i = 0; i < FRAMINGS; i++)
        buf_init(&ws->batch.bytes[i], STREAM_BATCH_MAX);
    buf_init(&ws->own, STREAM_BATCH_MAX);
    buf_init(&ws->scratch, MESSAGE_MAX);
}

void watches_fini(struct watches *ws)
{
    assert(ws->map.n == 0 && ws->streams == 0);
    site_map_fini(&ws->map);
    for (int i = 0; i < FRAMINGS; i++)
        buf_fini(&ws->batch.bytes[i]);
    buf_fini(&ws->own);
    buf_fini(&ws->scratch);
}

bool watches_allow(const struct watches *ws, struct slice site)
{
    return site_map_find(&ws->map, site) || !hub_is_full(ws->worker->hub);
}

bool watches_closed(const struct watches *ws, struct slice site)
{
    struct site_node *node = site_map_find(&ws->map, site);

    return node && watch_of(node)->closed;
}

static struct watch *new_watch(struct watches *ws, struct slice site)
{
    struct watch *w = calloc(1, sizeof *w);

    if (w == NULL)
        abort();
    w->worker = ws->worker;
    w->end = &w->streams;
    feed_init(&w->feed);
    site_map_add(&ws->map, &w->node, site);
    return w;
}

/* Frees it if nobody needs it any more. */
static void release(struct watch *w)
{
    struct watches *ws = &w->worker->watches;

    if (w->streams || w->pinned || w->question.asked)
        return;
    deadline_clear(&w->pace);
    deadline_clear(&w->read);
    waiter_leave(&w->turn);
    feed_fini(&w->feed);
    site_map_remove(&ws->map, &w->node);
    free(w);
}

void watch_join(struct watches *ws, struct slice site, struct stream *s)
{
    struct site_node *node = site_map_find(&ws->map, site);
    struct watch *w = node ? watch_of(node) : new_watch(ws, site);
    bool first = w->streams == NULL;

    s->watch = w;
    s->next = NULL;
    s->link = w->end;
    *w->end = s;
    w->end = &s->next;
    if (first)
        hub_watch(ws->worker->hub, ws->worker, site_of(w));
}

void watch_leave(struct stream *s)
{
    struct watch *w = s->watch;

    if (w == NULL)
        return;
    *s->link = s->next;
    if (s->next)
        s->next->link = s->link;
    else
        w->end = s->link;
    s->watch = NULL;
    if (w->streams)
        return;
    hub_unwatch(w->worker->hub, w->worker, site_of(w));
    release(w);
}

/* ---- telling ---- */

static bool has_news(const struct watch *w)
{
    return w->feed.known &&
           (w->feed.states != w->flushed_state || w->feed.told != w->flushed);
}

static void flush(struct watch *w)
{
    watch_flush(w);
    deadline_set(&w->worker->deadlines, &w->pace, DEADLINE_PACE,
                 worker_now(w->worker)->mono);
    release(w);
}

bool watch_awaits_events(const struct watch *w)
{
    return feed_lacks(&w->feed) &&
           (w->pace.next || w->turn.link || w->question.asked || w->failed);
}

static void flush_when_due(struct watch *w)
{
    if (w->pace.next == NULL && !watch_awaits_events(w) && (has_news(w) || w->damped))
        flush(w);
}

void watch_remind(struct watch *w)
{
    w->damped = true;
    if (w->pace.next == NULL)
        deadline_set(&w->worker->deadlines, &w->pace, DEADLINE_PACE,
                     worker_now(w->worker)->mono);
}

/* ---- closing ---- */

/* Whether who may read the site is to be asked about the stream. */
static bool reads(const struct stream *s)
{
    return s->framing->number == NULL;
}

/* @all: also those that brought a token, which may be none any more. */
static void dismiss(struct watch *w, bool all)
{
    w->pinned = true;
    for (struct stream *s = w->streams, *next; s; s = next) {
        next = s->next;
        if (reads(s) && (all || !s->wish.granted))
            stream_farewell(s);
    }
    w->pinned = false;
}

/* An answer that was under way when the change was heard of may be older than it. */
static void take_visibility(struct watch *w, bool closed)
{
    bool all = w->changed && !w->again;

    w->closed = closed;
    w->changed &= !all;
    if (closed)
        dismiss(w, all);
}

/* ---- reading ---- */

static void on_snapshot(struct snapshot *q, const struct summary *summary);

static void read_in(struct watch *w, enum deadline_class class)
{
    deadline_set(&w->worker->deadlines, &w->read, class, worker_now(w->worker)->mono);
}

/* When it is to be read again, although nothing was missed. */
static void read_later(struct watch *w)
{
    read_in(w, w->feed.settling ? DEADLINE_SETTLING : DEADLINE_QUIET);
}

/* Reads the site, or lines up for it: a thousand sites at once would keep Redis busy for
 * longer than it may take to answer. */
static void read_site(struct watch *w)
{
    struct watches *ws = &w->worker->watches;

    if (w->question.asked) {
        w->again = true;
        return;
    }
    if (ws->reading >= WATCH_READS_MAX) {
        if (w->turn.link == NULL)
            waiter_join(&w->turn, &ws->waiting);
        return;
    }
    feed_expect(&w->feed);
    if (snapshot_ask(&w->question, &w->worker->snapshots, site_of(w), MINUTES_DEFAULT,
                     on_snapshot) < 0) {
        w->failed = true;
        read_in(w, DEADLINE_READ);
        return;
    }
    deadline_clear(&w->read);
    waiter_leave(&w->turn);
    ws->reading++;
    COUNT(&w->worker->counters, watch_reads);
}

static void read_next(struct watches *ws)
{
    struct waiter *turn = ws->waiting;

    if (turn == NULL)
        return;
    waiter_leave(turn);
    read_site(CONTAINER(turn, struct watch, turn));
}

/* Events were heard of that are not here. A site where more happens than messages can
 * carry is read once for each state that is told. */
static void read_missing(struct watch *w)
{
    bool is_tried_again = w->read.next && w->read.class == DEADLINE_READ;

    if (feed_lacks(&w->feed) && w->pace.next == NULL && !is_tried_again)
        read_site(w);
}

void watch_paced(struct deadline *d)
{
    struct watch *w = CONTAINER(d, struct watch, pace);

    read_missing(w);
    flush_when_due(w);
}

/* Ids of another life count from 0: nobody has any of it. */
static void note_life(struct watch *w, ms_t before)
{
    if (w->feed.life == before)
        return;
    w->flushed = 0;
    for (struct stream *s = w->streams; s; s = s->next)
        s->cursor = 0;
}

static void take_snapshot(struct watch *w, const struct summary *summary)
{
    struct watches *ws = &w->worker->watches;
    ms_t life = w->feed.life;

    feed_snapshot(&w->feed, summary, site_of(w), &ws->scratch);
    note_life(w, life);
    take_visibility(w, summary->closed);
    if (feed_lacks(&w->feed))
        read_in(w, DEADLINE_READ);
    else
        read_later(w);
}

static void on_snapshot(struct snapshot *q, const struct summary *summary)
{
    struct watch *w = CONTAINER(q, struct watch, question);
    struct watches *ws = &w->worker->watches;

    ws->reading--;
    w->failed = summary == NULL;
    if (summary) {
        take_snapshot(w, summary);
    } else {
        COUNT(&w->worker->counters, watch_reads_failed);
        read_in(w, DEADLINE_READ);
    }
    if (w->streams == NULL) {
        release(w);
    } else {
        if (w->again)
            read_site(w);
        w->again = false;
        flush_when_due(w);
    }
    read_next(ws);
}

void watch_due(struct deadline *d)
{
    read_site(CONTAINER(d, struct watch, read));
}

/* ---- hearing ---- */

static void hear_of_settings(struct watch *w)
{
    settings_forget(&w->worker->access.settings, site_of(w));
    w->changed = true;
    read_site(w);
}

static void hear(struct watch *w, struct slice message)
{
    struct counters *n = &w->worker->counters;
    ms_t life = w->feed.life;
    struct delta_view v;

    if (delta_parse(message, &v) < 0 || !slice_eq(v.site, site_of(w))) {
        COUNT(n, messages_bad);
        return;
    }
    if (!feed_message(&w->feed, &v)) {
        COUNT(n, messages_old);
        return;
    }
    note_life(w, life);
    read_missing(w);
    if (w->feed.known && !w->question.asked && !feed_lacks(&w->feed))
        read_later(w);
    flush_when_due(w);
}

void watches_mail(struct watches *ws, const struct mail *m)
{
    struct site_node *node = site_map_find(&ws->map, m->site);
    struct watch *w = node ? watch_of(node) : NULL;

    if (w == NULL || w->streams == NULL)
        return; /* it was let go of, and the hub has not heard of that yet */
    if (m->kind == MAIL_CONFIRMED)
        read_site(w);
    else if (m->kind == MAIL_SETTINGS)
        hear_of_settings(w);
    else
        hear(w, m->bytes);
}

void watches_overflowed(struct watches *ws)
{
    COUNT(&ws->worker->counters, mail_dropped);
    for (struct site_node *node = NULL; (node = site_map_next(&ws->map, node));)
        read_site(watch_of(node));
}
