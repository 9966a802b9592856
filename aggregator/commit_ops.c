/* commit_ops: keys and values of a site as arguments of commit.lua's operations. */
#include "commit_ops.h"

#include <assert.h>

minute_t slot_minute(const struct site *s, unsigned slot)
{
    return s->now - ((s->now - slot) & (s->slots - 1));
}

struct key_name op_named(struct key_name key, bool staged)
{
    return staged ? key_staged(key) : key;
}

/* When what is of minute @m expires, s since 1970. */
static uint64_t expiry(const struct site *s, minute_t m)
{
    return (uint64_t)minute_start(m + s->window) / 1000 + EXPIRY_SLACK_S;
}

void op_expire(struct command *c, const struct site *s, struct key_name key, minute_t m)
{
    command_op_number(c, OP_EXPIREAT, key_text(&key), expiry(s, m));
}

size_t op_fields(struct command *c, const struct site *s, struct key_name key, minute_t m)
{
    size_t at = command_op(c, OP_HSET_AT, key_text(&key));

    command_u64(c, expiry(s, m));
    return at;
}

void op_end_fields(struct command *c, size_t at, struct command_mark begun,
                   struct command_mark none)
{
    if (c->n > begun.n)
        command_op_end(c, at);
    else
        command_rewind(c, none);
}

/* ---- rows ----------------------------------------------------------------- */

void op_row_head(struct command *c, const struct site *s, unsigned slot, bool staged)
{
    minute_t m = slot_minute(s, slot);
    const struct site_row *row = &s->row[slot];
    size_t at = op_fields(c, s, op_named(key_minute(site_id(s), m), staged), m);

    command_field(c, "pv", row->views);
    command_field(c, "ev", row->events);
    command_field(c, "uniq", row->uniques);
    command_field(c, "last", row->last);
    if (row->engaged)
        command_field(c, "eng", row->engaged);
    if (s->log.taken)
        command_field(c, "n", s->log.taken[slot]);
    command_op_end(c, at);
}

void op_expire_row(struct command *c, const struct site *s, minute_t m)
{
    op_expire(c, s, key_minute(site_id(s), m), m);
}

void op_expire_traits(struct command *c, const struct site *s, minute_t m)
{
    op_expire(c, s, key_traits(site_id(s), m), m);
}

/* ---- totals and logs ------------------------------------------------------ */

void op_totals(struct command *c, struct site *s, bool brief)
{
    struct key_name key = key_totals(site_id(s));
    const struct totals *t = &s->totals;
    const struct {
        const char *name;
        uint64_t v;
    } field[KNOWN_TOTALS] = {
        [KNOWN_VIEWS] = {"pv", t->total.views},
        [KNOWN_VISITS] = {"vis", t->total.visits},
        [KNOWN_JOINS] = {"con", t->total.joins},
        [KNOWN_COUNTED] = {"cnt", t->total.counted},
        [KNOWN_SINCE] = {"since", (uint64_t)t->total.since},
        [KNOWN_PEAK] = {"peak", t->peaks.all},
        [KNOWN_PEAK_AT] = {"peak_at", (uint64_t)t->peaks.all_at},
        [KNOWN_DAY] = {"day", (uint64_t)t->day},
        [KNOWN_DAY_PEAK] = {"dpeak", t->peaks.day},
        [KNOWN_DAY_PEAK_AT] = {"dpeak_at", (uint64_t)t->peaks.day_at},
        [KNOWN_LIFE] = {"life", (uint64_t)t->life},
        [KNOWN_EVENT] = {"i", s->recent.last},
    };
    struct command_mark none = command_mark(c);
    size_t at = command_op(c, OP_HSET, key_text(&key));
    struct command_mark begun = command_mark(c);

    for (unsigned i = 0; i < KNOWN_TOTALS; i++)
        known_put(&s->known, (enum known_field)i, c, field[i].name, field[i].v, brief);
    s->known.totals_sent = true;
    op_end_fields(c, at, begun, none);
}

/* How many of them are of @slot. */
static size_t records_of(const struct log_record *r, size_t n, unsigned slot)
{
    size_t of = 0;

    for (size_t i = 0; i < n; i++)
        of += r[i].slot == slot;
    return of;
}

static void slot_records(struct command *c, struct site *s, unsigned slot,
                         const struct log_record *r, size_t n, bool staged)
{
    minute_t m = slot_minute(s, slot);
    struct key_name key = op_named(key_log(site_id(s), m), staged);
    size_t at = command_op(c, OP_LOG, key_text(&key));
    size_t bytes = records_of(r, n, slot) * LOG_RECORD_BYTES;
    uint8_t *p;

    command_u64(c, expiry(s, m)); /* each time: if the key was gone, it is a new one */
    command_u64(c, (uint64_t)s->log.taken[slot] * LOG_RECORD_BYTES);
    p = (uint8_t *)command_room(c, bytes);
    for (size_t i = 0; i < n; i++)
        if (r[i].slot == slot) {
            log_encode(p, &r[i]);
            p += LOG_RECORD_BYTES;
            s->log.taken[slot]++;
        }
    command_op_end(c, at);
}

void op_records(struct command *c, struct site *s, const struct log_record *r, size_t n,
                bool staged)
{
    uint64_t slots = 0;

    for (size_t i = 0; i < n; i++)
        if (r[i].slot != LOG_GONE)
            slots |= UINT64_C(1) << r[i].slot;
    for (; slots; slots &= slots - 1)
        slot_records(c, s, (unsigned)__builtin_ctzll(slots), r, n, staged);
}

/* ---- the feed, and keys of any kind -------------------------------------------- */

/* One field: an event. */
static void event_field(struct command *c, const struct site *s, uint64_t id,
                        struct buf *scratch)
{
    struct recent_event e = recent_get(&s->recent, id);
    struct json j;

    buf_clear(scratch);
    json_init(&j, scratch);
    recent_event_json(&j, &e);
    command_u64(c, id % RECENT_MAX);
    command_arg(c, buf_get(scratch));
}

uint64_t op_events(struct command *c, const struct site *s, uint64_t id, size_t room,
                   struct buf *scratch, bool staged, struct op_place *place)
{
    size_t at;

    if (id > s->recent.last || c->bytes >= room)
        return id;
    at = op_fields(c, s, op_named(key_recent(site_id(s)), staged), s->now);
    *place = (struct op_place){id, c->n};
    do
        event_field(c, s, id++, scratch);
    while (id <= s->recent.last && c->bytes < room);
    command_op_end(c, at);
    return id;
}

void op_event_texts(const struct command *c, struct op_place place, uint64_t id,
                    uint64_t last, struct slice *out)
{
    for (; id <= last; id++)
        *out++ = command_get(c, place.arg + 2 * (id - place.id) + 1);
}

void op_expire_feed(struct command *c, const struct site *s)
{
    op_expire(c, s, key_recent(site_id(s)), s->now);
}

void op_try(struct command *c, struct key_name key)
{
    command_op_end(c, command_op(c, OP_HLEN, key_text(&key)));
}

void op_try_totals(struct command *c, const struct site *s)
{
    struct key_name key = key_totals(site_id(s));

    command_op_number(c, OP_TRY, key_text(&key), KNOWN_TOTALS);
}

void op_delete(struct command *c, struct key_name key)
{
    command_op_end(c, command_op(c, OP_DEL, key_text(&key)));
}

void op_unstage(struct command *c, struct key_name key)
{
    struct key_name staged = key_staged(key);
    size_t at = command_op(c, OP_RENAME, key_text(&staged));

    command_arg(c, key_text(&key));
    command_op_end(c, at);
}
