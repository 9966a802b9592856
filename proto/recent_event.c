/* An event is written member by member and checked against exactly that form, so that
 * what lies in Redis or comes over a channel can be passed on unread. Taking one apart
 * again undoes the escapes of this writer and knows no others. */
#include "recent_event.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "hit.h"
#include "limits.h"

/* The members of a kind behind the three that all have; NULL: none. */
struct form {
    uint8_t kind;
    const char *path, *name;
};

static const struct form forms[] = {
    {HIT_VIEW, "path", NULL},
    {HIT_EVENT, "path", "name"},
    {HIT_MESSAGE, "text", "name"},
    {HIT_QUERY, "text", "name"},
};
#define FORMS (sizeof forms / sizeof *forms)

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

/* The character that an escape of this writer stands for; @s is behind the backslash. */
static uint32_t take_escape(struct slice *s)
{
    static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
    const char *at = strchr(letters, s->p[0]);
    char c = s->p[0], hex[5] = "";

    *s = slice_skip(*s, 1);
    if (at)
        return (uint32_t)meant[at - letters];
    if (c != 'u')
        return (unsigned char)c;
    memcpy(hex, s->p, 4);
    *s = slice_skip(*s, 4);
    return (uint32_t)strtoul(hex, NULL, 16);
}

static void add_code(struct buf *out, uint32_t code)
{
    if (code < 0x80)
        buf_add(out, (char[]){(char)code}, 1);
    else if (code < 0x800)
        buf_add(out, (char[]){(char)(0xc0 | code >> 6), (char)(0x80 | (code & 63))}, 2);
    else
        buf_add(out,
                (char[]){(char)(0xe0 | code >> 12), (char)(0x80 | (code >> 6 & 63)),
                         (char)(0x80 | (code & 63))},
                3);
}

/* Takes a text off @s and appends what it says to @out. Returns how many bytes, -1 for
 * none. */
static int decode_text(struct slice *s, struct buf *out)
{
    struct slice text = *s;
    size_t before = out->n;

    if (!json_take_text(s))
        return -1;
    text = (struct slice){text.p + 1, (size_t)(s->p - text.p) - 2};
    while (text.n > 0) {
        const char *escape = memchr(text.p, '\\', text.n);
        size_t plain = escape ? (size_t)(escape - text.p) : text.n;

        buf_add(out, text.p, plain);
        text = slice_skip(text, plain);
        if (!escape)
            break;
        text = slice_skip(text, 1);
        add_code(out, take_escape(&text));
    }
    return out->full ? -1 : (int)(out->n - before);
}

/* Takes the member @name, a text. Returns its length in @text, -1 if it is not there. */
static int take_named(struct slice *s, const char *name, struct buf *text)
{
    struct slice rest = *s;
    int n;

    if (!json_take(&rest, SLICE(",\"")) || !json_take(&rest, slice_of(name)) ||
        !json_take(&rest, SLICE("\":")))
        return -1;
    n = decode_text(&rest, text);
    if (n >= 0)
        *s = rest;
    return n;
}

/* The form of the type that @s begins with, which is taken; NULL: of none. */
static const struct form *take_type(struct slice *s)
{
    struct slice type = *s;

    if (!json_take_text(s))
        return NULL;
    type = (struct slice){type.p + 1, (size_t)(s->p - type.p) - 2};
    for (size_t i = 0; i < FORMS; i++)
        if (slice_eq(type, slice_of(hit_kind_name(forms[i].kind))))
            return &forms[i];
    return NULL;
}

static const struct form *form_of(uint8_t kind)
{
    for (size_t i = 0; i < FORMS; i++)
        if (forms[i].kind == kind)
            return &forms[i];
    return &forms[0];
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
    char hex[12];

    if (e->visitor) {
        snprintf(hex, sizeof hex, "%08" PRIx32, e->visitor);
        write_text(j, "visitor", slice_of(hex));
    }
    if (e->device)
        write_text(j, "device", slice_of(hit_device_name(e->device)));
    if (e->browser)
        write_text(j, "browser", slice_of(hit_browser_name(e->browser)));
    if (e->country[0])
        write_text(j, "country", (struct slice){e->country, sizeof e->country});
    if (e->referrer.n)
        write_text(j, "referrer", e->referrer);
    if (e->goals.n)
        write_goals(j, e->goals);
}

void recent_event_json(struct json *j, const struct recent_event *e)
{
    const struct form *f = form_of(e->kind);

    json_begin_object(j);
    json_key(j, "id");
    json_u64(j, e->id);
    json_key(j, "type");
    json_str(j, hit_kind_name(e->kind));
    json_key(j, "timestamp");
    json_i64(j, e->at);
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

/* The number below @n that @name gives this text, 0: none. */
static uint8_t named(const char *(*name)(unsigned), unsigned n, struct slice text)
{
    for (unsigned i = 1; i < n; i++)
        if (slice_eq(text, slice_of(name(i))))
            return (uint8_t)i;
    return 0;
}

static uint32_t hex_number(struct slice text)
{
    char hex[9] = "";

    if (text.n != 8)
        return 0;
    memcpy(hex, text.p, 8);
    return (uint32_t)strtoul(hex, NULL, 16);
}

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* Takes the member @name if it is there: what it says, else the empty slice. It ends with
 * the next change of @text. */
static struct slice take_optional(struct slice *s, const char *name, struct buf *text)
{
    size_t before = text->n;
    int n = take_named(s, name, text);

    return (struct slice){text->p + before, n > 0 ? (size_t)n : 0};
}

/* Takes the goals if they are there, and appends their names to @text, a blank between
 * two. Returns how many bytes, -1 if they are none that write_goals writes. */
static int take_goals(struct slice *s, struct buf *text)
{
    size_t before = text->n;

    if (!json_take(s, SLICE(",\"goals\":[")))
        return 0;
    for (unsigned i = 0; i < EVENT_GOALS_MAX; i++) {
        size_t from = text->n;
        int n = decode_text(s, text);

        if (n < 1 || n > SETTING_NAME_MAX || memchr(text->p + from, ' ', (size_t)n))
            return -1;
        if (!json_take(s, SLICE(",")))
            return json_take(s, SLICE("]")) ? (int)(text->n - before) : -1;
        buf_str(text, " ");
    }
    return -1;
}

/* All that may stand behind the name of a view or event. The referrer stays in @text. */
static void take_person(struct slice *s, struct recent_event *e, struct buf *text,
                        size_t *referrer)
{
    struct slice country;

    e->visitor = hex_number(take_optional(s, "visitor", text));
    e->device = named(hit_device_name, HIT_DEVICES, take_optional(s, "device", text));
    e->browser = named(hit_browser_name, HIT_BROWSERS, take_optional(s, "browser", text));
    country = take_optional(s, "country", text);
    if (country.n == 2 && is_capital(country.p[0]) && is_capital(country.p[1]))
        memcpy(e->country, country.p, sizeof e->country);
    *referrer = take_optional(s, "referrer", text).n;
}

/* Takes the head, up to and with the timestamp, which is known to be there. */
static const struct form *take_head(struct slice *s)
{
    const struct form *f;
    uint64_t v;

    json_take(s, SLICE("{\"id\":"));
    json_take_u64(s, &v);
    json_take(s, SLICE(",\"type\":"));
    f = take_type(s);
    json_take(s, SLICE(",\"timestamp\":"));
    json_take_u64(s, &v);
    return f;
}

bool recent_event_parse(struct slice json, struct recent_event *e, struct buf *text)
{
    const struct form *f;
    int path, name = 0, goals = 0;
    size_t referrer = 0;
    uint64_t ms = 0;

    *e = (struct recent_event){0};
    buf_clear(text);
    if (!recent_event_check(json, &e->id, &e->at) || e->id == 0 ||
        !(f = take_head(&json)))
        return false;
    e->kind = f->kind;
    path = take_named(&json, f->path, text);
    if (f->name)
        name = take_named(&json, f->name, text);
    if (name < 0 && f->kind == HIT_QUERY)
        name = 0;
    if (path < 0 && f->kind == HIT_QUERY && !slice_starts(json, SLICE(",\"text\":")))
        path = 0; /* left out: it had none */
    if (path < 0 || name < 0 || path > PATH_MAX_BYTES || name > EVENT_NAME_MAX)
        return false;
    if (f->kind == HIT_VIEW || f->kind == HIT_EVENT)
        take_person(&json, e, text, &referrer);
    if (f->kind == HIT_VIEW || f->kind == HIT_EVENT)
        goals = take_goals(&json, text);
    if (f->kind == HIT_QUERY && json_take(&json, SLICE(",\"ms\":")))
        json_take_u64(&json, &ms);
    if (referrer > REFERRER_MAX || goals < 0 || ms > ENGAGED_MAX_MS || text->full)
        return false;
    e->ms = (uint32_t)ms;
    e->path = (struct slice){text->p, (size_t)path};
    e->name = (struct slice){text->p + path, (size_t)name};
    e->goals = (struct slice){text->p + text->n - goals, (size_t)goals};
    e->referrer = (struct slice){e->goals.p - referrer, referrer};
    return true;
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
