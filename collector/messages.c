/* The body is read before the token is looked at, because it ends with the call and the
 * token may have to be asked for; that something is wrong with it is told to those only
 * who may send. Not a hot path: jansson reads JSON. */
#include "messages.h"

#include <jansson.h>
#include <stdio.h>
#include "access_http.h"
#include "../proto/scan.h"
#include "worker.h"

/* The media type without its parameters. */
static struct slice media_type(struct slice type)
{
    const char *semicolon = type.n ? memchr(type.p, ';', type.n) : NULL;

    return scan_trim(type.p, semicolon ? semicolon : type.p + type.n);
}

static bool is_json(struct slice type, struct slice body)
{
    type = media_type(type);
    if (SCAN_IS(type, "application/json"))
        return true;
    return !SCAN_IS(type, "text/plain") && slice_starts(body, SLICE("{"));
}

/* A text, or nothing: absent and null are as good as empty. False for other types. */
static bool member(const json_t *root, const char *name, struct slice *text)
{
    const json_t *v = json_object_get(root, name);

    *text = (struct slice){0};
    if (json_is_string(v))
        *text = (struct slice){json_string_value(v), json_string_length(v)};
    return v == NULL || json_is_null(v) || json_is_string(v);
}

/* A normalized text begins somewhere in its place: moves it to the front. */
static uint16_t settle(struct slice text, char *place)
{
    memmove(place, text.p, text.n);
    return (uint16_t)text.n;
}

void messages_set(struct posted *m, struct slice text, struct slice name)
{
    m->kind = HIT_MESSAGE;
    m->text_n = settle(text_normalize(text, m->text), m->text);
    m->name_n = settle(name_normalize(name, m->name), m->name);
    m->error = m->text_n == 0 ? "no_text" : NULL;
}

/* Statements are written over several lines; what parts their words becomes one blank.
 * Returns how many bytes of @out that takes, at most @room. */
static size_t flatten(struct slice text, char *out, size_t room)
{
    size_t n = 0;

    for (size_t i = 0; i < text.n && n < room; i++) {
        bool blank = memchr(" \t\r\n\f\v", text.p[i], 6);

        if (!blank || (n > 0 && out[n - 1] != ' '))
            out[n++] = blank ? ' ' : text.p[i];
    }
    return n;
}

/* Digits, and perhaps a point with more of them. What is more than a hit can say is cut
 * to that. */
static bool read_ms(struct slice text, uint32_t *ms)
{
    size_t i = 0;

    *ms = 0;
    for (; i < text.n && text.p[i] >= '0' && text.p[i] <= '9'; i++)
        if (*ms < ENGAGED_MAX_MS)
            *ms = *ms * 10 + (uint32_t)(text.p[i] - '0');
    if (*ms > ENGAGED_MAX_MS)
        *ms = ENGAGED_MAX_MS;
    if (i == 0)
        return false;
    if (i < text.n && text.p[i] == '.')
        i++;
    while (i < text.n && text.p[i] >= '0' && text.p[i] <= '9')
        i++;
    return i == text.n;
}

void messages_set_query(struct posted *m, struct slice text, struct slice name,
                        struct slice ms)
{
    char line[8 * PATH_MAX_BYTES];

    messages_set(m, (struct slice){line, flatten(text, line, sizeof line)}, name);
    m->kind = HIT_QUERY;
    if (!read_ms(ms, &m->ms) && m->error == NULL)
        m->error = "bad_ms";
}

/* The milliseconds, a number or its text, as text in @out. */
static struct slice ms_text(const json_t *v, char out[32])
{
    double ms = json_number_value(v);

    if (json_is_string(v))
        return (struct slice){json_string_value(v), json_string_length(v)};
    if (!json_is_number(v) || ms < 0)
        return (struct slice){0};
    snprintf(out, 32, "%.0f", ms < ENGAGED_MAX_MS ? (double)(long)ms : ENGAGED_MAX_MS);
    return slice_of(out);
}

static void take_members(struct posted *m, const json_t *root)
{
    struct slice text, name, kind;
    char ms[32];

    m->error = "bad_body";
    if (!member(root, "text", &text) || !member(root, "name", &name) ||
        !member(root, "kind", &kind))
        return;
    if (slice_eq(kind, SLICE("query")))
        messages_set_query(m, text, name, ms_text(json_object_get(root, "ms"), ms));
    else if (kind.n == 0 || slice_eq(kind, SLICE("message")))
        messages_set(m, text, name);
    else
        m->error = "bad_kind";
}

static void parse_json(struct posted *m, struct slice body)
{
    json_t *root = json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES, NULL);

    m->error = "bad_body";
    if (json_is_object(root))
        take_members(m, root);
    json_decref(root);
}

void messages_parse(struct posted *m, struct slice type, struct slice body)
{
    *m = (struct posted){0};
    if (is_json(type, body))
        parse_json(m, body);
    else
        messages_set(m, body, (struct slice){0});
}

const char *messages_deliver(struct worker *w, struct slice site, const void *wish)
{
    const struct posted *m = wish;
    mono_t now = worker_now(w)->mono;
    struct hit h = {.site = site,
                    .path = {m->text, m->text_n},
                    .name = {m->name, m->name_n},
                    .kind = m->kind,
                    .engaged = m->ms,
                    .visitor = VISITOR_NOBODY,
                    .at = now};

    if (m->error)
        return m->error;
    uplink_add(w->uplink, &h, now);
    COUNT_ADD(&w->counters, feed_messages, m->kind == HIT_MESSAGE);
    COUNT_ADD(&w->counters, queries, m->kind == HIT_QUERY);
    return NULL;
}

enum handled messages_post(struct exchange *x)
{
    struct posted m;

    messages_parse(&m, x->request->content_type, x->body);
    return access_demand(x, SCOPE_SEND, messages_deliver, &m, sizeof m);
}
