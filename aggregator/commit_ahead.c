/* commit_ahead: each step takes what it can until the part is full, and says whether it
 * has come to its end. The next part goes on at the first that has not. */
#include "commit_ahead.h"

#include "../proto/keys.h"
#include "commit_ops.h"
#include "commit_pages.h"
#include "commit_traits.h"
#include "visit.h"

#define PART_RECORDS 4096 /* gathered at a time */

static bool is_full(const struct commit *c, const struct command *out)
{
    return out->bytes >= c->store->part_bytes;
}

static bool is_ahead(const struct commit *c)
{
    return c->ahead <= c->store->ahead && c->ahead - c->site->now <= MINUTES_AHEAD_MAX;
}

/* Of a rewrite: rows, traits and logs of minutes that have not come yet, which an earlier
 * life of the site wrote under a clock that was ahead (store_reset). */
static bool part_minutes(struct commit *c, struct command *out)
{
    struct site *s = c->site;
    struct key_name row;
    size_t at;

    if (c->ahead <= s->now)
        c->ahead = s->now + 1;
    if (!c->full || !is_ahead(c))
        return true;
    row = key_minute(site_id(s), c->ahead);
    at = command_op(out, OP_DEL, key_text(&row));
    for (; is_ahead(c) && !is_full(c, out); c->ahead++) {
        struct key_name log = key_log(site_id(s), c->ahead);
        struct key_name traits = key_traits(site_id(s), c->ahead);

        row = key_minute(site_id(s), c->ahead);
        command_arg(out, key_text(&row));
        command_arg(out, key_text(&traits));
        command_arg(out, key_text(&log));
    }
    command_op_end(out, at);
    return !is_full(c, out);
}

/* Who is on which page, in the rows that were dirty when the commit began. */
static bool part_pages(struct commit *c, struct command *out)
{
    struct site *s = c->site;
    uint64_t begun = c->rows & -c->rows;
    size_t before;

    c->rows &= s->inflight; /* a row that has left the window since is not written */
    if (!(c->rows & begun))
        c->page = 0;
    while (c->rows) {
        unsigned slot = (unsigned)__builtin_ctzll(c->rows);

        if (is_full(c, out))
            return false;
        before = out->n;
        c->page = op_row_pages(out, s, slot, c->page, c->store->part_bytes, c->full);
        c->paged |= (uint64_t)(out->n > before) << slot;
        if (c->page < s->pages.ids)
            continue;
        c->rows &= c->rows - 1;
        c->page = 0;
    }
    return true;
}

/* Who is online, on the pages whose number was dirty when the commit began; on all if it
 * is written whole, staged. */
static bool part_online(struct commit *c, struct command *out)
{
    struct site *s = c->site;

    while (c->online < s->pages.ids) {
        if (is_full(c, out))
            return false;
        c->online = op_online_pages(out, s, c->online, c->store->part_bytes, c->whole);
        if (c->online == s->pages.ids)
            c->counted = c->part + 1;
    }
    return true;
}

static size_t record_room(const struct commit *c, const struct command *out)
{
    size_t room = 0;

    if (!is_full(c, out))
        room = (c->store->part_bytes - out->bytes) / LOG_RECORD_BYTES;
    return room < PART_RECORDS ? room : PART_RECORDS;
}

/* A record for each minute of the window in which @v was seen. */
static size_t visitor_records(const struct site *s, const struct visitor *v,
                              struct log_record *out)
{
    minute_t last = visitor_minute(s, v);
    size_t n = 0;

    if (visitor_is_stale(v, s->now, s->window))
        return 0;
    for (unsigned i = 0; i < s->window && site_covers(s, last - i); i++)
        if (v->seen >> i & 1)
            out[n++] = (struct log_record){
                .visitor = v->id,
                .page = i == 0 ? v->page : PAGE_NONE,
                .kind = LOG_SEEN,
                .state = i == 0 ? presence_state(&s->presence, v->id) : STATE_NONE,
                .slot = (uint8_t)slot_of(s, last - i),
                .renamings = s->log.renamings,
            };
    return n;
}

/* Of a log that is written anew: the visitors. */
static bool part_visitors(struct commit *c, struct command *out)
{
    struct log_record r[PART_RECORDS];
    struct site *s = c->site;

    while (c->relog && !c->visited) {
        size_t room = record_room(c, out), n = 0;
        const struct visitor *v = NULL;

        if (room < WINDOW_MAX)
            return false;
        while (n + WINDOW_MAX <= room &&
               (v = visitors_after(&s->visitors, c->visitor)) != NULL) {
            n += visitor_records(s, v, r + n);
            c->visitor = v->id;
        }
        op_records(out, s, r, n, true);
        c->visited = !v;
    }
    return true;
}

/* The records that wait. */
static bool part_records(struct commit *c, struct command *out)
{
    struct minute_log *l = &c->site->log;

    while (l->sent < l->n) {
        size_t n = l->n - l->sent, room = record_room(c, out);

        if (room == 0)
            return false;
        if (n > room)
            n = room;
        op_records(out, c->site, l->pending + l->sent, n, c->relog);
        l->sent += n;
    }
    return true;
}

/* Writes events until the part is full (false) or none is left. */
static bool write_events(struct commit *c, struct command *out, struct buf *scratch)
{
    const struct site *s = c->site;

    if (c->event < recent_first(&s->recent))
        c->event = recent_first(&s->recent);
    c->event = op_events(out, s, c->event, c->store->part_bytes, scratch, c->feed_staged,
                         &c->fed);
    return c->event > s->recent.last;
}

/* The feed goes with the last part. Where it does not fit, all that is held of it is
 * staged in as many parts as it takes. */
static bool part_feed(struct commit *c, struct command *out, struct buf *scratch)
{
    struct key_name key = key_recent(site_id(c->site));
    struct command_mark mark = command_mark(out);
    bool done;

    if (!c->feed_staged) {
        if (c->full)
            op_delete(out, key);
        if (write_events(c, out, scratch))
            return true;
        command_rewind(out, mark);
        c->fed.id = 0;
        c->event = 1;
        c->feed_staged = true;
        op_delete(out, key_staged(key));
    }
    done = write_events(c, out, scratch);
    if (done)
        op_unstage(out, key);
    return done;
}

/* The last part of a commit that is no rewrite has the traits, unless they are more than
 * a part by themselves. */
static bool traits_fit(struct commit *c)
{
    c->too_large = !c->full && traits_due(c->site) > c->store->part_bytes;
    return !c->too_large;
}

bool commit_ahead(struct commit *c, struct command *out, struct buf *scratch)
{
    return part_minutes(c, out) && part_pages(c, out) && part_online(c, out) &&
           op_page_ids(out, c->site, c->store->part_bytes, c->full) &&
           part_titles(c, out) && part_visitors(c, out) && part_records(c, out) &&
           traits_fit(c) && part_traits(c, out) && part_feed(c, out, scratch);
}
