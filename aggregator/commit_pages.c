/* commit_pages: the numbers that are in flight, found by going through the ids: of a site
 * with many pages those are few. */
#include "commit_pages.h"

#include <assert.h>

#include "commit_ops.h"

#define OP_PAGES (COMMIT_FIELDS_MAX / 2)

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

static void gone_pages(struct command *c, const struct site *s, unsigned slot,
                       struct key_name key, size_t from, size_t to)
{
    struct command_mark none = command_mark(c);
    size_t at = command_op(c, OP_HDEL, key_text(&key));
    struct command_mark begun = command_mark(c);

    page_fields(c, s, slot, from, to, false);
    op_end_fields(c, at, begun, none);
}

size_t op_row_pages(struct command *c, const struct site *s, unsigned slot, size_t from,
                    size_t room, bool staged)
{
    minute_t m = slot_minute(s, slot);
    struct key_name key = op_named(key_minute(site_id(s), m), staged);
    size_t to = pages_span(c, s, slot, from, room);
    struct command_mark none = command_mark(c);
    size_t at = op_fields(c, s, key, m);
    struct command_mark begun = command_mark(c);

    page_fields(c, s, slot, from, to, true);
    op_end_fields(c, at, begun, none);
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
    struct key_name key = op_named(key_online(site_id(s)), staged);

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
    struct key_name key = op_named(key_online(site_id(s)), staged);
    unsigned open = standing_open(&s->pages.standing);
    size_t to = pages_span(c, s, open, from, room);
    struct command_mark none = command_mark(c);
    size_t at = online_fields(c, key);
    struct command_mark begun = command_mark(c);

    page_fields(c, s, open, from, to, true);
    if (to == s->pages.ids && !op_is_nobody(s))
        online_counts(c, s);
    op_end_fields(c, at, begun, none);
    if (!staged)
        gone_pages(c, s, open, key, from, to);
    return to;
}

void op_online(struct command *c, const struct site *s, bool staged)
{
    size_t at = online_fields(c, op_named(key_online(site_id(s)), staged));

    online_counts(c, s);
    command_op_end(c, at);
}

/* ---- their ids ------------------------------------------------------------ */

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
    size_t at = op_fields(c, s, op_named(key_pages(site_id(s)), staged), s->now);

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
    op_expire(c, s, key_pages(site_id(s)), s->now);
}
