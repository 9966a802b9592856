/* delta: the documented example to the byte, the bound whatever the paths are; that a
 * kept event is taken for one of ours exactly when it is, and so a whole message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <jansson.h>

#include "../../proto/delta.h"
#include "../../proto/hit.h"
#include "../aborts.h"
#include "../guard.h"

#define STRICT JSON_REJECT_DUPLICATES

static const struct page_count example_pages[] = {{{"/", 1}, 2, 1}, {{"/cart", 5}, 1, 2}};

static const struct recent_event example_events[] = {
    {.id = 8, .kind = HIT_EVENT, .at = 1763776801000, {"/cart", 5}, {"order", 5}},
    {.id = 9, .kind = HIT_VIEW, .at = 1763776801450, {"/", 1}, {"", 0}},
};

static const struct delta example = {
    .site = {"shop", 4},
    .epoch = 1763776800123,
    .commit = 17,
    .n = 21,
    .at = 1763776801456,
    .new_views = 1,
    .new_events = 1,
    .new_visitors = 1,
    .window = {{1, 3, 3, 61000}, {5, 3, 5, 90000}, {30, 4, 9, 90001}},
    .online = {.writing = 1,
               .reading = 2,
               .idle = 3,
               .background = 4,
               .tabs = 15,
               .members = 6,
               .fresh = {1, 2, 3, 4}},
    .peaks = {.day = 11, .all = 12, .day_at = 1763776700000, .all_at = 1763000000000},
    .total =
        {.views = 1234, .visits = 567, .joins = 89, .counted = 7, .since = 1762000000000},
    .life = 1762000000001,
    .last = 9,
    .pages = example_pages,
    .npages = 2,
    .events = example_events,
    .nevents = 2,
    .flags = DELTA_CAPPED,
};

#define STANDING                                                                        \
    "\"peak\":{\"day\":11,\"dayAt\":1763776700000,\"all\":12,\"allAt\":1763000000000}," \
    "\"total\":{\"views\":1234,\"visits\":567,\"connections\":89,\"counted\":7,"        \
    "\"since\":1762000000000},"                                                         \
    "\"feed\":{\"life\":1762000000001,\"last\":9},"

static void assert_encodes(const struct delta *d, const char *expected)
{
    struct buf out;

    buf_init(&out, MESSAGE_MAX);
    buf_str(&out, "what was there before");
    delta_encode(d, &out);
    assert_int_equal(out.n, strlen(expected));
    assert_memory_equal(out.p, expected, out.n);
    buf_fini(&out);
}

static void a_message_is_as_documented(void **state)
{
    (void)state;
    assert_encodes(
        &example,
        "{\"v\":1,\"site\":\"shop\",\"e\":1763776800123,\"q\":17,\"n\":21,"
        "\"t\":1763776801456,\"d\":{\"pv\":1,\"ev\":1,\"new\":1},"
        "\"online\":{\"total\":10,\"active\":6,\"writing\":1,\"reading\":2,\"idle\":3,"
        "\"background\":4,\"tabs\":15,\"members\":6},"
        "\"visitors\":{\"1\":3,\"5\":3,\"30\":4},\"pv\":{\"1\":3,\"5\":5,\"30\":9},"
        "\"engaged\":{\"1\":61000,\"5\":90000,\"30\":90001}," STANDING
        "\"pages\":[{\"path\":\"/\",\"visitors\":2,\"online\":1},"
        "{\"path\":\"/cart\",\"visitors\":1,\"online\":2}],\"flags\":[\"capped\"],"
        "\"events\":[{\"id\":8,\"type\":\"event\",\"timestamp\":1763776801000,"
        "\"path\":\"/cart\",\"name\":\"order\"},{\"id\":9,\"type\":\"pageview\","
        "\"timestamp\":1763776801450,\"path\":\"/\"}]}");
}

static void equal_windows_are_written_once(void **state)
{
    struct delta d = example;

    (void)state;
    d.window[1].minutes = d.window[2].minutes = 1;
    d.npages = d.nevents = 0;
    d.online = (struct online){0};
    d.flags = DELTA_TICK | DELTA_CAPPED;
    assert_encodes(
        &d, "{\"v\":1,\"site\":\"shop\",\"e\":1763776800123,\"q\":17,\"n\":21,"
            "\"t\":1763776801456,\"d\":{\"pv\":1,\"ev\":1,\"new\":1},"
            "\"online\":{\"total\":0,\"active\":0,\"writing\":0,\"reading\":0,"
            "\"idle\":0,\"background\":0,\"tabs\":0,\"members\":0},"
            "\"visitors\":{\"1\":3},\"pv\":{\"1\":3},\"engaged\":{\"1\":61000}," STANDING
            "\"pages\":[],\"flags\":[\"tick\",\"capped\"],\"events\":[]}");
}

static void alerts_that_are_on_are_told_with_the_numbers_of_now(void **state)
{
    static const struct alert_on on[] = {
        {{"busy", 4}, {.on = true, .limit = 8, .since = 5, .at = 6, .value = 8}},
        {{"few", 3}, {.on = true, .below = true, .what = ALERT_VIEWS, .limit = 6}},
        {{"x", 1}, {.on = true, .what = ALERT_CURRENT, .limit = 1, .since = 7}},
    };
    struct delta d = example;
    struct buf out;

    (void)state;
    buf_init(&out, MESSAGE_MAX);
    d.alerts = on;
    delta_encode(&d, &out);
    assert_true(slice_has(buf_get(&out), SLICE("],\"alerts\":[],\"flags\":")));
    d.nalerts = 3;
    delta_encode(&d, &out);
    assert_true(slice_has(
        buf_get(&out),
        SLICE("],\"alerts\":[{\"name\":\"busy\",\"of\":\"online\",\"kind\":\"above\","
              "\"value\":10,\"limit\":8,\"since\":5},{\"name\":\"few\",\"of\":\"views\","
              "\"kind\":\"below\",\"value\":5,\"limit\":6,\"since\":0},{\"name\":\"x\","
              "\"of\":\"current\",\"kind\":\"above\",\"value\":3,\"limit\":1,"
              "\"since\":7}],\"flags\":")));
    buf_fini(&out);
}

static void who_is_fresh_is_told_where_not_all_are(void **state)
{
    struct delta d = example;

    (void)state;
    d.npages = d.nevents = 0;
    d.online.fresh.reading = 1;
    d.online.fresh.background = 0;
    assert_encodes(
        &d, "{\"v\":1,\"site\":\"shop\",\"e\":1763776800123,\"q\":17,\"n\":21,"
            "\"t\":1763776801456,\"d\":{\"pv\":1,\"ev\":1,\"new\":1},"
            "\"online\":{\"total\":10,\"active\":6,\"writing\":1,\"reading\":2,"
            "\"idle\":3,\"background\":4,\"tabs\":15,\"members\":6,\"fresh\":{"
            "\"total\":5,\"writing\":1,\"reading\":1,\"idle\":3,\"background\":0}},"
            "\"visitors\":{\"1\":3,\"5\":3,\"30\":4},\"pv\":{\"1\":3,\"5\":5,\"30\":9},"
            "\"engaged\":{\"1\":61000,\"5\":90000,\"30\":90001}," STANDING
            "\"pages\":[],\"flags\":[\"capped\"],\"events\":[]}");
}

/* A message of @npages pages and @nevents events with texts of @n bytes @c. Its texts are
 * those of @text. */
struct big {
    char text[PATH_MAX_BYTES];
    struct page_count pages[MESSAGE_PAGES_MAX + 5];
    struct recent_event events[MESSAGE_EVENTS_MAX + 5];
    struct delta d;
};

static void big_init(struct big *b, char c, size_t n, size_t npages, size_t nevents)
{
    memset(b->text, c, sizeof b->text);
    for (size_t i = 0; i < npages; i++)
        b->pages[i] = (struct page_count){{b->text, n}, UINT32_MAX - i, UINT32_MAX};
    for (size_t i = 0; i < nevents; i++)
        b->events[i] =
            (struct recent_event){.id = JSON_INTEGER_MAX - nevents + i,
                                  .kind = HIT_EVENT,
                                  1763776801450,
                                  {b->text, n},
                                  {b->text, n < EVENT_NAME_MAX ? n : EVENT_NAME_MAX}};
    b->d = example;
    b->d.epoch = b->d.commit = b->d.n = JSON_INTEGER_MAX;
    b->d.pages = b->pages;
    b->d.npages = npages;
    b->d.events = b->events;
    b->d.nevents = nevents;
}

/* Encodes into @out and returns the message parsed, after checking its bound. */
static json_t *encoded(const struct delta *d, struct buf *out)
{
    json_t *parsed;

    delta_encode(d, out);
    assert_false(out->full);
    assert_true(out->n <= MESSAGE_MAX);
    parsed = json_loadb(out->p, out->n, STRICT, NULL);
    assert_non_null(parsed);
    return parsed;
}

static size_t list_length(json_t *message, const char *key)
{
    json_t *list = json_object_get(message, key);

    assert_true(json_is_array(list));
    return json_array_size(list);
}

static void a_message_of_maximal_everything_is_valid_and_fits(void **state)
{
    static const char worst[] = "<\x01\xff\"a";
    static char site[SITE_MAX];
    static struct big b;

    (void)state;
    memset(site, 's', sizeof site);
    for (const char *c = worst; *c; c++)
        for (size_t ceiling = MESSAGE_MAX; ceiling <= 1 << 20; ceiling <<= 6) {
            json_t *message;
            struct buf out;

            big_init(&b, *c, PATH_MAX_BYTES, MESSAGE_PAGES_MAX, MESSAGE_EVENTS_MAX);
            b.d.site = (struct slice){site, sizeof site};
            b.d.flags = DELTA_TICK | DELTA_CAPPED;
            b.d.at = b.d.new_views = b.d.new_events = b.d.new_visitors = JSON_INTEGER_MAX;
            for (int i = 0; i < DELTA_WINDOWS; i++)
                b.d.window[i].visitors = b.d.window[i].views = b.d.window[i].engaged =
                    JSON_INTEGER_MAX;
            b.d.online = (struct online){UINT32_MAX,  UINT32_MAX,       UINT32_MAX,
                                         UINT32_MAX,  JSON_INTEGER_MAX, JSON_INTEGER_MAX,
                                         {1, 2, 3, 4}};
            b.d.peaks = (struct peaks){JSON_INTEGER_MAX, JSON_INTEGER_MAX,
                                       JSON_INTEGER_MAX, JSON_INTEGER_MAX};
            b.d.total =
                (struct total){JSON_INTEGER_MAX, JSON_INTEGER_MAX, JSON_INTEGER_MAX,
                               JSON_INTEGER_MAX, JSON_INTEGER_MAX};
            b.d.life = b.d.last = JSON_INTEGER_MAX;
            buf_init(&out, ceiling);
            message = encoded(&b.d, &out);
            assert_int_equal(json_array_size(json_object_get(message, "flags")), 2);
            json_decref(message);
            buf_fini(&out);
        }
}

static void nothing_is_left_out_needlessly(void **state)
{
    static struct big b;
    struct buf out;

    (void)state;
    buf_init(&out, MESSAGE_MAX);
    for (size_t n = 1; n <= PATH_MAX_BYTES; n++) {
        size_t
            page =
                n +
                sizeof ",{\"path\":\"\",\"visitors\":4294967295,\"online\":4294967295}" -
                1,
            pages, events;
        json_t *message;

        big_init(&b, 'a', n, MESSAGE_PAGES_MAX, MESSAGE_EVENTS_MAX);
        message = encoded(&b.d, &out);
        pages = list_length(message, "pages");
        events = list_length(message, "events");
        assert_true(events == MESSAGE_EVENTS_MAX || pages == 0);
        if (events == MESSAGE_EVENTS_MAX && pages < MESSAGE_PAGES_MAX)
            assert_true(out.n + page > MESSAGE_MAX);
        json_decref(message);
    }
    buf_fini(&out);
}

static void the_first_pages_and_the_last_events_stay(void **state)
{
    static struct big b;
    json_t *message, *list;
    struct buf out;
    size_t n;

    (void)state;
    buf_init(&out, MESSAGE_MAX);
    big_init(&b, 'a', PATH_MAX_BYTES, MESSAGE_PAGES_MAX, 10);
    message = encoded(&b.d, &out);
    n = list_length(message, "pages");
    assert_in_range(n, 1, MESSAGE_PAGES_MAX - 1);
    assert_int_equal(list_length(message, "events"), 10);
    list = json_object_get(message, "pages");
    for (size_t i = 0; i < n; i++)
        assert_int_equal(
            json_integer_value(json_object_get(json_array_get(list, i), "visitors")),
            UINT32_MAX - i);
    json_decref(message);

    big_init(&b, '<', PATH_MAX_BYTES, 3, MESSAGE_EVENTS_MAX);
    message = encoded(&b.d, &out);
    assert_int_equal(list_length(message, "pages"), 0);
    n = list_length(message, "events");
    assert_in_range(n, 1, MESSAGE_EVENTS_MAX - 1);
    list = json_object_get(message, "events");
    for (size_t i = 0; i < n; i++)
        assert_int_equal(
            json_integer_value(json_object_get(json_array_get(list, i), "id")),
            JSON_INTEGER_MAX - n + i);
    json_decref(message);
    buf_fini(&out);
}

static void lists_are_cut_to_their_bounds_even_when_all_would_fit(void **state)
{
    static struct big b;
    json_t *message, *events;
    struct buf out;

    (void)state;
    buf_init(&out, MESSAGE_MAX);
    big_init(&b, 'a', 1, MESSAGE_PAGES_MAX + 5, MESSAGE_EVENTS_MAX + 5);
    message = encoded(&b.d, &out);
    assert_int_equal(list_length(message, "pages"), MESSAGE_PAGES_MAX);
    assert_int_equal(list_length(message, "events"), MESSAGE_EVENTS_MAX);
    events = json_object_get(message, "events");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(events, 0), "id")),
                     JSON_INTEGER_MAX - MESSAGE_EVENTS_MAX);
    json_decref(message);
    buf_fini(&out);
}

static void encode_into_a_small_buffer(void)
{
    struct buf out;

    buf_init(&out, MESSAGE_MAX - 1);
    delta_encode(&example, &out);
}

static void a_buffer_that_is_too_small_is_misuse(void **state)
{
    (void)state;
    assert_true(aborts(encode_into_a_small_buffer));
}

static void expect_same_event(const struct recent_event *a, const struct recent_event *b)
{
    assert_int_equal(a->id, b->id);
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->at, b->at);
    assert_true(slice_eq(a->path, b->path));
    assert_true(slice_eq(a->name, b->name));
    assert_true(slice_eq(a->referrer, b->referrer));
    assert_true(slice_eq(a->goals, b->goals));
    assert_int_equal(a->visitor, b->visitor);
    assert_int_equal(a->device, b->device);
    assert_int_equal(a->browser, b->browser);
    assert_memory_equal(a->country, b->country, sizeof a->country);
    assert_int_equal(a->ms, b->ms);
}

/* Whatever of it is known, together or alone. */
static void who_it_was_and_whence_is_told_and_read(void **state)
{
    const struct recent_event all = {.id = 7,
                                     .at = 1763776801450,
                                     .path = SLICE("/a"),
                                     .name = SLICE("buy"),
                                     .referrer = SLICE("news.example"),
                                     .goals = SLICE("order a.b_c-1"),
                                     .visitor = 0x0a1b2c3d,
                                     .device = DEVICE_TABLET,
                                     .browser = BROWSER_SAMSUNG,
                                     .country = {'N', 'Z'}};
    struct buf text, json;

    (void)state;
    buf_init(&text, RECENT_TEXT_MAX);
    buf_init(&json, 4096);
    for (unsigned known = 0; known < 128; known++) {
        struct recent_event e = all, back;
        struct json j;

        e.kind = known & 32 ? HIT_EVENT : HIT_VIEW;
        if (e.kind == HIT_VIEW)
            e.name = SLICE("");
        if (!(known & 1))
            e.visitor = 0;
        if (!(known & 2))
            e.device = DEVICE_NONE;
        if (!(known & 4))
            e.browser = BROWSER_NONE;
        if (!(known & 8))
            memset(e.country, 0, sizeof e.country);
        if (!(known & 16))
            e.referrer = SLICE("");
        if (!(known & 64))
            e.goals = SLICE("");
        buf_clear(&json);
        json_init(&j, &json);
        recent_event_json(&j, &e);
        assert_true(recent_event_parse((struct slice){guard_copy(json.p, json.n), json.n},
                                       &back, &text));
        expect_same_event(&e, &back);
    }
    assert_true(slice_eq(
        buf_get(&json),
        SLICE(
            "{\"id\":7,\"type\":\"event\",\"timestamp\":1763776801450,\"path\":\"/a\","
            "\"name\":\"buy\",\"visitor\":\"0a1b2c3d\",\"device\":\"tablet\",\"browser\":"
            "\"Samsung Internet\",\"country\":\"NZ\",\"referrer\":\"news.example\","
            "\"goals\":[\"order\",\"a.b_c-1\"]}")));
    buf_fini(&text);
    buf_fini(&json);
}

static void of_a_query_anybody_is_told_all_but_its_text(void **state)
{
    static const struct {
        const char *event, *shown;
    } rows[] = {
        {"{\"id\":9,\"type\":\"query\",\"timestamp\":5,\"text\":\"SELECT "
         "\\\"text\\\"\",\"name\":\"db\",\"ms\":12}",
         "{\"id\":9,\"type\":\"query\",\"timestamp\":5,\"name\":\"db\",\"ms\":12}"},
        {"{\"id\":9,\"type\":\"query\",\"timestamp\":5,\"text\":1,\"ms\":12}", "null"},
        {"{\"id\":9,\"type\":\"message\",\"timestamp\":5,\"text\":\"query\",\"name\":"
         "\"\"}",
         "{\"id\":9,\"type\":\"message\",\"timestamp\":5,\"text\":\"query\",\"name\":"
         "\"\"}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;
        struct json j;

        buf_init(&out, 1024);
        json_init(&j, &out);
        recent_event_public(&j, slice_of(rows[i].event));
        assert_true(slice_eq(buf_get(&out), slice_of(rows[i].shown)));
        buf_fini(&out);
    }
}

static void a_query_is_told_and_read(void **state)
{
    static const struct {
        struct recent_event e;
        const char *json;
    } rows[] = {
        {{.id = 9,
          .kind = HIT_QUERY,
          .at = 5,
          .path = SLICE("SELECT 1"),
          .name = SLICE("api"),
          .ms = 12},
         "{\"id\":9,\"type\":\"query\",\"timestamp\":5,\"text\":\"SELECT "
         "1\",\"name\":\"api\","
         "\"ms\":12}"},
        {{.id = 9, .kind = HIT_QUERY, .at = 5, .path = SLICE("x"), .ms = ENGAGED_MAX_MS},
         "{\"id\":9,\"type\":\"query\",\"timestamp\":5,\"text\":\"x\",\"ms\":240000}"},
    };
    struct recent_event back;
    struct buf text, json;

    (void)state;
    buf_init(&text, RECENT_TEXT_MAX);
    buf_init(&json, 4096);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json j;

        buf_clear(&json);
        json_init(&j, &json);
        recent_event_json(&j, &rows[i].e);
        assert_true(slice_eq(buf_get(&json), slice_of(rows[i].json)));
        assert_true(recent_event_parse(buf_get(&json), &back, &text));
        expect_same_event(&rows[i].e, &back);
    }
    assert_false(recent_event_parse(
        SLICE(
            "{\"id\":9,\"type\":\"query\",\"timestamp\":5,\"text\":\"x\",\"ms\":240001}"),
        &back, &text));
    buf_fini(&text);
    buf_fini(&json);
}

#define HEAD "{\"id\":9,\"type\":\"pageview\",\"timestamp\":1763776801450"

static void goals_that_are_none_make_no_event(void **state)
{
    static const struct {
        const char *goals;
        bool good;
    } rows[] = {
        {"[\"a\"]", true},
        {"[\"a\",\"b\"]", true},
        {"[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\"]", true},
        {"[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\"]", false},
        {"[\"a b\"]", false},
        {"[\"\"]", false},
        {"[]", false},
        {"[\"a\",]", false},
        {"[\"a\"", false},
        {"[1]", false},
        {"[[\"a\"]]", false},
        {"[\"a\"},\"x\":1", false},
    };
    struct recent_event e;
    struct buf text;
    char json[256];

    (void)state;
    buf_init(&text, RECENT_TEXT_MAX);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int n = snprintf(json, sizeof json, HEAD ",\"path\":\"/\",\"goals\":%s}",
                         rows[i].goals);

        assert_int_equal(
            recent_event_parse((struct slice){guard_copy(json, (size_t)n), (size_t)n}, &e,
                               &text),
            rows[i].good);
    }
    buf_fini(&text);
}

/* It may come from another version, or from anybody who writes to Redis. */
static void what_is_not_known_of_a_person_is_nothing(void **state)
{
    static const char *const rows[] = {
        "\"visitor\":\"xyz\"",    "\"visitor\":\"0000000g\"",
        "\"device\":\"toaster\"", "\"browser\":\"\"",
        "\"country\":\"de\"",     "\"country\":\"DEU\"",
        "\"device\":\"unknown\"", "\"later\":1",
        "\"visitor\":7",
    };
    struct recent_event e;
    struct buf text;
    char json[256];

    (void)state;
    buf_init(&text, RECENT_TEXT_MAX);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int n =
            snprintf(json, sizeof json,
                     "{\"id\":7,\"type\":\"pageview\",\"timestamp\":1,\"path\":\"/\",%s}",
                     rows[i]);

        assert_true(recent_event_parse(
            (struct slice){guard_copy(json, (size_t)n), (size_t)n}, &e, &text));
        assert_true(slice_eq(e.path, SLICE("/")));
        assert_int_equal(e.visitor + e.device + e.browser, 0);
        assert_int_equal(e.country[0], 0);
        assert_int_equal(e.referrer.n, 0);
    }
    buf_fini(&text);
}

static void an_event_is_recognized_and_read(void **state)
{
    static const struct recent_event events[] = {
        {.id = 1, .kind = HIT_VIEW, .at = 0, {"/", 1}, {"", 0}},
        {.id = JSON_INTEGER_MAX,
         .kind = HIT_EVENT,
         1763776801450,
         {"/\"<\xff\n\\", 6},
         {"caf\xc3\xa9", 5}},
        {.id = 10, .kind = HIT_EVENT, .at = 1, {"", 0}, {"", 0}},
        {.id = 11, .kind = HIT_MESSAGE, .at = 1, {"v2 is out", 9}, {"ci", 2}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        struct json j;
        struct buf out;
        uint64_t id;
        ms_t at;

        buf_init(&out, 1000);
        json_init(&j, &out);
        recent_event_json(&j, &events[i]);
        assert_true(recent_event_check((struct slice){guard_copy(out.p, out.n), out.n},
                                       &id, &at));
        assert_int_equal(id, events[i].id);
        assert_int_equal(at, events[i].at);
        for (size_t n = 0; n < out.n; n++)
            assert_false(
                recent_event_check((struct slice){guard_copy(out.p, n), n}, &id, &at));
        buf_fini(&out);
    }
}

static void events_of_ours_and_others_are_told_apart(void **state)
{
    static const struct {
        const char *text;
        bool ours;
    } rows[] = {
        {HEAD "}", true},
        {HEAD ",\"path\":\"/\"}", true},
        {HEAD ",\"path\":\"/\",\"later\":7,\"still\":\"x\"}", true},
        {HEAD ",\"zero\":0}", true},
        {HEAD ",\"path\":\"/\"}}", false},
        {HEAD ",\"path\":\"/\"} ", false},
        {HEAD ",}", false},
        {HEAD ",\"path\":}", false},
        {HEAD ",\"path\"}", false},
        {HEAD ",\"path\":[]}", false},
        {HEAD ",\"path\":007}", false},
        {HEAD ",\"path\":-1}", false},
        {HEAD ",\"path\":1.5}", false},
        {HEAD ",\"path\":9007199254740992}", false},
        {HEAD ",\"path\":99999999999999999999999}", false},
        {HEAD ",\"path\":\"</script>\"}", false},
        {HEAD ",\"path\":\"\xff\"}", false},
        {HEAD " ,\"path\":\"/\"}", false},
        {"{\"id\":09,\"type\":\"pageview\",\"timestamp\":1}", false},
        {"{\"id\":\"9\",\"type\":\"pageview\",\"timestamp\":1}", false},
        {"{\"id\":,\"type\":\"pageview\",\"timestamp\":1}", false},
        {"{\"id\":9,\"timestamp\":1,\"type\":\"pageview\"}", false},
        {"{\"id\":9,\"type\":7,\"timestamp\":1}", false},
        {"{ \"id\":9,\"type\":\"pageview\",\"timestamp\":1}", false},
        {"{}", false},
        {"null", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t n = strlen(rows[i].text);
        uint64_t id;
        ms_t at;

        print_message("%s\n", rows[i].text);
        assert_int_equal(
            recent_event_check((struct slice){guard_copy(rows[i].text, n), n}, &id, &at),
            rows[i].ours);
    }
}

static void a_site_being_read_back_is_flagged(void **state)
{
    struct delta d = example;
    struct buf out;

    (void)state;
    buf_init(&out, MESSAGE_MAX);
    d.flags = DELTA_TICK | DELTA_CAPPED | DELTA_LOADING | DELTA_WARMING;
    delta_encode(&d, &out);
    buf_add(&out, "", 1);
    assert_non_null(
        strstr(out.p, "\"flags\":[\"tick\",\"capped\",\"loading\",\"warming\"],"));
    buf_fini(&out);
}

/* Writes an event, reads it, and gives what was read. The texts are those of @text. */
static bool read_again(const struct recent_event *e, struct recent_event *out,
                       struct buf *text)
{
    struct buf written;
    struct json j;
    bool good;

    buf_init(&written, MESSAGE_MAX);
    json_init(&j, &written);
    recent_event_json(&j, e);
    good = recent_event_parse((struct slice){guard_copy(written.p, written.n), written.n},
                              out, text);
    buf_fini(&written);
    return good;
}

static void an_event_is_read_as_it_was_written(void **state)
{
    static const char *const texts[] = {
        "",
        "/",
        "/a b",
        "\"\\\b\f\n\r\t<>&",
        "\x01\x1f\x7f",
        "\xc2\x80\xc2\x9f\xc3\xa4",
        "\xe2\x80\xa8\xe2\x80\xa9\xe2\x82\xac",
        "\xf0\x9f\x90\x98",
        "u0041\\u0041",
    };
    struct recent_event out;
    struct buf text;

    (void)state;
    buf_init(&text, PATH_MAX_BYTES + EVENT_NAME_MAX + 16);
    for (size_t i = 0; i < 3 * sizeof texts / sizeof *texts; i++) {
        struct slice t = slice_of(texts[i / 3]);
        struct recent_event e = {
            .id = i + 1, .kind = HIT_VIEW, .at = 1763776801000 + (ms_t)i};

        e.path = t;
        if (i % 3) {
            e.kind = i % 3 == 1 ? HIT_EVENT : HIT_MESSAGE;
            e.name = t;
        }
        assert_true(read_again(&e, &out, &text));
        assert_int_equal(out.id, e.id);
        assert_int_equal(out.at, e.at);
        assert_int_equal(out.kind, e.kind);
        assert_true(slice_eq(out.path, e.path));
        assert_true(slice_eq(out.name, e.name));
    }
    buf_fini(&text);
}

static void an_event_beyond_its_bounds_is_none_of_ours(void **state)
{
    static const char *const rows[] = {
        "",
        "{}",
        "{\"id\":0,\"type\":\"pageview\",\"timestamp\":1,\"path\":\"/\"}",
        "{\"id\":1,\"type\":\"pageview\",\"timestamp\":1}",
        "{\"id\":1,\"type\":\"pageview\",\"timestamp\":1,\"path\":7}",
        "{\"id\":1,\"type\":\"leave\",\"timestamp\":1,\"path\":\"/\"}",
        "{\"id\":1,\"type\":\"event\",\"timestamp\":1,\"path\":\"/\"}",
        "{\"id\":1,\"type\":\"heartbeat\",\"timestamp\":1,\"path\":\"/\"}",
        "{\"id\":1,\"type\":\"reset\",\"timestamp\":1,\"path\":\"/\"}",
        "{\"id\":1,\"type\":\"message\",\"timestamp\":1,\"path\":\"/\",\"name\":\"\"}",
        "{\"id\":1,\"type\":\"message\",\"timestamp\":1,\"text\":\"hello\"}",
        "{\"id\":1,\"type\":\"pageview\",\"timestamp\":1,\"text\":\"/\"}",
    };
    char big[PATH_MAX_BYTES + 2];
    struct recent_event e = {.id = 1, .kind = HIT_VIEW, .at = 1}, out;
    struct buf text;

    (void)state;
    memset(big, 'x', sizeof big);
    buf_init(&text, PATH_MAX_BYTES + EVENT_NAME_MAX + 16);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_false(recent_event_parse(slice_of(rows[i]), &out, &text));
    e.path = (struct slice){big, PATH_MAX_BYTES};
    assert_true(read_again(&e, &out, &text));
    e.path.n++;
    assert_false(read_again(&e, &out, &text));
    e.kind = HIT_EVENT;
    e.path.n = 1;
    e.name = (struct slice){big, EVENT_NAME_MAX + 1};
    assert_false(read_again(&e, &out, &text));
    buf_fini(&text);
}

static void a_message_to_the_feed_is_as_documented(void **state)
{
    static const struct recent_event e = {
        .id = 9, .kind = HIT_MESSAGE, .at = 1763776801450, {"v2 is out", 9}, {"", 0}};
    struct json j;
    struct buf out;

    (void)state;
    buf_init(&out, 1000);
    json_init(&j, &out);
    recent_event_json(&j, &e);
    buf_add(&out, "", 1);
    assert_string_equal(out.p,
                        "{\"id\":9,\"type\":\"message\",\"timestamp\":1763776801450,"
                        "\"text\":\"v2 is out\",\"name\":\"\"}");
    buf_fini(&out);
}

/* Parses a copy of @text that ends at a guard page. */
static int parse(struct slice text, struct delta_view *v)
{
    memset(v, 0xa5, sizeof *v);
    return delta_parse((struct slice){guard_copy(text.p, text.n), text.n}, v);
}

static void assert_json(struct slice text, const char *end)
{
    struct buf whole;
    json_t *parsed;

    buf_init(&whole, 2 * MESSAGE_MAX);
    buf_slice(&whole, text);
    buf_str(&whole, end);
    parsed = json_loadb(whole.p, whole.n, STRICT, NULL);
    assert_non_null(parsed);
    json_decref(parsed);
    buf_fini(&whole);
}

/* Writes @d, takes it apart, and compares. */
static void assert_parses(const struct delta *d, size_t nevents)
{
    const struct recent_event *first = d->events + d->nevents - nevents;
    struct delta_view v;
    struct buf out;

    buf_init(&out, MESSAGE_MAX);
    delta_encode(d, &out);
    assert_int_equal(parse(buf_get(&out), &v), 0);
    assert_true(slice_eq(v.site, d->site));
    assert_true(v.epoch == d->epoch && v.commit == d->commit && v.n == d->n);
    assert_true(v.at == d->at && v.life == d->life && v.last == d->last);
    assert_memory_equal(&v.online, &d->online, sizeof v.online);
    assert_memory_equal(&v.total, &d->total, sizeof v.total);
    assert_int_equal(v.tick, (d->flags & DELTA_TICK) != 0);
    assert_int_equal(v.loading, (d->flags & DELTA_LOADING) != 0);
    assert_int_equal(v.warming, (d->flags & DELTA_WARMING) != 0);
    assert_int_equal(v.nevents, nevents);
    assert_true(slice_starts(buf_get(&out), v.state));
    assert_true(
        slice_starts(slice_skip(buf_get(&out), v.state.n), SLICE(",\"events\":[")));
    assert_json(v.state, "}");
    for (size_t i = 0; i < nevents; i++) {
        struct recent_event e;
        struct buf text;

        buf_init(&text, 1000);
        assert_int_equal(v.event_id[i], first[i].id);
        assert_true(recent_event_parse(v.event[i], &e, &text));
        assert_int_equal(e.id, first[i].id);
        buf_fini(&text);
    }
    buf_fini(&out);
}

static void what_is_written_is_taken_apart(void **state)
{
    struct delta d = example;
    static struct big b;

    (void)state;
    assert_parses(&d, 2);
    d.flags = 0;
    d.npages = d.nevents = 0;
    d.window[1].minutes = d.window[2].minutes = 1;
    assert_parses(&d, 0);
    for (unsigned flags = 0; flags < 16; flags++) {
        d.flags = flags;
        assert_parses(&d, 0);
    }
    d.online.fresh.reading = 0;
    assert_parses(&d, 0);
    big_init(&b, '<', 20, MESSAGE_PAGES_MAX, MESSAGE_EVENTS_MAX);
    assert_parses(&b.d, MESSAGE_EVENTS_MAX);
    big_init(&b, 'a', PATH_MAX_BYTES, MESSAGE_PAGES_MAX, 1);
    assert_parses(&b.d, 1);
}

#define ID "{\"v\":1,\"site\":\"s\",\"e\":1,\"q\":2,\"n\":3,\"t\":4"
#define CHANGE ",\"d\":{}"
#define ONLINE                                                                       \
    ",\"online\":{\"total\":10,\"active\":6,\"writing\":1,\"reading\":2,\"idle\":3," \
    "\"background\":4,\"tabs\":5}"
#define COUNTS_BUT ",\"visitors\":{},\"pv\":{},\"engaged\":{},\"peak\":{},\"total\":"
#define COUNTS COUNTS_BUT "{\"views\":3,\"visits\":2,\"since\":1}"
#define FEED ",\"feed\":{\"life\":6,\"last\":7}"
#define PAGES ",\"pages\":[]"
#define FLAGS ",\"flags\":[\"tick\"]"
#define E1 "{\"id\":8,\"type\":\"x\",\"timestamp\":1}"
#define BEFORE ID CHANGE ONLINE COUNTS FEED PAGES FLAGS

static void members_of_later_versions_pass(void **state)
{
    static const char *const rows[] = {
        BEFORE ",\"events\":[" E1 "]}",
        "{\"v\":1,\"a\":[1,{\"v\":2}],\"site\":\"s\",\"e\":1,\"q\":2,\"n\":3,\"t\":"
        "4" CHANGE ONLINE COUNTS FEED PAGES FLAGS ",\"events\":[" E1 "]}",
        ID ",\"x\":-1.5,\"y\":null" CHANGE ONLINE COUNTS FEED
           ",\"z\":{\"events\":[]}" PAGES ",\"w\":true" FLAGS
           ",\"\":\"\\\"}\",\"eventsX\":[],\"event\":[],\"events\":[" E1 "]}",
        ID CHANGE
        ",\"online\":{\"total\":9,\"active\":9,\"writing\":1,\"reading\":2,\"idle\":3,"
        "\"background\":4,\"tabs\":5,\"bots\":{},\"x\":1}" COUNTS
        ",\"feed\":{\"life\":6,\"last\":7,\"held\":[1]}" PAGES FLAGS ",\"events\":[" E1
        "]}",
        ID CHANGE ONLINE COUNTS FEED PAGES ",\"alerts\":[]" FLAGS ",\"events\":[" E1 "]}",
        ID CHANGE ONLINE COUNTS FEED PAGES
        ",\"x\":1,\"alerts\":[{\"name\":\"a\"}],\"y\":2" FLAGS ",\"events\":[" E1 "]}",
        ID CHANGE ONLINE COUNTS FEED PAGES
        ",\"flags\":[\"new\",\"tick\",\"newer\"],\"events\":[" E1 "]}",
        ID CHANGE ONLINE COUNTS_BUT
        "{\"views\":3,\"a\":1,\"visits\":2,\"since\":1,\"b\":[]}" FEED PAGES FLAGS
        ",\"events\":[" E1 "]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice text = slice_of(rows[i]);
        struct delta_view v;

        print_message("%s\n", rows[i]);
        assert_int_equal(parse(text, &v), 0);
        assert_true(slice_eq(v.site, SLICE("s")) && v.epoch == 1 && v.commit == 2);
        assert_true(v.n == 3 && v.at == 4 && v.life == 6 && v.last == 7 && v.tick);
        assert_true(v.online.writing == 1 && v.online.reading == 2 && v.online.idle == 3);
        assert_true(v.online.background == 4 && v.online.tabs == 5);
        assert_true(v.online.members == 0 && online_is_fresh(&v.online));
        assert_true(v.total.views == 3 && v.total.visits == 2 && v.total.since == 1);
        assert_true(v.nevents == 1 && v.event_id[0] == 8);
        assert_true(slice_eq(v.event[0], SLICE(E1)));
        assert_int_equal(v.state.n, text.n - strlen(",\"events\":[" E1 "]}"));
    }
}

static void what_is_no_message_is_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "{}",
        "[]",
        "null",
        " " BEFORE ",\"events\":[]}",
        BEFORE ",\"events\":[]} ",
        BEFORE ",\"events\":[]}}",
        BEFORE ",\"events\":[],\"later\":1}",
        BEFORE ",\"events\":[" E1 ","
               "]}",
        BEFORE ",\"events\":[" E1 E1 "]}",
        BEFORE ",\"events\":[1]}",
        BEFORE ",\"events\":[{}]}",
        BEFORE ",\"events\":{}}",
        BEFORE ",\"events\":[{\"id\":8,\"type\":\"x\",\"timestamp\":1,\"y\":[]}]}",
        BEFORE "}",
        BEFORE ",\"\\u0076\":1,\"events\":[]}", /* twice, in disguise */
        ID CHANGE
        ",\"online\":{\"total\":9,\"active\":9,\"writing\":1,\"reading\":2,\"idle\":3,"
        "\"background\":4,\"tabs\":5,\"tabs\":6}" COUNTS FEED PAGES FLAGS
        ",\"events\":[]}",
        ID CHANGE ONLINE COUNTS
        ",\"feed\":{\"x\":1,\"last\":7,\"life\":6,\"last\":7}" PAGES FLAGS
        ",\"events\":[]}",
        ID CHANGE
        ",\"online\":{\"total\":9,\"active\":9,\"writing\":1,\"reading\":2,\"idle\":3,"
        "\"background\":4,\"tabs\":5,\"fresh\":{\"total\":1},\"members\":6}" COUNTS FEED
            PAGES FLAGS ",\"events\":[]}",
        ID CHANGE
        ",\"online\":{\"total\":9,\"active\":9,\"writing\":1,\"reading\":2,\"idle\":3,"
        "\"background\":4,\"tabs\":5,\"members\":-1}" COUNTS FEED PAGES FLAGS
        ",\"events\":[]}",
        ID CHANGE ONLINE COUNTS_BUT "{\"views\":3,\"since\":1}" FEED PAGES FLAGS
                                    ",\"events\":[]}",
        ID CHANGE ONLINE COUNTS_BUT "{\"views\":3,\"visits\":2,\"counted\":1,"
                                    "\"connections\":1,\"since\":1}" FEED PAGES FLAGS
                                    ",\"events\":[]}",
        BEFORE ",\"events\" :[]}",
        BEFORE ",\"events\": []}",
        BEFORE ",\"more\":,\"events\":[]}",
        BEFORE ",\"more\":\"</script>\",\"events\":[]}",
        BEFORE ",\"alerts\":[],\"events\":[]}",
        ID CHANGE ONLINE COUNTS FEED PAGES ",\"alerts\":{}" FLAGS ",\"events\":[]}",
        ID CHANGE ONLINE COUNTS FEED PAGES ",\"alerts\":[],\"alerts\":[]" FLAGS
                                           ",\"events\":[]}",
        BEFORE ",\"flags\":[],\"events\":[]}",                         /* twice */
        BEFORE ",\"site\":\"t\",\"events\":[]}",                       /* twice */
        ID CHANGE ONLINE COUNTS FEED PAGES ",\"events\":[]" FLAGS "}", /* as it was */
        ID CHANGE COUNTS FEED PAGES FLAGS ",\"events\":[]}",
        ID ONLINE CHANGE COUNTS FEED PAGES FLAGS ",\"events\":[]}",
        ID CHANGE ONLINE COUNTS PAGES FLAGS ",\"events\":[]}",
        ID CHANGE ONLINE COUNTS FEED PAGES ",\"flags\":[1],\"events\":[]}",
        ID CHANGE ONLINE COUNTS FEED PAGES ",\"flags\":{},\"events\":[]}",
        ID CHANGE ONLINE COUNTS FEED PAGES ",\"flags\":[\"tick\",],\"events\":[]}",
        ID CHANGE ONLINE COUNTS FEED ",\"pages\":{}" FLAGS ",\"events\":[]}",
        ID CHANGE ONLINE COUNTS ",\"feed\":{\"last\":7,\"life\":6}" PAGES FLAGS
                                ",\"events\":[]}",
        ID CHANGE ",\"online\":{\"total\":1}" COUNTS FEED PAGES FLAGS ",\"events\":[]}",
        ID ",\"d\":[]" ONLINE COUNTS FEED PAGES FLAGS ",\"events\":[]}",
        ID ",\"d\":1" ONLINE COUNTS FEED PAGES FLAGS ",\"events\":[]}",
        "{\"v\":2,\"site\":\"s\",\"e\":1,\"q\":2,\"n\":3,\"t\":4" CHANGE ONLINE COUNTS
            FEED PAGES FLAGS ",\"events\":[]}",
        "{\"v\":11,\"site\":\"s\",\"e\":1,\"q\":2,\"n\":3,\"t\":4" CHANGE ONLINE COUNTS
            FEED PAGES FLAGS ",\"events\":[]}",
        "{\"v\":1,\"site\":\"..\",\"e\":1,\"q\":2,\"n\":3,\"t\":4" CHANGE ONLINE COUNTS
            FEED PAGES FLAGS ",\"events\":[]}",
        "{\"v\":1,\"site\":\"s\\n\",\"e\":1,\"q\":2,\"n\":3,\"t\":4" CHANGE ONLINE COUNTS
            FEED PAGES FLAGS ",\"events\":[]}",
        "{\"v\":1,\"site\":\"s\",\"e\":-1,\"q\":2,\"n\":3,\"t\":4" CHANGE ONLINE COUNTS
            FEED PAGES FLAGS ",\"events\":[]}",
        "{\"v\":1,\"site\":\"s\",\"e\":1,\"q\":2,\"n\":9007199254740992,\"t\":4" CHANGE
            ONLINE COUNTS FEED PAGES FLAGS ",\"events\":[]}",
    };
    struct delta_view v;

    (void)state;
    assert_int_equal(parse(SLICE(BEFORE ",\"events\":[]}"), &v), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("%s\n", rows[i]);
        assert_int_equal(parse(slice_of(rows[i]), &v), -1);
    }
}

static void a_message_has_its_bounds(void **state)
{
    struct delta_view v;
    struct buf out;

    (void)state;
    buf_init(&out, 2 * MESSAGE_MAX);
    for (size_t n = MESSAGE_EVENTS_MAX; n <= MESSAGE_EVENTS_MAX + 1; n++) {
        buf_clear(&out);
        buf_str(&out, BEFORE ",\"events\":[" E1);
        for (size_t i = 1; i < n; i++)
            buf_str(&out, "," E1);
        buf_str(&out, "]}");
        assert_int_equal(parse(buf_get(&out), &v), n > MESSAGE_EVENTS_MAX ? -1 : 0);
    }
    for (size_t n = MESSAGE_MAX; n <= MESSAGE_MAX + 1; n++) {
        static const char end[] = "\",\"events\":[]}";

        buf_clear(&out);
        buf_str(&out, BEFORE ",\"x\":\"");
        while (out.n + sizeof end - 1 < n)
            buf_str(&out, "x");
        buf_str(&out, end);
        assert_int_equal(out.n, n);
        assert_int_equal(parse(buf_get(&out), &v), n > MESSAGE_MAX ? -1 : 0);
    }
    buf_fini(&out);
}

static void a_message_cut_anywhere_is_refused(void **state)
{
    struct delta_view v;
    struct buf out;

    (void)state;
    buf_init(&out, MESSAGE_MAX);
    delta_encode(&example, &out);
    for (size_t n = 0; n < out.n; n++)
        assert_int_equal(parse((struct slice){out.p, n}, &v), -1);
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_as_documented),
        cmocka_unit_test(equal_windows_are_written_once),
        cmocka_unit_test(alerts_that_are_on_are_told_with_the_numbers_of_now),
        cmocka_unit_test(who_is_fresh_is_told_where_not_all_are),
        cmocka_unit_test(a_message_of_maximal_everything_is_valid_and_fits),
        cmocka_unit_test(nothing_is_left_out_needlessly),
        cmocka_unit_test(the_first_pages_and_the_last_events_stay),
        cmocka_unit_test(lists_are_cut_to_their_bounds_even_when_all_would_fit),
        cmocka_unit_test(a_buffer_that_is_too_small_is_misuse),
        cmocka_unit_test(an_event_is_recognized_and_read),
        cmocka_unit_test(who_it_was_and_whence_is_told_and_read),
        cmocka_unit_test(a_query_is_told_and_read),
        cmocka_unit_test(of_a_query_anybody_is_told_all_but_its_text),
        cmocka_unit_test(goals_that_are_none_make_no_event),
        cmocka_unit_test(what_is_not_known_of_a_person_is_nothing),
        cmocka_unit_test(events_of_ours_and_others_are_told_apart),
        cmocka_unit_test(a_site_being_read_back_is_flagged),
        cmocka_unit_test(an_event_is_read_as_it_was_written),
        cmocka_unit_test(an_event_beyond_its_bounds_is_none_of_ours),
        cmocka_unit_test(a_message_to_the_feed_is_as_documented),
        cmocka_unit_test(what_is_written_is_taken_apart),
        cmocka_unit_test(members_of_later_versions_pass),
        cmocka_unit_test(what_is_no_message_is_refused),
        cmocka_unit_test(a_message_has_its_bounds),
        cmocka_unit_test(a_message_cut_anywhere_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
