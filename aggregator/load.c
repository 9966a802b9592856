/* load: takes over what claim.lua answered and counts log records.
 *
 * The rows' views and events, the feed, the marks and the record are taken as they are
 * (restore.h). Visitors come from the log, minute by minute, the newest first, each from
 * its end (recount.h).
 *
 * Redis may hold anything. What cannot be read is left out, and then the site's first
 * commit writes the whole of it anew, logs included. Where the log and what the rows say
 * of it differ, because a commit was cut short or two lives of a visitor were joined, the
 * log is right, and the rows are written anew. */
#include "load.h"

#include <assert.h>

#include "../proto/keys.h"
#include "claim.h"
#include "clock.h"
#include "commit.h"
#include "recount.h"
#include "restore.h"

#define CHUNK_RECORDS (LOAD_CHUNK_BYTES / LOG_RECORD_BYTES)
/* As far as a clock may be raised. */
#define MINUTES_AHEAD (CLOCK_HOLD_MAX_MS / MS_PER_MINUTE)

/* All records of the minute are counted. */
static void end_minute(struct load *l)
{
    const struct site_row *row = &l->site->row[slot_of(l->site, load_minute(l, l->age))];

    l->doubtful |= l->old != 0;
    l->old = 0;
    l->site->full |=
        row->uniques != l->row[l->age].uniques || row->last != l->row[l->age].last;
}

/* From here on the rows hold what is found. */
static void begin_counting(struct load *l)
{
    for (unsigned slot = 0; slot < l->site->slots; slot++)
        l->site->row[slot].uniques = l->site->row[slot].last = 0;
    l->counting = true;
}

/* Goes on to the next minute with records, ending those in between; false: there is none.
 */
static bool next_minute(struct load *l)
{
    for (; l->age < l->site->window; l->age++) {
        if (l->row[l->age].n > 0) {
            l->left = l->row[l->age].n;
            return true;
        }
        end_minute(l);
    }
    return false;
}

/* Takes the rows, and the logs that came with them. Returns whether all of them did. */
static bool restore_rows(struct load *l, const struct claim *c)
{
    struct claim_reader r = c->rows;
    struct claim_row row;
    bool all = true;

    while (claim_row(&r, &row)) {
        restore_row(l, &row);
        all &= row.inlined || row.n == 0 || !site_covers(l->site, row.minute);
    }
    l->doubtful |= !claim_was_readable(&r);
    if (!all)
        return false;
    begin_counting(l);
    for (r = c->rows; claim_row(&r, &row);) {
        if (!site_covers(l->site, row.minute))
            continue;
        for (; l->age < l->site->now - row.minute; l->age++)
            end_minute(l);
        recount(l, row.log, (uint32_t)row.n);
        end_minute(l);
        l->age++;
    }
    for (; l->age < l->site->window; l->age++)
        end_minute(l);
    return true;
}

/* ---- steps ---------------------------------------------------------------- */

/* The site will be as Redis had it. Its first commit is due in any case: it says that the
 * site is not being loaded any more. */
static enum load_step done(struct load *l)
{
    struct site *s = l->site;

    s->recent_done = s->recent_sent = s->recent.last;
    if (l->doubtful) {
        s->full = true;
        s->log.rewrite = true;
    }
    if (s->full && l->store->ahead < s->now + MINUTES_AHEAD)
        l->store->ahead = s->now + MINUTES_AHEAD; /* a commit may be torn there, too */
    if (l->known)
        s->dirty |= UINT64_C(1) << slot_of(s, s->now);
    return LOAD_DONE;
}

/* Whether Redis has something of minutes that have not come yet: then l->ahead is when.
 */
static bool is_ahead(struct load *l, const struct claim *c)
{
    struct claim_reader r = c->rows;
    struct claim_row row;

    l->ahead = (ms_t)c->time;
    while (claim_row(&r, &row))
        if (minute_of(l->ahead) < row.minute)
            l->ahead = minute_start(row.minute);
    return minute_of(l->ahead) > l->site->now;
}

/* Nothing is known of what lies there. */
static enum load_step refuse(struct load *l)
{
    l->doubtful = true;
    l->known = false;
    done(l);
    return LOAD_REFUSED;
}

static enum load_step take_claim(struct load *l, const redisReply *reply)
{
    struct claim c;

    if (reply->type == REDIS_REPLY_STRING) {
        l->fenced_by = commit_fenced_by(reply->str, (size_t)reply->len);
        return LOAD_FENCED;
    }
    if (!claim_parse(&c, reply))
        return refuse(l);
    l->known = c.known;
    l->doubtful = c.doubtful;
    l->online = c.online;
    if (is_ahead(l, &c)) {
        if (!l->drop_ahead)
            return LOAD_AHEAD;
        if (l->store->ahead < minute_of(l->ahead))
            l->store->ahead = minute_of(l->ahead);
        l->doubtful = true;
    }
    l->claimed = true;
    l->site->from_epoch = c.epoch == l->epoch ? c.before : c.epoch;
    l->site->from_commit = c.commit;
    restore_totals(l, &c);
    restore_goals(l, &c);
    restore_alerts(l, &c);
    if (!l->known) { /* leftovers of a site whose record is gone */
        l->doubtful |=
            c.cut || c.npages > 0 || c.nfeed > 0 || !claim_was_readable(&c.rows);
        return done(l);
    }
    restore_record(l, &c);
    restore_pages(l, &c);
    restore_titles(l, &c);
    restore_feed(l, &c);
    if (restore_rows(l, &c) || !next_minute(l))
        return done(l);
    return LOAD_MORE;
}

static enum load_step take_chunk(struct load *l, struct slice log)
{
    uint32_t n = l->left < CHUNK_RECORDS ? l->left : CHUNK_RECORDS;

    recount(l, log, n);
    l->left -= n;
    if (l->left > 0)
        return LOAD_MORE;
    end_minute(l);
    l->age++;
    return next_minute(l) ? LOAD_MORE : done(l);
}

/* Errors that concern this site alone: a key of another type, or one that may not be
 * read, or what the script says. */
static bool is_its_own(const redisReply *error)
{
    struct slice text = {error->str, (size_t)error->len};

    return slice_starts(text, SLICE("WRONGTYPE")) ||
           slice_starts(text, SLICE("NOPERM")) || slice_starts(text, SLICE("ERR "));
}

static enum load_step take_error(struct load *l, const redisReply *error)
{
    struct site *s = l->site;

    if (!is_its_own(error))
        return LOAD_RETRY;
    if (l->claimed)
        return take_chunk(l, (struct slice){NULL, 0});
    if (++s->failures < LOAD_TRIES)
        return LOAD_RETRY;
    s->failures = 0;
    return refuse(l);
}

void load_begin(struct load *l, struct store *st, struct site *s, uint64_t epoch,
                ms_t now, bool drop_ahead)
{
    assert(s->state == SITE_LOADING && s->log.written);
    *l = (struct load){
        .store = st, .site = s, .epoch = epoch, .now = now, .drop_ahead = drop_ahead};
    renamings_init(&l->renamed);
    visitors_init(&l->gone);
}

void load_fini(struct load *l)
{
    renamings_fini(&l->renamed);
    visitors_fini(&l->gone);
    *l = (struct load){.site = NULL};
}

static void next_claim(const struct load *l, struct slice sha, struct command *out)
{
    const struct site *s = l->site;
    struct key_name meta = key_meta(site_id(s)), recent = key_recent(site_id(s));
    struct key_name row = key_minute(site_id(s), 0), log = key_log(site_id(s), 0);
    struct key_name pages = key_pages(site_id(s)), totals = key_totals(site_id(s));
    struct key_name online = key_online(site_id(s)), titles = key_titles(site_id(s));
    struct key_name traits = key_traits(site_id(s), 0);

    command_arg(out, SLICE("EVALSHA"));
    command_arg(out, sha);
    command_arg(out, SLICE("1"));
    command_arg(out, key_text(&meta));
    command_u64(out, l->epoch);
    command_arg(out, (struct slice){row.s, row.n - 1}); /* less the 0 */
    command_arg(out, (struct slice){log.s, log.n - 1});
    command_arg(out, key_text(&recent));
    command_arg(out, key_text(&pages));
    command_u64(out, s->now);
    command_u64(out, s->window);
    command_u64(out, MINUTES_AHEAD);
    command_u64(out, LOAD_INLINE_BYTES);
    command_u64(out, s->window * 60 + EXPIRY_SLACK_S);
    command_arg(out, key_text(&totals));
    command_arg(out, key_text(&online));
    command_arg(out, key_text(&titles));
    command_arg(out, (struct slice){traits.s, traits.n - 1});
}

void load_next(struct load *l, struct slice claim_sha, struct command *out)
{
    struct key_name key;
    uint32_t from;

    command_clear(out);
    if (!l->claimed) {
        next_claim(l, claim_sha, out);
        return;
    }
    if (!l->counting) {
        begin_counting(l);
        for (unsigned age = 0; age < l->age; age++) /* those without a log */
            l->site->full |= l->row[age].uniques || l->row[age].last;
    }
    key = key_log(site_id(l->site), load_minute(l, l->age));
    from = l->left > CHUNK_RECORDS ? l->left - CHUNK_RECORDS : 0;
    command_arg(out, SLICE("GETRANGE"));
    command_arg(out, key_text(&key));
    command_u64(out, (uint64_t)from * LOG_RECORD_BYTES);
    command_u64(out, (uint64_t)l->left * LOG_RECORD_BYTES - 1);
}

enum load_step load_take(struct load *l, const redisReply *reply)
{
    if (!reply)
        return LOAD_RETRY;
    if (reply->type == REDIS_REPLY_ERROR)
        return take_error(l, reply);
    if (!l->claimed)
        return take_claim(l, reply);
    if (reply->type != REDIS_REPLY_STRING)
        return take_chunk(l, (struct slice){NULL, 0});
    return take_chunk(l, (struct slice){reply->str, (size_t)reply->len});
}
