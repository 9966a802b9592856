/* events_agree: what plain_events makes of a body of POST /e, beside what jansson makes
 * of it: the same events in the same fields, the same hits, the same reasons to refuse
 * one, and the same site for a token to be of. */
#ifndef HC_TESTS_EVENTS_AGREE_H
#define HC_TESTS_EVENTS_AGREE_H

#include "../collector/batch.h"

/* One event as far as it gets. */
struct judged {
    enum beacon_verdict verdict;
    struct beacon beacon;
    struct beacon_texts texts;
    struct hit hit;
};

/* @fill is what @out had before; another one for each reader, so that they differ in what
 * neither sets. */
static inline void judge_event(const struct batch *b, struct slice body, size_t i,
                               int fill, struct judged *out)
{
    static struct secret secret;
    static struct day_keys keys = {.day = -1};
    static struct agent_cache agents;
    const struct beacon_tools tools = {&secret, &keys, &agents};
    const struct beacon_sender from = {.ip = {{192, 0, 2, 7}, 4},
                                       .user_agent = SLICE("Mozilla/5.0 Firefox/130.0"),
                                       .referer = SLICE("https://example.com/there?q=1")};

    if (keys.day == -1)
        secret_init(&secret, "the oracle's secret", 19);
    memset(out, fill, sizeof *out);
    out->verdict = batch_get(b, body, i, &out->beacon);
    if (out->verdict == BEACON_OK)
        out->verdict = beacon_hit(&out->beacon, &from, &tools, 86400000, 1000, &out->hit,
                                  &out->texts);
}

/* An empty text is another thing than none (campaign.h). */
static inline bool same_slices(const struct slice *a, const struct slice *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!slice_eq(a[i], b[i]) || (a[i].p == NULL) != (b[i].p == NULL))
            return false;
    return true;
}

/* The slices stand first in a beacon and in a hit. */
static inline bool same_fields(const struct beacon *a, const struct beacon *b)
{
    return same_slices(&a->site, &b->site, (size_t)(&a->sent - &a->site) + 1) &&
           a->no_image == b->no_image && a->lasts == b->lasts &&
           a->named_at == b->named_at;
}

static inline bool same_hit(const struct hit *a, const struct hit *b)
{
    return same_slices(&a->site, &b->site, (size_t)(&a->term - &a->site) + 1) &&
           a->visitor == b->visitor && a->previous == b->previous && a->tab == b->tab &&
           a->engaged == b->engaged && a->at == b->at && a->kind == b->kind &&
           a->state == b->state && a->marks == b->marks && a->lasts == b->lasts &&
           a->device == b->device && a->browser == b->browser &&
           memcmp(a->country, b->country, sizeof a->country) == 0;
}

static inline const char *event_differs(const struct batch *plain,
                                        const struct batch *parsed, struct slice body,
                                        size_t i)
{
    static struct judged a, b;

    judge_event(plain, body, i, 0xa5, &a);
    judge_event(parsed, body, i, 0x5a, &b);
    if (a.verdict != b.verdict)
        return "another verdict";
    if (!same_fields(&a.beacon, &b.beacon))
        return "another field";
    return a.verdict == BEACON_OK && !same_hit(&a.hit, &b.hit) ? "another hit" : NULL;
}

static inline const char *site_differs(const struct batch *plain,
                                       const struct batch *parsed, struct slice body)
{
    struct slice a, b;

    if (batch_queries(plain, body, &a) || batch_queries(parsed, body, &b))
        return "a query";
    if (batch_site(plain, body, &a) != batch_site(parsed, body, &b) || !slice_eq(a, b))
        return "another site";
    return NULL;
}

static inline const char *batches_differ(const struct batch *plain,
                                         const struct batch *parsed, struct slice body)
{
    const char *how = NULL;

    if (plain->n != parsed->n || plain->is_json != parsed->is_json)
        return "another number of events";
    for (size_t i = 0; i < plain->n && !how; i++)
        how = event_differs(plain, parsed, body, i);
    return how ? how : site_differs(plain, parsed, body);
}

/* Returns what differs; NULL: nothing, or @body is not plain (*@was_plain), so that there
 * is only what jansson makes of it. */
static inline const char *events_differ(struct slice body, bool *was_plain)
{
    struct batch plain, parsed;
    const char *how = NULL;

    *was_plain = false;
    if (batch_open(&plain, body) != BEACON_OK)
        return NULL;
    *was_plain = plain.plain != NULL;
    if (*was_plain) {
        how = batch_open_parsed(&parsed, body) == BEACON_OK
                  ? batches_differ(&plain, &parsed, body)
                  : "no batch";
        batch_fini(&parsed);
    }
    batch_fini(&plain);
    return how;
}

#endif
