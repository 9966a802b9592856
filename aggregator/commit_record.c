/* commit_record: who is online, heads of rows, totals, renames, the record; all as they
 * stand now, so that nothing of them may be built earlier. */
#include "commit_record.h"

#include <inttypes.h>
#include <stdio.h>

#include "../proto/decimal.h"
#include "../proto/keys.h"
#include "commit_ops.h"
#include "commit_pages.h"
#include "commit_traits.h"
#include "message.h"

static bool is_due(const struct commit *c, unsigned slot)
{
    const struct site *s = c->site;
    const struct site_row *row = &s->row[slot];
    uint32_t n = s->log.taken ? s->log.taken[slot] : 0;

    return (s->dirty | s->inflight) >> slot & 1 ||
           (s->log.taken && n != s->log.written[slot]) ||
           (c->full && (row->views || row->events || row->uniques || n ||
                        queries_at(&s->queries, slot)));
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

/* Whether Redis does not have the totals as they are. A site of which nothing was ever
 * counted, only seen, has none. */
static bool is_totals_due(const struct commit *c)
{
    const struct site *s = c->site;
    const struct totals *t = &s->totals;
    bool any = t->total.since > 0 || t->peaks.all > 0 || t->life > 0;

    return t->dirty || t->inflight || s->recent.last != s->recent_done ||
           (c->full && any);
}

/* Whether the totals are there, so that only what has changed is to be told. */
static bool is_totals_brief(const struct commit *c)
{
    return c->brief && c->site->known.totals && is_totals_due(c);
}

void commit_try(const struct commit *c, struct command *out)
{
    if (is_totals_brief(c))
        op_try_totals(out, c->site);
}

static int count_bits(uint64_t bits)
{
    return __builtin_popcountll(bits);
}

/* The rows of @due, the traits of @told and totals are written together or not at all: a
 * key of another type is met before the first of them changes. No trial needs what is
 * written first, the first traits or the first row, nor a row whose pages were written in
 * this part. */
static void try_all(const struct commit *c, struct command *out, uint64_t due,
                    uint64_t told, bool totals)
{
    const struct site *s = c->site;

    if (count_bits(due) + count_bits(told) + totals < 2)
        return;
    due &= ~c->paged & (told ? UINT64_MAX : due - 1);
    for (; due; due &= due - 1)
        op_try(out,
               key_minute(site_id(s), slot_minute(s, (unsigned)__builtin_ctzll(due))));
    for (told &= told - 1; told; told &= told - 1)
        op_try(out,
               key_traits(site_id(s), slot_minute(s, (unsigned)__builtin_ctzll(told))));
    if (totals && !is_totals_brief(c))
        op_try(out, key_totals(site_id(s)));
}

static void last_totals(const struct commit *c, struct command *out)
{
    if (c->full) /* whatever it was */
        op_delete(out, key_totals(site_id(c->site)));
    op_totals(out, c->site, is_totals_brief(c));
}

static void last_heads(const struct commit *c, struct command *out, uint64_t due,
                       uint64_t told)
{
    const struct site *s = c->site;
    bool totals = is_totals_due(c);

    if (!c->full)
        try_all(c, out, due, told, totals);
    for (uint64_t left = told; left; left &= left - 1)
        op_row_traits(out, s, (unsigned)__builtin_ctzll(left), c->full);
    for (uint64_t left = due; left; left &= left - 1) {
        unsigned slot = (unsigned)__builtin_ctzll(left);

        op_row_head(out, s, slot, c->full);
        op_row_queries(out, s, slot, c->full);
    }
    if (totals)
        last_totals(c, out);
}

static void last_rows(const struct commit *c, struct command *out, uint64_t due,
                      uint64_t told)
{
    const struct site *s = c->site;

    last_heads(c, out, due, told);
    for (unsigned i = 0; c->full && i < s->window; i++) {
        minute_t m = s->now - i;

        op_unstage(out, key_minute(site_id(s), m));
        op_unstage(out, key_traits(site_id(s), m));
    }
}

/* As long as the newest row, or up to a minute longer: it is said with the first commit
 * of a minute. */
static void op_meta_lives(const struct commit *c, struct command *out)
{
    struct key_name meta = key_meta(site_id(c->site));

    command_op_number(out, OP_EXPIRE, key_text(&meta),
                      c->site->window * 60 + EXPIRY_SLACK_S);
}

/* Of keys that were there before: a commit that only makes the same keys longer within
 * the same minute, as most do, has nothing to say of it. A row may be met later in the
 * minute than others, and it and its traits were made by whoever had another window. */
static void last_expiries(const struct commit *c, struct command *out, uint64_t due)
{
    struct site *s = c->site;
    bool first = c->whole || s->renewed.at != s->now;
    uint64_t done = first ? 0 : s->renewed.rows;

    s->renewed_sent = (struct renewal){s->now, done | due};
    for (due &= ~done; due; due &= due - 1) {
        op_expire_row(out, s, slot_minute(s, (unsigned)__builtin_ctzll(due)));
        op_expire_traits(out, s, slot_minute(s, (unsigned)__builtin_ctzll(due)));
    }
    if (!first)
        return;
    op_expire_pages(out, s);
    op_expire_titles(out, s);
    op_expire_feed(out, s);
    op_meta_lives(c, out);
}

/* How many are online. May be there without the rest. */
static void last_online(const struct commit *c, struct command *out)
{
    struct site *s = c->site;
    struct key_name key = key_online(site_id(s));

    if (op_is_nobody(s)) {
        op_delete(out, key);
        if (c->whole)
            op_delete(out, key_staged(key));
        return;
    }
    if (c->counted != c->part + 1)
        op_online(out, s, c->whole);
    if (c->whole || c->now - s->present_at >= ONLINE_RENEW_S * 1000) {
        op_expire_online(out, s, c->whole);
        s->present_sent = c->now;
    }
    if (c->whole)
        op_unstage(out, key);
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

/* "q.k": a part that comes late, of a broken connection, is in the way of ours too. */
static void field_part(const struct commit *c, struct command *out)
{
    char text[2 * DECIMAL_MAX + 1];
    size_t n = decimal_write(text, c->site->commit);

    text[n++] = '.';
    n += decimal_write(text + n, c->part);
    command_arg(out, SLICE("p"));
    command_arg(out, (struct slice){text, n});
}

/* Those of the record that stay for as long as the site is ours. */
static void constant_fields(const struct commit *c, struct command *out)
{
    command_field(out, "e", c->epoch);
    command_field(out, "v", 1);
    command_field(out, "W", c->site->window);
    command_field(out, "l", 0);
}

static void last_record(const struct commit *c, struct command *out, struct buf *scratch)
{
    struct site *s = c->site;
    struct key_name meta = key_meta(site_id(s));
    size_t at = command_op(out, OP_HSET, key_text(&meta));
    bool brief = c->brief && c->part == 0;

    command_field(out, "q", s->commit);
    command_field(out, "n", s->message + 1); /* of the message that comes with it */
    field_part(c, out);
    command_field(out, "t", (uint64_t)site_time(s, c->now)); /* loaders look no further */
    command_field(out, "i", s->recent.last);
    known_put(&s->known, KNOWN_CAPPED, out, "c", s->capped, brief);
    known_put(&s->known, KNOWN_AHEAD, out, "x", s->dirty != 0, brief); /* folded into
                                                                 since the commit began */
    known_put(&s->known, KNOWN_WARM, out, "warm",
              s->warming > c->now ? (uint64_t)s->warming : 0, brief);
    if (!brief)
        constant_fields(c, out);
    marks_prune(&s->marks, s->now, c->store->base, c->store->base_arg);
    buf_clear(scratch);
    marks_write(&s->marks, scratch);
    command_arg(out, SLICE("w"));
    command_arg(out, buf_get(scratch));
    command_op_end(out, at);
}

/* One alert as it stands; of one that is no more Redis is to forget it. Where it is
 * not there as it was told, because Redis went back in time, it is told once more: who
 * read it meanwhile has taken it for what is there. */
static void last_alert(const struct site *s, struct alert *al, struct command *out,
                       struct buf *scratch)
{
    struct key_name key = key_alerts(site_id(s));
    char state[ALERT_STATE_TEXT_MAX] = "";
    size_t at = command_op(out, OP_ALERT, key_text(&key));

    if (al->defined || al->state.on)
        alert_state_text(&al->state, state);
    buf_clear(scratch);
    alert_json(scratch, site_id(s), alert_name(al), &al->state);
    command_arg(out, alert_name(al));
    command_arg(out, slice_of(state));
    command_arg(out, buf_get(scratch));
    command_op_end(out, at);
    al->inflight |= al->dirty;
    al->dirty = false;
}

/* Of others than ours Redis knows from before it went back in time. */
static void last_alert_names(const struct site *s, struct command *out)
{
    struct key_name key = key_alerts(site_id(s));
    size_t at = command_op(out, OP_ALERTS, key_text(&key));

    for (size_t i = 0; i < s->alerts.n; i++)
        command_arg(out, alert_name(&s->alerts.alert[i]));
    command_op_end(out, at);
}

/* Those that have changed; of a rewrite all, for Redis may have forgotten them. */
static void last_alerts(const struct commit *c, struct command *out, struct buf *scratch)
{
    struct alerts *a = &c->site->alerts;
    struct key_name key = key_alerts(site_id(c->site));

    if (c->full && c->site->from_epoch != UINT64_MAX) /* else we know of none yet */
        last_alert_names(c->site, out);
    for (size_t i = 0; i < a->n; i++)
        if (a->alert[i].dirty || (c->full && a->alert[i].state.at > 0))
            last_alert(c->site, &a->alert[i], out, scratch);
    if (a->n > 0)
        command_op_number(out, OP_EXPIRE, key_text(&key), ALERTS_TTL_S);
}

/* Its events stand in this part already, if not some of them in another. */
static void last_message(const struct commit *c, const struct command *out,
                         struct buf *message)
{
    struct site *s = c->site;
    struct slice text[MESSAGE_EVENTS_MAX];
    uint64_t first = message_first_event(s, s->recent_done);
    bool told = c->fed.id > 0 && c->fed.id <= first;

    if (told)
        op_event_texts(out, c->fed, first, s->recent.last, text);
    message_encode_told(s, c->epoch, c->now, &s->presence.online, s->recent_done,
                        told ? text : NULL, message);
}

void commit_record(struct commit *c, struct command *out, struct buf *message)
{
    struct site *s = c->site;
    uint64_t due = rows_due(c), told = traits_slots(s) & due;

    last_online(c, out);
    last_rows(c, out, due, told);
    if (c->full)
        last_renames(c, out);
    last_record(c, out, message);
    last_expiries(c, out, due);
    last_alerts(c, out, message);
    s->recent_sent = s->recent.last;
    buf_clear(message);
    last_message(c, out, message);
}

void commit_goes_on(const struct commit *c, struct command *out)
{
    struct key_name meta = key_meta(site_id(c->site));
    size_t at = command_op(out, OP_HSET, key_text(&meta));

    field_part(c, out);
    if (c->full) {
        command_field(out, "e", c->epoch);
        command_field(out, "v", 1);
        command_field(out, "W", c->site->window);
    } else {
        command_field(out, "x", 1);
    }
    command_op_end(out, at);
    if (c->full)
        op_meta_lives(c, out);
    if (c->whole && c->online > 0)
        op_expire_online(out, c->site, true); /* what is staged waits for the last part */
}
