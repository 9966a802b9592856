/* Queries of the pixel and the hits that come of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../collector/beacon.h"
#include "../../collector/counters.h"
#include "../../proto/utf8.h"
#include "../dice.h"
#include "../guard.h"

#define NOON (20000 * INT64_C(86400000) + 43200000)
#define AT 123456

static struct secret secret;
static struct agent_cache agents;
static struct beacon beacon;
static struct beacon_texts texts;

static int make_secret(void **state)
{
    (void)state;
    secret_init(&secret, "sixteen and more bytes", 22);
    return 0;
}

static struct slice guarded(const char *text)
{
    return (struct slice){guard_copy(text, strlen(text)), strlen(text)};
}

static enum beacon_verdict hit_of(const char *query, const char *referer, struct hit *h)
{
    struct beacon_sender from = {
        .ip = {{192, 0, 2, 7}, 4}, .user_agent = SLICE("A"), .referer = guarded(referer)};
    struct day_keys keys = {.day = -1};
    const struct beacon_tools tools = {&secret, &keys, &agents};
    enum beacon_verdict v;

    memset(&beacon, 0xa5, sizeof beacon);
    v = beacon_from_query(&beacon, guarded(query));
    if (v != BEACON_OK)
        return v;
    return beacon_hit(&beacon, &from, &tools, NOON, AT, h, &texts);
}

static struct hit must_hit(const char *query)
{
    struct hit h;

    assert_int_equal(hit_of(query, "", &h), BEACON_OK);
    return h;
}

static void assert_slice(struct slice got, const char *want, const char *query)
{
    if (!slice_eq(got, slice_of(want)))
        fail_msg("\"%s\" gives \"%.*s\", not \"%s\"", query, (int)got.n, got.p, want);
}

static void a_beacon_becomes_a_hit(void **state)
{
    struct hit h = must_hit("i=shop&p=%2Fcart%3Fx%3D1&k=h&a=w&v=abc&t=Cart&rnd=7&_");

    (void)state;
    assert_slice(h.site, "shop", "");
    assert_slice(h.path, "/cart", "");
    assert_slice(h.name, "Cart", "");
    assert_int_equal(h.kind, HIT_HEARTBEAT);
    assert_int_equal(h.state, STATE_WRITING);
    assert_int_equal(h.at, AT);
    assert_int_not_equal(h.visitor, 0);
    assert_int_equal(h.previous, 0);
    assert_int_equal(h.tab, siphash(&secret.v[0].tab, "abc", 3));
    assert_int_equal(must_hit("i=shop").tab, 0);
    assert_int_equal(must_hit("i=shop&v=").tab, 0);
}

static void the_visitor_is_the_address_or_its_own_id(void **state)
{
    struct day_keys keys = {.day = -1};
    struct ip ip = {{192, 0, 2, 7}, 4};
    struct visitor_ids by_address, by_id;

    (void)state;
    by_address =
        visitor_identify(&keys, &secret, NOON, SLICE("shop"), SLICE(""), &ip, SLICE("A"));
    by_id = visitor_identify(&keys, &secret, NOON, SLICE("shop"), SLICE("me"), &ip,
                             SLICE("A"));
    assert_int_equal(must_hit("i=shop").visitor, by_address.visitor);
    assert_int_equal(must_hit("i=shop&u=").visitor, by_address.visitor);
    assert_int_equal(must_hit("i=shop&u=m%65").visitor, by_id.visitor);
}

static void kinds_and_states_go_by_letter_or_word(void **state)
{
    static const struct {
        const char *query;
        int kind, state;
    } row[] = {
        {"i=s", HIT_VIEW, STATE_NONE},
        {"i=s&k=&a=", HIT_VIEW, STATE_NONE},
        {"i=s&k=v&a=r", HIT_VIEW, STATE_READING},
        {"i=s&k=view&a=reading", HIT_VIEW, STATE_READING},
        {"i=s&k=pageview", HIT_VIEW, STATE_NONE},
        {"i=s&k=h&a=w", HIT_HEARTBEAT, STATE_WRITING},
        {"i=s&k=heartbeat&a=writing", HIT_HEARTBEAT, STATE_WRITING},
        {"i=s&k=l&a=i", HIT_LEAVE, STATE_IDLE},
        {"i=s&k=leave&a=idle", HIT_LEAVE, STATE_IDLE},
        {"i=s&k=e&e=x&a=b", HIT_EVENT, STATE_BACKGROUND},
        {"i=s&k=event&e=x&a=background", HIT_EVENT, STATE_BACKGROUND},
        {"i=s&k=%68&a=%77riting", HIT_HEARTBEAT, STATE_WRITING},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct hit h = must_hit(row[i].query);

        if (h.kind != row[i].kind || h.state != row[i].state)
            fail_msg("\"%s\" gives kind %d, state %d", row[i].query, h.kind, h.state);
    }
}

static void attention_is_whole_ms_up_to_its_bound(void **state)
{
    static const struct {
        const char *query;
        uint32_t ms;
    } row[] = {
        {"i=s", 0},
        {"i=s&d=", 0},
        {"i=s&d=0", 0},
        {"i=s&d=1", 1},
        {"i=s&d=0014999", 14999},
        {"i=s&k=h&d=14999.98", 14999},
        {"i=s&d=7.", 7},
        {"i=s&d=.7", 0},
        {"i=s&d=239999", 239999},
        {"i=s&d=240000", ENGAGED_MAX_MS},
        {"i=s&d=240001", ENGAGED_MAX_MS},
        {"i=s&d=4294967297", ENGAGED_MAX_MS},
        {"i=s&d=99999999999999999999999999", ENGAGED_MAX_MS},
        {"i=s&k=l&d=%31%30", 10},
        {"i=s&d=-5", 0},
        {"i=s&d=+5", 0},
        {"i=s&d=1e5", 0},
        {"i=s&d=5ms", 0},
        {"i=s&d=1.5.2", 0},
        {"i=s&d=true", 0},
        {"i=s&d=NaN", 0},
        {"i=s&d=8&d=9", 8},
        {"i=s&engaged=9", 0}, /* in JSON only */
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        if (must_hit(row[i].query).engaged != row[i].ms)
            fail_msg("\"%s\" gives %u ms", row[i].query, must_hit(row[i].query).engaged);
}

static void the_page_is_p_or_else_the_referer(void **state)
{
    static const char *const row[][3] = {
        {"i=s&p=/a", "https://h/b", "/a"},
        {"i=s&p=a", "https://h/b", "/a"},
        {"i=s&p=https%3A%2F%2Fh%2Fa%3Fq%23f", "https://h/b", "/a"},
        {"i=s&p=/a%20b+c", "", "/a b c"},
        {"i=s&p=", "https://h/b?q", "/b"},
        {"i=s", "https://h/b#f", "/b"},
        {"i=s", "https://h", "/"},
        {"i=s", "", "/"},
        {"i=s&p=?q", "https://h/b", "/"},
        {"i=s&p=/a&p=/b", "", "/a"},
        {"i=s&p=&p=/b", "https://h/c", "/c"},
        {"%69=s&%70=/a", "", "/a"}, /* names are decoded too */
        {"i=s&%70=/a&p=/b", "", "/a"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct hit h;

        assert_int_equal(hit_of(row[i][0], row[i][1], &h), BEACON_OK);
        assert_slice(h.path, row[i][2], row[i][0]);
    }
}

/* Referer is always https://h/page. */
static void an_event_has_a_name(void **state)
{
    static const struct {
        const char *query;
        int kind;
        const char *name, *path;
    } row[] = {
        {"i=s&p=/a&e=signup", HIT_EVENT, "signup", "/a"},
        {"i=s&e=sign%20up", HIT_EVENT, "sign up", "/page"},
        {"i=s&p=/a&k=e&e=signup", HIT_EVENT, "signup", "/a"},
        {"i=s&p=/a&k=v&e=signup", HIT_EVENT, "signup", "/a"},
        {"i=s&p=/a&k=h&e=signup", HIT_EVENT, "signup", "/a"},
        /* as GoatCounter has it */
        {"i=s&p=signup&e=1", HIT_EVENT, "signup", "/page"},
        {"i=s&p=click+/a%3Fb&e=true", HIT_EVENT, "click /a?b", "/page"},
        {"i=s&p=signup&e=1&k=e", HIT_EVENT, "signup", "/page"},
        /* no event */
        {"i=s&p=/a&e=", HIT_VIEW, "", "/a"},
        {"i=s&p=/a&e=0", HIT_VIEW, "", "/a"},
        {"i=s&p=/a&e=false", HIT_VIEW, "", "/a"},
        {"i=s&p=/a&k=l&e=0", HIT_LEAVE, "", "/a"},
        {"i=s&p=/a&e&e=late", HIT_VIEW, "", "/a"},
        /* numbers and words that only resemble a flag */
        {"i=s&p=/a&e=2", HIT_EVENT, "2", "/a"},
        {"i=s&p=/a&e=TRUE", HIT_EVENT, "TRUE", "/a"},
        {"i=s&p=/a&e=10", HIT_EVENT, "10", "/a"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct hit h;

        assert_int_equal(hit_of(row[i].query, "https://h/page", &h), BEACON_OK);
        assert_int_equal(h.kind, row[i].kind);
        assert_slice(h.name, row[i].name, row[i].query);
        assert_slice(h.path, row[i].path, row[i].query);
    }
}

#define A16 "aaaaaaaaaaaaaaaa"
#define A64 A16 A16 A16 A16

static void each_mistake_has_its_verdict(void **state)
{
    static const struct {
        const char *query;
        enum beacon_verdict want;
    } row[] = {
        {"", BEACON_NO_SITE},
        {"p=/a", BEACON_NO_SITE},
        {"i", BEACON_NO_SITE},
        {"i=&p=/a", BEACON_NO_SITE},
        {"i=&i=s", BEACON_NO_SITE},
        {"I=s", BEACON_NO_SITE},
        {"site=s", BEACON_NO_SITE},
        {"ii=s", BEACON_NO_SITE},
        {"i%00=s", BEACON_NO_SITE},
        {"i=a/b", BEACON_BAD_SITE},
        {"i=a%20b", BEACON_BAD_SITE},
        {"i=a%00", BEACON_BAD_SITE},
        {"i={a}", BEACON_BAD_SITE},
        {"i=caf%C3%A9", BEACON_BAD_SITE},
        {"i=" A64, BEACON_OK},
        {"i=" A64 "a", BEACON_BAD_SITE},
        {"i=s&k=x", BEACON_BAD_KIND},
        {"i=s&k=V", BEACON_BAD_KIND},
        {"i=s&k=p", BEACON_BAD_KIND},
        {"i=s&k=views", BEACON_BAD_KIND},
        {"i=s&k=%00", BEACON_BAD_KIND},
        {"i=s&a=x", BEACON_BAD_STATE},
        {"i=s&a=read", BEACON_BAD_STATE},
        {"i=s&a=%00", BEACON_BAD_STATE},
        {"i=s&k=e", BEACON_BAD_NAME},
        {"i=s&k=e&e=", BEACON_BAD_NAME},
        {"i=s&k=e&e=0&p=/a", BEACON_BAD_NAME},
        {"i=s&e=1", BEACON_BAD_NAME},
        {"i=s&e=1&p=", BEACON_BAD_NAME},
        {"i=s&e=%01%02", BEACON_BAD_NAME},
        {"i=s&e=+", BEACON_BAD_NAME},
        {"i=s&u=" A64, BEACON_OK},
        {"i=s&u=" A64 "a", BEACON_BAD_VISITOR},
        {"i=s&v=" A64, BEACON_OK},
        {"i=s&v=" A64 "a", BEACON_BAD_VISITOR},
        {"i=s&%zz&%=&+=+&=", BEACON_OK},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct hit h;
        enum beacon_verdict v = hit_of(row[i].query, "", &h);

        if (v != row[i].want)
            fail_msg("\"%s\" is %s, not %s", row[i].query, beacon_verdict_name(v),
                     beacon_verdict_name(row[i].want));
    }
}

/* "i=s&p=/aaa...", the path of @n bytes. */
static const char *long_path(size_t n)
{
    static char query[2 * HTTP_REQUEST_LINE_MAX];

    memset(query, 'a', n + 6);
    memcpy(query, "i=s&p=/", 7);
    query[n + 6] = 0;
    return query;
}

static void a_path_has_2048_bytes_as_it_came(void **state)
{
    char query[PATH_RAW_MAX + 64] = "i=s&p=";
    struct hit h;

    (void)state;
    assert_int_equal(must_hit(long_path(PATH_RAW_MAX)).path.n, PATH_MAX_BYTES);
    assert_int_equal(hit_of(long_path(PATH_RAW_MAX + 1), "", &h), BEACON_BAD_PATH);
    /* 683 characters, but 2,049 bytes on the way */
    for (int i = 0; i < PATH_RAW_MAX / 3 + 1; i++)
        strcat(query, "%41");
    assert_int_equal(hit_of(query, "", &h), BEACON_BAD_PATH);
    /* the first of a repeated name counts, be the second too long */
    memcpy(strcpy(query, long_path(PATH_RAW_MAX + 1)), "i=s&p=&p=", 9);
    assert_int_equal(hit_of(query, "", &h), BEACON_OK);
}

static void a_query_has_4096_bytes(void **state)
{
    char query[HTTP_REQUEST_LINE_MAX + 2];
    struct hit h;

    (void)state;
    memset(query, '&', sizeof query);
    memcpy(query, "i=s&t=%41", 9);
    query[HTTP_REQUEST_LINE_MAX] = 0;
    assert_int_equal(hit_of(query, "", &h), BEACON_OK);
    query[HTTP_REQUEST_LINE_MAX] = '&';
    query[HTTP_REQUEST_LINE_MAX + 1] = 0;
    assert_int_equal(hit_of(query, "", &h), BEACON_BAD_BODY);
}

static void every_field_may_need_decoding_at_once(void **state)
{
    char query[HTTP_REQUEST_LINE_MAX + 1] = "";
    struct hit h;

    (void)state;
    strcat(query, "i=%73&k=%65&e=%78&u=%75&v=%76&a=%72&p=/");
    while (strlen(query) + 3 <= PATH_RAW_MAX)
        strcat(query, "%61");
    h = must_hit(query);
    assert_slice(h.site, "s", query);
    assert_slice(h.name, "x", query);
    assert_int_equal(h.state, STATE_READING);
    assert_int_equal(h.path.n, PATH_MAX_BYTES);
    assert_memory_equal(h.path.p, "/aaaaaaaaaaaaaaaaaaaa", 20);
}

static void the_longest_query_is_decoded_within_the_beacon(void **state)
{
    static const struct beacon blank;
    struct beacon *b = guard_copy(&blank, sizeof blank); /* its text comes last */
    char query[HTTP_REQUEST_LINE_MAX];
    struct slice text;

    (void)state;
    memset(query, '+', sizeof query);
    text = (struct slice){guard_copy(query, sizeof query), sizeof query};
    assert_int_equal(beacon_from_query(b, text), BEACON_OK); /* a name alone */
    memcpy((char *)text.p, "u=%61&e=", 8);
    assert_int_equal(beacon_from_query(b, text), BEACON_OK);
    assert_slice(b->user, "a", "u=%61");
    assert_int_equal(b->name.n, HTTP_REQUEST_LINE_MAX - 8);
}

/* @n parameters that mean nothing, then @tail. */
static const char *after_parameters(unsigned n, const char *tail)
{
    static char query[1024];
    char *p = query;

    while (n-- > 0)
        p = stpcpy(p, "x=&");
    strcpy(p, tail);
    return query;
}

static void what_follows_64_parameters_is_not_read(void **state)
{
    struct hit h;

    (void)state;
    assert_slice(must_hit(after_parameters(62, "i=s&p=/a")).path, "/a", "64");
    assert_slice(must_hit(after_parameters(63, "i=s&p=/a")).path, "/", "65");
    assert_int_equal(hit_of(after_parameters(64, "i=s"), "", &h), BEACON_NO_SITE);
}

#define FFFD "\xef\xbf\xbd"

static void hostile_text_is_made_fit_to_print(void **state)
{
    static const char *const row[][3] = {
        {"i=s&e=%00%01%1F%7Fx%C2%80%C2%9F&p=/%0D%0Aa%00b", "x", "/ab"},
        {"i=s&e=%FF%FE&p=/%C0%AF", FFFD FFFD, "/" FFFD FFFD},
        {"i=s&e=%ED%A0%80&p=/%F4%90%80%80", FFFD FFFD FFFD, "/" FFFD FFFD FFFD FFFD},
        {"i=s&e=%E2%82&p=/%E2%82%AC", FFFD, "/\xe2\x82\xac"},
        {"i=s&e=<script>&p=/<script>", "<script>", "/<script>"},
        {"i=s&e=\"'`\\&p=/\"'`\\", "\"'`\\", "/\"'`\\"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct hit h = must_hit(row[i][0]);

        assert_slice(h.name, row[i][1], row[i][0]);
        assert_slice(h.path, row[i][2], row[i][0]);
    }
}

static void a_name_is_cut_at_its_bound(void **state)
{
    char query[1024] = "i=s&e=";

    (void)state;
    memset(query + 6, 'n', 500);
    assert_int_equal(must_hit(query).name.n, EVENT_NAME_MAX);
}

static void a_view_tells_where_it_came_from(void **state)
{
    static const struct {
        const char *query, *referer, *host, *want;
    } rows[] = {
        {"i=s&p=/", "", "", ""},
        {"i=s&p=/&r=", "", "", ""},
        {"i=s&p=/&r=https://www.News.example:8080/a?b", "", "", "news.example"},
        {"i=s&p=/&r=news.example", "", "", "news.example"},
        {"i=s&p=/&r=not%20a%20host", "", "", ""},
        {"i=s&p=https://www.shop.example/a&r=http://shop.example/b", "", "", "-"},
        {"i=s&p=https://shop.example/a&r=x.example", "https://x.example/", "x.example",
         "x.example"},
        {"i=s&p=/a&r=shop.example", "https://shop.example/a", "stats.example", "-"},
        {"i=s&p=/a&r=stats.example", "https://shop.example/a", "stats.example",
         "stats.example"},
        {"i=s&p=/a&r=shop.example", "", "shop.example:8080", "-"},
        {"i=s&k=h&p=/a&r=x.example", "", "", ""},
        {"i=s&k=l&p=/a&r=x.example", "", "", ""},
        {"i=s&e=buy&p=/a&r=x.example", "", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct beacon_sender from = {.user_agent =
                                         SLICE("Mozilla/5.0 (iPhone; x) Safari/1"),
                                     .referer = guarded(rows[i].referer),
                                     .host = guarded(rows[i].host),
                                     .country = SLICE("DE")};
        struct day_keys keys = {0};
        const struct beacon_tools tools = {&secret, &keys, &agents};
        struct hit h;
        bool view;

        assert_int_equal(beacon_from_query(&beacon, guarded(rows[i].query)), BEACON_OK);
        assert_int_equal(beacon_hit(&beacon, &from, &tools, 1763776800000, 7, &h, &texts),
                         BEACON_OK);
        assert_slice(h.referrer, rows[i].want, rows[i].query);
        view = h.kind == HIT_VIEW;
        assert_int_equal(h.device, view ? DEVICE_MOBILE : DEVICE_NONE);
        assert_int_equal(h.browser, view ? BROWSER_SAFARI : BROWSER_NONE);
        assert_memory_equal(h.country, view ? "DE" : "\0", 2);
    }
}

/* A page of the site, as its browser tells it. */
#define PAGE "p=https://shop.example/a"

static void a_view_tells_the_campaign_that_led_to_it(void **state)
{
    static const struct {
        const char *query, *referer, *campaign, *term, *host;
    } rows[] = {
        {PAGE, "", "", "", ""},
        {PAGE "&utm_campaign=Spring+sale&utm_term=red%20shoes", "", "Spring sale",
         "red shoes", ""},
        {PAGE "%3Futm_campaign=spring%26utm_term=shoes%23x", "", "spring", "shoes", ""},
        {PAGE "%3Fa=1%26utm_campaign=Spring%2520sale%252B%26b", "", "Spring sale+", "",
         ""},
        {PAGE "%23%3Futm_campaign=spring", "", "", "", ""},
        {"p=/a?utm_campaign=spring", "", "spring", "", ""},
        {"", "https://shop.example/?utm_campaign=spring%2Bsale+x", "spring+sale x", "",
         ""},
        {"p=/b", "https://shop.example/?utm_campaign=spring", "", "", ""},
        {PAGE "&q=%3Futm_campaign%3Dspring%26utm_term%3Da%2Bb%26utm_medium%3Dx", "",
         "spring", "a b", ""},
        {PAGE "&q=utm_campaign%3Dspring%2520sale", "", "spring sale", "", ""},
        {PAGE "&q=campaign%3Dx%26UTM_CAMPAIGN%3Dx%26utm_campaigns%3Dx", "", "", "", ""},
        {PAGE "&q=%3F%26%26%3D%26utm_campaign", "", "", "", ""},
        /* the beacon's own, then its query, then the page's; the first of a name */
        {PAGE "%3Futm_term=3%26utm_campaign=3&q=utm_term%3D2%26utm_campaign%3D2"
              "&utm_campaign=1&utm_campaign=0",
         "", "1", "2", ""},
        {PAGE "&utm_campaign=&q=utm_campaign%3D2%26utm_campaign%3D3", "", "2", "", ""},
        /* cleaned */
        {PAGE "&utm_campaign=%01%20a%0Ab%00%20", "", "ab", "", ""},
        {PAGE "&utm_campaign=%ff", "", "\xef\xbf\xbd", "", ""},
        {PAGE "&utm_campaign=%3Cb%3E%22", "", "<b>\"", "", ""},
        {PAGE "&q=utm_campaign%3D%25", "", "%", "", ""},
        /* where it came from: what the browser says, else the link */
        {PAGE "&q=utm_source%3DNewsletter", "", "", "", "newsletter"},
        {PAGE "&utm_source=www.Google.com", "", "", "", "google.com"},
        {PAGE "&utm_source=x.example&r=https://y.example/", "", "", "", "y.example"},
        {PAGE "&utm_source=My+friends", "", "", "", ""},
        {PAGE "&utm_source=-", "", "", "", ""},
        {PAGE "&utm_source=shop.example", "", "", "", "-"},
        {PAGE "&r=-&utm_source=x.example", "", "", "", "-"},
        /* of views alone */
        {PAGE "&k=h&utm_campaign=x&utm_term=x&utm_source=x", "", "", "", ""},
        {PAGE "&e=buy&utm_campaign=x&utm_term=x&utm_source=x", "", "", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct beacon_sender from = {.referer = guarded(rows[i].referer)};
        struct day_keys keys = {0};
        const struct beacon_tools tools = {&secret, &keys, &agents};
        char query[512];
        struct hit h;

        snprintf(query, sizeof query, "i=s&%s", rows[i].query);
        assert_int_equal(beacon_from_query(&beacon, guarded(query)), BEACON_OK);
        assert_int_equal(beacon_hit(&beacon, &from, &tools, 1763776800000, 7, &h, &texts),
                         BEACON_OK);
        assert_slice(h.campaign, rows[i].campaign, query);
        assert_slice(h.term, rows[i].term, query);
        assert_slice(h.referrer, rows[i].host, query);
    }
}

static void a_long_campaign_is_cut_at_a_character(void **state)
{
    char query[4000] = "i=s&utm_campaign=";
    size_t n = strlen(query);

    (void)state;
    memset(query + n, 'c', CAMPAIGN_MAX - 1);
    strcpy(query + n + CAMPAIGN_MAX - 1, "%C3%A9");
    assert_int_equal(must_hit(query).campaign.n, CAMPAIGN_MAX - 1);
    strcpy(query, "i=s&q=utm_term%3D");
    n = strlen(query);
    memset(query + n, 't', 3000);
    query[n + 3000] = 0;
    assert_int_equal(must_hit(query).term.n, CAMPAIGN_MAX);
}

static void a_view_and_a_heartbeat_tell_the_title(void **state)
{
    static const struct {
        const char *query, *want;
    } rows[] = {
        {"i=s&t=Home", "Home"},
        {"i=s&t=Old&r=-", ""},
        {"i=s&k=h&t=New&r=-", "New"},
        {"i=s&k=h&t=%20Caf%C3%A9%00%20", "Caf\xc3\xa9"},
        {"i=s&k=l&t=Home", ""},
        {"i=s&e=buy&t=Home", "buy"},
        {"i=s&t=", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_slice(must_hit(rows[i].query).name, rows[i].want, rows[i].query);
}

static void send_image_0_wants_no_image(void **state)
{
    static const struct {
        const char *query;
        bool no_image;
    } row[] = {
        {"i=s", false},
        {"i=s&send_image=0", true},
        {"send_image=0&i=s", true},
        {"i=s&send_image=1", false},
        {"i=s&send_image=", false},
        {"i=s&send_image=00", false},
        {"i=s&send%5Fimage=%30", true},
        {"i=s&send_image=0&send_image=1", true},
        {"i=s&send_image=1&send_image=0", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        must_hit(row[i].query);
        assert_int_equal(beacon.no_image, row[i].no_image);
    }
}

static void past_midnight_the_previous_id_goes_along(void **state)
{
    struct beacon_sender from = {.ip = {{192, 0, 2, 7}, 4}};
    struct day_keys keys = {.day = -1};
    const struct beacon_tools tools = {&secret, &keys, &agents};
    struct hit h;

    (void)state;
    assert_int_equal(beacon_from_query(&beacon, SLICE("i=s")), BEACON_OK);
    assert_int_equal(
        beacon_hit(&beacon, &from, &tools, NOON - NOON % 86400000, AT, &h, &texts),
        BEACON_OK);
    assert_int_not_equal(h.previous, 0);
}

COUNTERS_ROWS(counters, COLLECTOR_COUNTERS);

static void every_reason_has_a_counter_of_its_name(void **state)
{
    (void)state;
    assert_string_equal(beacon_verdict_name(BEACON_OK), "ok");
    for (enum beacon_verdict v = BEACON_NO_SITE; v <= BEACON_TOO_MANY; v++) {
        size_t i = 0;

        while (i < COUNTERS_COUNT(COLLECTOR_COUNTERS) &&
               strcmp(counters_rows[i].name, beacon_verdict_name(v)) != 0)
            i++;
        if (i == COUNTERS_COUNT(COLLECTOR_COUNTERS))
            fail_msg("there is no counter %s", beacon_verdict_name(v));
    }
}

static bool is_clean(struct slice s)
{
    uint32_t code;

    while (s.n > 0)
        if (!utf8_next(&s, &code) || code < 0x20 || (code >= 0x7f && code < 0xa0))
            return false;
    return true;
}

/* Everything that proto/hit.h promises of a hit. */
static void assert_valid(const struct hit *h)
{
    assert_true(site_valid(h->site) && h->visitor != 0);
    assert_true(h->kind < HIT_KINDS && h->state < HIT_STATES);
    assert_true(h->path.n >= 1 && h->path.n <= PATH_MAX_BYTES && h->path.p[0] == '/');
    assert_int_equal(h->name.n > 0, h->kind == HIT_EVENT);
    assert_true(h->name.n <= EVENT_NAME_MAX && is_clean(h->path) && is_clean(h->name));
}

static void random_queries_make_valid_hits_or_none(void **state)
{
    static const char *const part[] = {
        "i=", "s", "&p=", "&k=", "&e=", "&a=", "&u=", "&v=", "/", "v",    "h",    "l",
        "e",  "r", "1",   "%",   "%c3", "%ff", "+",   "=",   "&", "\xe2", "true", "%00"};
    struct dice d = {3};
    unsigned taken = 0;

    (void)state;
    for (int round = 0; round < 50000; round++) {
        char query[256] = "i=s";
        struct hit h;

        for (uint64_t n = dice_below(&d, 24); n > 0; n--)
            strcat(query, part[dice_below(&d, sizeof part / sizeof *part)]);
        if (hit_of(query, part[dice_below(&d, 24)], &h) == BEACON_OK) {
            assert_valid(&h);
            taken++;
        }
    }
    assert_true(taken > 5000 && taken < 45000); /* some of both */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_beacon_becomes_a_hit),
        cmocka_unit_test(the_visitor_is_the_address_or_its_own_id),
        cmocka_unit_test(kinds_and_states_go_by_letter_or_word),
        cmocka_unit_test(attention_is_whole_ms_up_to_its_bound),
        cmocka_unit_test(the_page_is_p_or_else_the_referer),
        cmocka_unit_test(an_event_has_a_name),
        cmocka_unit_test(each_mistake_has_its_verdict),
        cmocka_unit_test(a_path_has_2048_bytes_as_it_came),
        cmocka_unit_test(a_query_has_4096_bytes),
        cmocka_unit_test(every_field_may_need_decoding_at_once),
        cmocka_unit_test(the_longest_query_is_decoded_within_the_beacon),
        cmocka_unit_test(what_follows_64_parameters_is_not_read),
        cmocka_unit_test(hostile_text_is_made_fit_to_print),
        cmocka_unit_test(a_name_is_cut_at_its_bound),
        cmocka_unit_test(a_view_tells_where_it_came_from),
        cmocka_unit_test(a_view_tells_the_campaign_that_led_to_it),
        cmocka_unit_test(a_long_campaign_is_cut_at_a_character),
        cmocka_unit_test(a_view_and_a_heartbeat_tell_the_title),
        cmocka_unit_test(send_image_0_wants_no_image),
        cmocka_unit_test(past_midnight_the_previous_id_goes_along),
        cmocka_unit_test(every_reason_has_a_counter_of_its_name),
        cmocka_unit_test(random_queries_make_valid_hits_or_none),
    };

    return cmocka_run_group_tests(tests, make_secret, NULL);
}
