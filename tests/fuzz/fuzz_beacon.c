/* Beacons from strangers, as a query and as a body: whatever makes a hit makes one that
 * fits a datagram and comes out of it the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../collector/batch.h"
#include "../../proto/body.h"
#include "../../proto/utf8.h"

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

static void check_text(struct slice s, size_t max)
{
    uint32_t code;

    must(s.n <= max);
    while (s.n > 0)
        must(utf8_next(&s, &code) && code >= 0x20 && (code < 0x7f || code > 0x9f));
}

static void check_hit(const struct hit *h)
{
    static struct body_writer w;
    static struct body_reader r;
    struct hit got;

    must(site_valid(h->site) && h->visitor != 0);
    must(h->kind <= HIT_EVENT && h->state < HIT_STATES);
    must(h->path.n > 0 && *h->path.p == '/');
    check_text(h->path, PATH_MAX_BYTES);
    check_text(h->name, EVENT_NAME_MAX);
    must(h->kind != HIT_EVENT || h->name.n > 0); /* of a view it is the title */
    body_begin(&w, h->at);
    must(body_add(&w, h));
    must(body_open(&r, w.bytes, w.n) == 0 && body_next(&r, &got) == 1);
    must(slice_eq(got.site, h->site) && slice_eq(got.path, h->path));
    must(slice_eq(got.name, h->name) && got.kind == h->kind && got.state == h->state);
    must(h->engaged <= ENGAGED_MAX_MS && got.engaged == h->engaged);
    must(got.visitor == h->visitor && got.previous == h->previous && got.tab == h->tab);
    must(body_next(&r, &got) == 0);
}

static void try_hit(const struct beacon *b, struct slice referer)
{
    struct beacon_sender from = {
        .ip = {{192, 0, 2, 7}, 4}, .user_agent = referer, .referer = referer};
    struct beacon_texts texts;
    enum beacon_verdict v;
    struct hit h;

    v = beacon_hit(b, &from, &tools, 86400000, 1000, &h, &texts);
    if (v == BEACON_OK)
        check_hit(&h);
    must(beacon_verdict_name(v) != NULL);
}

static void try_body(struct slice body, struct beacon *b)
{
    struct batch batch;

    if (batch_open(&batch, body) != BEACON_OK)
        return;
    must(batch.n <= BATCH_MAX);
    for (size_t i = 0; i < batch.n; i++)
        if (batch_get(&batch, body, i, b) == BEACON_OK)
            try_hit(b, body);
    batch_fini(&batch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {(const char *)data, size};
    struct beacon *b = malloc(sizeof *b);

    must(b != NULL);
    if (keys.day == -1)
        secret_init(&secret, "the fuzzer's secret", 19);
    if (beacon_from_query(b, text) == BEACON_OK)
        try_hit(b, text);
    if (size <= HTTP_BODY_MAX)
        try_body(text, b);
    free(b);
    return 0;
}
