/* What a proxy says in front of a connection, by HAProxy's proxy-protocol.txt: whole and
 * byte by byte, every piece ending where memory ends. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../collector/proxy_header.h"
#include "../../proto/limits.h"
#include "../dice.h"
#include "../guard.h"

#define MAGIC "\r\n\r\n\0\r\nQUIT\n"
#define V4 "\xc6\x33\x64\x07\x0a\0\0\1\x30\x39\0\x50" /* 198.51.100.7 */
#define V6                                     \
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7" \
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x30\x39\0\x50"
#define MAPPED                                     \
    "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc6\x33\x64\x07" \
    "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\1\x30\x39\0\x50"
#define SIXTEEN "abcdefghijklmnop"
#define UNIX                                        \
    SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN \
        "abcdefghijkl" SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN "abcdefghijkl"

/* Text with its length, so that it may hold NUL. */
#define T(lit)                 \
    {                          \
        (lit), sizeof(lit) - 1 \
    }

struct row {
    struct slice text;
    const char *client; /* "": the peer's own */
};

static ssize_t read_copy(struct proxy_header *h, const char *bytes, size_t n)
{
    static struct guard g;

    return proxy_header_read(h, guard_put(&g, bytes, n), n);
}

/* Feeds @text whole and in every prefix. The verdict must come once and then stay, and
 * be that on the whole. Returns it. */
static ssize_t feed(struct proxy_header *h, struct slice text)
{
    ssize_t whole, last = 0;

    for (size_t n = 0; n <= text.n; n++) {
        ssize_t v = read_copy(h, text.p, n);

        if (last != 0 && v != last)
            fail_msg("%zu bytes of \"%.*s\" give %zd, fewer %zd", n, (int)text.n, text.p,
                     v, last);
        last = v;
    }
    whole = read_copy(h, text.p, text.n);
    assert_int_equal(whole, last);
    return whole;
}

static void assert_client(const struct row *row, const struct proxy_header *h)
{
    char text[INET6_ADDRSTRLEN] = "";

    if (h->client.n > 0)
        inet_ntop(h->client.n == 4 ? AF_INET : AF_INET6, h->client.b, text, sizeof text);
    if (strcmp(text, row->client) != 0)
        fail_msg("\"%.*s\" is of \"%s\", not \"%s\"", (int)row->text.n, row->text.p, text,
                 row->client);
}

/* Alone, and with a request behind it, which is not touched. */
static void assert_read(const struct row *row, int version)
{
    static const char request[] = "GET / HTTP/1.1\r\n\r\n";
    struct proxy_header h;
    char both[PROXY_HEADER_MAX + sizeof request];

    if (feed(&h, row->text) != (ssize_t)row->text.n)
        fail_msg("\"%.*s\" is not read", (int)row->text.n, row->text.p);
    assert_int_equal(h.version, version);
    assert_client(row, &h);
    memcpy(both, row->text.p, row->text.n);
    memcpy(both + row->text.n, request, sizeof request);
    assert_int_equal(feed(&h, (struct slice){both, row->text.n + sizeof request}),
                     row->text.n);
    assert_client(row, &h);
}

static void version_1_tells_the_client_or_that_it_is_unknown(void **state)
{
    static const struct row rows[] = {
        {T("PROXY TCP4 198.51.100.7 10.0.0.1 12345 80\r\n"), "198.51.100.7"},
        {T("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"),
         "255.255.255.255"},
        {T("PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n"), "0.0.0.0"},
        {T("PROXY TCP6 2001:db8::7 2001:db8::1 12345 80\r\n"), "2001:db8::7"},
        {T("PROXY TCP6 ::ffff:198.51.100.7 ::1 12345 80\r\n"), "198.51.100.7"},
        {T("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
           "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
        {T("PROXY UNKNOWN\r\n"), ""},
        {T("PROXY UNKNOWN 198.51.100.7 what ever\r\n"), ""},
        /* the longest there may be, 107 bytes (2.1) */
        {T("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
           "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
         ""},
    };

    (void)state;
    assert_int_equal(rows[8].text.n, 107);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_read(&rows[i], 1);
}

static void version_2_tells_the_client_or_that_the_proxy_speaks_for_itself(void **state)
{
    static const struct row rows[] = {
        {T(MAGIC "\x21\x11\0\x0c" V4), "198.51.100.7"},
        {T(MAGIC "\x21\x12\0\x0c" V4), "198.51.100.7"},
        {T(MAGIC "\x21\x21\0\x24" V6), "2001:db8::7"},
        {T(MAGIC "\x21\x22\0\x24" V6), "2001:db8::7"},
        {T(MAGIC "\x21\x21\0\x24" MAPPED), "198.51.100.7"},
        /* a checksum, a name, padding behind the addresses are skipped (2.2.1) */
        {T(MAGIC "\x21\x11\0\x13" V4 "\3\0\4abcd"), "198.51.100.7"},
        {T(MAGIC "\x21\x11\0\x0e" V4 "\4\1"), "198.51.100.7"},
        {T(MAGIC "\x21\x11\0\x0d" V4 "\r"), "198.51.100.7"},
        /* the proxy's own connection, whatever it says (2.2) */
        {T(MAGIC "\x20\0\0\0"), ""},
        {T(MAGIC "\x20\x11\0\x0c" V4), ""},
        {T(MAGIC "\x20\x11\0\2ab"), ""},
        {T(MAGIC "\x20\xff\0\0"), ""},
        /* no addresses, or such as are none of the internet */
        {T(MAGIC "\x21\0\0\0"), ""},
        {T(MAGIC "\x21\0\0\5abcde"), ""},
        {T(MAGIC "\x21\x01\0\0"), ""},
        {T(MAGIC "\x21\x10\0\x0c" V4), ""},
        {T(MAGIC "\x21\x31\0\xd8" UNIX), ""},
        {T(MAGIC "\x21\x32\0\xd8" UNIX), ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_read(&rows[i], 2);
}

static void what_is_no_header_is_refused(void **state)
{
    static const struct slice rows[] = {
        T("GET / HTTP/1.1\r\n"),
        T("POST / HTTP/1.1\r\n"),
        T("\r\nGET / HTTP/1.1\r\n"),
        T("\r\n\r\nGET"),
        T("\0"),
        T("PROXY\r\n"),
        T("PROXYTCP4 1.1.1.1 2.2.2.2 1 2\r\n"),
        T("proxy TCP4 1.1.1.1 2.2.2.2 1 2\r\n"),
        T(" PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n"),
        T("PROXY \r\n"),
        T("PROXY TCP4\r\n"),
        T("PROXY TCP4 \r\n"),
        T("PROXY TCP5 1.1.1.1 2.2.2.2 1 2\r\n"),
        T("PROXY tcp4 1.1.1.1 2.2.2.2 1 2\r\n"),
        T("PROXY UDP4 1.1.1.1 2.2.2.2 1 2\r\n"),
        T("PROXY unknown\r\n"),
        T("PROXY UNKNOWNS\r\n"),
        T("PROXY  TCP4 1.1.1.1 2.2.2.2 1 2\r\n"),
        T("PROXY TCP4  1.1.1.1 2.2.2.2 1 2\r\n"),
        T("PROXY TCP4\t1.1.1.1 2.2.2.2 1 2\r\n"),
        T("PROXY TCP4 1.1.1.1 2.2.2.2 1 2 \r\n"),
        T("PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3\r\n"),
        T("PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n"),
        T("PROXY TCP4 1.1.1.1 2.2.2.2\r\n"),
        T("PROXY TCP4 1.1.1.1\r\n"),
        T("PROXY TCP4 1.1.1.1 2.2.2.2 1 65536\r\n"),
        T("PROXY TCP4 1.1.1.1 2.2.2.2 65536 1\r\n"),
        T("PROXY TCP4 1.1.1.1 2.2.2.2 01 2\r\n"),
        T("PROXY TCP4 1.1.1.1 2.2.2.2 1 +2\r\n"),
        T("PROXY TCP4 1.1.1.1 2.2.2.2 1 -2\r\n"),
        T("PROXY TCP4 1.1.1.1 2.2.2.2 1 \r\n"),
        T("PROXY TCP4 1.1.1 2.2.2.2 1 2\r\n"),
        T("PROXY TCP4 1.1.1.1.1 2.2.2.2 1 2\r\n"),
        T("PROXY TCP4 1.1.1.256 2.2.2.2 1 2\r\n"),
        T("PROXY TCP4 1.1.1.01 2.2.2.2 1 2\r\n"),
        T("PROXY TCP4 0x1.1.1.1 2.2.2.2 1 2\r\n"),
        T("PROXY TCP4 1.1.1.1:80 2.2.2.2 1 2\r\n"),
        T("PROXY TCP4 1.1.1.1 example.org 1 2\r\n"),
        T("PROXY TCP4 1.1.1.1\0 2.2.2.2 1 2\r\n"),
        T("PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n"),
        T("PROXY TCP6 1.1.1.1 2.2.2.2 1 2\r\n"),
        T("PROXY TCP6 1.1.1.1:80 2.2.2.2 1 2\r\n"),
        T("PROXY TCP6 [2001:db8::7] 2001:db8::1 1 2\r\n"),
        T("PROXY TCP6 2001:db8:::7 2001:db8::1 1 2\r\n"),
        T("PROXY TCP6 fe80::1%eth0 2001:db8::1 1 2\r\n"),
        T("PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n"),
        T("PROXY TCP4 1.1.1.1 2.2.2.2 1 2\rX"),
        T("PROXY UNKNOWN \n\r\n"),
        T("PROXY UNKNOWN \r \r\n"),
        /* 108 bytes */
        T("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
          "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 655355\r\n"),
        /* other versions and commands, families and transports that there are not */
        T(MAGIC "\x11\x11\0\x0c" V4),
        T(MAGIC "\x31\x11\0\x0c" V4),
        T(MAGIC "\x22\x11\0\x0c" V4),
        T(MAGIC "\x2f\x11\0\x0c" V4),
        T(MAGIC "\x21\x13\0\x0c" V4),
        T(MAGIC "\x21\x41\0\x0c" V4),
        T(MAGIC "\x21\xf1\0\x0c" V4),
        /* addresses that are cut */
        T(MAGIC "\x21\x11\0\0"),
        T(MAGIC "\x21\x11\0\x0b" V4),
        T(MAGIC "\x21\x21\0\x23" V6),
        T(MAGIC "\x21\x31\0\xd7" UNIX),
        /* longer than anybody needs */
        T(MAGIC "\x21\x11\xff\xff" V4),
        T(MAGIC "\x21\x11\x0f\xf1" V4),
    };
    struct proxy_header h;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (feed(&h, rows[i]) != -1)
            fail_msg("row %zu, \"%.*s\", is not refused", i, (int)rows[i].n, rows[i].p);
}

static void the_bound_itself_is_read(void **state)
{
    static char text[PROXY_HEADER_MAX] = MAGIC "\x21\x11\x0f\xf0" V4;
    struct proxy_header h;

    (void)state;
    assert_int_equal(read_copy(&h, text, sizeof text - 1), 0);
    assert_int_equal(read_copy(&h, text, sizeof text), sizeof text);
    assert_int_equal(h.client.n, 4);
}

/* Good headers with some bytes changed: whatever it is, the verdict never changes with
 * what follows, and no byte behind the end is read. */
static void damaged_headers_get_one_verdict(void **state)
{
    static const struct slice good[] = {
        T("PROXY TCP4 198.51.100.7 10.0.0.1 12345 80\r\n"),
        T("PROXY TCP6 2001:db8::7 2001:db8::1 12345 80\r\n"),
        T("PROXY UNKNOWN\r\n"),
        T(MAGIC "\x21\x11\0\x0c" V4),
        T(MAGIC "\x21\x21\0\x26" V6 "\4\0"),
    };
    struct dice d = {4};

    (void)state;
    for (int round = 0; round < 20000; round++) {
        struct slice from = good[dice_below(&d, sizeof good / sizeof *good)];
        struct proxy_header h;
        char text[128];

        memcpy(text, from.p, from.n);
        for (unsigned i = 0; i <= dice_below(&d, 3); i++)
            text[dice_below(&d, from.n)] = "\r\n 0:.19\xff\0"[dice_below(&d, 10)];
        feed(&h, (struct slice){text, from.n});
        assert_true(h.client.n == 0 || h.client.n == 4 || h.client.n == 16);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_1_tells_the_client_or_that_it_is_unknown),
        cmocka_unit_test(version_2_tells_the_client_or_that_the_proxy_speaks_for_itself),
        cmocka_unit_test(what_is_no_header_is_refused),
        cmocka_unit_test(the_bound_itself_is_read),
        cmocka_unit_test(damaged_headers_get_one_verdict),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
