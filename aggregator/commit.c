/* commit: reads a site's dirty marks and writes the commands that bring Redis up to date.
 *
 * Why nothing is counted twice or lost, whenever somebody dies:
 *
 * - Only the views and events of a row and the feed cannot be told twice. They, the marks
 *   and the record {e, q} are written by the last part, in one script, as they stand in
 *   the instant in which it is built; all rows that Redis does not have as they are, not
 *   only those that were dirty in the beginning. So whoever reads finds the counts of one
 *   instant, and the marks say which one.
 * - Who was seen is a set: a record more changes nothing, a record less does. So every
 *   record that waits, and the path of every page id, goes before the last part or with
 *   it. Offsets are known, a commit sent again writes the same bytes to the same place,
 *   and `n` in the row, of the last part too, says how many are valid.
 * - Who is on which page, and `uniq` and `last`, are for readers: a loader counts them
 *   from the log. Should they not fit the counts, because parts are missing or something
 *   was folded between two parts, the record says so (x 1), and the loader rewrites them.
 * - A rewrite goes to staged keys, which nobody reads, until the last part renames all of
 *   them at once. A log that is written anew goes through the visitors by id, some
 *   thousands a part; what is folded meanwhile waits behind as records. If those are
 * given up for want of memory, in whatever commit, the rewrite begins once more.
 * - Parts are sent without waiting for replies. Each names itself in the meta hash (p:
 * number of the commit and of the part) and is refused unless the latest that was run is
 * the one before it: a part that Redis refused, or forgot, takes all behind it along, and
 * so does a late command of a broken connection that comes between two (commit.lua).
 * - A key of another type makes a script break off in the middle. In a last part nothing
 * may be behind that which could not be there alone: so rows are tried before the heads
 * of several are written.
 *
 * A part takes pages, ids, records and events, in this order, until it has grown to
 * st->part_bytes; the first in which all of them end is the last. Then come heads and
 * renames of WINDOW_MAX rows and logs, the marks, the record and the message: 112 KiB at
 * most, with what a single step may take over the bound (COMMIT_PART_BYTES). */
#include "commit.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "../proto/keys.h"
#include "claim.h"
#include "commit_ops.h"
#include "inflight.h"
#include "message.h"
#include "visit.h"

#define PART_RECORDS 4096 /* gathered at a time */
#define FENCED "FENCED"
#define META_SLACK_S 60 /* clocks of two hosts may differ by so much */

static struct slice name_of(const struct key_name *k)
{
    return (struct slice){k->s, k->n};
}

static void field(struct command *c, const char *name, uint64_t v)
{
    command_arg(c, slice_of(name));
    command_u64(c, v);
}

/* ---- what may go ahead ---------------------------------------------------- */

static bool is_full(const struct commit *c, const struct command *out)
{
    return out->text.n >= c->store->part_bytes;
}

static bool is_ahead(const struct commit *c)
{
    return c->ahead <= c->store->ahead && c->ahead - c->site->now <= MINUTES_AHEAD_MAX;
}

/* Of a rewrite: rows and logs of minutes that have not come yet, which an earlier life of
 * the site wrote under a clock that was ahead (store_reset). */
static bool part_ahead(struct commit *c, struct command *out)
{
    struct site *s = c->site;
    struct key_name row;
    size_t at;

    if (c->ahead <= s->now)
        c->ahead = s->now + 1;
    if (!c->full || !is_ahead(c))
        return true;
    row = key_minute(site_id(s), c->ahead);
    at = command_op(out, "DEL", name_of(&row));
    for (; is_ahead(c) && !is_full(c, out); c->ahead++) {
        struct key_name log = key_log(site_id(s), c->ahead);

        row = key_minute(site_id(s), c->ahead);
        command_arg(out, name_of(&row));
        command_arg(out, name_of(&log));
    }
    command_op_end(out, at);
    return !is_full(c, out);
}

/* Who is on which page, in the rows that were dirty when the commit began. */
static bool part_pages(struct commit *c, struct command *out)
{
    struct site *s = c->site;
    uint64_t begun = c->rows & -c->rows;

    c->rows &= s->inflight; /* a row that has left the window since is not written */
    if (!(c->rows & begun))
        c->page = 0;
    while (c->rows) {
        unsigned slot = (unsigned)__builtin_ctzll(c->rows);

        if (is_full(c, out))
            return false;
        c->page = op_row_pages(out, s, slot, c->page, c->store->part_bytes, c->full);
        if (c->page < s->pages.ids)
            continue;
        c->rows &= c->rows - 1;
        c->page = 0;
    }
    return true;
}

static size_t record_room(const struct commit *c, const struct command *out)
{
    size_t room = 0;

    if (!is_full(c, out))
        room = (c->store->part_bytes - out->text.n) / LOG_RECORD_BYTES;
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
                .slot = (uint8_t)slot_of(s, last - i),
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

/* ---- the feed ------------------------------------------------------------- */

static void op_delete(struct command *c, struct key_name key)
{
    command_op_end(c, command_op(c, "DEL", name_of(&key)));
}

/* Writes events until the part is full (false) or none is left. */
static bool write_events(struct commit *c, struct command *out, struct buf *scratch)
{
    struct site *s = c->site;
    bool any = false;

    if (c->event < recent_first(&s->recent))
        c->event = recent_first(&s->recent);
    for (; c->event <= s->recent.last && !is_full(c, out); c->event++) {
        op_event(out, s, c->event, scratch, c->feed_staged);
        any = true;
    }
    if (any)
        op_expire_feed(out, s, c->feed_staged);
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
        c->event = 1;
        c->feed_staged = true;
        op_delete(out, key_staged(key));
    }
    done = write_events(c, out, scratch);
    if (done)
        op_unstage(out, key);
    return done;
}

/* ---- the last part -------------------------------------------------------- */

static bool is_due(const struct commit *c, unsigned slot)
{
    const struct site *s = c->site;
    const struct site_row *row = &s->row[slot];
    uint32_t n = s->log.taken ? s->log.taken[slot] : 0;

    return (s->dirty | s->inflight) >> slot & 1 ||
           (s->log.taken && n != s->log.written[slot]) ||
           (c->full && (row->views || row->events || row->uniques || n));
}

/* Rows of the window that Redis does not have as they are, by slot. */
static uint64_t rows_due(const struct commit *c)
{
    const struct site *s = c->site;
    uint64_t due = 0;

    for (unsigned i = 0; i < s->window; i++) {
        unsigned slot = slot_of(s, s->now - i);

        due |= (uint64_t)is_due(c, slot) << slot;
    }
    return due;
}

static void last_heads(const struct commit *c, struct command *out, uint64_t due)
{
    const struct site *s = c->site;

    if (!c->full && due & (due - 1))
        for (uint64_t left = due; left; left &= left - 1)
            op_try_row(out, s, (unsigned)__builtin_ctzll(left));
    for (uint64_t left = due; left; left &= left - 1)
        op_row_head(out, s, (unsigned)__builtin_ctzll(left), c->full);
}

static void last_rows(const struct commit *c, struct command *out)
{
    const struct site *s = c->site;
    uint64_t due = rows_due(c);

    last_heads(c, out, due);
    for (unsigned i = 0; i < s->window; i++) {
        minute_t m = s->now - i;

        if (c->full)
            op_unstage(out, key_minute(site_id(s), m));
        if (due >> slot_of(s, m) & 1)
            op_expire_row(out, s, m, false);
    }
}

/* Puts the staged keys in place. The logs too if they were written anew, else those go
 * that the site does not have. */
static void last_renames(const struct commit *c, struct command *out)
{
    const struct site *s = c->site;

    for (unsigned i = 0; i < s->window; i++) {
        struct key_name log = key_log(site_id(s), s->now - i);

        if (c->relog)
            op_unstage(out, log);
        else if (!s->log.taken || s->log.taken[slot_of(s, s->now - i)] == 0)
            op_delete(out, log);
    }
    op_unstage(out, key_pages(site_id(s)));
}

static void op_meta_lives(const struct commit *c, struct command *out, struct slice meta)
{
    command_op_number(out, "EXPIRE", meta, c->site->window * 60 + META_SLACK_S);
}

/* The wall clock of the commit; in the newest minute of its rows at least, which may have
 * come since it began: loaders look no further. */
static ms_t record_time(const struct commit *c)
{
    ms_t newest = minute_start(c->site->now);

    return c->now > newest ? c->now : newest;
}

/* "q.k" */
static void field_part(const struct commit *c, struct command *out)
{
    char text[48];
    int n = snprintf(text, sizeof text, "%" PRIu64 ".%" PRIu64, c->site->commit, c->part);

    command_arg(out, SLICE("p"));
    command_arg(out, (struct slice){text, (size_t)n});
}

static void last_record(const struct commit *c, struct command *out, struct buf *scratch)
{
    struct site *s = c->site;
    struct key_name meta = key_meta(site_id(s));
    size_t at = command_op(out, "HSET", name_of(&meta));

    field(out, "e", c->epoch);
    field(out, "q", s->commit);
    field_part(c, out);
    field(out, "t", (uint64_t)record_time(c));
    field(out, "v", 1);
    field(out, "W", s->window);
    field(out, "c", s->capped);
    field(out, "i", s->recent.last);
    field(out, "x", s->dirty != 0); /* folded into since the commit began */
    field(out, "l", 0);
    field(out, "warm", s->warming > c->now ? (uint64_t)s->warming : 0);
    marks_prune(&s->marks, s->now, c->store->base, c->store->base_arg);
    buf_clear(scratch);
    marks_write(&s->marks, scratch);
    command_arg(out, SLICE("w"));
    command_arg(out, buf_get(scratch));
    command_op_end(out, at);
    op_meta_lives(c, out, name_of(&meta));
}

static void part_last(struct commit *c, struct command *out, struct buf *message)
{
    struct site *s = c->site;

    last_rows(c, out);
    if (c->full)
        last_renames(c, out);
    op_expire_pages(out, s, false);
    last_record(c, out, message);
    s->recent_sent = s->recent.last;
    buf_clear(message);
    message_encode(s, c->epoch, c->now, s->recent_done, message);
}

/* ---- parts ---------------------------------------------------------------- */

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
    command_u64(out, c->part);
    command_u64(out, c->full);
    command_u64(out, s->from_epoch);
    command_u64(out, s->from_commit);
}

/* What a rewrite that was never finished has left under the staged names. */
static void op_delete_staged(const struct commit *c, struct command *out)
{
    const struct site *s = c->site;
    struct key_name key = key_staged(key_pages(site_id(s)));
    size_t at = command_op(out, "DEL", name_of(&key));

    key = key_staged(key_recent(site_id(s)));
    command_arg(out, name_of(&key));
    for (unsigned i = 0; i < s->window; i++) {
        key = key_staged(key_minute(site_id(s), s->now - i));
        command_arg(out, name_of(&key));
        key = key_staged(key_log(site_id(s), s->now - i));
        command_arg(out, name_of(&key));
    }
    command_op_end(out, at);
}

/* More parts follow: a rewrite claims the site, another says that it is on its way. */
static void part_goes_on(const struct commit *c, struct command *out)
{
    struct key_name meta = key_meta(site_id(c->site));
    size_t at = command_op(out, "HSET", name_of(&meta));

    field_part(c, out);
    if (c->full) {
        field(out, "e", c->epoch);
        field(out, "v", 1);
        field(out, "W", c->site->window);
    } else {
        field(out, "x", 1);
    }
    command_op_end(out, at);
    if (c->full)
        op_meta_lives(c, out, name_of(&meta));
}

/* Begins, or begins once more, to build the commit: under another number, so that parts
 * of the first try cannot be taken for those of the second. */
static void start(struct commit *c)
{
    struct site *s = c->site;

    s->commit++;
    inflight_end_records(c->store, s, false);
    c->relog = s->log.rewrite;
    c->full = s->full || c->relog;
    if (c->relog) {
        inflight_drop_records(c->store, s);
        s->log.rewrite = false; /* is set again if records are given up meanwhile */
        if (s->log.taken)
            memset(s->log.taken, 0, s->slots * sizeof *s->log.taken);
    }
    if (c->full)
        inflight_mark_all(s);
    s->full_sent = c->full;
    s->full = false;
    inflight_send(s);
    c->part = 0;
    c->feed_staged = c->visited = false;
    c->rows = s->inflight;
    c->page = 0;
    c->visitor = 0;
    c->event = c->full ? 1 : s->recent_done + 1;
}

void commit_begin(struct commit *c, struct store *st, struct site *s, uint64_t epoch,
                  ms_t now)
{
    assert(s->state == SITE_LIVE && !s->queued && !s->committing && s->inflight == 0);
    *c = (struct commit){.store = st, .site = s, .epoch = epoch, .now = now};
    s->committing = true;
    s->recent_sent = s->recent_done;
    start(c);
}

bool commit_next(struct commit *c, struct slice sha, struct command *out,
                 struct buf *message)
{
    struct site *s = c->site;
    bool last;

    if (s->log.rewrite) {
        inflight_end(s, false);
        start(c);
    }
    part_begin(c, sha, out);
    if (c->full && c->part == 0)
        op_delete_staged(c, out);
    last = part_ahead(c, out) && part_pages(c, out) &&
           op_page_ids(out, s, c->store->part_bytes, c->full) && part_visitors(c, out) &&
           part_records(c, out) && part_feed(c, out, message);
    buf_clear(message);
    if (last)
        part_last(c, out, message);
    else
        part_goes_on(c, out);
    c->part++;
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
    if (!is_error && slice_starts(s, SLICE(FENCED)))
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

uint64_t commit_fenced_by(const char *text, size_t n)
{
    struct slice s = {text, n};
    uint64_t by;

    if (!slice_starts(s, SLICE(FENCED " ")) ||
        !claim_number(slice_skip(s, strlen(FENCED " ")), EPOCH_MAX, &by))
        return 0;
    return by;
}

static void give_back(struct store *st, struct site *s, enum commit_outcome o)
{
    s->full |= s->full_sent || o == COMMIT_REGRESS || o == COMMIT_ERROR;
    if (s->full && s->log.taken) /* who knows what became of the logs */
        inflight_drop_records(st, s);
    s->news.views += s->news_sent.views;
    s->news.events += s->news_sent.events;
    s->news.visitors += s->news_sent.visitors;
}

void commit_end(struct store *st, struct site *s, enum commit_outcome o, ms_t retry_at)
{
    bool done = o == COMMIT_OK;

    assert(s->committing);
    inflight_end(s, done);
    inflight_end_records(st, s, done);
    if (done) {
        s->commit_floor = s->commit;
        s->recent_done = s->recent_sent;
    } else {
        give_back(st, s, o);
    }
    s->full |= s->log.rewrite;
    s->news_sent = (struct site_news){0};
    s->committing = false;
    s->retry_at = retry_at;
    if (s->dirty || s->full || s->tick || s->log.n > 0 || !done)
        store_mark_dirty(st, s);
}
