/* jansson reads the text, this file picks the members. Not the hot path. */
#include "json_hit.h"

#include "json_body.h"

int json_hits_open(struct json_hits *h, struct slice text)
{
    json_t *root = json_loadb(text.p, text.n, 0, NULL); /* takes no other values */

    if (root == NULL)
        return -1;
    *h = (struct json_hits){.root = root, .n = 1};
    if (json_is_array(root)) {
        h->list = root;
        h->n = json_array_size(root);
    }
    return 0;
}

/* The text of the first of these members that is one. */
static struct slice text_of(const json_t *object, const char *name, const char *or_name)
{
    struct slice text = json_body_text(object, name);

    return text.p || !or_name ? text : json_body_text(object, or_name);
}

bool json_hits_get(const struct json_hits *h, size_t i, struct json_hit *out)
{
    const json_t *one = h->list ? json_array_get(h->list, i) : h->root;
    struct beacon *b = &out->beacon;
    struct slice ip;

    beacon_clear(b);
    out->from = (struct beacon_sender){0};
    if (!json_is_object(one))
        return false;
    b->site = text_of(one, "site", "i");
    b->path = text_of(one, "u", "url");
    b->name = text_of(one, "event", NULL);
    b->user = text_of(one, "guid", "user");
    b->referrer = text_of(one, "ref", "referrer");
    b->title = text_of(one, "title", NULL);
    out->from.user_agent = text_of(one, "ua", "user_agent");
    ip = text_of(one, "ip", NULL);
    return ip.n == 0 || ip_parse(&out->from.ip, ip) == 0;
}

void json_hits_close(struct json_hits *h)
{
    json_decref(h->root);
    *h = (struct json_hits){0};
}
