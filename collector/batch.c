/* batch: jansson reads the body, this file picks the fields. Not the hot path. */
#include "batch.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

static bool looks_like_json(struct slice body)
{
    size_t i = 0;

    while (i < body.n && strchr(" \t\r\n", body.p[i]))
        i++;
    return i < body.n && (body.p[i] == '{' || body.p[i] == '[');
}

enum beacon_verdict batch_open(struct batch *b, struct slice body)
{
    json_t *root, *events;

    *b = (struct batch){.n = 1};
    if (!looks_like_json(body))
        return body.n > HTTP_REQUEST_LINE_MAX ? BEACON_BAD_BODY : BEACON_OK;
    root = json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES, NULL);
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

/* The text of member @name, or of its @alias, or of the @other one. A whole number is
 * written into @out's text from *@used on. False when it is of another type. */
static bool take(const json_t *event, const char *const names[3], bool numbers,
                 struct beacon *out, size_t *used, struct slice *text)
{
    const json_t *v = NULL;

    for (int i = 0; i < 3 && names[i] && !v; i++)
        v = json_object_get(event, names[i]);
    if (!v || json_is_null(v))
        return true;
    if (json_is_string(v)) {
        *text = (struct slice){json_string_value(v), json_string_length(v)};
        return true;
    }
    if (!numbers || !json_is_integer(v))
        return json_is_true(v) && !numbers && (*text = SLICE("true"), true);
    text->p = out->text + *used;
    text->n = (size_t)snprintf(out->text + *used, 24, "%" JSON_INTEGER_FORMAT,
                               json_integer_value(v));
    *used += text->n + 1;
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
    if (json_is_array(event))
        event = json_array_get(event, i);
    if (!json_is_object(event))
        return BEACON_BAD_BODY;
    const struct {
        const char *names[3];
        struct slice *field;
        bool numbers;
    } members[] = {
        {{"i", "site"}, &out->site, true},    {{"p", "path", "url"}, &out->path, false},
        {{"k", "kind"}, &out->kind, false},   {{"e", "event", "name"}, &out->name, false},
        {{"u", "user"}, &out->user, true},    {{"v", "view"}, &out->tab, true},
        {{"a", "state"}, &out->state, false},
    };
    for (size_t m = 0; m < sizeof members / sizeof *members; m++)
        if (!take(event, members[m].names, members[m].numbers, out, &used,
                  members[m].field))
            return BEACON_BAD_BODY;
    return BEACON_OK;
}

void batch_fini(struct batch *b)
{
    json_decref(b->json);
    b->json = b->events = NULL;
}
