/* The body is read before the token is looked at, because it ends with the call and the
 * token may have to be asked for; that something is wrong with it is told to those only
 * who may send. Not a hot path: jansson reads JSON. */
#include "messages.h"

#include <jansson.h>
#include "access_http.h"
#include "scan.h"
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
    m->text_n = settle(text_normalize(text, m->text), m->text);
    m->name_n = settle(name_normalize(name, m->name), m->name);
    m->error = m->text_n == 0 ? "no_text" : NULL;
}

static void parse_json(struct posted *m, struct slice body)
{
    json_t *root = json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES, NULL);
    struct slice text, name;

    m->error = "bad_body";
    if (json_is_object(root) && member(root, "text", &text) &&
        member(root, "name", &name))
        messages_set(m, text, name);
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
                    .kind = HIT_MESSAGE,
                    .visitor = VISITOR_NOBODY,
                    .at = now};

    if (m->error)
        return m->error;
    uplink_add(w->uplink, &h, now);
    COUNT(&w->counters, feed_messages);
    return NULL;
}

enum handled messages_post(struct exchange *x)
{
    struct posted m;

    messages_parse(&m, x->request->content_type, x->body);
    return access_demand(x, SCOPE_SEND, messages_deliver, &m, sizeof m);
}
