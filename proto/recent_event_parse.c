/* Taking an event apart undoes the escapes of its writer and knows no others. The check
 * of recent_event_check comes first: what is taken after it has the form of an event, if
 * perhaps one of another version. */
#include "recent_event.h"

#include <stdlib.h>
#include "hit.h"
#include "limits.h"
#include "recent_event_form.h"

/* The character that an escape of the writer stands for; @s is behind the backslash. */
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
static const struct recent_form *take_type(struct slice *s)
{
    struct slice type = *s;

    if (!json_take_text(s))
        return NULL;
    type = (struct slice){type.p + 1, (size_t)(s->p - type.p) - 2};
    return recent_form_named(type);
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
static const struct recent_form *take_head(struct slice *s)
{
    const struct recent_form *f;
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
    const struct recent_form *f;
    int path, name = 0, goals = 0;
    size_t referrer = 0;
    const char *texts;
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
    texts = text->n > 0 ? text->p : ""; /* all of them may be empty */
    e->path = (struct slice){texts, (size_t)path};
    e->name = (struct slice){texts + path, (size_t)name};
    e->goals = (struct slice){texts + text->n - goals, (size_t)goals};
    e->referrer = (struct slice){e->goals.p - referrer, referrer};
    return true;
}
