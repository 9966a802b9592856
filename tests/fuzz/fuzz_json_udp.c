/* Datagrams of JSON from strangers: whatever is an event makes a hit that fits, or is
 * refused. */
#include <stdint.h>
#include <stdlib.h>

#include "../../collector/json_hit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct secret secret;
static struct day_keys keys = {.day = -1};
static struct agent_cache agents;
static const struct beacon_tools tools = {&secret, &keys, &agents};

static void must(bool claim)
{
    if (!claim)
        abort();
}

static void try_hit(const struct json_hit *j)
{
    struct beacon_texts texts;
    struct hit h;

    if (beacon_hit(&j->beacon, &j->from, &tools, 86400000, 1000, &h, &texts) != BEACON_OK)
        return;
    must(site_valid(h.site) && h.visitor != 0);
    must(h.kind == HIT_VIEW || h.kind == HIT_EVENT);
    must(h.path.n > 0 && *h.path.p == '/' && h.path.n <= PATH_MAX_BYTES);
    must(h.name.n <= EVENT_NAME_MAX && h.referrer.n <= REFERRER_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_hits hits;
    struct json_hit hit;

    if (keys.day == -1)
        secret_init(&secret, "the fuzzer's secret", 19);
    if (size > JSON_UDP_MAX ||
        json_hits_open(&hits, (struct slice){(const char *)data, size}) < 0)
        return 0;
    for (size_t i = 0; i < hits.n; i++)
        if (json_hits_get(&hits, i, &hit))
            try_hit(&hit);
    json_hits_close(&hits);
    return 0;
}
