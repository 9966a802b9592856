/* What is not plain jansson reads, and this file picks the fields. */
#include "batch.h"

#include <inttypes.h>
#include <stdio.h>
#include "json_body.h"
#include "plain_events.h"
#include "query.h"

#define MEMBER_NAMES 4

enum beacon_verdict batch_open_parsed(struct batch *b, struct slice body)
{
    json_t *root, *events;

    *b = (struct batch){.n = 1};
    if (!json_body_is(body))
        return body.n > HTTP_REQUEST_LINE_MAX ? BEACON_BAD_BODY : BEACON_OK;
    root = json_body_parse(body);
    if (!root)
        return BEACON_BAD_BODY;
    events = json_is_object(root) ? json_object_get(root, "hits") : root;
    if (events && json_is_array(events))
        b->n = json_array_size(events);
    else
        events = root;
    if (b->n > BATCH_MAX) {
        json_decref(root);
        return BEACON_TOO_MANY;
    }
    b->json = root;
    b->events = events;
    b->is_json = true;
    return BEACON_OK;
}

enum beacon_verdict batch_open(struct batch *b, struct slice body)
{
    *b = (struct batch){.is_json = true};
    if (!json_body_is(body) || (b->plain = plain_events_read(body)) == NULL)
        return batch_open_parsed(b, body);
    b->n = plain_events_count(b->plain);
    return BEACON_OK;
}

/* One member of an event, by any of its names, and the field it fills. */
struct member {
    const char *names[MEMBER_NAMES];
    struct slice *field;
};

static const json_t *find(const json_t *event, const struct member *m)
{
    for (int i = 0; i < MEMBER_NAMES && m->names[i]; i++) {
        const json_t *v = json_object_get(event, m->names[i]);

        if (v && !json_is_null(v))
            return v;
    }
    return NULL;
}

/* The member @letter or @word of an event, if it is a text. */
static struct slice text_of(const json_t *event, const char *letter, const char *word)
{
    const json_t *v = find(event, &(struct member){.names = {letter, word}});

    if (!json_is_string(v))
        return (struct slice){0};
    return (struct slice){json_string_value(v), json_string_length(v)};
}

static bool is_query(const json_t *event)
{
    return slice_eq(text_of(event, "k", "kind"), SLICE("query"));
}

/* The whole number of @v, as text in @out from *@used on. */
static struct slice decimal(int64_t v, struct beacon *out, size_t *used)
{
    struct slice text = {out->text + *used, 0};

    text.n = (size_t)snprintf(out->text + *used, 24, "%" PRId64, v);
    *used += text.n + 1;
    return text;
}

/* Browsers measure time in fractions of a millisecond. */
static int64_t whole_ms(double v)
{
    return v >= ENGAGED_MAX_MS ? ENGAGED_MAX_MS : v > 0 ? (int64_t)v : 0;
}

/* Texts that earlier versions did not look at: of another type they are left out. */
static bool is_lenient(const struct beacon *b, const struct slice *field)
{
    return field == &b->title || field == &b->referrer || field == &b->query ||
           field == &b->sent || field == &b->campaign || field == &b->term ||
           field == &b->source;
}

/* Fills the member's field; a number becomes text. False when the value is of another
 * type, but for those. */
static bool take(const json_t *event, const struct member *m, struct beacon *out,
                 size_t *used)
{
    const json_t *v = find(event, m);

    if (json_is_string(v)) {
        *m->field = (struct slice){json_string_value(v), json_string_length(v)};
    } else if (json_is_boolean(v)) {
        *m->field = json_is_true(v) ? SLICE("true") : SLICE("false");
    } else if (json_is_integer(v)) {
        *m->field = decimal(json_integer_value(v), out, used);
    } else if (json_is_real(v) && m->field == &out->engaged) {
        *m->field = decimal(whole_ms(json_real_value(v)), out, used);
    } else {
        return v == NULL || is_lenient(out, m->field);
    }
    return true;
}

enum beacon_verdict batch_get(const struct batch *b, struct slice body, size_t i,
                              struct beacon *out)
{
    const json_t *event = b->events;
    size_t used = 0;

    if (!b->is_json)
        return beacon_from_query(out, body);
    beacon_clear(out);
    if (b->plain) {
        plain_events_get(b->plain, i, out);
        return BEACON_OK;
    }
    if (json_is_array(event))
        event = json_array_get(event, i);
    if (!json_is_object(event))
        return BEACON_BAD_BODY;
    const char *text = is_query(event) ? "text" : NULL, *ms = text ? "ms" : NULL;
    const struct member members[] = {
        {{"i", "site"}, &out->site},   {{"p", "path", "url", text}, &out->path},
        {{"k", "kind"}, &out->kind},   {{"e", "event", "name"}, &out->name},
        {{"u", "user"}, &out->user},   {{"v", "view"}, &out->tab},
        {{"a", "state"}, &out->state}, {{"d", "engaged", ms}, &out->engaged},
        {{"t", "title"}, &out->title}, {{"r", "referrer"}, &out->referrer},
        {{"q"}, &out->query},          {{"utm_campaign"}, &out->campaign},
        {{"utm_term"}, &out->term},    {{"utm_source"}, &out->source},
        {{"_", "sent"}, &out->sent},
    };
    for (size_t m = 0; m < sizeof members / sizeof *members; m++)
        if (!take(event, &members[m], out, &used))
            return BEACON_BAD_BODY;
    return BEACON_OK;
}

static struct slice form_site(struct slice body)
{
    return query_find(body, SLICE("i"), NULL, 0); /* a site id needs no encoding */
}

static bool form_queries(struct slice body, struct slice *site)
{
    char kind[sizeof "query"];

    *site = (struct slice){0};
    if (!slice_eq(query_find(body, SLICE("k"), kind, sizeof kind), SLICE("query")))
        return false;
    *site = form_site(body);
    return true;
}

bool batch_queries(const struct batch *b, struct slice body, struct slice *site)
{
    if (!b->is_json)
        return form_queries(body, site);
    if (b->plain)
        return false;
    for (size_t i = 0; i < b->n; i++) {
        const json_t *event =
            json_is_array((json_t *)b->events) ? json_array_get(b->events, i) : b->events;

        if (!is_query(event))
            continue;
        *site = text_of(event, "i", "site");
        return true;
    }
    return false;
}

static struct slice plain_site(const struct batch *b)
{
    struct beacon first;

    beacon_clear(&first);
    if (b->n > 0)
        plain_events_get(b->plain, 0, &first);
    return first.site;
}

bool batch_site(const struct batch *b, struct slice body, struct slice *site)
{
    const json_t *first = b->events;

    if (json_is_array(first))
        first = json_array_get(first, 0);
    *site = b->plain     ? plain_site(b)
            : b->is_json ? text_of(first, "i", "site")
                         : form_site(body);
    return site_valid(*site);
}

void batch_fini(struct batch *b)
{
    plain_events_free(b->plain);
    json_decref(b->json);
    b->plain = NULL;
    b->json = b->events = NULL;
}
