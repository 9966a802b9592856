/* Messages of a channel that anybody with Redis' password may publish on. What passes
 * must be JSON, whole and in the pieces that are passed on, and say what the pieces say.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>

#include "../../proto/delta.h"
#include "../../proto/hit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool claim)
{
    if (!claim)
        abort();
}

static json_t *json_of(struct slice text)
{
    json_t *parsed = json_loadb(text.p, text.n, 0, NULL);

    must(parsed != NULL);
    return parsed;
}

static uint64_t number(const json_t *object, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(object, key));
}

/* The state with a brace behind it has all members but the events. */
static void check_state(const json_t *whole, const struct delta_view *v)
{
    struct buf text;
    json_t *state;

    buf_init(&text, 2 * MESSAGE_MAX);
    buf_slice(&text, v->state);
    buf_str(&text, "}");
    state = json_of(buf_get(&text));
    must(json_object_get(state, "events") == NULL);
    must(json_object_size(state) + 1 == json_object_size(whole));
    json_decref(state);
    buf_fini(&text);
}

static void check_numbers(const json_t *whole, const struct delta_view *v)
{
    const json_t *online = json_object_get(whole, "online");
    const json_t *feed = json_object_get(whole, "feed");

    must(site_valid(v->site));
    must(slice_eq(v->site, slice_of(json_string_value(json_object_get(whole, "site")))));
    must(v->epoch == number(whole, "e") && v->commit == number(whole, "q"));
    must(v->n == number(whole, "n") && (uint64_t)v->at == number(whole, "t"));
    must(online && feed);
    if (json_object_size(online) == 8 && json_object_get(online, "members")) {
        must(v->online.members == number(online, "members"));
        must(online_is_fresh(&v->online));
    }
    if (json_object_size(online) == 7) { /* else a later version's may have our names */
        must(v->online.writing == number(online, "writing"));
        must(v->online.tabs == number(online, "tabs"));
    }
    if (json_object_size(feed) == 2)
        must((uint64_t)v->life == number(feed, "life") &&
             v->last == number(feed, "last"));
}

static void check_events(const json_t *whole, const struct delta_view *v)
{
    must(v->nevents <= MESSAGE_EVENTS_MAX);
    must(v->nevents == json_array_size(json_object_get(whole, "events")));
    for (size_t i = 0; i < v->nevents; i++) {
        uint64_t id;
        ms_t at;

        must(recent_event_check(v->event[i], &id, &at) && id == v->event_id[i]);
        json_decref(json_of(v->event[i]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {(const char *)data, size};
    struct delta_view v;
    json_t *whole;

    if (delta_parse(text, &v) < 0)
        return 0;
    whole = json_of(text);
    check_numbers(whole, &v);
    check_state(whole, &v);
    check_events(whole, &v);
    json_decref(whole);
    return 0;
}
