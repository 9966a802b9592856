/* Changes are told apart by the time at which they happened: of one alert no two have the
 * same, and a later one makes up for those before it that were missed. */
#include "alert_change.h"

#include <stdio.h>
#include <stdlib.h>
#include "../proto/hit.h"
#include "sighting.h"

/* ---- taken apart ----------------------------------------------------------- */

static struct slice text_of(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);

    return (struct slice){json_string_value(v), json_string_length(v)};
}

/* A whole number from 0 to @max. */
static bool number_of(const json_t *object, const char *key, uint64_t max, uint64_t *v)
{
    const json_t *value = json_object_get(object, key);
    json_int_t n = json_integer_value(value);

    *v = (uint64_t)n;
    return json_is_integer(value) && n >= 0 && *v <= max;
}

static bool name_change(struct alert_change *c, struct slice site, struct slice name)
{
    if (!site_valid(site) || !alert_name_valid(name))
        return false;
    snprintf(c->site, sizeof c->site, "%.*s", (int)site.n, site.p);
    snprintf(c->name, sizeof c->name, "%.*s", (int)name.n, name.p);
    return true;
}

static bool take_object(struct alert_change *c, const json_t *o)
{
    struct slice kind = text_of(o, "kind");
    struct alert_state *s = &c->state;
    uint64_t limit, since, at;

    s->on = json_is_true(json_object_get(o, "on"));
    s->below = slice_eq(kind, SLICE("below"));
    if (!name_change(c, text_of(o, "site"), text_of(o, "name")) ||
        !(s->below || slice_eq(kind, SLICE("above"))) ||
        !json_is_boolean(json_object_get(o, "on")) ||
        !alert_what_of(text_of(o, "of"), &s->what) ||
        !number_of(o, "value", JSON_INTEGER_MAX, &s->value) ||
        !number_of(o, "limit", ALERT_LIMIT_MAX, &limit) ||
        !number_of(o, "since", EPOCH_MAX, &since) || !number_of(o, "at", EPOCH_MAX, &at))
        return false;
    s->limit = (uint32_t)limit;
    s->since = (ms_t)since;
    s->at = (ms_t)at;
    return at > 0;
}

int alert_change_parse(struct alert_change *c, struct slice text)
{
    json_t *object = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
    bool good = json_is_object(object) && take_object(c, object);

    json_decref(object);
    return good ? 0 : -1;
}

int alert_change_read(struct alert_change *c, struct slice site, struct slice name,
                      struct slice state)
{
    return name_change(c, site, name) && alert_state_read(&c->state, state) ? 0 : -1;
}

/* ---- the book ---------------------------------------------------------------- */

static int compare(const struct alert_change *a, const struct alert_change *b)
{
    int by_site = strcmp(a->site, b->site);

    return by_site ? by_site : strcmp(a->name, b->name);
}

/* The place of @c, or where it belongs. */
static size_t place_of(const struct alert_book *b, const struct alert_change *c,
                       bool *there)
{
    size_t low = 0, high = b->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (compare(&b->entry[mid].change, c) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    *there = low < b->n && compare(&b->entry[low].change, c) == 0;
    return low;
}

static void insert(struct alert_book *b, size_t at, const struct alert_change *c)
{
    if (b->n == ALERT_BOOK_MAX) {
        b->refused++;
        return;
    }
    if (b->n == b->cap) {
        b->cap = b->cap ? b->cap * 2 : 16;
        b->entry = realloc(b->entry, b->cap * sizeof *b->entry);
        if (b->entry == NULL)
            abort();
    }
    memmove(b->entry + at + 1, b->entry + at, (b->n - at) * sizeof *b->entry);
    b->entry[at] = (struct alert_entry){.change = *c, .read = b->reading};
    b->n++;
}

void alert_book_fini(struct alert_book *b)
{
    free(b->entry);
    *b = (struct alert_book){0};
}

/* Returns whether it is later than what is known; of what is not known @unknown. */
static bool take(struct alert_book *b, const struct alert_change *c, bool unknown)
{
    struct alert_entry *e;
    bool there, was_on;
    size_t at = place_of(b, c, &there);

    if (!there) {
        insert(b, at, c);
        return unknown;
    }
    e = &b->entry[at];
    e->read = b->reading;
    e->missed = false;
    if (c->state.at <= e->change.state.at)
        return false;
    was_on = e->change.state.on;
    e->change = *c;
    return was_on || c->state.on;
}

bool alert_book_hear(struct alert_book *b, const struct alert_change *c)
{
    return take(b, c, true);
}

void alert_book_begin(struct alert_book *b)
{
    b->reading++;
    b->doubtful = false;
}

bool alert_book_found(struct alert_book *b, const struct alert_change *c)
{
    return take(b, c, c->state.on);
}

/* Should it be found or heard again as it was, it is on. */
static void end(struct alert_entry *e, ms_t now, struct alert_change *c)
{
    *c = e->change;
    c->state.on = e->change.state.on = false;
    c->state.at = now > c->state.at ? now : c->state.at + 1;
    e->change.state.at--;
}

bool alert_book_missing(struct alert_book *b, struct slice site, ms_t now,
                        struct alert_change *c)
{
    for (size_t i = 0; i < b->n; i++) {
        struct alert_entry *e = &b->entry[i];

        if (!e->change.state.on || e->read == b->reading ||
            !slice_eq(slice_of(e->change.site), site))
            continue;
        e->read = b->reading;
        if (e->missed) {
            end(e, now, c);
            return true;
        }
        e->missed = b->doubtful = true;
    }
    return false;
}
