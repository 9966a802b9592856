/* Whose address counts: what is read as one, and who may speak for whom. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../collector/client.h"
#include "../dice.h"
#include "../guard.h"

static int parse(struct ip *ip, const char *text)
{
    return ip_parse(ip, (struct slice){guard_copy(text, strlen(text)), strlen(text)});
}

static struct ip ip_of(const char *text)
{
    struct ip ip;

    assert_int_equal(parse(&ip, text), 0);
    return ip;
}

static const char *text_of(const struct ip *ip)
{
    static char text[INET6_ADDRSTRLEN];

    if (ip->n == 0)
        return "unknown";
    return inet_ntop(ip->n == 4 ? AF_INET : AF_INET6, ip->b, text, sizeof text);
}

static struct trusted trust(const char *networks)
{
    struct trusted t = {.n = 0};
    char copy[1024], *save, *word;

    snprintf(copy, sizeof copy, "%s", networks);
    for (word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
        assert_int_equal(cidr_parse(&t.v[t.n++], slice_of(word)), 0);
    return t;
}

static void addresses_are_read_in_every_usual_form(void **state)
{
    static const char *const row[][2] = {
        {"192.0.2.7", "192.0.2.7"},
        {"0.0.0.0", "0.0.0.0"},
        {"255.255.255.255", "255.255.255.255"},
        {"192.0.2.7:443", "192.0.2.7"},
        {"192.0.2.7:0", "192.0.2.7"},
        {"192.0.2.7:65535", "192.0.2.7"},
        {"2001:db8::1", "2001:db8::1"},
        {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
        {"::", "::"},
        {"::1", "::1"},
        {"[2001:db8::1]", "2001:db8::1"},
        {"[2001:db8::1]:443", "2001:db8::1"},
        {"::ffff:192.0.2.7", "192.0.2.7"},
        {"::FFFF:c000:207", "192.0.2.7"},
        {"[::ffff:192.0.2.7]:80", "192.0.2.7"},
        {"::192.0.2.7", "::192.0.2.7"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct ip ip = ip_of(row[i][0]);
        assert_string_equal(text_of(&ip), row[i][1]);
    }
}

static void what_is_no_address_is_refused(void **state)
{
    static const char *const row[] = {
        "",
        "unknown",
        "_hidden",
        "localhost",
        "1",
        "1.2.3",
        "1.2.3.4.5",
        "256.1.1.1",
        "1.2.3.4:",
        "1.2.3.4:x",
        "1.2.3.4:65536",
        "1.2.3.4:123456",
        "1.2.3.4:-1",
        "1.2.3.4:80:80",
        "1.2.3.4/8",
        "1.2.3.04",
        "0x1.2.3.4",
        ":80",
        ":",
        ":::",
        "2001:db8::1::2",
        "2001:db8::g",
        "12345::",
        "fe80::1%eth0",
        "[",
        "]",
        "[]",
        "[]:80",
        "[1.2.3.4]",
        "[1.2.3.4]:80",
        "[::1",
        "::1]",
        "[::1]80",
        "[::1]:",
        "[::1]:x",
        "[[::1]]",
        "[::1]:80 x",
        "\"1.2.3.4\"",
        "1.2.3.4;",
        "1.2.3.4 5",
        "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000",
    };
    struct ip ip;

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        if (parse(&ip, row[i]) == 0)
            fail_msg("\"%s\" was read as %s", row[i], text_of(&ip));
        assert_int_equal(ip.n, 0);
    }
    assert_int_equal(ip_parse(&ip, (struct slice){"1.2.3.4\0", 8}), -1);
    assert_int_equal(ip_parse(&ip, (struct slice){NULL, 0}), -1);
}

static void a_socket_address_is_taken_over(void **state)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    struct sockaddr other = {.sa_family = AF_UNIX};
    struct ip ip;

    (void)state;
    inet_pton(AF_INET, "192.0.2.7", &v4.sin_addr);
    ip_of_sockaddr(&ip, (struct sockaddr *)&v4);
    assert_string_equal(text_of(&ip), "192.0.2.7");
    inet_pton(AF_INET6, "2001:db8::1", &v6.sin6_addr);
    ip_of_sockaddr(&ip, (struct sockaddr *)&v6);
    assert_string_equal(text_of(&ip), "2001:db8::1");
    inet_pton(AF_INET6, "::ffff:192.0.2.7", &v6.sin6_addr);
    ip_of_sockaddr(&ip, (struct sockaddr *)&v6);
    assert_string_equal(text_of(&ip), "192.0.2.7");
    ip_of_sockaddr(&ip, &other);
    assert_int_equal(ip.n, 0);
}

static void a_network_holds_the_addresses_of_its_prefix(void **state)
{
    static const struct {
        const char *net, *in, *out;
    } row[] = {
        {"10.0.0.0/8", "10.255.0.1", "11.0.0.1"},
        {"10.1.2.3/8", "10.9.9.9", "9.255.255.255"},
        {"10.1.2.3", "10.1.2.3", "10.1.2.2"},
        {"10.1.2.3/32", "10.1.2.3", "10.1.2.2"},
        {"10.1.2.2/31", "10.1.2.3", "10.1.2.4"},
        {"10.1.2.128/25", "10.1.2.200", "10.1.2.127"},
        {"0.0.0.0/0", "203.0.113.1", "::1"},
        {"0.0.0.0/1", "127.255.255.255", "128.0.0.0"},
        {"::1/128", "::1", "::2"},
        {"::1", "::1", "127.0.0.1"},
        {"2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"},
        {"2001:db8:8000::/33", "2001:db8:8000::1", "2001:db8:7fff::1"},
        {"::/0", "2001:db8::1", "192.0.2.1"},
        {"::ffff:10.0.0.0/104", "10.3.4.5", "11.3.4.5"},
        {"::ffff:0:0/96", "198.51.100.1", "::1"},
        {"192.0.2.0/24", "::ffff:192.0.2.9", "::192.0.2.9"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct trusted t = trust(row[i].net);
        struct ip in = ip_of(row[i].in), out = ip_of(row[i].out);

        if (!trusted_has(&t, &in) || trusted_has(&t, &out))
            fail_msg("%s: %s, %s", row[i].net, row[i].in, row[i].out);
    }
}

static void what_is_no_network_is_refused(void **state)
{
    static const char *const row[] = {
        "",
        "/",
        "/8",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/8x",
        "10.0.0.0/0008",
        "10.0.0.0/ 8",
        "10.0.0/8",
        "10.0.0.0/8/8",
        "::/129",
        "::/999",
        "10.0.0.0:80",
        "10.0.0.0:80/8",
        "10.0.0.0:80/104",
        "10.0.0.0/264",        /* 8 in a byte */
        "10.0.0.0/4294967304", /* 8 in 32 bits */
        "[::1]:80",
        "[::1]/128",
        "::ffff:10.0.0.0/95",
        "localhost",
        "any",
        "10.0.0.0/255.0.0.0",
    };
    struct cidr c;

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        if (cidr_parse(&c, (struct slice){guard_copy(row[i], strlen(row[i])),
                                          strlen(row[i])}) == 0)
            fail_msg("\"%s\" was read as a network", row[i]);
}

static struct ip client(const struct trusted *t, const struct ip *peer,
                        struct slice forwarded_for)
{
    return client_ip(t, peer, &forwarded_for, forwarded_for.n > 0);
}

/* Proxies at 10.0.0.0/8 and 2001:db8:f::/48. */
static void only_a_trusted_proxy_speaks_for_others(void **state)
{
    static const struct {
        const char *peer, *forwarded_for, *want;
    } row[] = {
        /* nobody is asked */
        {"203.0.113.9", "", "203.0.113.9"},
        {"10.0.0.1", "", "10.0.0.1"},
        /* a stranger's header counts for nothing, whatever it says */
        {"203.0.113.9", "198.51.100.1", "203.0.113.9"},
        {"203.0.113.9", "10.0.0.1", "203.0.113.9"},
        {"203.0.113.9", "198.51.100.1, 10.0.0.1", "203.0.113.9"},
        {"2001:db8:e::1", "198.51.100.1", "2001:db8:e::1"},
        /* the last stranger before the proxies is the client */
        {"10.0.0.1", "198.51.100.1", "198.51.100.1"},
        {"10.0.0.1", "198.51.100.1:5555", "198.51.100.1"},
        {"10.0.0.1", "[2001:db8:e::1]:5555", "2001:db8:e::1"},
        {"10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"},
        {"10.0.0.1", "198.51.100.1,10.0.0.2,2001:db8:f::3", "198.51.100.1"},
        {"2001:db8:f::1", " 198.51.100.1\t,\t10.0.0.2 ", "198.51.100.1"},
        {"10.0.0.1", "::ffff:198.51.100.1, ::ffff:10.0.0.2", "198.51.100.1"},
        {"::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"},
        /* what the client wrote in front of itself is not believed */
        {"10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"},
        {"10.0.0.1", "10.9.9.9, 198.51.100.1", "198.51.100.1"},
        {"10.0.0.1", "127.0.0.1, 198.51.100.1, 10.0.0.2", "198.51.100.1"},
        {"10.0.0.1", "<script>, 198.51.100.1", "198.51.100.1"},
        /* proxies all the way: the farthest */
        {"10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"},
        /* an unreadable hop ends the walk at the last readable address */
        {"10.0.0.1", "unknown", "10.0.0.1"},
        {"10.0.0.1", "198.51.100.1, unknown", "10.0.0.1"},
        {"10.0.0.1", "198.51.100.1, unknown, 10.0.0.2", "10.0.0.2"},
        {"10.0.0.1", "198.51.100.1,", "10.0.0.1"},
        {"10.0.0.1", "198.51.100.1,,10.0.0.2", "10.0.0.2"},
        {"10.0.0.1", ",", "10.0.0.1"},
        {"10.0.0.1", " ", "10.0.0.1"},
        {"10.0.0.1", "198.51.100.1 10.0.0.2", "10.0.0.1"},
        {"10.0.0.1", "for=198.51.100.1", "10.0.0.1"},
    };
    struct trusted t = trust("10.0.0.0/8 2001:db8:f::/48");
    struct trusted none = {.n = 0};

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct slice header = slice_of(row[i].forwarded_for);
        struct ip peer = ip_of(row[i].peer), got, alone;

        header.p = guard_copy(header.p, header.n);
        got = client(&t, &peer, header);
        if (strcmp(text_of(&got), row[i].want) != 0)
            fail_msg("%s with \"%s\" is %s, not %s", row[i].peer, row[i].forwarded_for,
                     text_of(&got), row[i].want);
        alone = client(&none, &peer, header);
        assert_memory_equal(&alone, &peer, sizeof peer);
    }
}

/* Up to four lines in the order they came; RFC 9110, 5.3 makes one list of them. */
static void lines_are_walked_as_the_one_list_they_are(void **state)
{
    static const struct {
        const char *line[4], *want;
    } row[] = {
        /* a proxy that adds a line of its own, behind one that did, too */
        {{"198.51.100.1", "10.0.0.2"}, "198.51.100.1"},
        {{"198.51.100.1", "10.0.0.3", "10.0.0.2"}, "198.51.100.1"},
        {{"198.51.100.1, 10.0.0.3", "10.0.0.2"}, "198.51.100.1"},
        {{"198.51.100.1", "10.0.0.3, 10.0.0.2"}, "198.51.100.1"},
        /* what the client wrote stands in front, in lines of any number */
        {{"1.1.1.1", "198.51.100.1"}, "198.51.100.1"},
        {{"1.1.1.1, 10.0.0.9", "198.51.100.1"}, "198.51.100.1"},
        {{"1.1.1.1", "2.2.2.2", "3.3.3.3", "198.51.100.1"}, "198.51.100.1"},
        {{"1.1.1.1", "198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
        {{"<script>", "198.51.100.1"}, "198.51.100.1"},
        {{"", "198.51.100.1"}, "198.51.100.1"},
        {{",,,", "198.51.100.1", "10.0.0.2"}, "198.51.100.1"},
        /* an empty line is an empty hop, and the end, as it is within a line */
        {{"1.1.1.1", ""}, "10.0.0.1"},
        {{"1.1.1.1", "", "10.0.0.2"}, "10.0.0.2"},
        {{"10.0.0.3", "10.0.0.2"}, "10.0.0.3"},
    };
    struct trusted t = trust("10.0.0.0/8");
    struct ip peer = ip_of("10.0.0.1"), stranger = ip_of("203.0.113.9"), got;

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct slice lines[4];
        size_t n = 0;

        for (; n < 4 && row[i].line[n]; n++)
            lines[n] = (struct slice){guard_copy(row[i].line[n], strlen(row[i].line[n])),
                                      strlen(row[i].line[n])};
        got = client_ip(&t, &peer, lines, n);
        if (strcmp(text_of(&got), row[i].want) != 0)
            fail_msg("row %zu is %s, not %s", i, text_of(&got), row[i].want);
        got = client_ip(&t, &stranger, lines, n);
        assert_memory_equal(&got, &stranger, sizeof got);
    }
}

static void a_named_header_is_one_address_or_nothing(void **state)
{
    static const struct {
        const char *peer, *value, *want;
    } row[] = {
        {"10.0.0.1", "198.51.100.1", "198.51.100.1"},
        {"10.0.0.1", "198.51.100.1:5555", "198.51.100.1"},
        {"10.0.0.1", "2001:db8:e::1", "2001:db8:e::1"},
        {"10.0.0.1", "[2001:db8:e::1]:5555", "2001:db8:e::1"},
        {"10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"},
        {"10.0.0.1", "10.0.0.2", "10.0.0.2"},
        {"10.0.0.1", "", "10.0.0.1"},
        {"10.0.0.1", "198.51.100.1, 198.51.100.2", "10.0.0.1"},
        {"10.0.0.1", "198.51.100.1,", "10.0.0.1"},
        {"10.0.0.1", "unknown", "10.0.0.1"},
        {"10.0.0.1", "for=198.51.100.1", "10.0.0.1"},
        {"203.0.113.9", "198.51.100.1", "203.0.113.9"},
    };
    struct trusted t = trust("10.0.0.0/8");

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        size_t n = strlen(row[i].value);
        struct ip peer = ip_of(row[i].peer), got;

        got = client_ip_named(&t, &peer, (struct slice){guard_copy(row[i].value, n), n});
        if (strcmp(text_of(&got), row[i].want) != 0)
            fail_msg("\"%s\" of %s is %s", row[i].value, row[i].peer, text_of(&got));
    }
}

static void at_most_32_hops_are_walked(void **state)
{
    struct trusted t = trust("10.0.0.0/8");
    struct ip peer = ip_of("10.0.0.1"), got;
    char header[1024] = "198.51.100.1";

    (void)state;
    for (int i = 1; i < 32; i++)
        strcat(header, ",10.0.0.2");
    got = client(&t, &peer, slice_of(header));
    assert_string_equal(text_of(&got), "198.51.100.1");
    strcat(header, ",10.0.0.2");
    got = client(&t, &peer, slice_of(header));
    assert_string_equal(text_of(&got), "10.0.0.2");
}

static void nobody_trusts_an_unknown_peer(void **state)
{
    struct trusted t = trust("0.0.0.0/0 ::/0");
    struct ip unknown = {.n = 0};

    (void)state;
    assert_false(trusted_has(&t, &unknown));
    assert_int_equal(client(&t, &unknown, SLICE("198.51.100.1")).n, 0);
}

static void a_prefix_is_as_long_as_its_bits_say(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits <= 128; bits++) {
        char text[32];
        struct trusted t;

        snprintf(text, sizeof text, "::/%u", bits);
        t = trust(text);
        for (unsigned bit = 0; bit < 128; bit++) {
            struct ip ip = {.n = 16};

            ip.b[bit / 8] = (uint8_t)(0x80 >> bit % 8);
            assert_int_equal(trusted_has(&t, &ip), bit >= bits);
        }
    }
}

static void random_hops_never_speak_for_a_stranger(void **state)
{
    static const char some[] = "0123456789.:,,, []afx\t";
    struct trusted t = trust("10.0.0.0/8 fd00::/8");
    struct ip stranger = ip_of("203.0.113.9"), proxy = ip_of("10.0.0.1");
    struct dice d = {38};

    (void)state;
    for (int round = 0; round < 50000; round++) {
        char text[80];
        struct slice header = {text, dice_below(&d, sizeof text)};
        struct ip got;

        for (size_t i = 0; i < header.n; i++)
            text[i] = some[dice_below(&d, sizeof some - 1)];
        header.p = guard_copy(text, header.n);
        got = client(&t, &stranger, header);
        assert_memory_equal(&got, &stranger, sizeof got);
        got = client(&t, &proxy, header);
        assert_true(got.n == 4 || got.n == 16);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_in_every_usual_form),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(a_socket_address_is_taken_over),
        cmocka_unit_test(a_network_holds_the_addresses_of_its_prefix),
        cmocka_unit_test(what_is_no_network_is_refused),
        cmocka_unit_test(only_a_trusted_proxy_speaks_for_others),
        cmocka_unit_test(lines_are_walked_as_the_one_list_they_are),
        cmocka_unit_test(a_named_header_is_one_address_or_nothing),
        cmocka_unit_test(at_most_32_hops_are_walked),
        cmocka_unit_test(nobody_trusts_an_unknown_peer),
        cmocka_unit_test(a_prefix_is_as_long_as_its_bits_say),
        cmocka_unit_test(random_hops_never_speak_for_a_stranger),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
