/* Lenient on purpose: a reader at a terminal shows what it can of a newer aggregator's
 * messages. */
#include "sighting.h"

struct slice member_text(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);

    if (!json_is_string(v))
        return (struct slice){"", 0};
    return (struct slice){json_string_value(v), json_string_length(v)};
}

int64_t member_int(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

bool sighting_is_message(const struct sighting *s)
{
    return slice_eq(s->type, SLICE("message")) || sighting_is_query(s);
}

bool sighting_is_query(const struct sighting *s)
{
    return slice_eq(s->type, SLICE("query"));
}

bool sighting_read(struct sighting *s, const json_t *object)
{
    if (!json_is_object(object))
        return false;
    s->type = member_text(object, "type");
    s->path = member_text(object, sighting_is_message(s) ? "text" : "path");
    s->name = member_text(object, "name");
    s->at = member_int(object, "timestamp");
    s->ms = member_int(object, "ms");
    return true;
}
