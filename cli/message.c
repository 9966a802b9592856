/* Numbers are absolute, so whoever missed a message is right again with the next; what a
 * gap takes away for good is only its events. */
#include "message.h"

#include <stdlib.h>

/* Whole and not negative, else 0. */
static uint64_t count(const json_t *object, const char *key)
{
    int64_t v = member_int(object, key);

    return v > 0 ? (uint64_t)v : 0;
}

/* {"1":3,"5":3,"30":4}: the value of the longest window up to MESSAGE_WINDOW. */
static uint64_t window_count(const json_t *message, const char *key)
{
    json_t *windows = json_object_get(message, key);
    const char *minutes;
    long longest = 0;
    json_t *v;
    uint64_t found = 0;

    json_object_foreach(windows, minutes, v)
    {
        long m = strtol(minutes, NULL, 10);

        if (m > longest && m <= MESSAGE_WINDOW) {
            longest = m;
            found = count(windows, minutes);
        }
    }
    return found;
}

static bool has_flag(const json_t *message, const char *flag)
{
    const json_t *flags = json_object_get(message, "flags");

    for (size_t i = 0; i < json_array_size(flags); i++) {
        const char *text = json_string_value(json_array_get(flags, i));

        if (text && strcmp(text, flag) == 0)
            return true;
    }
    return false;
}

int message_parse(struct message *m, struct slice text)
{
    const json_t *change;

    *m = (struct message){.json =
                              json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL)};
    if (!json_is_integer(json_object_get(m->json, "e")) ||
        !json_is_integer(json_object_get(m->json, "n"))) {
        message_fini(m);
        return -1;
    }
    change = json_object_get(m->json, "d");
    m->epoch = count(m->json, "e");
    m->n = count(m->json, "n");
    m->at = member_int(m->json, "t");
    m->visitors = window_count(m->json, "visitors");
    m->views = window_count(m->json, "pv");
    m->new_views = count(change, "pv");
    m->new_events = count(change, "ev");
    m->new_visitors = count(change, "new");
    m->tick = has_flag(m->json, "tick");
    m->events = json_object_get(m->json, "events");
    return 0;
}

void message_fini(struct message *m)
{
    json_decref(m->json);
    m->json = NULL;
}

bool message_event(const struct message *m, size_t i, struct sighting *e)
{
    if (i >= json_array_size(m->events))
        return false;
    if (!sighting_read(e, json_array_get(m->events, i)))
        *e = (struct sighting){.type = {"", 0}, .path = {"", 0}, .name = {"", 0}};
    return true;
}

enum sequence_step sequence_step(struct sequence *s, uint64_t epoch, uint64_t n,
                                 uint64_t *missing)
{
    struct sequence before = *s;

    *missing = 0;
    if (before.started &&
        (epoch < before.epoch || (epoch == before.epoch && n <= before.n)))
        return SEQUENCE_OLD;
    *s = (struct sequence){true, epoch, n};
    if (!before.started)
        return SEQUENCE_FIRST;
    if (epoch != before.epoch)
        return SEQUENCE_RESTART;
    *missing = n - before.n - 1;
    return *missing ? SEQUENCE_GAP : SEQUENCE_NEXT;
}
