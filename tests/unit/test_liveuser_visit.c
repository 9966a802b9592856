/* The visitors of the day as a fork of LiveUser asks for them: what the body says, which
 * site that is, and what is answered. */
#include <stdio.h>

#include "../../collector/dialects/liveuser_visit.h"
#include "../../proto/hit.h"
#include "../dialect.h"

#define COUNT_OF(row) (sizeof(row) / sizeof *(row))
#define MIDNIGHT (20000 * MS_PER_DAY) /* the first moment of 2024-10-04 */

/* ---- the body ---- */

static void a_body_names_a_visitor_and_perhaps_a_site(void **state)
{
    static const struct {
        const char *body, *reason, *visitor, *site;
    } row[] = {
        {"{\"visitorId\":\"alice\",\"siteId\":\"shop\"}", NULL, "alice", "shop"},
        {" {\"siteId\":\"shop\",\"x\":[{}],\"visitorId\":\"a b\"}\n", NULL, "a b",
         "shop"},
        {"{\"visitorId\":\"\\u00e4\"}", NULL, "\xc3\xa4", ""},
        {"{\"visitorId\":\"alice\",\"siteId\":\"\"}", NULL, "alice", ""},
        {"{\"visitorId\":\"alice\",\"siteId\":null}", NULL, "alice", ""},
        {"{\"visitorId\":\"alice\",\"siteId\":7}", NULL, "alice", ""},
        {"{\"visitorId\":\"alice\",\"siteId\":\"no site\"}", NULL, "alice", "no site"},
        {"{}", "bad_visitor_id", NULL, NULL},
        {"{\"siteId\":\"shop\"}", "bad_visitor_id", NULL, NULL},
        {"{\"visitorId\":\"\"}", "bad_visitor_id", NULL, NULL},
        {"{\"visitorId\":7}", "bad_visitor_id", NULL, NULL},
        {"{\"visitorId\":null}", "bad_visitor_id", NULL, NULL},
        {"{\"visitorId\":[\"alice\"]}", "bad_visitor_id", NULL, NULL},
        {"{\"VisitorId\":\"alice\"}", "bad_visitor_id", NULL, NULL},
        {"[\"alice\"]", "bad_body", NULL, NULL},
        {"\"alice\"", "bad_body", NULL, NULL},
        {"null", "bad_body", NULL, NULL},
        {"", "bad_body", NULL, NULL},
        {"visitorId=alice", "bad_body", NULL, NULL},
        {"{\"visitorId\":\"alice\"", "bad_body", NULL, NULL},
        {"{\"visitorId\":\"alice\"} {}", "bad_body", NULL, NULL},
        {"{\"visitorId\":\"alice\",\"visitorId\":\"bob\"}", "bad_body", NULL, NULL},
        {"{\"visitorId\":\"a\\u0000b\"}", "bad_body", NULL, NULL},
        {"{\"visitorId\":\"\xff\"}", "bad_body", NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        json_t *body = json_body_parse(guarded(row[i].body));
        struct liveuser_visit v;
        const char *reason = liveuser_visit_read(&v, body);

        expect_text(row[i].body, "reason", slice_of(reason), row[i].reason);
        if (reason == NULL) {
            expect_text(row[i].body, "visitor", v.visitor, row[i].visitor);
            expect_text(row[i].body, "site", v.site, row[i].site);
        }
        json_decref(body);
    }
}

static void an_id_has_its_bound(void **state)
{
    struct liveuser_visit v;
    char text[256];

    (void)state;
    for (int n = CLIENT_ID_MAX; n <= CLIENT_ID_MAX + 1; n++) {
        json_t *body;

        snprintf(text, sizeof text, "{\"visitorId\":\"%0*d\"}", n, 0);
        body = json_of(text);
        assert_int_equal(liveuser_visit_read(&v, body) != NULL, n > CLIENT_ID_MAX);
        json_decref(body);
    }
}

/* ---- the site ---- */

static void the_site_is_as_said_or_the_pages_host_or_the_default(void **state)
{
    static const struct {
        const char *said, *referer, *origin, *site;
    } row[] = {
        {"shop", "https://a.example/", "https://b.example", "shop"},
        {"", "https://www.A.example:8443/b?c", "https://b.example", "a.example"},
        {"", "", "https://www.B.example:8443", "b.example"},
        {"", "", "null", "default-site"},
        {"", "", "", "default-site"},
        {"no site", "https://a.example/", "", "no site"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct http_request rq = {.referer = guarded(row[i].referer),
                                  .origin = guarded(row[i].origin)};
        char host[REFERRER_MAX];

        expect_text(row[i].referer, "site",
                    liveuser_visit_site(guarded(row[i].said), &rq, host), row[i].site);
    }
}

/* ---- the answer ---- */

static void expect_answer(const struct day_count *n, const char *want)
{
    struct buf out;

    buf_init(&out, 1024);
    liveuser_visit_write(&out, guarded("shop"), n);
    expect_text("the count", "answer", buf_get(&out), want);
    buf_fini(&out);
}

static void the_answer_has_the_day_in_utc_and_the_time_in_seconds(void **state)
{
    (void)state;
    expect_answer(&(struct day_count){.visitors = 3, .at = MIDNIGHT + 1999},
                  "{\"type\":\"visit\",\"siteId\":\"shop\",\"today\":3,"
                  "\"date\":\"2024-10-04\",\"timestamp\":1728000001}\n");
    expect_answer(&(struct day_count){.visitors = 3, .at = MIDNIGHT + MS_PER_DAY - 1},
                  "{\"type\":\"visit\",\"siteId\":\"shop\",\"today\":3,"
                  "\"date\":\"2024-10-04\",\"timestamp\":1728086399}\n");
    expect_answer(&(struct day_count){.visitors = 1, .at = MIDNIGHT + MS_PER_DAY},
                  "{\"type\":\"visit\",\"siteId\":\"shop\",\"today\":1,"
                  "\"date\":\"2024-10-05\",\"timestamp\":1728086400}\n");
}

static void a_day_that_is_full_says_so(void **state)
{
    (void)state;
    expect_answer(
        &(struct day_count){.visitors = 1000000, .capped = true, .at = MIDNIGHT},
        "{\"type\":\"visit\",\"siteId\":\"shop\",\"today\":1000000,"
        "\"date\":\"2024-10-04\",\"timestamp\":1728000000,\"capped\":true}\n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_names_a_visitor_and_perhaps_a_site),
        cmocka_unit_test(an_id_has_its_bound),
        cmocka_unit_test(the_site_is_as_said_or_the_pages_host_or_the_default),
        cmocka_unit_test(the_answer_has_the_day_in_utc_and_the_time_in_seconds),
        cmocka_unit_test(a_day_that_is_full_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
