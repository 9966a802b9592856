/* redis_addr: what is an address and what is not, and the file with the password. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../proto/redis_addr.h"
#include "../guard.h"

#define A50 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee"
#define A250 A50 A50 A50 A50 A50

static int parse(struct redis_addr *a, const char *text, char *err, size_t err_n)
{
    memset(a, '#', sizeof *a);
    return redis_addr_parse(a, guard_copy(text, strlen(text) + 1), err, err_n);
}

static void assert_takes(const char *text, bool is_unix, const char *host, int port,
                         int db, const char *again)
{
    char err[200] = "", back[REDIS_ADDR_TEXT_MAX];
    struct redis_addr a, b;

    if (parse(&a, text, err, sizeof err) < 0)
        fail_msg("%s: %s", text, err);
    assert_int_equal(a.is_unix, is_unix);
    assert_string_equal(a.host, host);
    assert_int_equal(a.port, port);
    assert_int_equal(a.db, db);
    assert_string_equal(a.user, "");
    assert_string_equal(a.password, "");
    redis_addr_text(&a, back, sizeof back);
    assert_string_equal(back, again);
    assert_int_equal(parse(&b, back, err, sizeof err), 0);
    assert_string_equal(b.host, host);
    assert_true(b.port == port && b.db == db && b.is_unix == is_unix);
}

static void every_form_of_an_address_is_taken(void **state)
{
    (void)state;
    assert_takes("tcp://redis", false, "redis", 6379, 0, "tcp://redis:6379/0");
    assert_takes("tcp://redis:1", false, "redis", 1, 0, "tcp://redis:1/0");
    assert_takes("tcp://redis:65535/15", false, "redis", 65535, 15,
                 "tcp://redis:65535/15");
    assert_takes("redis://10.0.0.1/2", false, "10.0.0.1", 6379, 2,
                 "tcp://10.0.0.1:6379/2");
    assert_takes("tcp://host/", false, "host", 6379, 0, "tcp://host:6379/0");
    assert_takes("tcp://[::1]", false, "::1", 6379, 0, "tcp://[::1]:6379/0");
    assert_takes("tcp://[fe80::1%eth0]:7/3", false, "fe80::1%eth0", 7, 3,
                 "tcp://[fe80::1%eth0]:7/3");
    assert_takes("tcp://" A250, false, A250, 6379, 0, "tcp://" A250 ":6379/0");
    assert_takes("unix:/run/redis.sock", true, "/run/redis.sock", 0, 0,
                 "unix:/run/redis.sock");
    assert_takes("unix:/a b?db=65535", true, "/a b", 0, 65535, "unix:/a b?db=65535");
    assert_takes("unix:/a?db=0", true, "/a", 0, 0, "unix:/a");
}

static void assert_refuses(const char *text, const char *because)
{
    char err[300] = "";
    struct redis_addr a;

    if (parse(&a, text, err, sizeof err) != -1)
        fail_msg("%s was taken", text);
    assert_non_null(strstr(err, "--redis"));
    if (!strstr(err, because))
        fail_msg("%s: %s", text, err);
}

static void everything_else_is_refused_with_a_reason(void **state)
{
    (void)state;
    assert_refuses("", "must be unix:");
    assert_refuses("localhost:6379", "must be unix:");
    assert_refuses("rediss://host", "must be unix:");
    assert_refuses("TCP://host", "must be unix:");
    assert_refuses("tcp:/host", "must be unix:");
    assert_refuses("tcp://", "host name");
    assert_refuses("tcp://:6379", "host name");
    assert_refuses("tcp:///1", "host name");
    assert_refuses("tcp://::1", "host name");
    assert_refuses("tcp://[::1", "host name");
    assert_refuses("tcp://[]", "host name");
    assert_refuses("tcp://[/]", "host name");
    assert_refuses("tcp://[host]", "host name");
    assert_refuses("tcp://[::1/2]", "host name");
    assert_refuses("tcp://[::1]6379", "host name");
    assert_refuses("tcp://a b", "host name");
    assert_refuses("tcp://a\nb", "host name");
    assert_refuses("tcp://" A250 "123456", "host name");
    assert_refuses("tcp://host:", "port");
    assert_refuses("tcp://host:0", "port");
    assert_refuses("tcp://host:65536", "port");
    assert_refuses("tcp://host:+1", "port");
    assert_refuses("tcp://host:1x", "port");
    assert_refuses("tcp://host:99999999999999999999", "port");
    assert_refuses("tcp://host/x", "database");
    assert_refuses("tcp://host/-1", "database");
    assert_refuses("tcp://host/65536", "database");
    assert_refuses("tcp://host/1/2", "database");
    assert_refuses("tcp://host:1/2?db=3", "database");
    assert_refuses("unix:", "the path");
    assert_refuses("unix:?db=1", "the path");
    assert_refuses("unix:/a\nb", "the path");
    assert_refuses("unix:/" A50 A50 "1234567", "107");
    assert_refuses("unix:/a?db=", "?db=");
    assert_refuses("unix:/a?db=x", "?db=");
    assert_refuses("unix:/a?db=65536", "?db=");
    assert_refuses("unix:/a?", "?db=");
    assert_refuses("unix:/a?x=1", "?db=");
}

static void a_password_in_the_address_is_refused_and_not_repeated(void **state)
{
    char err[300];
    struct redis_addr a;

    (void)state;
    assert_int_equal(parse(&a, "redis://me:s3cret@host:6379", err, sizeof err), -1);
    assert_non_null(strstr(err, "--redis-auth-file"));
    assert_null(strstr(err, "s3cret"));
}

static void a_long_complaint_is_cut(void **state)
{
    char err[12];
    struct redis_addr a;

    (void)state;
    assert_int_equal(parse(&a, "nonsense", err, sizeof err), -1);
    assert_string_equal(err, "--redis mus");
}

/* Reads credentials from a file that holds @text. Returns what auth_file does. */
static int auth(struct redis_addr *a, const char *text, size_t n, char *err, size_t err_n)
{
    char path[] = P_tmpdir "/headcount-auth-XXXXXX";
    int fd = mkstemp(path);
    int r;

    assert_true(fd >= 0 && write(fd, text, n) == (ssize_t)n);
    close(fd);
    memset(a, 0, sizeof *a);
    r = redis_addr_auth_file(a, path, err, err_n);
    unlink(path);
    return r;
}

static void assert_auth(const char *text, const char *user, const char *password)
{
    char err[300];
    struct redis_addr a;

    assert_int_equal(auth(&a, text, strlen(text), err, sizeof err), 0);
    assert_string_equal(a.user, user);
    assert_string_equal(a.password, password);
}

static void credentials_come_from_the_first_line(void **state)
{
    (void)state;
    assert_auth("secret", "", "secret");
    assert_auth("secret\n", "", "secret");
    assert_auth("secret\r\nmore\n", "", "secret");
    assert_auth("me:secret\n", "me", "secret");
    assert_auth("me:se:cr:et\n", "me", "se:cr:et");
    assert_auth(" with blanks \n", "", " with blanks ");
    assert_auth(A250 A250 "123456789ab\n", "", A250 A250 "123456789ab");
}

static void assert_no_auth(const char *text, size_t n)
{
    char err[400] = "";
    struct redis_addr a;

    assert_int_equal(auth(&a, text, n, err, sizeof err), -1);
    assert_non_null(strstr(err, "--redis-auth-file"));
    assert_null(strstr(err, "secret"));
}

static void a_file_without_credentials_is_refused(void **state)
{
    (void)state;
    assert_no_auth("", 0);
    assert_no_auth("\nsecret\n", 8);
    assert_no_auth(":secret\n", 8);
    assert_no_auth("me:\n", 4);
    assert_no_auth("sec\0ret\n", 8);
    assert_no_auth(A250 A250 "123456789abc\n", 513);
    assert_no_auth(A250 A250 A250, 750);
    assert_no_auth(A50 A50 "123456789012345678901234567x:secret\n", 136);
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
    char err[300] = "";
    struct redis_addr a = {0};

    (void)state;
    assert_int_equal(redis_addr_auth_file(&a, "/no/such/file", err, sizeof err), -1);
    assert_string_equal(err, "--redis-auth-file /no/such/file cannot be read: "
                             "No such file or directory");
    assert_int_equal(redis_addr_auth_file(&a, "/", err, sizeof err), -1);
    assert_non_null(strstr(err, "directory"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_an_address_is_taken),
        cmocka_unit_test(everything_else_is_refused_with_a_reason),
        cmocka_unit_test(a_password_in_the_address_is_refused_and_not_repeated),
        cmocka_unit_test(a_long_complaint_is_cut),
        cmocka_unit_test(credentials_come_from_the_first_line),
        cmocka_unit_test(a_file_without_credentials_is_refused),
        cmocka_unit_test(a_file_that_cannot_be_read_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
