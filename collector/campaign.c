/* campaign: three parameters out of a query. Most pages have none, which a search
 * for "utm_" tells; only those that have it are taken apart. */
#include "campaign.h"

#include "../proto/hit.h"
#include "query.h"

static void take_name(struct slice *field, struct slice value, char *out)
{
    if (!field->p && value.n > 0)
        *field = campaign_normalize(value, out);
}

/* A lone "-" would be the site's own pages. */
static void take_source(struct slice *field, struct slice value, char *out)
{
    if (!field->p && value.n > 0 && !slice_eq(value, SLICE("-")))
        *field = host_normalize(value, out);
}

void campaign_take(struct campaign *c, struct slice name, struct slice term,
                   struct slice source, struct campaign_texts *texts)
{
    take_name(&c->name, name, texts->name);
    take_name(&c->term, term, texts->term);
    take_source(&c->source, source, texts->source);
}

/* Whether "utm_" stands in @s somewhere. Most have no '_' at all. */
static bool has_utm(struct slice s)
{
    const char *p = s.p, *end = s.p + s.n;

    while (p < end && (p = memchr(p, '_', (size_t)(end - p))) != NULL) {
        if (p - s.p >= 3 && memcmp(p - 3, "utm", 3) == 0)
            return true;
        p++;
    }
    return false;
}

struct slice campaign_query(struct slice page)
{
    const char *mark = page.n ? memchr(page.p, '?', page.n) : NULL;
    const char *hash;

    if (!mark || memchr(page.p, '#', (size_t)(mark - page.p)))
        return (struct slice){0};
    page = slice_skip(page, (size_t)(mark + 1 - page.p));
    hash = page.n ? memchr(page.p, '#', page.n) : NULL;
    if (hash)
        page.n = (size_t)(hash - page.p);
    return has_utm(page) ? page : (struct slice){0};
}

void campaign_read(struct campaign *c, struct slice query, struct campaign_texts *texts)
{
    const struct slice none = {0};
    char decoded[CAMPAIGN_RAW_MAX];
    struct slice name, value;
    struct query q;

    if (query.n > 0 && *query.p == '?')
        query = slice_skip(query, 1);
    query_init(&q, query);
    while (query_next(&q, &name, &value)) {
        if (!slice_starts(name, SLICE("utm_")))
            continue;
        if (value.n > sizeof decoded)
            value.n = sizeof decoded;
        value = query_decode(value, decoded);
        if (slice_eq(name, SLICE("utm_campaign")))
            campaign_take(c, value, none, none, texts);
        else if (slice_eq(name, SLICE("utm_term")))
            campaign_take(c, none, value, none, texts);
        else if (slice_eq(name, SLICE("utm_source")))
            campaign_take(c, none, none, value, texts);
    }
}
