/* commit: reads a site's dirty marks and writes the commands that bring Redis up to date.
 *
 * Parts are built one at a time. A part takes rows from the lowest slot on, and within a
 * row the fields that changed; when it has grown to PART_BYTES the rest waits for the
 * next. */
#include "commit.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "../proto/keys.h"
#include "message.h"

#define PART_BYTES (COMMIT_BYTES_MAX - MESSAGE_MAX - 32 * 1024)
#define PART_PAGES (COMMIT_FIELDS_MAX / 2)
#define ARG_LAST 9     /* EVALSHA sha 2 meta channel, then ARGV[1..4] */
#define ROW_SLACK_S 60 /* clocks of two hosts may differ by so much */

static minute_t minute_of_slot(const struct site *s, unsigned slot)
{
    return s->now - ((s->now - slot) & (s->slots - 1));
}

static struct slice name_of(const struct key_name *k)
{
    return (struct slice){k->s, k->n};
}

static uint64_t row_ends(const struct site *s, minute_t m)
{
    return (uint64_t)minute_start(m + s->window) / 1000 + ROW_SLACK_S;
}

static void field(struct command *c, const char *name, uint64_t v)
{
    command_arg(c, slice_of(name));
    command_u64(c, v);
}

static void op_row_head(struct command *c, const struct site *s, unsigned slot,
                        struct slice key)
{
    const struct site_row *row = &s->row[slot];
    size_t at = command_op(c, "HSET", key);

    field(c, "pv", row->views);
    field(c, "ev", row->events);
    field(c, "uniq", row->uniques);
    field(c, "last", row->last);
    command_op_end(c, at);
}

static void page_field(struct command *c, const struct page *p)
{
    char name[sizeof FIELD_PAGE + PATH_MAX_BYTES];
    size_t n = sizeof FIELD_PAGE - 1;

    memcpy(name, FIELD_PAGE, n);
    memcpy(name + n, p->path, p->path_n);
    command_arg(c, (struct slice){name, n + p->path_n});
}

/* The changed pages of a row from @id on that one operation takes: the id behind them. */
static size_t pages_span(const struct command *c, const struct site *s, uint64_t bit,
                         size_t id)
{
    size_t bytes = c->text.n, n = 0;

    for (; id < s->pages.ids && n < PART_PAGES && bytes < PART_BYTES; id++) {
        const struct page *p = s->pages.page[id];

        if (!p || !(p->inflight & bit))
            continue;
        bytes += p->path_n + 16u;
        n++;
    }
    return id;
}

/* HSET of the changed pages [id, to) that have visitors in @slot, HDEL of those that have
 * none any more. */
static void op_pages(struct command *c, const struct site *s, unsigned slot,
                     struct slice key, size_t id, size_t to, bool present)
{
    size_t at = 0;
    bool begun = false;

    for (; id < to; id++) {
        const struct page *p = s->pages.page[id];

        if (!p || !(p->inflight >> slot & 1) || (p->at[slot] != 0) != present)
            continue;
        if (!begun)
            at = command_op(c, present ? "HSET" : "HDEL", key);
        begun = true;
        page_field(c, p);
        if (present)
            command_u64(c, p->at[slot]);
    }
    if (begun)
        command_op_end(c, at);
}

static void op_event(struct command *c, struct slice key, const struct recent_event *e,
                     struct buf *scratch)
{
    size_t at = command_op(c, "HSET", key);
    struct json j;

    buf_clear(scratch);
    json_init(&j, scratch);
    recent_event_json(&j, e);
    command_u64(c, e->id % RECENT_MAX);
    command_arg(c, buf_get(scratch));
    command_op_end(c, at);
}

/* What an earlier life of the site left behind, also in minutes that have not come yet:
 * the clock may have been ahead (store_reset). */
static void op_delete_all(struct command *c, const struct store *st, const struct site *s)
{
    struct key_name key = key_recent(site_id(s));
    size_t at = command_op(c, "DEL", name_of(&key));

    for (unsigned i = 0; i < s->window; i++) {
        key = key_minute(site_id(s), s->now - i);
        command_arg(c, name_of(&key));
    }
    for (minute_t m = s->now + 1; m <= st->ahead && m - s->now <= MINUTES_AHEAD_MAX;
         m++) {
        key = key_minute(site_id(s), m);
        command_arg(c, name_of(&key));
    }
    command_op_end(c, at);
}

/* ---- parts -------------------------------------------------------------- */

static void part_begin(const struct commit *c, struct slice sha, struct command *out)
{
    const struct site *s = c->site;
    struct key_name meta = key_meta(site_id(s)), channel = key_channel(site_id(s));

    command_clear(out);
    command_arg(out, SLICE("EVALSHA"));
    command_arg(out, sha);
    command_arg(out, SLICE("2"));
    command_arg(out, name_of(&meta));
    command_arg(out, name_of(&channel));
    command_u64(out, c->epoch);
    command_u64(out, c->full ? 0 : s->commit_floor);
    command_u64(out, s->commit);
    command_arg(out, c->full && !c->begun ? SLICE("1") : SLICE("0"));
    command_arg(out, SLICE("0"));
    command_u64(out, (uint64_t)c->now);
    command_u64(out, s->window);
    command_arg(out, s->capped ? SLICE("1") : SLICE("0"));
    command_u64(out, s->window * 60 + ROW_SLACK_S);
}

/* Writes rows until all are written (true) or the part is full (false).
 *
 * The expiry comes behind the HSETs that may have made the key, for one that lies in the
 * past on Redis' clock deletes it, and before the HDELs, which make nothing. */
static bool part_rows(struct commit *c, struct command *out)
{
    struct site *s = c->site;

    uint64_t begun = c->rows & -c->rows;

    c->rows &= s->inflight; /* a row that has left the window since is not written */
    if (!(c->rows & begun))
        c->page = 0;
    while (c->rows) {
        unsigned slot = (unsigned)__builtin_ctzll(c->rows);
        struct key_name key = key_minute(site_id(s), minute_of_slot(s, slot));
        size_t to;

        if (out->text.n >= PART_BYTES)
            return false;
        if (c->page == 0)
            op_row_head(out, s, slot, name_of(&key));
        to = pages_span(out, s, UINT64_C(1) << slot, c->page);
        op_pages(out, s, slot, name_of(&key), c->page, to, true);
        command_op_number(out, "EXPIREAT", name_of(&key),
                          row_ends(s, minute_of_slot(s, slot)));
        op_pages(out, s, slot, name_of(&key), c->page, to, false);
        c->page = to;
        if (to < s->pages.ids)
            continue;
        c->rows &= c->rows - 1;
        c->page = 0;
    }
    return true;
}

/* The same for the feed's new events. */
static bool part_events(struct commit *c, struct command *out, struct buf *scratch)
{
    struct site *s = c->site;
    struct key_name key = key_recent(site_id(s));
    bool any = false;

    if (c->event < recent_first(&s->recent))
        c->event = recent_first(&s->recent);
    for (; c->event <= s->recent_sent && out->text.n < PART_BYTES; c->event++) {
        struct recent_event e = recent_get(&s->recent, c->event);

        op_event(out, name_of(&key), &e, scratch);
        any = true;
    }
    if (any)
        command_op_number(out, "EXPIREAT", name_of(&key), row_ends(s, s->now));
    return c->event > s->recent_sent;
}

/* Marks dirty what a whole rewrite has to write: every row and page that is not zero. */
static void mark_all(struct site *s)
{
    s->dirty = 0;
    for (unsigned slot = 0; slot < s->slots; slot++)
        if (s->row[slot].views || s->row[slot].events || s->row[slot].uniques)
            s->dirty |= UINT64_C(1) << slot;
    for (size_t id = 0; id < s->pages.ids; id++) {
        struct page *p = s->pages.page[id];

        if (!p)
            continue;
        p->dirty = 0;
        for (unsigned slot = 0; slot < s->slots; slot++)
            if (p->at[slot])
                p->dirty |= UINT64_C(1) << slot;
    }
    s->recent_done = 0;
}

/* Moves the pages' marks on: @restore false, dirty to in flight; true, back again. */
static void pages_mark(struct pages *t, bool restore)
{
    for (size_t id = 0; id < t->ids; id++) {
        struct page *p = t->page[id];

        if (!p)
            continue;
        if (restore) {
            p->dirty |= p->inflight;
        } else {
            p->inflight = p->dirty;
            p->dirty = 0;
        }
    }
}

static void pages_unmark(struct pages *t)
{
    for (size_t id = 0; id < t->ids; id++)
        if (t->page[id])
            t->page[id]->inflight = 0;
}

void commit_begin(struct commit *c, struct store *st, struct site *s, uint64_t epoch,
                  ms_t now)
{
    assert(!s->queued && !s->committing && s->inflight == 0);
    *c = (struct commit){.store = st, .site = s, .epoch = epoch, .now = now};
    c->full = s->full;
    if (s->full)
        mark_all(s);
    s->committing = true;
    s->full_sent = s->full;
    s->full = false;
    s->inflight = s->dirty;
    s->dirty = 0;
    pages_mark(&s->pages, false);
    s->recent_sent = s->recent.last;
    s->commit++;
    c->rows = s->inflight;
    c->event = s->recent_done + 1;
}

bool commit_next(struct commit *c, struct slice sha, struct command *out,
                 struct buf *message)
{
    struct site *s = c->site;
    bool last;

    part_begin(c, sha, out);
    if (c->full && !c->begun)
        op_delete_all(out, c->store, s);
    c->begun = true;
    last = part_rows(c, out) && part_events(c, out, message);
    buf_clear(message);
    if (last) {
        command_patch(out, ARG_LAST, "1");
        message_encode(s, c->epoch, c->now, s->recent_done, message);
    }
    command_arg(out, buf_get(message));
    return last;
}

void commit_tick(struct site *s, uint64_t epoch, ms_t now, struct command *out,
                 struct buf *message)
{
    struct key_name channel = key_channel(site_id(s));

    assert(!s->queued && !s->committing && s->tick);
    message_encode(s, epoch, now, s->recent.last, message);
    command_clear(out);
    command_arg(out, SLICE("PUBLISH"));
    command_arg(out, name_of(&channel));
    command_arg(out, buf_get(message));
}

enum commit_outcome commit_outcome(const char *text, size_t n, bool is_error)
{
    static const char *const transient[] = {
        "LOADING",    "BUSY",        "MISCONF",  "OOM",        "READONLY",
        "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "NOREPLICAS",
    };
    struct slice s = {text, n};

    if (!text)
        return COMMIT_UNKNOWN;
    if (!is_error && slice_eq(s, SLICE("OK")))
        return COMMIT_OK;
    if (!is_error && slice_eq(s, SLICE("FENCED")))
        return COMMIT_FENCED;
    if (!is_error && slice_eq(s, SLICE("REGRESS")))
        return COMMIT_REGRESS;
    if (slice_starts(s, SLICE("NOSCRIPT")))
        return COMMIT_NOSCRIPT;
    for (size_t i = 0; is_error && i < sizeof transient / sizeof *transient; i++)
        if (slice_starts(s, slice_of(transient[i])))
            return COMMIT_TRANSIENT;
    return COMMIT_ERROR;
}

static void give_back(struct site *s)
{
    s->dirty |= s->inflight;
    pages_mark(&s->pages, true);
    s->full |= s->full_sent;
    s->news.views += s->news_sent.views;
    s->news.events += s->news_sent.events;
    s->news.visitors += s->news_sent.visitors;
}

void commit_end(struct store *st, struct site *s, enum commit_outcome o, ms_t retry_at)
{
    assert(s->committing);
    if (o == COMMIT_OK) {
        s->commit_floor = s->commit;
        s->recent_done = s->recent_sent;
    } else {
        give_back(s);
    }
    if (o == COMMIT_REGRESS || o == COMMIT_ERROR)
        s->full = true;
    s->inflight = 0;
    pages_unmark(&s->pages);
    s->news_sent = (struct site_news){0};
    s->committing = false;
    s->retry_at = retry_at;
    if (s->dirty || s->full || s->tick || o != COMMIT_OK)
        store_mark_dirty(st, s);
}
