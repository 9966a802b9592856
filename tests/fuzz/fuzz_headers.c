/* Header values that are read by themselves, each the whole input: a User-Agent, a
 * Referer, cookies, an Authorization, an Origin. What is found lies in the input, keeps
 * its bounds, and read once more is the same. */
#include <stdint.h>
#include <stdlib.h>

#include "../../collector/agent_cache.h"
#include "../../collector/campaign.h"
#include "../../collector/dialects/session.h"
#include "../../collector/token.h"
#include "../../proto/hit.h"
#include "../../proto/origin.h"
#include "../../proto/referrer_class.h"
#include "../../proto/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool claim)
{
    if (!claim)
        abort();
}

static bool is_within(struct slice part, struct slice whole)
{
    return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void check_agent(struct slice text)
{
    static struct agent_cache cache;
    struct slice seen = {text.p, text.n < AGENT_BYTES ? text.n : AGENT_BYTES};
    struct agent a = agent_read(text), b = agent_read(seen);

    must(a.device < HIT_DEVICES && a.browser < HIT_BROWSERS);
    must(text.n > 0 || (a.device == DEVICE_NONE && a.browser == BROWSER_NONE));
    must(a.device == b.device && a.browser == b.browser);
    for (int i = 0; i < 2; i++) {
        b = agent_cache_read(&cache, text);
        must(a.device == b.device && a.browser == b.browser && !b.is_robot);
    }
}

static void check_referrer(struct slice text)
{
    char out[REFERRER_MAX], again[REFERRER_MAX];
    struct slice host = host_normalize(text, out);

    must(host.n <= REFERRER_MAX);
    for (size_t i = 0; i < host.n; i++)
        must((uint8_t)host.p[i] > ' ' && !strchr("/?#@<>\"", host.p[i]));
    must(host.n == 0 || slice_eq(host_normalize(host, again), host) ||
         slice_starts(host, SLICE("www.")));
    must(referrer_class(host) < REFERRER_CLASSES);
    must(referrer_class(text) < REFERRER_CLASSES);
}

static void check_text(struct slice s, size_t max)
{
    uint32_t code;

    must(s.n <= max);
    while (s.n > 0)
        must(utf8_next(&s, &code) && code >= 0x20 && (code < 0x7f || code > 0x9f));
}

static void check_campaign(struct slice page)
{
    struct slice query = campaign_query(page);
    struct campaign_texts texts;
    struct campaign c = {0};

    must(is_within(query, page));
    campaign_read(&c, query, &texts);
    check_text(c.name, CAMPAIGN_MAX);
    check_text(c.term, CAMPAIGN_MAX);
    check_text(c.source, REFERRER_MAX);
}

static void check_cookies(struct slice cookies)
{
    struct slice value = session_find(cookies, SLICE("hc"));

    must(is_within(value, cookies));
    must(value.n == 0 || !memchr(value.p, ';', value.n));
    if (session_valid(value)) {
        must(session_minted(value) >= 0);
        must(session_young(value, session_minted(value)));
    }
    session_is_foreign(cookies, SLICE("stats.example:8080"));
}

static void check_token(struct slice text)
{
    struct token_hash hash, again;
    struct token token;

    if (token_of_header(text, &hash) == BEARER_TOKEN) {
        struct slice alone = {text.p + text.n - TOKEN_TEXT, TOKEN_TEXT};

        must(text.n > TOKEN_TEXT);
        alone = slice_trim(alone);
        if (alone.n == TOKEN_TEXT && token_of_text(alone, &again) == BEARER_TOKEN)
            must(memcmp(hash.b, again.b, TOKEN_HASH) == 0);
    }
    if (token_parse(&token, text))
        must(token_scope(&token, 1, &token.hash) == token.scope &&
             token.scope > SCOPE_NONE && token.scope <= SCOPE_ADMIN);
}

/* As it is written it is the same. */
static void check_origin(struct slice text)
{
    char out[ORIGIN_MAX], out_again[ORIGIN_MAX];
    struct origin o, again;
    size_t n, n_again;

    must(is_within(origin_of_url(text), text));
    if (!origin_read(&o, text, out, &n))
        return;
    must(n <= ORIGIN_MAX && o.host.n > 0 && is_within(o.host, (struct slice){out, n}));
    must(origin_read(&again, (struct slice){out, n}, out_again, &n_again));
    must(slice_eq((struct slice){out, n}, (struct slice){out_again, n_again}));
    must(origin_matches(&o, &again) == !o.is_wild);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {(const char *)data, size};

    check_agent(text);
    check_referrer(text);
    check_campaign(text);
    check_cookies(text);
    check_token(text);
    check_origin(text);
    return 0;
}
