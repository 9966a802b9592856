/* inflight: bits of slots, of the site and of its pages, of who is online and of totals,
 * and counts of log records. */
#include "inflight.h"

#include <stdlib.h>
#include <string.h>

#define PENDING_KEPT 4096 /* records' worth of memory that an idle log keeps */

static void mark_traits(struct site *s)
{
    s->queries.dirty = 0;
    for (unsigned slot = 0; slot < s->slots; slot++)
        if (queries_at(&s->queries, slot))
            s->queries.dirty |= UINT64_C(1) << slot;
    for (size_t i = 0; i < s->traits.n; i++) {
        struct trait *v = s->traits.trait[i];

        v->dirty = 0;
        for (unsigned slot = 0; slot < s->slots; slot++)
            if (v->at[slot])
                v->dirty |= UINT64_C(1) << slot;
    }
}

/* Redis may know none of them: all are to be named anew. */
static void forget_names(struct pages *t)
{
    for (size_t i = 0; i < t->n; i++)
        t->page[i].named = false;
}

void inflight_mark_all(struct site *s)
{
    s->dirty = 0;
    for (unsigned slot = 0; slot < s->slots; slot++)
        if (s->row[slot].views || s->row[slot].events || s->row[slot].uniques ||
            s->row[slot].engaged || queries_at(&s->queries, slot))
            s->dirty |= UINT64_C(1) << slot;
    mark_traits(s);
    s->pages.retitle = true;
    standing_mark_all(&s->pages.standing);
    forget_names(&s->pages);
}

void inflight_mark_online(struct site *s)
{
    struct standing *t = &s->pages.standing;

    standing_clear_open(t);
    for (size_t i = 0; i < s->pages.n; i++)
        if (s->pages.page[i].online > 0)
            standing_mark(t, i, standing_open(t));
}

static void send_traits(struct site *s)
{
    s->queries.inflight = s->queries.dirty;
    s->queries.dirty = 0;
    for (size_t i = 0; i < s->traits.n; i++) {
        s->traits.trait[i]->inflight = s->traits.trait[i]->dirty;
        s->traits.trait[i]->dirty = 0;
    }
}

static void end_traits(struct site *s, bool done)
{
    s->queries.dirty |= done ? 0 : s->queries.inflight;
    s->queries.inflight = 0;
    for (size_t i = 0; i < s->traits.n; i++) {
        struct trait *v = s->traits.trait[i];

        v->dirty |= done ? 0 : v->inflight;
        v->inflight = 0;
    }
}

/* When titles are rewritten, that of every page is due. */
static void send_titles(struct pages *t)
{
    t->titles_sent = false;
    t->retitle_sent = t->retitle;
    for (size_t i = 0; t->retitle && i < t->n; i++)
        if (t->page[i].title)
            t->page[i].title_dirty = t->titles_dirty = true;
}

/* Which of them were on their way is not remembered: then all are due. */
static void end_titles(struct pages *t, bool done)
{
    if (done && t->retitle_sent) {
        t->retitle = false;
        t->titles_left = 0;
    }
    if (!done && (t->titles_sent || t->retitle_sent)) {
        t->retitle = true;
        t->titles_dirty |= t->titled > 0;
    }
    t->titles_sent = t->retitle_sent = false;
}

void inflight_send(struct site *s)
{
    send_traits(s);
    send_titles(&s->pages);
    s->inflight = s->dirty;
    s->dirty = 0;
    s->online_sent = s->presence.changed;
    s->presence.changed = false;
    s->totals.inflight = s->totals.dirty;
    s->totals.dirty = false;
    standing_send(&s->pages.standing);
}

void inflight_end(struct site *s, bool done)
{
    alerts_told(&s->alerts, done);
    end_traits(s, done);
    end_titles(&s->pages, done);
    if (!done) {
        s->dirty |= s->inflight;
        s->presence.changed |= s->online_sent;
        s->totals.dirty |= s->totals.inflight;
        forget_names(&s->pages);
    }
    s->inflight = 0;
    s->online_sent = s->totals.inflight = false;
    standing_end(&s->pages.standing, done);
}

void inflight_drop_records(struct store *st, struct site *s)
{
    st->log_waits -= s->log.n;
    log_overflow(&s->log);
}

void inflight_end_records(struct store *st, struct site *s, bool done)
{
    struct minute_log *l = &s->log;

    if (done && l->sent > 0) {
        st->log_waits -= l->sent;
        l->n -= l->sent;
        memmove(l->pending, l->pending + l->sent, l->n * sizeof *l->pending);
        if (l->n == 0 && l->cap > PENDING_KEPT) {
            free(l->pending);
            l->pending = NULL;
            l->cap = 0;
        }
    }
    l->sent = 0;
    if (l->taken && done)
        memcpy(l->written, l->taken, s->slots * sizeof *l->written);
    else if (l->taken)
        memcpy(l->taken, l->written, s->slots * sizeof *l->taken);
}
