/* commit: reads a site's dirty marks and writes the commands that bring Redis up to date.
 *
 * Why nothing is counted twice or lost, whenever somebody dies:
 *
 * - Only the views and events of a row, the totals and the feed cannot be told twice.
 *   They, the marks and the record {e, q} are written by the last part, in one script,
 *   as they stand in the instant in which it is built; all rows that Redis does not have
 *   as they are, not only those that were dirty in the beginning. So whoever reads finds
 *   the counts of one instant, and the marks say which one.
 * - Who was seen is a set: a record more changes nothing, a record less does. So every
 *   record that waits, and the path of every page id, goes before the last part or with
 *   it. Offsets are known, a commit sent again writes the same bytes to the same place,
 *   and `n` in the row, of the last part too, says how many are valid.
 * - Who is online is for readers, and not for long. Of pages those are written whose
 *   number changed; so the hash must not have expired since the others were, nor be from
 *   before the site was read back: else it is written whole.
 * - Who is on which page, and `uniq` and `last`, are for readers: a loader counts them
 *   from the log. Should they not fit the counts, because parts are missing or something
 *   was folded between two parts, the record says so (x 1), and the loader rewrites them.
 * - The traits of a row's views, a hash of their own, and its queries are as exact as the
 *   views, so they go with the last part too. Where they are too many for it, after Redis
 *   was away for long, the commit becomes a rewrite, which stages them. Titles of pages
 *   are for readers alone, and may be ahead.
 * - A rewrite goes to staged keys, which nobody reads, until the last part renames all of
 *   them at once. A log that is written anew goes through the visitors by id, some
 *   thousands a part; what is folded meanwhile waits behind as records. If those are
 *   given up for want of memory, in whatever commit, the rewrite begins once more.
 * - Parts are sent without waiting for replies. Each names itself in the meta hash (p,
 *   number of the commit and of the part) and is refused unless the latest that was run
 *   is the one before it: a part that Redis refused, or forgot, takes along all that are
 *   behind it, and so does a late command of a broken connection that comes between two
 *   (commit.lua).
 * - What an operator changes of the site's goals and alerts is heard of in the reply to a
 * last part, which says what version of them is known. So a new goal counts what is
 * folded from the first commit on that was confirmed after the change; one that was
 * removed counts until then, and what it has counted stays with its rows.
 * - How an alert stands is written as it is, and its change is told by the script, if it
 *   is one for what lies there: so a commit that is repeated tells it once, and so does
 *   an aggregator that found the alert as it was told by the one before.
 * - A key of another type makes a script break off in the middle. In a last part nothing
 *   may be behind that which could not be there alone: so rows, traits and totals are
 *   tried before several of them are written.
 *
 * A part takes pages, who is online, ids, titles, records, of a rewrite traits, and
 * events, in this order, until it has grown to st->part_bytes; the first in which all of
 * them end is the last. Then come, unless it is a rewrite, traits of as many bytes at
 * most; heads and renames of WINDOW_MAX rows, traits and logs, the marks, the record and
 * the message: 124 KiB at most, with what a single step may take over the bound
 * (COMMIT_PART_BYTES); and before the message alerts, 22 KiB of them.
 */
#include "commit.h"

#include <assert.h>

#include "../proto/keys.h"
#include "../proto/loop/redis_link.h"
#include "claim.h"
#include "commit_ahead.h"
#include "commit_record.h"
#include "inflight.h"
#include "message.h"

#define FENCED "FENCED"

/* After so long hc:{S}:o may have expired before the commit is there. */
#define ONLINE_KNOWN_MS ((ONLINE_TTL_S - 30) * 1000)

/* And after so long before what is sent then has an answer. */
#define ONLINE_LATE_MS ((ONLINE_TTL_S - ONLINE_RENEW_S) * 1000 - REDIS_REPLY_DEADLINE_MS)
_Static_assert(ONLINE_LATE_MS > ONLINE_KNOWN_MS, "there is time between the two");

/* Whether it goes over whatever is there. A rewrite that keeps the logs does not: they
 * must be those that this process read or wrote, or Redis has forgotten some of them. */
static bool is_anew(const struct commit *c)
{
    return c->full && (c->relog || !c->site->log.taken);
}

static void part_begin(const struct commit *c, struct slice sha, struct command *out)
{
    const struct site *s = c->site;
    struct key_name meta = key_meta(site_id(s)), channel = key_channel(site_id(s));

    command_clear(out);
    command_arg(out, SLICE("EVALSHA"));
    command_arg(out, sha);
    command_arg(out, SLICE("2"));
    command_arg(out, key_text(&meta));
    command_arg(out, key_text(&channel));
    command_u64(out, c->epoch);
    command_u64(out, is_anew(c) ? 0 : s->commit_floor);
    command_u64(out, s->commit);
    command_u64(out, c->part);
    command_u64(out, is_anew(c));
    command_u64(out, s->from_epoch);
    command_u64(out, s->from_commit);
    command_arg(out, goals_version(&s->goals));
}

/* What a rewrite that was never finished has left under the staged names. */
static void op_delete_staged(const struct commit *c, struct command *out)
{
    const struct site *s = c->site;
    struct key_name key = key_staged(key_online(site_id(s)));
    size_t at = command_op(out, OP_DEL, key_text(&key));

    if (c->full) {
        key = key_staged(key_pages(site_id(s)));
        command_arg(out, key_text(&key));
        key = key_staged(key_recent(site_id(s)));
        command_arg(out, key_text(&key));
    }
    for (unsigned i = 0; c->full && i < s->window; i++) {
        key = key_staged(key_minute(site_id(s), s->now - i));
        command_arg(out, key_text(&key));
        key = key_staged(key_traits(site_id(s), s->now - i));
        command_arg(out, key_text(&key));
        key = key_staged(key_log(site_id(s), s->now - i));
        command_arg(out, key_text(&key));
    }
    command_op_end(out, at);
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
    c->whole = c->full || c->now - s->floor_at > ONLINE_KNOWN_MS;
    c->brief = s->known.record && !c->whole;
    known_begin(&s->known);
    s->renewed_sent = s->renewed;
    s->present_sent = s->present_at;
    if (c->full)
        inflight_mark_all(s);
    if (c->whole)
        inflight_mark_online(s);
    s->full_sent = c->full;
    s->full = false;
    inflight_send(s);
    c->part = 0;
    c->feed_staged = c->visited = false;
    c->rows = s->inflight;
    c->page = c->online = 0;
    c->counted = 0;
    c->retitled = c->too_large = false;
    c->visitor = 0;
    c->event = c->full ? 1 : s->recent_done + 1;
}

void commit_begin(struct commit *c, struct store *st, struct site *s, uint64_t epoch,
                  ms_t now)
{
    assert(s->state == SITE_LIVE && !s->queued && !s->committing && s->inflight == 0);
    *c = (struct commit){.store = st, .site = s, .epoch = epoch, .now = now};
    s->committing = true;
    s->commit_at = now;
    s->recent_sent = s->recent_done;
    start(c);
}

bool commit_next(struct commit *c, struct slice sha, struct command *out,
                 struct buf *message)
{
    struct site *s = c->site;
    bool last;

    if (s->log.rewrite || c->too_large) {
        inflight_end(s, false);
        s->full |= c->too_large;
        start(c);
    }
    part_begin(c, sha, out);
    if (c->whole && c->part == 0)
        op_delete_staged(c, out);
    commit_try(c, out);
    c->fed.id = 0;
    c->paged = 0;
    last = commit_ahead(c, out, message);
    buf_clear(message);
    if (last)
        commit_record(c, out, message);
    else
        commit_goes_on(c, out);
    c->part++;
    command_shape(out);
    command_arg(out, buf_get(message));
    return last;
}

/* Whether Redis has everything. */
static bool is_written(const struct site *s)
{
    return !site_has_news(s) && s->log.n == 0 && s->recent_done == s->recent.last;
}

bool commit_is_late(const struct commit *c, ms_t now)
{
    return !c->whole && now - c->site->floor_at > ONLINE_LATE_MS;
}

bool commit_is_tick(const struct site *s)
{
    return s->tick && is_written(s) && online_total(&s->presence.online) == 0 &&
           !alerts_defined(&s->alerts);
}

void commit_tick(struct site *s, uint64_t epoch, ms_t now, struct command *out,
                 struct buf *message)
{
    struct key_name channel = key_channel(site_id(s));

    assert(!s->queued && !s->committing && s->tick);
    message_encode(s, epoch, now, &s->presence.online, s->recent.last, message);
    command_clear(out);
    command_arg(out, SLICE("PUBLISH"));
    command_arg(out, key_text(&channel));
    command_arg(out, buf_get(message));
}

bool commit_goals(struct site *s, const redisReply *reply, uint64_t *bad)
{
    struct claim_reader r = {reply->element, reply->elements};
    struct slice ok, version, field, value;

    if (reply->type != REDIS_REPLY_ARRAY || !claim_text(&r, &ok) ||
        !slice_eq(ok, SLICE("OK")) || !claim_text(&r, &version))
        return false;
    if (!s)
        return true;
    goals_begin(&s->goals, version);
    alerts_begin(&s->alerts);
    while (claim_text(&r, &field) && claim_text(&r, &value))
        *bad +=
            !goals_add(&s->goals, field, value) && !alerts_add(&s->alerts, field, value);
    alerts_end(&s->alerts);
    return true;
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
    known_end(&s->known, done);
    if (done) {
        s->commit_floor = s->commit;
        s->floor_at = s->commit_at;
        s->renewed = s->renewed_sent;
        s->present_at = s->present_sent;
        s->recent_done = s->recent_sent;
    } else {
        give_back(st, s, o);
    }
    s->full |= s->log.rewrite;
    s->news_sent = (struct site_news){0};
    s->committing = false;
    s->retry_at = retry_at;
    store_due(st, s); /* alerts may have come */
    if (!is_written(s) || s->tick || !done)
        store_mark_dirty(st, s);
}
