/* commit_ops: keys and values of a site as arguments of commit.lua's operations. */
#include "commit_ops.h"

#include <assert.h>

#define OP_PAGES (COMMIT_FIELDS_MAX / 2)

minute_t slot_minute(const struct site *s, unsigned slot)
{
    return s->now - ((s->now - slot) & (s->slots - 1));
}

static struct key_name named(struct key_name key, bool staged)
{
    return staged ? key_staged(key) : key;
}

/* When what is of minute @m expires, s since 1970. */
static uint64_t expiry(const struct site *s, minute_t m)
{
    return (uint64_t)minute_start(m + s->window) / 1000 + EXPIRY_SLACK_S;
}

static void expire(struct command *c, const struct site *s, struct key_name key,
                   minute_t m)
{
    command_op_number(c, OP_EXPIREAT, key_text(&key), expiry(s, m));
}

size_t op_fields(struct command *c, const struct site *s, struct key_name key, minute_t m)
{
    size_t at = command_op(c, OP_HSET_AT, key_text(&key));

    command_u64(c, expiry(s, m));
    return at;
}

/* ---- rows ----------------------------------------------------------------- */

void op_row_head(struct command *c, const struct site *s, unsigned slot, bool staged)
{
    minute_t m = slot_minute(s, slot);
    const struct site_row *row = &s->row[slot];
    size_t at = op_fields(c, s, named(key_minute(site_id(s), m), staged), m);

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
    expire(c, s, key_minute(site_id(s), m), m);
}

void op_expire_traits(struct command *c, const struct site *s, minute_t m)
{
    expire(c, s, key_traits(site_id(s), m), m);
}

/* ---- who is on which page ------------------------------------------------- */

/* The next page from @id on whose number is in flight for @slot; of most sites with many
 * pages those are few. At the end pages.ids. */
static size_t next_sent(const struct pages *t, size_t id, unsigned slot)
{
    while (id < t->ids && (t->place[id] == PAGE_NONE ||
                           !standing_is_sent(&t->standing, t->place[id], slot)))
        id++;
    return id;
}

/* Page @id, which is one. */
static const struct page *page_of(const struct pages *t, size_t id)
{
    return &t->page[t->place[id]];
}

static uint32_t count_on(const struct pages *t, const struct page *p, unsigned slot)
{
    return slot == standing_open(&t->standing) ? p->online : pages_on(t, p, slot);
}

static void page_field(struct command *c, const struct page *p)
{
    command_joined(c, SLICE(FIELD_PAGE), page_path(p));
}

/* The id behind those that one operation takes. */
static size_t pages_span(const struct command *c, const struct site *s, unsigned slot,
                         size_t id, size_t room)
{
    size_t bytes = c->bytes, n = 0;

    id = next_sent(&s->pages, id, slot);
    while (id < s->pages.ids && n < OP_PAGES && bytes < room) {
        bytes += page_of(&s->pages, id)->path_n + 16u;
        n++;
        id = next_sent(&s->pages, id + 1, slot);
    }
    return id;
}

/* Those of pages on which somebody is, or nobody any more. */
static void page_fields(struct command *c, const struct site *s, unsigned slot, size_t id,
                        size_t to, bool present)
{
    for (id = next_sent(&s->pages, id, slot); id < to;
         id = next_sent(&s->pages, id + 1, slot)) {
        const struct page *p = page_of(&s->pages, id);

        if ((count_on(&s->pages, p, slot) != 0) != present)
            continue;
        page_field(c, p);
        if (present)
            command_u64(c, count_on(&s->pages, p, slot));
    }
}

/* Ends the operation @at, or takes it back if nothing was added since it was @begun. */
static void end_fields(struct command *c, size_t at, struct command_mark begun,
                       struct command_mark none)
{
    if (c->n > begun.n)
        command_op_end(c, at);
    else
        command_rewind(c, none);
}

static void gone_pages(struct command *c, const struct site *s, unsigned slot,
                       struct key_name key, size_t from, size_t to)
{
    struct command_mark none = command_mark(c);
    size_t at = command_op(c, OP_HDEL, key_text(&key));
    struct command_mark begun = command_mark(c);

    page_fields(c, s, slot, from, to, false);
    end_fields(c, at, begun, none);
}

size_t op_row_pages(struct command *c, const struct site *s, unsigned slot, size_t from,
                    size_t room, bool staged)
{
    minute_t m = slot_minute(s, slot);
    struct key_name key = named(key_minute(site_id(s), m), staged);
    size_t to = pages_span(c, s, slot, from, room);
    struct command_mark none = command_mark(c);
    size_t at = op_fields(c, s, key, m);
    struct command_mark begun = command_mark(c);

    page_fields(c, s, slot, from, to, true);
    end_fields(c, at, begun, none);
    if (!staged)
        gone_pages(c, s, slot, key, from, to);
    return to;
}

/* Begins to set fields of who is online. Not until a time: Redis' clock may be another.
 */
static size_t online_fields(struct command *c, struct key_name key)
{
    size_t at = command_op(c, OP_HSET_IN, key_text(&key));

    command_u64(c, ONLINE_TTL_S);
    return at;
}

void op_expire_online(struct command *c, const struct site *s, bool staged)
{
    struct key_name key = named(key_online(site_id(s)), staged);

    command_op_number(c, OP_EXPIRE, key_text(&key), ONLINE_TTL_S);
}

bool op_is_nobody(const struct site *s)
{
    return online_total(&s->presence.online) == 0 && s->presence.online.tabs == 0;
}

static void online_counts(struct command *c, const struct site *s)
{
    const struct online *o = &s->presence.online;

    command_field(c, "w", o->writing);
    command_field(c, "r", o->reading);
    command_field(c, "i", o->idle);
    command_field(c, "b", o->background);
    command_field(c, "tabs", o->tabs);
    command_field(c, "m", o->members);
    if (s->presence.fades) {
        command_field(c, "fw", o->fresh.writing);
        command_field(c, "fr", o->fresh.reading);
        command_field(c, "fi", o->fresh.idle);
        command_field(c, "fb", o->fresh.background);
    }
}

size_t op_online_pages(struct command *c, const struct site *s, size_t from, size_t room,
                       bool staged)
{
    struct key_name key = named(key_online(site_id(s)), staged);
    unsigned open = standing_open(&s->pages.standing);
    size_t to = pages_span(c, s, open, from, room);
    struct command_mark none = command_mark(c);
    size_t at = online_fields(c, key);
    struct command_mark begun = command_mark(c);

    page_fields(c, s, open, from, to, true);
    if (to == s->pages.ids && !op_is_nobody(s))
        online_counts(c, s);
    end_fields(c, at, begun, none);
    if (!staged)
        gone_pages(c, s, open, key, from, to);
    return to;
}

void op_online(struct command *c, const struct site *s, bool staged)
{
    size_t at = online_fields(c, named(key_online(site_id(s)), staged));

    online_counts(c, s);
    command_op_end(c, at);
}

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
    end_fields(c, at, begun, none);
}

/* ---- pages and logs ------------------------------------------------------- */

static size_t next_unnamed(const struct site *s, size_t id)
{
    while (id < s->pages.ids &&
           (!pages_get(&s->pages, id) || pages_get(&s->pages, id)->named))
        id++;
    return id;
}

/* One HSET. Returns the id of the next page to be named. */
static size_t name_pages(struct command *c, struct site *s, size_t id, size_t room,
                         bool staged)
{
    size_t at = op_fields(c, s, named(key_pages(site_id(s)), staged), s->now);

    for (size_t n = 0; id < s->pages.ids && n < OP_PAGES && (n == 0 || c->bytes < room);
         n++) {
        struct page *p = pages_get(&s->pages, id);

        assert(p); /* it is one without a name */
        command_u64(c, id);
        command_arg(c, page_path(p));
        p->named = true;
        id = next_unnamed(s, id);
    }
    command_op_end(c, at);
    return id;
}

bool op_page_ids(struct command *c, struct site *s, size_t room, bool staged)
{
    size_t id = next_unnamed(s, 0);

    while (id < s->pages.ids && c->bytes < room)
        id = name_pages(c, s, id, room, staged);
    return id == s->pages.ids;
}

void op_expire_pages(struct command *c, const struct site *s)
{
    expire(c, s, key_pages(site_id(s)), s->now);
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
    struct key_name key = named(key_log(site_id(s), m), staged);
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
    at = op_fields(c, s, named(key_recent(site_id(s)), staged), s->now);
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
    expire(c, s, key_recent(site_id(s)), s->now);
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
