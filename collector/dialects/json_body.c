/* Members of another type than the one that was asked for are as good as absent: what a
 * page says in vain is no reason to lose its view. */
#include "json_body.h"

json_t *json_body_parse(struct slice body)
{
    return body.n ? json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES, NULL) : NULL;
}

struct slice json_body_text(const json_t *object, const char *name)
{
    const json_t *v = json_object_get(object, name);

    return json_is_string(v) ? (struct slice){json_string_value(v), json_string_length(v)}
                             : (struct slice){0};
}

const json_t *json_body_object(const json_t *object, const char *name)
{
    const json_t *v = json_object_get(object, name);

    return json_is_object(v) ? v : NULL;
}

const json_t *json_body_array(const json_t *object, const char *name)
{
    const json_t *v = json_object_get(object, name);

    return json_is_array(v) ? v : NULL;
}
