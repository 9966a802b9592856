/* What strangers say in the words of other systems, as a query, a form or JSON: whatever
 * makes a hit makes one that fits a datagram and comes out of it the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../collector/dialects/fathom.h"
#include "../../collector/dialects/goatcounter.h"
#include "../../collector/json_body.h"
#include "../../collector/dialects/matomo.h"
#include "../../collector/dialects/plausible.h"
#include "../../collector/dialects/snowplow.h"
#include "../../collector/dialects/umami.h"
#include "../../proto/body.h"

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

static void check_hit(const struct hit *h)
{
    static struct body_writer w;
    static struct body_reader r;
    struct hit got;

    must(site_valid(h->site) && h->visitor != 0 && h->kind <= HIT_EVENT);
    must(h->path.n > 0 && *h->path.p == '/' && h->path.n <= PATH_MAX_BYTES);
    must(h->name.n <= EVENT_NAME_MAX && (h->kind != HIT_EVENT || h->name.n > 0));
    must(h->referrer.n <= REFERRER_MAX && h->engaged <= ENGAGED_MAX_MS);
    body_begin(&w, h->at);
    must(body_add(&w, h));
    must(body_open(&r, w.bytes, w.n) == 0 && body_next(&r, &got) == 1);
    must(slice_eq(got.site, h->site) && slice_eq(got.path, h->path));
    must(slice_eq(got.name, h->name) && slice_eq(got.referrer, h->referrer));
    must(got.kind == h->kind && got.engaged == h->engaged);
    must(got.visitor == h->visitor && got.tab == h->tab);
}

static void try_hit(const struct beacon *b)
{
    struct beacon_sender from = {.ip = {{192, 0, 2, 7}, 4}};
    struct beacon_texts texts;
    struct hit h;

    if (beacon_hit(b, &from, &tools, 86400000, 1000, &h, &texts) == BEACON_OK)
        check_hit(&h);
}

/* The list of domains as well: each of them is a piece of it. */
static void try_plausible(struct beacon *b, const json_t *value)
{
    struct slice list, domain;
    size_t n = 0;

    if (plausible_read(b, value) != PLAUSIBLE_HIT)
        return;
    list = b->site;
    while (plausible_next_domain(&list, &domain)) {
        must(domain.n > 0 && !memchr(domain.p, ',', domain.n));
        n += domain.n;
        b->site = domain;
        try_hit(b);
    }
    must(list.n == 0 && n <= HTTP_BODY_MAX);
}

static void try_each(struct beacon *b, const json_t *array)
{
    for (size_t i = 0; i < json_array_size(array) && i < BATCH_MAX; i++) {
        const json_t *one = json_array_get(array, i);

        if (matomo_read_one(b, one) == MATOMO_HIT)
            try_hit(b);
        if (snowplow_read(b, (struct slice){0}, one) == SNOWPLOW_HIT)
            try_hit(b);
    }
}

static void try_json(struct beacon *b, struct slice body)
{
    json_t *value = json_body_parse(body);

    if (value == NULL)
        return;
    try_plausible(b, value);
    if (umami_read(b, value) == UMAMI_HIT)
        try_hit(b);
    try_each(b, json_body_array(value, "data"));
    try_each(b, json_body_array(value, "requests"));
    json_decref(value);
}

static void try_form(struct beacon *b, struct slice text)
{
    struct slice half = {text.p, text.n / 2};
    bool no_image;

    if (matomo_read(b, half, slice_skip(text, half.n), &no_image) == MATOMO_HIT)
        try_hit(b);
    if (matomo_read(b, (struct slice){0}, text, &no_image) == MATOMO_HIT)
        try_hit(b);
}

static void try_query(struct beacon *b, struct slice text)
{
    if (goatcounter_read(b, text) == GOATCOUNTER_HIT)
        try_hit(b);
    if (fathom_read(b, text) == BEACON_OK)
        try_hit(b);
    if (snowplow_read(b, text, NULL) == SNOWPLOW_HIT)
        try_hit(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {(const char *)data, size};
    struct beacon *b = malloc(sizeof *b);

    must(b != NULL);
    if (keys.day == -1)
        secret_init(&secret, "the fuzzer's secret", 19);
    if (size <= HTTP_BODY_MAX) {
        try_json(b, text);
        try_form(b, text);
        try_query(b, text);
    }
    free(b);
    return 0;
}
