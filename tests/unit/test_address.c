/* HOST:PORT: what is one, what is none, and that text and address agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../collector/address.h"

static void must_parse(const char *text, const char *want)
{
    char err[256] = "", out[ADDRESS_TEXT_MAX];
    struct address a;

    if (address_parse(&a, text, "--listen", err, sizeof err) < 0)
        fail_msg("%s", err);
    assert_string_equal(address_text(&a, out), want);
}

static void must_refuse(const char *text)
{
    char err[256] = "";
    struct address a;

    if (address_parse(&a, text, "--listen", err, sizeof err) == 0)
        fail_msg("%s was taken", text);
    assert_int_equal(strncmp(err, "--listen ", 9), 0);
}

static void addresses_are_read_and_written_alike(void **state)
{
    (void)state;
    must_parse("127.0.0.1:8080", "127.0.0.1:8080");
    must_parse("0.0.0.0:0", "0.0.0.0:0");
    must_parse("[::1]:65535", "[::1]:65535");
    must_parse("[2001:DB8::0:1]:80", "[2001:db8::1]:80");
    must_parse("127.0.0.1:08080", "127.0.0.1:8080");
}

static void what_is_not_host_and_port_is_refused(void **state)
{
    (void)state;
    must_refuse("");
    must_refuse("8080");
    must_refuse(":8080");
    must_refuse("127.0.0.1");
    must_refuse("127.0.0.1:");
    must_refuse("127.0.0.1:65536");
    must_refuse("127.0.0.1:-1");
    must_refuse("127.0.0.1:80x");
    must_refuse("127.0.0.1:999999");
    must_refuse("::1:80");
    must_refuse("[::1]");
    must_refuse("[::1:80");
    must_refuse("[]:80");
    must_refuse("[::1]x:80");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_and_written_alike),
        cmocka_unit_test(what_is_not_host_and_port_is_refused),
    };

    return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
