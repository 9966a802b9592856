/* Heads of requests: what is read out of good ones, and the refusal of everything that
 * two parsers could read in two ways. Each head is fed whole and byte by byte, every
 * piece ending where memory ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../collector/http.h"
#include "../guard.h"

/* Text with its length, so that it may hold NUL. */
#define T(lit)                 \
    {                          \
        (lit), sizeof(lit) - 1 \
    }
#define H "Host: a\r\n"

struct row {
    struct slice text;
    int want;
};

/* As memory is found that was used before: nothing in it is nothing by itself. */
static void soil(struct http_request *r)
{
    memset(r, 0xa5, sizeof *r);
}

static ssize_t parse(struct http_request *r, struct slice text)
{
    static struct guard g;

    soil(r);
    return http_parse(r, guard_put(&g, text.p, text.n), text.n);
}

/* Feeds @text whole and in every prefix. The verdict must come once and then stay, and
 * be that on the whole. Returns it. */
static ssize_t feed(struct slice text)
{
    struct http_request r;
    ssize_t whole = parse(&r, text), last = 0;

    for (size_t n = 0; n <= text.n; n++) {
        ssize_t v = parse(&r, (struct slice){text.p, n});

        if (v != whole && (v != 0 || last != 0))
            fail_msg("%zu bytes of \"%.*s\" give %zd, all %zu give %zd", n, (int)text.n,
                     text.p, v, text.n, whole);
        last = v;
    }
    return whole;
}

static void assert_verdict(struct row row)
{
    ssize_t got = feed(row.text);

    if (got != row.want)
        fail_msg("\"%.*s\" gives %zd, not %d", (int)row.text.n, row.text.p, got,
                 row.want);
}

#define ASSERT_ALL(rows)                                       \
    for (size_t i = 0; i < sizeof(rows) / sizeof *(rows); i++) \
    assert_verdict((rows)[i])

/* A good head stays whole in front of a guard page while its slices are looked at. */
static struct http_request must_parse(const char *text)
{
    struct http_request r;
    struct slice s = slice_of(text);

    assert_int_equal(feed(s), s.n);
    soil(&r);
    assert_int_equal(http_parse_with(&r, guard_copy(s.p, s.n), s.n, SLICE("X-Real-IP")),
                     s.n);
    return r;
}

static void assert_slice(struct slice got, const char *want)
{
    if (!slice_eq(got, slice_of(want)))
        fail_msg("\"%.*s\" is not \"%s\"", (int)got.n, got.p, want);
}

/* ---- what is read ---- */

static void a_browsers_head_is_taken_apart(void **state)
{
    struct http_request r = must_parse("GET /hc.gif?i=shop&p=%2Fcart HTTP/1.1\r\n"
                                       "Host: stats.example:8080\r\n"
                                       "Connection: keep-alive\r\n"
                                       "User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n"
                                       "Accept: image/avif,*/*;q=0.8\r\n"
                                       "Referer: https://shop.example/cart\r\n"
                                       "Origin: https://shop.example\r\n"
                                       "Authorization: Bearer x\r\n"
                                       "X-Forwarded-For: 192.0.2.7\r\n"
                                       "sec-ch-ua: \"Chromium\";v=\"124\"\r\n\r\n");

    (void)state;
    assert_int_equal(r.method, HTTP_GET);
    assert_slice(r.target, "/hc.gif?i=shop&p=%2Fcart");
    assert_slice(r.path, "/hc.gif");
    assert_slice(r.query, "i=shop&p=%2Fcart");
    assert_slice(r.host, "stats.example:8080");
    assert_slice(r.user_agent, "Mozilla/5.0 (X11; Linux x86_64)");
    assert_slice(r.accept, "image/avif,*/*;q=0.8");
    assert_slice(r.referer, "https://shop.example/cart");
    assert_slice(r.origin, "https://shop.example");
    assert_slice(r.authorization, "Bearer x");
    assert_int_equal(r.nforwarded_for, 1);
    assert_slice(r.forwarded_for[0], "192.0.2.7");
    assert_true(r.keep_alive);
    assert_false(r.http_1_0);
    assert_int_equal(r.content_length, 0);
    assert_int_equal(r.content_type.n, 0);
}

static void of_what_a_head_has_not_nothing_is_told(void **state)
{
    struct http_request r = must_parse("GET / HTTP/1.0\r\n\r\n");
    const struct slice absent[] = {
        r.host,          r.user_agent,      r.referer,         r.origin,
        r.content_type,  r.accept,          r.accept_encoding, r.if_none_match,
        r.last_event_id, r.cookie,          r.country,         r.upgrade,
        r.ws_key,        r.ws_version,      r.ws_protocol,     r.client_ip,
        r.authorization, r.request_headers,
    };

    (void)state;
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
        assert_true(absent[i].p == NULL && absent[i].n == 0);
    assert_int_equal(r.query.n, 0);
    assert_int_equal(r.content_length, 0);
    assert_int_equal(r.nforwarded_for, 0);
    assert_false(r.expect_continue || r.upgrades || r.ws_repeated ||
                 r.client_ip_repeated || r.ahead || r.opts_out || r.keep_alive);
}

static void a_post_says_how_long_its_body_is(void **state)
{
    struct http_request r = must_parse("POST /e HTTP/1.1\r\n" H "Content-Length: 17\r\n"
                                       "Content-Type: text/plain;charset=UTF-8\r\n"
                                       "Expect: 100-Continue\r\n\r\n");

    (void)state;
    assert_int_equal(r.method, HTTP_POST);
    assert_int_equal(r.content_length, 17);
    assert_slice(r.content_type, "text/plain;charset=UTF-8");
    assert_true(r.expect_continue);
    r = must_parse("POST /e?i=a HTTP/1.1\r\n" H "\r\n");
    assert_int_equal(r.content_length, 0);
    assert_false(r.expect_continue);
}

static void a_preflight_names_its_headers(void **state)
{
    struct http_request r =
        must_parse("OPTIONS /e HTTP/1.1\r\n" H
                   "Access-Control-Request-Headers: content-type\r\n\r\n");

    (void)state;
    assert_int_equal(r.method, HTTP_OPTIONS);
    assert_slice(r.request_headers, "content-type");
    assert_int_equal(must_parse("HEAD / HTTP/1.1\r\n" H "\r\n").method, HTTP_HEAD);
}

static void names_have_no_case_and_values_no_outer_blanks(void **state)
{
    struct http_request r =
        must_parse("GET / HTTP/1.1\r\nHOST:a\r\nuSER-aGENT: \t x\ty \t\r\n"
                   "REFERER:\r\nACCEPT:  \t \r\nx-forwarded-for:1,2\r\n"
                   "Origin: caf\xc3\xa9\r\n\r\n");

    (void)state;
    assert_slice(r.host, "a");
    assert_slice(r.user_agent, "x\ty");
    assert_slice(r.referer, "");
    assert_slice(r.accept, "");
    assert_int_equal(r.nforwarded_for, 1);
    assert_slice(r.forwarded_for[0], "1,2");
    assert_slice(r.origin, "caf\xc3\xa9");
}

static void names_that_only_resemble_known_ones_mean_nothing(void **state)
{
    struct http_request r =
        must_parse("GET / HTTP/1.1\r\n" H "Hosts: b\r\nHosu: c\r\nUser_Agent: x\r\n"
                   "Transfer_Encoding: chunked\r\nXontent-Length: 7\r\n"
                   "Content-Lengti: 7\r\nAccepu: x\r\nExpecs: y\r\n\r\n");

    (void)state;
    assert_slice(r.host, "a");
    assert_int_equal(r.user_agent.n + r.accept.n + r.content_length, 0);
}

static void lines_of_forwarded_for_stay_in_their_order(void **state)
{
    struct http_request r =
        must_parse("GET / HTTP/1.1\r\n" H "X-Forwarded-For: 1\r\nAccept: x\r\n"
                   "x-forwarded-for:\r\nX-FORWARDED-FOR: 2, 3\r\n\r\n");

    (void)state;
    assert_int_equal(r.nforwarded_for, 3);
    assert_slice(r.forwarded_for[0], "1");
    assert_slice(r.forwarded_for[1], "");
    assert_slice(r.forwarded_for[2], "2, 3");
    assert_int_equal(must_parse("GET / HTTP/1.1\r\n" H "\r\n").nforwarded_for, 0);
}

static void of_too_many_lines_of_forwarded_for_the_last_stay(void **state)
{
    char text[1024] = "GET / HTTP/1.1\r\n" H, want[16];
    struct http_request r;

    (void)state;
    for (int i = 0; i < HTTP_FORWARDED_MAX + 3; i++)
        sprintf(text + strlen(text), "X-Forwarded-For: %d\r\n", i);
    r = must_parse(strcat(text, "\r\n"));
    assert_int_equal(r.nforwarded_for, HTTP_FORWARDED_MAX);
    for (int i = 0; i < HTTP_FORWARDED_MAX; i++) {
        sprintf(want, "%d", i + 3);
        assert_slice(r.forwarded_for[i], want);
    }
}

/* must_parse asks for X-Real-IP. */
static void the_header_that_was_named_is_read_and_its_repetition_told(void **state)
{
    struct http_request r =
        must_parse("GET / HTTP/1.1\r\n" H "x-REAL-ip:  1.2.3.4 \r\n\r\n");

    (void)state;
    assert_slice(r.client_ip, "1.2.3.4");
    assert_false(r.client_ip_repeated);
    r = must_parse("GET / HTTP/1.1\r\n" H "X-Real-IP:\r\nX-Real-IP: 1.2.3.4\r\n\r\n");
    assert_true(r.client_ip_repeated);
    r = must_parse("GET / HTTP/1.1\r\n" H "X-Real-I: 1\r\nX-Real-IQ: 2\r\n"
                   "X_Real-IP: 3\r\nX-Real-IPs: 4\r\n\r\n");
    assert_int_equal(r.client_ip.n, 0);
    assert_false(r.client_ip_repeated);
}

static void a_header_that_was_named_keeps_its_own_meaning(void **state)
{
    static const char head[] = "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1\r\n\r\n";
    struct http_request r;

    (void)state;
    assert_int_equal(http_parse_with(&r, head, sizeof head - 1, SLICE("Host")),
                     sizeof head - 1);
    assert_slice(r.host, "a");
    assert_slice(r.client_ip, "a");
    assert_int_equal(http_parse_with(&r, head, sizeof head - 1, SLICE("x-forwarded-for")),
                     sizeof head - 1);
    assert_slice(r.client_ip, "1");
    assert_slice(r.forwarded_for[0], "1");
    assert_int_equal(http_parse(&r, head, sizeof head - 1), sizeof head - 1);
    assert_int_equal(r.client_ip.n, 0);
}

static void targets_come_in_three_forms(void **state)
{
    static const struct {
        const char *line, *path, *query, *host;
    } row[] = {
        {"GET / ", "/", "", "a"},
        {"GET /a?b?c ", "/a", "b?c", "a"},
        {"GET /? ", "/", "", "a"},
        {"GET //x/../y ", "//x/../y", "", "a"},
        {"GET /!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ ", "/!\"#$%&'()*+,-./:;<=>",
         "@[\\]^_`{|}~", "a"},
        {"GET http://b/c?d ", "/c", "d", "b"},
        {"GET HTTPS://b:8443/c ", "/c", "", "b:8443"},
        {"GET http://[2001:db8::1]:80/ ", "/", "", "[2001:db8::1]:80"},
        {"GET http://b ", "/", "", "b"},
        {"POST https://b?x=/y ", "/", "x=/y", "b"},
        {"OPTIONS * ", "*", "", "a"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char text[200];
        struct http_request r;

        snprintf(text, sizeof text, "%sHTTP/1.1\r\n" H "\r\n", row[i].line);
        r = must_parse(text);
        assert_slice(r.path, row[i].path);
        assert_slice(r.query, row[i].query);
        assert_slice(r.host, row[i].host);
    }
}

static void a_connection_stays_unless_somebody_says_close(void **state)
{
    static const struct {
        const char *head;
        bool stays;
    } row[] = {
        {"GET / HTTP/1.1\r\n" H "\r\n", true},
        {"GET / HTTP/1.1\r\n" H "Connection: close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\n" H "Connection: Keep-Alive\r\n\r\n", true},
        {"GET / HTTP/1.1\r\n" H "Connection: x, CLOSE ,y\r\n\r\n", false},
        {"GET / HTTP/1.1\r\n" H "Connection:,,\t,close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\n" H "Connection: closed\r\n\r\n", true},
        {"GET / HTTP/1.1\r\n" H "Connection: close, foo\r\n\r\n", false},
        {"GET / HTTP/1.1\r\n" H "Connection: keep-alive\r\nConnection: close\r\n\r\n",
         false},
        {"GET / HTTP/1.1\r\n" H "Connection: close\r\nConnection: keep-alive\r\n\r\n",
         false},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
        {"GET / HTTP/1.0\r\nConnection: close, keep-alive\r\n\r\n", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        assert_int_equal(must_parse(row[i].head).keep_alive, row[i].stays);
}

static void http_1_0_needs_no_host_and_expects_nothing(void **state)
{
    struct http_request r = must_parse("POST / HTTP/1.0\r\nExpect: 100-continue\r\n"
                                       "Content-Length: 1\r\n\r\n");

    (void)state;
    assert_true(r.http_1_0);
    assert_false(r.expect_continue);
    assert_int_equal(r.host.n, 0);
}

static void one_leading_crlf_is_skipped_and_counted(void **state)
{
    static const struct row row[] = {
        {T("\r\nGET / HTTP/1.1\r\n" H "\r\n"), 29},
        {T("\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n"), -400},
        {T("\nGET / HTTP/1.1\r\n" H "\r\n"), -400},
        {T("\rGET / HTTP/1.1\r\n" H "\r\n"), -400},
        {T("\r"), 0},
        {T("\r\n"), 0},
        {T(""), 0},
    };

    (void)state;
    ASSERT_ALL(row);
}

static void pipelined_heads_come_out_one_by_one(void **state)
{
    const char *text = "GET /1 HTTP/1.1\r\n" H "\r\n"
                       "\r\nPOST /2 HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc"
                       "GET /3 HTTP/1.0\r\n\r\nGET /4";
    struct slice rest = slice_of(text);
    struct http_request r;
    ssize_t n;

    (void)state;
    for (char want = '1'; want <= '3'; want++) {
        rest.p = guard_copy(rest.p, rest.n);
        n = http_parse(&r, rest.p, rest.n);
        assert_true(n > 0);
        assert_int_equal(r.path.n, 2);
        assert_int_equal(r.path.p[1], want);
        rest = slice_skip(rest, (size_t)n + r.content_length);
    }
    assert_slice(rest, "GET /4");
    assert_int_equal(parse(&r, rest), 0);
}

/* ---- what is refused ---- */

static void a_request_line_has_one_reading(void **state)
{
    static const struct row row[] = {
        {T("GET / HTTP/1.1\n" H "\r\n"), -400},
        {T("GET /\r\n"), -400}, /* HTTP/0.9 */
        {T("GET /\n"), -400},
        {T("GET  / HTTP/1.1\r\n" H "\r\n"), -400},
        {T("GET /  HTTP/1.1\r\n" H "\r\n"), -400},
        {T("GET / HTTP/1.1 \r\n" H "\r\n"), -400},
        {T(" GET / HTTP/1.1\r\n" H "\r\n"), -400},
        {T("GET\t/ HTTP/1.1\r\n" H "\r\n"), -400},
        {T("GET /\tHTTP/1.1\r\n" H "\r\n"), -400},
        {T("GET / HTTP/1.1\r\r\n" H "\r\n"), -400},
        {T("GET / HTTP/1.1\rX\n" H "\r\n"), -400},
        {T("GET\r\n / HTTP/1.1\r\n" H "\r\n"), -400},
        {T("G(T / HTTP/1.1\r\n" H "\r\n"), -400},
        {T("G\x80T / HTTP/1.1\r\n" H "\r\n"), -400},
        {T("G\0T / HTTP/1.1\r\n" H "\r\n"), -400},
        {T("\x16\x03\x01\x02\x00\x01"), -400}, /* TLS */
        {T("GET / http/1.1\r\n" H "\r\n"), -400},
        {T("GET / xHTTP/1.1\r\n" H "\r\n"), -400},
        {T("GET / HTTP/1.1.1\r\n" H "\r\n"), -400},
        {T("GET / HTTP/11.1\r\n" H "\r\n"), -400},
        {T("GET / HTTP/1,1\r\n" H "\r\n"), -400},
        {T("GET / HTTP/1.\r\n" H "\r\n"), -400},
        {T("GET / HTTP/1\r\n" H "\r\n"), -400},
        {T("GET / HTTP/a.b\r\n" H "\r\n"), -400},
        {T("GET / HTP/1.1\r\n" H "\r\n"), -400},
        {T("GET / ICY/1.1\r\n" H "\r\n"), -400},
        {T("GET / HTTP/1.2\r\n" H "\r\n"), -505},
        {T("GET / HTTP/1.9\r\n" H "\r\n"), -505},
        {T("GET / HTTP/2.0\r\n" H "\r\n"), -505},
        {T("GET / HTTP/0.9\r\n" H "\r\n"), -505},
    };

    (void)state;
    ASSERT_ALL(row);
}

static void methods_of_others_are_known_not_to_be_ours(void **state)
{
    static const struct row row[] = {
        {T("BREW / HTTP/1.1\r\n" H "\r\n"), -405},
        {T("get / HTTP/1.1\r\n" H "\r\n"), -405},
        {T("POSTS / HTTP/1.1\r\n" H "\r\n"), -405},
        {T("GEX / HTTP/1.1\r\n" H "\r\n"), -405},
        {T("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), -405},
        {T("CONNECT a:443 HTTP/1.1\r\n" H "\r\n"), -405},
        {T("UPDATEREDIRECTRE / HTTP/1.1\r\n" H "\r\n"), -405},
        {T("UPDATEREDIRECTREF / HTTP/1.1\r\n" H "\r\n"), -400},
        {T("!#$%&'*+-.^_`|~1 / HTTP/1.1\r\n" H "\r\n"), -405},
    };

    (void)state;
    ASSERT_ALL(row);
}

static void a_target_is_visible_ascii_in_a_known_form(void **state)
{
    static const struct row row[] = {
        {T("GET a HTTP/1.1\r\n" H "\r\n"), -400},
        {T("GET a:80 HTTP/1.1\r\n" H "\r\n"), -400},
        {T("GET ?a HTTP/1.1\r\n" H "\r\n"), -400},
        {T("GET * HTTP/1.1\r\n" H "\r\n"), -400},
        {T("OPTIONS ** HTTP/1.1\r\n" H "\r\n"), -400},
        {T("GET ftp://a/ HTTP/1.1\r\n" H "\r\n"), -400},
        {T("GET http:/a HTTP/1.1\r\n" H "\r\n"), -400},
        {T("GET http:// HTTP/1.1\r\n" H "\r\n"), -400},
        {T("GET http:///a HTTP/1.1\r\n" H "\r\n"), -400},
        {T("GET http://?a HTTP/1.1\r\n" H "\r\n"), -400},
        {T("GET httpx://a/ HTTP/1.1\r\n" H "\r\n"), -400},
        {T("GET http HTTP/1.1\r\n" H "\r\n"), -400},
        {T("GET https: HTTP/1.1\r\n" H "\r\n"), -400},
        {T("GET http://a@b/ HTTP/1.1\r\n" H "\r\n"), -400},
        {T("GET http://a,b/ HTTP/1.1\r\n" H "\r\n"), -400},
        {T("GET http://a%41/ HTTP/1.1\r\n" H "\r\n"), -400},
        {T("GET http://a\\b/ HTTP/1.1\r\n" H "\r\n"), -400},
        {T("GET /\x80 HTTP/1.1\r\n" H "\r\n"), -400},
        {T("GET /caf\xc3\xa9 HTTP/1.1\r\n" H "\r\n"), -400},
        {T("GET /\x7f HTTP/1.1\r\n" H "\r\n"), -400},
        {T("GET /\0 HTTP/1.1\r\n" H "\r\n"), -400},
        {T("GET /\x01 HTTP/1.1\r\n" H "\r\n"), -400},
        {T("GET /a\r\nb HTTP/1.1\r\n" H "\r\n"), -400},
    };

    (void)state;
    ASSERT_ALL(row);
}

static void a_header_line_has_one_reading(void **state)
{
    static const struct row row[] = {
        {T("POST / HTTP/1.1\r\n" H "Content-Length : 1\r\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\n" H "X\t: 1\r\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\n" H "X: 1\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\n" H "X: 1\r\n\n"), -400},
        {T("GET / HTTP/1.1\r\n" H "\n"), -400},
        {T("GET / HTTP/1.1\r\n" H "X: 1\nY: 2\r\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\n " H "\r\n"), -400},
        {T("GET / HTTP/1.1\r\n\t" H "\r\n"), -400},
        {T("GET / HTTP/1.1\r\n" H "X: 1\r\n folded\r\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\n" H "X: 1\r\n\tfolded\r\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\n" H "X: 1\r\n \r\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n chunked\r\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\n" H "X: \rTransfer-Encoding: chunked\r\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\n" H "X: a\rb\r\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\n" H "X: a\r\r\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\n" H "X: a\0b\r\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\n" H "X: a\x7f\r\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\n" H "X: a\x0b\r\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\n" H "X\0: a\r\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\n" H ": a\r\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\n" H " : a\r\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\n" H "X\r\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\n" H "X y: a\r\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\n" H "X\xe9: a\r\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\n" H "X@: a\r\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\n" H "\rX: a\r\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\n" H "GET / HTTP/1.1\r\n" H "\r\n"), -400},
    };

    (void)state;
    ASSERT_ALL(row);
}

static void http_1_1_has_exactly_one_host(void **state)
{
    static const struct row row[] = {
        {T("GET / HTTP/1.1\r\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\nX: y\r\n\r\n"), -400},
        {T("GET http://a/ HTTP/1.1\r\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\n" H H "\r\n"), -400},
        {T("GET / HTTP/1.1\r\n" H "hOSt: b\r\n\r\n"), -400},
        {T("GET / HTTP/1.0\r\n" H H "\r\n"), -400},
        {T("GET http://b/ HTTP/1.1\r\n" H H "\r\n"), -400},
        {T("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\nHost: stats.example.com/long\r\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\nHost: http://a\r\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\nHost: caf\xc3\xa9\r\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\nHost:\r\n\r\n"), 25},
        {T("GET / HTTP/1.1\r\nHost: \r\n\r\n"), 26},
    };

    (void)state;
    ASSERT_ALL(row);
}

#define P "POST / HTTP/1.1\r\n" H

static void a_length_is_digits_and_given_once(void **state)
{
    static const struct row row[] = {
        {T(P "Content-Length: 5\r\nContent-Length: 5\r\n\r\n"), -400},
        {T(P "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"), -400},
        {T(P "Content-Length: 5, 5\r\n\r\n"), -400},
        {T(P "Content-Length: 5 5\r\n\r\n"), -400},
        {T(P "Content-Length:\r\n\r\n"), -400},
        {T(P "Content-Length: \r\n\r\n"), -400},
        {T(P "Content-Length: -1\r\n\r\n"), -400},
        {T(P "Content-Length: +1\r\n\r\n"), -400},
        {T(P "Content-Length: +1_0\r\n\r\n"), -400},
        {T(P "Content-Length: 1_0\r\n\r\n"), -400},
        {T(P "Content-Length: 0x5\r\n\r\n"), -400},
        {T(P "Content-Length: 5;\r\n\r\n"), -400},
        {T(P "Content-Length: 5.0\r\n\r\n"), -400},
        {T(P "Content-Length: 1e1\r\n\r\n"), -400},
        {T(P "Content-Length: \xb2\r\n\r\n"), -400},
        {T(P "Content-Length: 0000000000000005\r\n\r\n"), -400},
        {T(P "Content-Length: 18446744073709551617\r\n\r\n"), -400},
        {T(P "Content-Length: 999999999999999\r\n\r\n"), -413},
        {T(P "Content-Length: 65537\r\n\r\n"), -413},
        {T(P "Content-Length: 65536\r\n\r\n"), 51},
        {T(P "Content-Length: 000000000000005\r\n\r\n"), 61},
        {T(P "Content-Length: \t5\r\n\r\n"), -400},
        {T(P "Content-Length: 5\t\r\n\r\n"), -400},
        {T(P "Content-Length:  5 \r\n\r\n"), 49},
        {T("GET / HTTP/1.1\r\n" H "Content-Length: 1\r\n\r\n"), -400},
        {T("HEAD / HTTP/1.1\r\n" H "Content-Length: 1\r\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\n" H "Content-Length: 65537\r\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n"), 46},
    };

    (void)state;
    assert_int_equal(HTTP_BODY_MAX, 65536);
    ASSERT_ALL(row);
}

static void transfer_codings_are_refused(void **state)
{
    static const struct row row[] = {
        {T(P "Transfer-Encoding: chunked\r\n\r\n"), -501},
        {T(P "Transfer-Encoding: identity\r\n\r\n"), -501},
        {T(P "Transfer-Encoding: xchunked\r\n\r\n"), -501},
        {T(P "Transfer-Encoding: gzip, chunked\r\n\r\n"), -501},
        {T(P "transfer-ENCODING:chunked\r\nTransfer-Encoding: x\r\n\r\n"), -501},
        {T(P "Transfer-Encoding:\r\n\r\n"), -501},
        {T(P "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"), -400},
        {T(P "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"), -400},
        {T(P "Content-Length: 0\r\nTransfer-Encoding:\r\n\r\n"), -400},
        {T(P "Transfer-Encoding : chunked\r\n\r\n"), -400},
        {T("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), -501},
        {T("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), -400},
        {T("GET / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"), -501},
    };

    (void)state;
    ASSERT_ALL(row);
}

static void only_100_continue_can_be_expected(void **state)
{
    static const struct row row[] = {
        {T(P "Expect: 200-ok\r\n\r\n"), -417},
        {T(P "Expect:\r\n\r\n"), -417},
        {T(P "Expect: 100-continue, x\r\n\r\n"), -417},
        {T(P "Expect: 100-continue\r\nExpect: x\r\n\r\n"), -417},
        {T(P "Expect: 100-continue\r\nContent-Length: 65537\r\n\r\n"), -413},
    };

    (void)state;
    ASSERT_ALL(row);
}

static void garbage_is_refused_before_the_head_is_complete(void **state)
{
    static const struct row row[] = {
        {T("\x16"), -400},
        {T("\n"), -400},
        {T("\r\r"), -400},
        {T(" "), -400},
        {T("AAAAAAAAAAAAAAAAA"), -400},
        {T("PUX "), -405},
        {T("GET /\x01"), -400},
        {T("GET a "), -400},
        {T("GET / X"), -400},
        {T("GET / HTTP/2.0"), -505},
        {T("GET / HTTP/1.1\n"), -400},
        {T("GET / HTTP/1.1\r\n "), -400},
        {T("GET / HTTP/1.1\r\nno colon"), -400},
        {T("GET / HTTP/1.1\r\nX: \x01"), -400},
        {T("GET / HTTP/1.1\r\n" H H), -400},
    };

    (void)state;
    ASSERT_ALL(row);
}

/* ---- limits ---- */

static char text[HTTP_HEAD_MAX + 64];

/* "GET /aaa", of @n bytes; behind it what @end says. */
static struct slice request_line(size_t n, const char *end)
{
    memset(text, 'a', n);
    memcpy(text, "GET /", 5);
    strcpy(text + n, end);
    return slice_of(text);
}

static void a_request_line_has_4096_bytes(void **state)
{
    static const char end[] = " HTTP/1.1\r\n" H "\r\n";

    (void)state;
    assert_int_equal(feed(request_line(HTTP_REQUEST_LINE_MAX - 9, end)),
                     HTTP_REQUEST_LINE_MAX + 13);
    assert_int_equal(feed(request_line(HTTP_REQUEST_LINE_MAX - 8, end)), -414);
    assert_int_equal(feed(request_line(HTTP_REQUEST_LINE_MAX - 1, end)), -414);
    assert_int_equal(feed(request_line(HTTP_REQUEST_LINE_MAX, end)), -414);
    assert_int_equal(feed(request_line(HTTP_REQUEST_LINE_MAX + 1, end)), -414);
    assert_int_equal(feed(request_line(HTTP_REQUEST_LINE_MAX - 1, "")), 0);
    assert_int_equal(feed(request_line(HTTP_REQUEST_LINE_MAX, "")), -414);
    assert_int_equal(feed(request_line(HTTP_REQUEST_LINE_MAX - 10, "\x01")), -400);
}

/* A head of @n bytes, @fields short header lines besides the Host and a long one. */
static struct slice head(size_t n, unsigned fields)
{
    char *p = stpcpy(text, "GET / HTTP/1.1\r\n" H);

    for (unsigned i = 0; i < fields; i++)
        p = stpcpy(p, "a:\r\n");
    if (n > 0) {
        p = stpcpy(p, "b:");
        memset(p, 'c', n);
        p = text + n - 4;
        p = stpcpy(p, "\r\n");
    }
    strcpy(p, "\r\n");
    return slice_of(text);
}

static void a_head_has_8192_bytes(void **state)
{
    struct slice crlf;

    (void)state;
    assert_int_equal(feed(head(HTTP_HEAD_MAX, 0)), HTTP_HEAD_MAX);
    assert_int_equal(feed(head(HTTP_HEAD_MAX + 1, 0)), -431);
    assert_int_equal(feed((struct slice){text, HTTP_HEAD_MAX - 1}), 0);
    assert_int_equal(feed((struct slice){text, HTTP_HEAD_MAX}), -431);
    crlf = head(HTTP_HEAD_MAX - 1, 0);
    memmove(text + 2, text, crlf.n + 1);
    memcpy(text, "\r\n", 2);
    assert_int_equal(feed((struct slice){text, HTTP_HEAD_MAX + 1}), -431);
    crlf = head(HTTP_HEAD_MAX - 2, 0);
    memmove(text + 2, text, crlf.n + 1);
    memcpy(text, "\r\n", 2);
    assert_int_equal(feed((struct slice){text, HTTP_HEAD_MAX}), HTTP_HEAD_MAX);
}

static void a_head_has_64_lines(void **state)
{
    (void)state;
    assert_true(feed(head(0, HTTP_HEADERS_MAX - 1)) > 0);
    assert_int_equal(feed(head(0, HTTP_HEADERS_MAX)), -431);
    assert_int_equal(feed(head(0, 1000)), -431);
}

/* ---- every byte at every place ---- */

/* Puts each byte value at each of 40 places of @before and checks who is let through. */
static void assert_class(const char *before, const char *after, bool (*may)(unsigned))
{
    for (unsigned byte = 0; byte < 256; byte++) {
        for (size_t at = 0; at < 40; at++) {
            struct http_request r;
            char *p = stpcpy(text, before), *end;

            memset(p, 'a', 40);
            end = stpcpy(p + 40, after);
            p[at] = (char)byte;
            struct slice s = {text, (size_t)(end - text)};
            if ((parse(&r, s) == (ssize_t)s.n) != may(byte))
                fail_msg("byte %02x at %zu behind \"%s\"", byte, at, before);
        }
    }
}

static bool is_letter_or_digit(unsigned c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool may_in_target(unsigned c)
{
    return c >= 0x21 && c <= 0x7e;
}

static bool may_in_name(unsigned c)
{
    return is_letter_or_digit(c) || (c && strchr("!#$%&'*+-.^_`|~", (int)c)) ||
           c == ':'; /* ends it, and what follows is the value */
}

static bool may_in_value(unsigned c)
{
    return c == '\t' || (c >= 0x20 && c != 0x7f);
}

static bool may_in_host(unsigned c)
{
    return is_letter_or_digit(c) || (c && strchr("-._:[]", (int)c));
}

static bool may_in_authority(unsigned c)
{
    return may_in_host(c) || c == '/' || c == '?'; /* which end it */
}

static void each_place_takes_its_bytes_and_no_others(void **state)
{
    (void)state;
    assert_class("GET /", " HTTP/1.1\r\n" H "\r\n", may_in_target);
    assert_class("GET / HTTP/1.1\r\n" H "a", ": b\r\n\r\n", may_in_name);
    assert_class("GET / HTTP/1.1\r\n" H "a: ", "\r\n\r\n", may_in_value);
    assert_class("GET / HTTP/1.1\r\nHost: b", "b\r\n\r\n", may_in_host);
    assert_class("GET http://b", "/ HTTP/1.1\r\n" H "\r\n", may_in_authority);
}

/* Lines are found for 64 bytes at once. */
static void a_line_may_end_or_be_wrong_at_any_place(void **state)
{
    (void)state;
    for (size_t n = 0; n < 150; n++) {
        struct http_request r;
        char *p = stpcpy(text, "GET / HTTP/1.1\r\n" H "X: "), *end;

        memset(p, 'x', n);
        end = stpcpy(p + n, "\r\nAccept: \t here \t\r\n\r\n");
        struct slice s = {text, (size_t)(end - text)};
        assert_int_equal(feed(s), s.n);
        assert_int_equal(http_parse(&r, s.p, s.n), s.n);
        assert_slice(r.accept, "here");
        for (size_t at = 0; at < n; at += 1 + n / 4) {
            p[at] = "\t\xff"[at % 2];
            assert_int_equal(parse(&r, s), s.n);
            p[at] = "\r\n\x7f"[at % 3];
            assert_int_equal(feed(s), -400);
            p[at] = 'x';
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_browsers_head_is_taken_apart),
        cmocka_unit_test(of_what_a_head_has_not_nothing_is_told),
        cmocka_unit_test(a_post_says_how_long_its_body_is),
        cmocka_unit_test(a_preflight_names_its_headers),
        cmocka_unit_test(names_have_no_case_and_values_no_outer_blanks),
        cmocka_unit_test(names_that_only_resemble_known_ones_mean_nothing),
        cmocka_unit_test(lines_of_forwarded_for_stay_in_their_order),
        cmocka_unit_test(of_too_many_lines_of_forwarded_for_the_last_stay),
        cmocka_unit_test(the_header_that_was_named_is_read_and_its_repetition_told),
        cmocka_unit_test(a_header_that_was_named_keeps_its_own_meaning),
        cmocka_unit_test(targets_come_in_three_forms),
        cmocka_unit_test(a_connection_stays_unless_somebody_says_close),
        cmocka_unit_test(http_1_0_needs_no_host_and_expects_nothing),
        cmocka_unit_test(one_leading_crlf_is_skipped_and_counted),
        cmocka_unit_test(pipelined_heads_come_out_one_by_one),
        cmocka_unit_test(a_request_line_has_one_reading),
        cmocka_unit_test(methods_of_others_are_known_not_to_be_ours),
        cmocka_unit_test(a_target_is_visible_ascii_in_a_known_form),
        cmocka_unit_test(a_header_line_has_one_reading),
        cmocka_unit_test(http_1_1_has_exactly_one_host),
        cmocka_unit_test(a_length_is_digits_and_given_once),
        cmocka_unit_test(transfer_codings_are_refused),
        cmocka_unit_test(only_100_continue_can_be_expected),
        cmocka_unit_test(garbage_is_refused_before_the_head_is_complete),
        cmocka_unit_test(a_request_line_has_4096_bytes),
        cmocka_unit_test(a_head_has_8192_bytes),
        cmocka_unit_test(a_head_has_64_lines),
        cmocka_unit_test(each_place_takes_its_bytes_and_no_others),
        cmocka_unit_test(a_line_may_end_or_be_wrong_at_any_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
