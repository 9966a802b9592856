/* commit_traits: fields of the hash of a minute's traits, of its row, and of the hash of
 * titles.
 *
 * Traits do not lie in the row, among its pages, so that a loader finds them without
 * those. They and queries are of the instant of the row's views, so the last part has
 * them; of a rewrite they are staged, and those that change meanwhile staged again.
 * Titles are for readers alone: they may be there before the rest. */
#include "commit_traits.h"

#include <assert.h>
#include <stdio.h>

#include "../proto/keys.h"
#include "commit_ops.h"

/* All that one row may have. */
#define ROW_TRAITS                                                           \
    (REFERRERS_MAX + COUNTRIES_MAX + 2 * CAMPAIGNS_MAX + GOALS_COUNTED_MAX + \
     HIT_DEVICES + HIT_BROWSERS)
_Static_assert(ROW_TRAITS * 2 <= COMMIT_FIELDS_MAX, "a row's traits are one HSET");

#define FIELD_BYTES 14   /* prefix and number */
#define QUERIES_BYTES 64 /* their fields but for the histogram */
#define BUCKET_BYTES 15  /* of that, each */
#define OPS_BYTES 40     /* a trial, HSET and EXPIREAT, but for the key of each */

static bool is_due(const struct trait *v, unsigned slot)
{
    return (v->dirty | v->inflight) >> slot & 1;
}

static const struct spread *queries_due(const struct site *s, unsigned slot)
{
    bool due = (s->queries.dirty | s->queries.inflight) >> slot & 1;

    return due ? queries_at(&s->queries, slot) : NULL;
}

uint64_t traits_slots(const struct site *s)
{
    uint64_t slots = 0;

    for (size_t i = 0; i < s->traits.n; i++)
        slots |= s->traits.trait[i]->dirty | s->traits.trait[i]->inflight;
    return slots;
}

/* The slots that have something due. */
static uint64_t slots_due(const struct site *s)
{
    return traits_slots(s) | s->queries.dirty | s->queries.inflight;
}

/* What it takes to write one hash, but for its fields. */
static size_t hash_bytes(const struct site *s)
{
    return OPS_BYTES + 3 * (site_id(s).n + KEY_MAX - SITE_MAX);
}

static size_t spread_bytes(const struct spread *q)
{
    size_t n = QUERIES_BYTES;

    for (unsigned i = 0; i < SPREAD_BUCKETS; i++)
        n += q->n[i] ? BUCKET_BYTES : 0;
    return n;
}

static size_t row_due(const struct site *s, unsigned slot)
{
    const struct spread *q = queries_due(s, slot);
    size_t n = q ? hash_bytes(s) + spread_bytes(q) : 0, fields = 0;

    for (size_t i = 0; i < s->traits.n; i++)
        if (is_due(s->traits.trait[i], slot))
            fields += FIELD_BYTES + s->traits.trait[i]->name_n;
    return n + (fields > 0 ? hash_bytes(s) + fields : 0);
}

size_t traits_due(const struct site *s)
{
    size_t n = 0;

    for (uint64_t left = slots_due(s); left; left &= left - 1)
        n += row_due(s, (unsigned)__builtin_ctzll(left));
    return n;
}

static void put_queries(struct command *c, const struct spread *q)
{
    struct buf text;

    buf_init(&text, SPREAD_TEXT_MAX);
    spread_write(q, &text);
    command_field(c, "q", spread_count(q));
    command_field(c, "q50", spread_quantile(q, 50));
    command_field(c, "q95", spread_quantile(q, 95));
    command_arg(c, SLICE("qh"));
    command_arg(c, buf_get(&text));
    buf_fini(&text);
}

void op_row_queries(struct command *c, const struct site *s, unsigned slot, bool staged)
{
    struct key_name key = op_named(key_minute(site_id(s), slot_minute(s, slot)), staged);
    const struct spread *q = queries_due(s, slot);
    size_t at;

    if (!q)
        return;
    at = op_fields(c, s, key, slot_minute(s, slot));
    put_queries(c, q);
    command_op_end(c, at);
}

static void put_trait(struct command *c, const struct trait *v, unsigned slot)
{
    command_joined(c, slice_of(trait_prefix(v->kind)),
                   (struct slice){v->name, v->name_n});
    command_u64(c, v->at[slot]);
}

void op_row_traits(struct command *c, const struct site *s, unsigned slot, bool staged)
{
    struct key_name key = op_named(key_traits(site_id(s), slot_minute(s, slot)), staged);
    struct command_mark mark = command_mark(c);
    bool any = false;
    size_t at;

    at = op_fields(c, s, key, slot_minute(s, slot));
    for (size_t i = 0; i < s->traits.n; i++) {
        if (!is_due(s->traits.trait[i], slot))
            continue;
        put_trait(c, s->traits.trait[i], slot);
        any = true;
    }
    if (!any) {
        command_rewind(c, mark);
        return;
    }
    command_op_end(c, at);
}

static void take_off(struct site *s, unsigned slot)
{
    uint64_t others = ~(UINT64_C(1) << slot);

    s->queries.dirty &= others;
    s->queries.inflight &= others;
    for (size_t i = 0; i < s->traits.n; i++) {
        s->traits.trait[i]->dirty &= others;
        s->traits.trait[i]->inflight &= others;
    }
}

/* Each part takes one row at least, so that it comes to an end. */
bool part_traits(struct commit *c, struct command *out)
{
    struct site *s = c->site;
    uint64_t left = c->full ? slots_due(s) : 0;
    bool any = false;

    for (; left; left &= left - 1) {
        unsigned slot = (unsigned)__builtin_ctzll(left);

        if (any && out->bytes + row_due(s, slot) > c->store->part_bytes)
            return false;
        op_row_traits(out, s, slot, true);
        op_row_queries(out, s, slot, true);
        take_off(s, slot);
        any = true;
    }
    return true;
}

/* ---- titles --------------------------------------------------------------- */

static size_t next_title(const struct pages *t, size_t id)
{
    while (id < t->ids && !(pages_get(t, id) && pages_get(t, id)->title_dirty))
        id++;
    return id;
}

/* The titles of one page at least, from that of @id on. Returns the id to go on with. */
static size_t some_titles(const struct commit *c, struct command *out, size_t id)
{
    struct pages *t = &c->site->pages;
    size_t at = op_fields(out, c->site, key_titles(site_id(c->site)), c->site->now);
    size_t n = 0;

    do {
        struct page *p = pages_get(t, id);

        assert(p); /* it has a title to be told */
        command_arg(out, page_path(p));
        command_arg(out, page_title(p));
        p->title_dirty = false;
        id = next_title(t, id);
    } while (id < t->ids && ++n < COMMIT_FIELDS_MAX / 2 &&
             out->bytes < c->store->part_bytes);
    command_op_end(out, at);
    return id;
}

bool part_titles(struct commit *c, struct command *out)
{
    struct pages *t = &c->site->pages;
    size_t id;

    if (t->retitle_sent && !c->retitled)
        op_delete(out, key_titles(site_id(c->site)));
    c->retitled = true;
    if (!t->titles_dirty)
        return true;
    for (id = next_title(t, 0); id < t->ids; id = some_titles(c, out, id)) {
        t->titles_sent = true;
        if (out->bytes >= c->store->part_bytes)
            return false;
    }
    t->titles_dirty = false;
    return true;
}

void op_expire_titles(struct command *c, const struct site *s)
{
    struct key_name key = key_titles(site_id(s));

    if (s->pages.titled + s->pages.titles_left > 0 || s->pages.retitle)
        op_expire(c, s, key, s->now);
}
