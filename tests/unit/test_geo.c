/* The country of an address by small databases of tests/e2e/mmdb.mjs, whole and damaged.
 * Run from the project's root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../collector/geo.h"
#include "../dice.h"

#define SAMPLES "tests/fuzz/corpus/geo/"

#ifdef HAVE_MAXMINDDB

static struct geo *open_sample(const char *name)
{
    char path[128], err[256];
    struct geo *g;

    snprintf(path, sizeof path, SAMPLES "%s", name);
    g = geo_open(path, err, sizeof err);
    if (!g)
        fail_msg("%s", err);
    return g;
}

static struct ip ip_of(const char *text)
{
    struct ip ip;

    assert_int_equal(ip_parse(&ip, slice_of(text)), 0);
    return ip;
}

/* @expected: the code, or empty for a place that is not known. */
static void expect(const struct geo *g, const char *address, const char *expected)
{
    struct ip ip = ip_of(address);
    char country[3] = "--";
    enum geo_verdict v = geo_country(g, &ip, country);

    assert_string_equal(country, *expected ? expected : "--");
    assert_int_equal(v, *expected ? GEO_KNOWN : GEO_UNKNOWN);
}

static void an_address_is_in_the_country_of_its_network(void **state)
{
    static const char *const row[][2] = {
        {"192.0.2.0", "DE"},     {"192.0.2.255", "DE"},
        {"192.0.3.0", ""},       {"198.51.100.127", "FR"},
        {"198.51.100.128", ""},  {"::ffff:192.0.2.1", "DE"},
        {"2001:db8::1", "JP"},   {"2001:db8:0:ffff::", "JP"},
        {"2001:db8:1::9", "SG"}, {"2001:db8:2::", ""},
        {"127.0.0.1", ""},       {"::1", ""},
        {"255.255.255.255", ""}, {"0.0.0.0", ""},
    };
    struct geo *g = open_sample("country.mmdb");

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
        expect(g, row[i][0], row[i][1]);
    geo_close(g);
}

/* registered_country, where the network's owner is, is not where its people are. */
static void an_entry_without_a_proper_code_is_unknown(void **state)
{
    static const char *const row[] = {"203.0.113.7", "203.0.113.8", "203.0.113.9"};
    struct geo *g = open_sample("country.mmdb");

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
        expect(g, row[i], "");
    geo_close(g);
}

static void a_database_of_ipv4_alone_knows_no_ipv6(void **state)
{
    struct geo *g = open_sample("ipv4_32bit.mmdb");

    (void)state;
    expect(g, "192.0.2.1", "DE");
    expect(g, "::ffff:192.0.2.1", "DE");
    expect(g, "2001:db8::1", "");
    geo_close(g);
}

static void other_publishers_have_the_code_elsewhere(void **state)
{
    static const char *const row[] = {"flat.mmdb", "plain.mmdb"};

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        struct geo *g = open_sample(row[i]);

        expect(g, "192.0.2.1", "DE");
        geo_close(g);
    }
}

static void without_a_database_or_an_address_nothing_is_known(void **state)
{
    struct geo *g = open_sample("country.mmdb");
    struct ip none = {.n = 0};
    char country[3] = "--";

    (void)state;
    expect(NULL, "192.0.2.1", "");
    assert_int_equal(geo_country(g, &none, country), GEO_UNKNOWN);
    assert_string_equal(country, "--");
    geo_close(g);
    geo_close(NULL);
}

static void what_is_no_database_of_countries_is_refused_in_a_sentence(void **state)
{
    static const char *const row[][2] = {
        {SAMPLES "missing.mmdb", "No such file"},
        {"tests/fuzz", "not a file"},
        {"/dev/null", "not a file"},
        {"Makefile", "not a database in MaxMind DB format"},
        {SAMPLES "no_countries.mmdb", "tells no countries"},
        {SAMPLES "circle.mmdb", "tells no countries"},
    };
    char err[256];

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        assert_null(geo_open(row[i][0], err, sizeof err));
        assert_non_null(strstr(err, row[i][1]));
        assert_memory_equal(err, "--geoip ", 8);
    }
}

/* ---- damage ---- */

struct bytes {
    uint8_t b[4096];
    size_t n;
};

static void read_sample(struct bytes *into, const char *path)
{
    FILE *f = fopen(path, "rb");

    assert_non_null(f);
    into->n = fread(into->b, 1, sizeof into->b, f);
    fclose(f);
}

/* Opens @bytes as a file and asks for addresses of all networks. Returns how many places
 * were damaged, or -1 when the file was refused. */
static int ask_all(const struct bytes *bytes)
{
    static const char *const address[] = {"192.0.2.1",   "198.51.100.1",  "203.0.113.8",
                                          "2001:db8::1", "2001:db8:1::1", "10.0.0.1"};
    int fd = memfd_create("geo", 0), damaged = 0;
    char path[64], err[256];
    struct geo *g;

    assert_int_equal(write(fd, bytes->b, bytes->n), bytes->n);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    g = geo_open(path, err, sizeof err);
    for (size_t i = 0; g && i < sizeof address / sizeof address[0]; i++) {
        struct ip ip = ip_of(address[i]);
        char country[2] = {0};
        enum geo_verdict v = geo_country(g, &ip, country);

        assert_true((v == GEO_KNOWN) == (country[0] != 0));
        damaged += v == GEO_DAMAGED;
    }
    geo_close(g);
    close(fd);
    return g ? damaged : -1;
}

static void a_file_cut_short_anywhere_is_refused_or_read_as_far_as_it_goes(void **state)
{
    struct bytes whole;

    (void)state;
    read_sample(&whole, SAMPLES "country.mmdb");
    assert_int_equal(ask_all(&whole), 0);
    for (size_t n = whole.n; n > 0; n--) {
        whole.n = n - 1;
        ask_all(&whole);
    }
    assert_int_equal(ask_all(&whole), -1);
}

static void a_damaged_place_is_told_from_an_unknown_one(void **state)
{
    static const uint8_t code[] = {'i', 's', 'o',  '_', 'c', 'o',
                                   'd', 'e', 0x42, 'J', 'P'};
    struct bytes some;
    uint8_t *at;

    (void)state;
    read_sample(&some, SAMPLES "country.mmdb");
    at = memmem(some.b, some.n, code, sizeof code);
    assert_non_null(at);
    at[8] = 0x3f; /* a pointer to far behind the end instead of two letters */
    assert_int_equal(ask_all(&some), 1);
}

/* Tree and data: of damaged metadata libmaxminddb leaks a part before it refuses, which
 * is the end of the process; the fuzz target has that. */
static void no_damage_brings_it_down(void **state)
{
    struct dice dice = {7};
    struct bytes whole, some;
    uint8_t *metadata;
    size_t n;

    (void)state;
    read_sample(&whole, SAMPLES "country.mmdb");
    metadata = memmem(whole.b, whole.n, "MaxMind.com", 11);
    assert_non_null(metadata);
    n = (size_t)(metadata - whole.b);
    for (int i = 0; i < 20000; i++) {
        some = whole;
        for (uint64_t left = dice_below(&dice, 4) + 1; left > 0; left--)
            some.b[dice_below(&dice, n)] = (uint8_t)dice_u64(&dice);
        ask_all(&some);
    }
}

#else

static void it_says_that_it_was_built_without(void **state)
{
    char err[256];

    (void)state;
    assert_null(geo_open(SAMPLES "country.mmdb", err, sizeof err));
    assert_memory_equal(err, "--geoip ", 8);
    assert_non_null(strstr(err, "without libmaxminddb"));
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef HAVE_MAXMINDDB
        cmocka_unit_test(an_address_is_in_the_country_of_its_network),
        cmocka_unit_test(an_entry_without_a_proper_code_is_unknown),
        cmocka_unit_test(a_database_of_ipv4_alone_knows_no_ipv6),
        cmocka_unit_test(other_publishers_have_the_code_elsewhere),
        cmocka_unit_test(without_a_database_or_an_address_nothing_is_known),
        cmocka_unit_test(what_is_no_database_of_countries_is_refused_in_a_sentence),
        cmocka_unit_test(a_file_cut_short_anywhere_is_refused_or_read_as_far_as_it_goes),
        cmocka_unit_test(a_damaged_place_is_told_from_an_unknown_one),
        cmocka_unit_test(no_damage_brings_it_down),
#else
        cmocka_unit_test(it_says_that_it_was_built_without),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
