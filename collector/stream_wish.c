/* Names of parameters are compared as sent: none needs encoding. */
#include "stream_wish.h"

#include "../proto/limits.h"
#include "query.h"

#define VALUE_MAX 64 /* bytes, encoded; longer is nothing of ours */

/* A whole number up to EPOCH_MAX off the front of @s. */
static bool take_number(struct slice *s, uint64_t *out)
{
    const char *begin = s->p;

    for (*out = 0; s->n > 0 && *s->p >= '0' && *s->p <= '9'; *s = slice_skip(*s, 1)) {
        *out = *out * 10 + (uint64_t)(*s->p - '0');
        if (*out > EPOCH_MAX)
            return false;
    }
    return s->p > begin;
}

/* "1763000000000-9" */
static void take_id(struct stream_wish *w, struct slice text)
{
    uint64_t life, id;

    w->earliest = slice_eq(text, SLICE("earliest"));
    w->resumes = false;
    if (w->earliest || !take_number(&text, &life) || !slice_starts(text, SLICE("-")))
        return;
    text = slice_skip(text, 1);
    if (!take_number(&text, &id) || text.n > 0)
        return;
    w->resumes = true;
    w->life = (ms_t)life;
    w->id = id;
}

static struct slice find(struct slice query, struct slice name, char text[VALUE_MAX])
{
    return query_find(query, name, text, VALUE_MAX);
}

/* Whether the value is one that this parameter may have, or there is none. */
static bool take_damp(uint32_t *into, struct slice query, struct slice name, int64_t max)
{
    char text[VALUE_MAX];
    struct slice value = find(query, name, text);
    int64_t parsed = value.p ? damp_parse(value, max) : *into;

    if (parsed >= 0)
        *into = (uint32_t)parsed;
    return parsed >= 0;
}

int stream_wish_parse(struct stream_wish *w, struct slice query,
                      struct slice last_event_id, const struct damp *damp,
                      const char **bad)
{
    char id[VALUE_MAX], feed[VALUE_MAX];

    *w = (struct stream_wish){.damp = *damp};
    if (last_event_id.n == 0)
        last_event_id = find(query, SLICE("last_event_id"), id);
    take_id(w, last_event_id);
    w->no_feed = slice_eq(find(query, SLICE("feed"), feed), SLICE("0"));
    if (!take_damp(&w->damp.ratio, query, SLICE("notify-delta-ratio"), DAMP_RATIO_MAX))
        *bad = "notify-delta-ratio must be a number from 0 to 1";
    else if (!take_damp(&w->damp.min_ms, query, SLICE("notify-min-delay"),
                        DAMP_DELAY_MAX))
        *bad = "notify-min-delay must be seconds, at most 3600";
    else if (!take_damp(&w->damp.max_ms, query, SLICE("notify-max-delay"),
                        DAMP_DELAY_MAX))
        *bad = "notify-max-delay must be seconds, at most 3600";
    else
        return 0;
    return -1;
}
