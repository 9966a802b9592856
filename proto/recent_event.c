/* An event is written member by member and checked against exactly that form, so that
 * what lies in Redis or comes over a channel can be passed on unread. */
#include "recent_event.h"

#include "hit.h"
#include "limits.h"
#include "recent_event_form.h"

static const struct recent_form forms[] = {
    {HIT_VIEW, "path", NULL},
    {HIT_EVENT, "path", "name"},
    {HIT_MESSAGE, "text", "name"},
    {HIT_QUERY, "text", "name"},
};
#define FORMS (sizeof forms / sizeof *forms)

const struct recent_form *recent_form_of(uint8_t kind)
{
    for (size_t i = 0; i < FORMS; i++)
        if (forms[i].kind == kind)
            return &forms[i];
    return &forms[0];
}

const struct recent_form *recent_form_named(struct slice type)
{
    for (size_t i = 0; i < FORMS; i++)
        if (slice_eq(type, slice_of(hit_kind_name(forms[i].kind))))
            return &forms[i];
    return NULL;
}

static void write_text(struct json *j, const char *key, struct slice text)
{
    json_key(j, key);
    json_slice(j, text);
}

static void write_goals(struct json *j, struct slice goals)
{
    json_key(j, "goals");
    json_begin_array(j);
    while (goals.n > 0) {
        const char *blank = memchr(goals.p, ' ', goals.n);
        size_t n = blank ? (size_t)(blank - goals.p) : goals.n;

        json_slice(j, (struct slice){goals.p, n});
        goals = slice_skip(goals, blank ? n + 1 : n);
    }
    json_end(j);
}

/* Who it was and whence, as far as it is known, and what that came to. */
static void write_person(struct json *j, const struct recent_event *e)
{
    char hex[8];

    if (e->visitor) {
        for (int i = 0; i < 8; i++)
            hex[i] = "0123456789abcdef"[e->visitor >> (28 - 4 * i) & 15];
        json_word(j, "visitor", (struct slice){hex, sizeof hex});
    }
    if (e->device)
        json_word(j, "device", slice_of(hit_device_name(e->device)));
    if (e->browser)
        json_word(j, "browser", slice_of(hit_browser_name(e->browser)));
    if (e->country[0])
        write_text(j, "country", (struct slice){e->country, sizeof e->country});
    if (e->referrer.n)
        write_text(j, "referrer", e->referrer);
    if (e->goals.n)
        write_goals(j, e->goals);
}

void recent_event_json(struct json *j, const struct recent_event *e)
{
    const struct recent_form *f = recent_form_of(e->kind);

    json_begin_object(j);
    json_number(j, "id", e->id);
    json_word(j, "type", slice_of(hit_kind_name(e->kind)));
    json_signed(j, "timestamp", e->at);
    if (e->path.n > 0 || e->kind != HIT_QUERY)
        write_text(j, f->path, e->path);
    if (f->name && (e->name.n > 0 || e->kind != HIT_QUERY))
        write_text(j, f->name, e->name);
    if (e->kind == HIT_VIEW || e->kind == HIT_EVENT)
        write_person(j, e);
    if (e->kind == HIT_QUERY) {
        json_key(j, "ms");
        json_u64(j, e->ms);
    }
    json_end(j);
}

/* None is written that is empty. */
static bool take_list(struct slice *s)
{
    do
        if (!json_take_text(s))
            return false;
    while (json_take(s, SLICE(",")));
    return json_take(s, SLICE("]"));
}

static bool take_member(struct slice *s)
{
    uint64_t v;

    if (!json_take_text(s) || !json_take(s, SLICE(":")))
        return false;
    if (json_take(s, SLICE("[")))
        return take_list(s);
    return s->n > 0 && s->p[0] == '"' ? json_take_text(s) : json_take_u64(s, &v);
}

bool recent_event_take(struct slice *s, uint64_t *id, ms_t *at)
{
    uint64_t t;

    if (!json_take(s, SLICE("{\"id\":")) || !json_take_u64(s, id) ||
        !json_take(s, SLICE(",\"type\":")) || !json_take_text(s) ||
        !json_take(s, SLICE(",\"timestamp\":")) || !json_take_u64(s, &t))
        return false;
    *at = (ms_t)t;
    while (json_take(s, SLICE(",")))
        if (!take_member(s))
            return false;
    return json_take(s, SLICE("}"));
}

bool recent_event_check(struct slice json, uint64_t *id, ms_t *at)
{
    return recent_event_take(&json, id, at) && json.n == 0;
}

bool recent_event_is_query(struct slice json)
{
    uint64_t id;

    return json_take(&json, SLICE("{\"id\":")) && json_take_u64(&json, &id) &&
           json_take(&json, SLICE(",\"type\":\"query\""));
}

void recent_event_public(struct json *j, struct slice json)
{
    struct recent_event e;
    struct buf text;

    if (!recent_event_is_query(json)) {
        json_raw(j, json);
        return;
    }
    buf_init(&text, RECENT_TEXT_MAX);
    if (recent_event_parse(json, &e, &text)) {
        e.path = (struct slice){0};
        recent_event_json(j, &e);
    } else {
        json_none(j);
    }
    buf_fini(&text);
}
