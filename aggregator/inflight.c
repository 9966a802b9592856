/* inflight: bits of slots, on the site and on each page, of who is online and of totals,
 * and counts of log records. */
#include "inflight.h"

#include <stdlib.h>

#define PENDING_KEPT 4096 /* records' worth of memory that an idle log keeps */

void inflight_mark_all(struct site *s)
{
    s->dirty = 0;
    for (unsigned slot = 0; slot < s->slots; slot++)
        if (s->row[slot].views || s->row[slot].events || s->row[slot].uniques ||
            s->row[slot].engaged)
            s->dirty |= UINT64_C(1) << slot;
    for (size_t id = 0; id < s->pages.ids; id++) {
        struct page *p = s->pages.page[id];

        if (!p)
            continue;
        p->named = false;
        p->dirty = 0;
        for (unsigned slot = 0; slot < s->slots; slot++)
            if (p->at[slot])
                p->dirty |= UINT64_C(1) << slot;
    }
}

void inflight_mark_online(struct site *s)
{
    for (size_t id = 0; id < s->pages.ids; id++)
        if (s->pages.page[id])
            s->pages.page[id]->online_dirty = s->pages.page[id]->online > 0;
}

void inflight_send(struct site *s)
{
    s->inflight = s->dirty;
    s->dirty = 0;
    s->online_sent = s->presence.changed;
    s->presence.changed = false;
    s->totals.inflight = s->totals.dirty;
    s->totals.dirty = false;
    for (size_t id = 0; id < s->pages.ids; id++) {
        struct page *p = s->pages.page[id];

        if (!p)
            continue;
        p->inflight = p->dirty;
        p->dirty = 0;
        p->online_sent = p->online_dirty;
        p->online_dirty = false;
    }
}

void inflight_end(struct site *s, bool done)
{
    if (!done) {
        s->dirty |= s->inflight;
        s->presence.changed |= s->online_sent;
        s->totals.dirty |= s->totals.inflight;
    }
    s->inflight = 0;
    s->online_sent = s->totals.inflight = false;
    for (size_t id = 0; id < s->pages.ids; id++) {
        struct page *p = s->pages.page[id];

        if (!p)
            continue;
        p->dirty |= done ? 0 : p->inflight;
        p->online_dirty |= !done && p->online_sent;
        p->online_sent = false;
        p->named &= done;
        p->inflight = 0;
    }
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
    for (unsigned slot = 0; l->taken && slot < s->slots; slot++)
        *(done ? &l->written[slot] : &l->taken[slot]) =
            done ? l->taken[slot] : l->written[slot];
}
