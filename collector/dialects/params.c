/* Names are compared one by one: tables are short, and no pixel of ours comes here. */
#include "params.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include "../query.h"

void params_init(struct params *p, struct beacon *b)
{
    beacon_clear(b);
    *p = (struct params){.room = b->text, .left = sizeof b->text};
}

/* What is in the room's first @n bytes stays. */
static void keep(struct params *p, size_t n)
{
    p->room += n;
    p->left -= n;
}

/* Whether there are @n bytes. */
static bool has_room(struct params *p, size_t n)
{
    if (n > p->left)
        p->full = true;
    return n <= p->left;
}

static struct slice decode(struct params *p, struct slice raw)
{
    struct slice text;

    if (!has_room(p, raw.n))
        return (struct slice){0};
    text = query_decode(raw, p->room);
    if (text.p == p->room)
        keep(p, text.n);
    return text;
}

static struct slice *value_of(struct slice name, const struct param *table, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (slice_eq(name, slice_of(table[i].name)))
            return table[i].value;
    return NULL;
}

void params_query(struct params *p, struct slice query, const struct param *table,
                  size_t n)
{
    struct slice name, value, *known;
    struct query q;

    query_init(&q, query);
    while (query_next(&q, &name, &value)) {
        known = value_of(name, table, n);
        if (known && !known->p)
            *known = decode(p, value);
    }
}

#define DIGITS_MAX 24 /* of a whole number, its sign and a NUL */

static struct slice decimal(struct params *p, int64_t v)
{
    struct slice text = {p->room, 0};

    if (!has_room(p, DIGITS_MAX))
        return (struct slice){0};
    text.n = (size_t)snprintf(p->room, DIGITS_MAX, "%" PRId64, v);
    keep(p, text.n);
    return text;
}

static struct slice scalar(struct params *p, const json_t *v)
{
    if (json_is_string(v))
        return (struct slice){json_string_value(v), json_string_length(v)};
    if (json_is_boolean(v))
        return json_is_true(v) ? SLICE("1") : SLICE("0");
    if (json_is_integer(v))
        return decimal(p, json_integer_value(v));
    if (json_is_real(v) && fabs(json_real_value(v)) < 1e15)
        return decimal(p, (int64_t)json_real_value(v));
    return (struct slice){0};
}

void params_object(struct params *p, const json_t *object, const struct param *table,
                   size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!table[i].value->p)
            *table[i].value = scalar(p, json_object_get(object, table[i].name));
}

static void add(struct params *p, struct slice s)
{
    if (s.n > 0)
        memcpy(p->room, s.p, s.n);
    keep(p, s.n);
}

struct slice params_copy(struct params *p, struct slice s)
{
    struct slice copy = {p->room, s.n};

    if (!has_room(p, s.n))
        return (struct slice){0};
    add(p, s);
    return copy;
}

struct slice params_join(struct params *p, struct slice a, struct slice between,
                         struct slice b)
{
    struct slice all = {p->room, a.n + between.n + b.n};

    if (a.n == 0 || b.n == 0)
        return a.n ? a : b;
    if (!has_room(p, all.n))
        return (struct slice){0};
    add(p, a);
    add(p, between);
    add(p, b);
    return all;
}

struct slice params_url(struct params *p, struct slice host, struct slice path)
{
    if (host.n == 0 || (path.n > 0 && *path.p != '/'))
        return path;
    if (path.n == 0)
        path = SLICE("/");
    if (!slice_has(host, SLICE("://")))
        host = params_join(p, SLICE("https://"), (struct slice){0}, host);
    return params_join(p, host, (struct slice){0}, path);
}
