/* Files that are read at a start and again: whole ones take the place of the old ones,
 * and broken ones change nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../collector/files.h"

static char dir[] = "/tmp/test_files.XXXXXX";
static char secret[64], bots[64], spam[64];
static struct file_names names;
static const struct redis_addr redis = {.host = "redis.test", .port = 6379};

static void put(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/test_files.XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(secret, sizeof secret, "%s/secret", dir);
    snprintf(bots, sizeof bots, "%s/bots", dir);
    snprintf(spam, sizeof spam, "%s/spam", dir);
    put(secret, "correct horse battery staple\n");
    put(bots, "first robot\n");
    put(spam, "first.test\n");
    names = (struct file_names){.secret = secret, .bots = bots, .spam = spam};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(secret);
    unlink(bots);
    unlink(spam);
    return rmdir(dir);
}

static void open_all(struct files *f)
{
    char err[512] = "";

    if (files_open(f, &names, &redis, err, sizeof err) < 0)
        fail_msg("%s", err);
}

static void assert_first(const struct files *f)
{
    assert_true(words_in(f->bots, SLICE("the first robot")));
    assert_false(words_in(f->bots, SLICE("the second robot")));
    assert_true(domains_have(f->spam, SLICE("first.test")));
    assert_int_equal(f->secret.n, 1);
}

static void a_start_reads_them_all(void **state)
{
    struct files f;

    (void)state;
    open_all(&f);
    assert_first(&f);
    assert_null(f.geo);
    files_drop(&f);
    assert_null(f.bots);
}

static void a_list_may_be_built_in_or_none(void **state)
{
    struct files f;

    (void)state;
    names.bots = names.spam = "built-in";
    open_all(&f);
    assert_true(words_in(f.bots, SLICE("Googlebot")));
    assert_true(domains_have(f.spam, SLICE("semalt.com")));
    files_reload(&f, &names);
    assert_true(words_in(f.bots, SLICE("Googlebot")));
    files_drop(&f);
    names.bots = names.spam = "none";
    open_all(&f);
    assert_null(f.bots);
    assert_null(f.spam);
    files_reload(&f, &names);
    assert_null(f.bots);
    files_drop(&f);
}

static void a_start_says_which_file_is_wrong(void **state)
{
    const struct {
        const char **name, *value, *err;
    } row[] = {
        {&names.secret, NULL, "--secret-file"},
        {&names.bots, "/no/such/file", "--bots /no/such/file: No such file"},
        {&names.bots, "/", "--bots /: not a file"},
        {&names.spam, "/dev/null", "--referrer-spam /dev/null: not a file"},
        {&names.spam, bots, "line 1: not a domain"},
        {&names.geoip, secret, "--geoip"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const struct file_names good = names;
        char err[512] = "";
        struct files f;

        *row[i].name = row[i].value;
        assert_int_equal(files_open(&f, &names, &redis, err, sizeof err), -1);
        if (!strstr(err, row[i].err))
            fail_msg("%zu: %s", i, err);
        assert_null(f.bots);
        names = good;
    }
}

static void a_longer_file_than_allowed_is_refused(void **state)
{
    static char text[LIST_FILE_MAX + 2];
    char err[512] = "";
    struct files f;

    (void)state;
    memset(text, '\n', LIST_FILE_MAX);
    put(bots, text);
    open_all(&f);
    files_drop(&f);
    memset(text, '\n', LIST_FILE_MAX + 1);
    put(bots, text);
    assert_int_equal(files_open(&f, &names, &redis, err, sizeof err), -1);
    assert_non_null(strstr(err, "longer than 262144 bytes"));
}

static void what_is_whole_takes_the_old_ones_place(void **state)
{
    struct files f;
    uint8_t key_id;

    (void)state;
    open_all(&f);
    key_id = f.secret.v[0].key_id;
    put(bots, "second robot\n");
    put(spam, "second.test\n");
    put(secret, "correct horse battery staple\n2026-12-01 another horse altogether\n");
    files_reload(&f, &names);
    assert_true(words_in(f.bots, SLICE("the second robot")));
    assert_false(words_in(f.bots, SLICE("the first robot")));
    assert_true(domains_have(f.spam, SLICE("second.test")));
    assert_false(domains_have(f.spam, SLICE("first.test")));
    assert_int_equal(f.secret.n, 2);
    assert_int_equal(f.secret.v[0].key_id, key_id);
    files_drop(&f);
}

static void what_is_broken_changes_nothing(void **state)
{
    struct files f, before;

    (void)state;
    open_all(&f);
    before = f;
    put(bots, "xy\n");
    put(spam, "no domain\n");
    put(secret, "short\n");
    files_reload(&f, &names);
    assert_memory_equal(&f, &before, sizeof f);
    unlink(bots);
    unlink(spam);
    unlink(secret);
    files_reload(&f, &names);
    assert_memory_equal(&f, &before, sizeof f);
    assert_first(&f);
    files_drop(&f);
}

/* Opening one without a writer would wait for ever. */
static void a_pipe_is_not_read_again(void **state)
{
    struct files f, before;

    (void)state;
    names.redis_auth = spam;
    put(spam, "me:one\n");
    names.spam = NULL;
    open_all(&f);
    before = f;
    for (int i = 0; i < 3; i++) {
        const char *path = (const char *[]){secret, bots, spam}[i];

        unlink(path);
        assert_int_equal(mkfifo(path, 0600), 0);
    }
    alarm(20); /* ends a test that waits */
    files_reload(&f, &names);
    alarm(0);
    assert_memory_equal(&f, &before, sizeof f);
    files_drop(&f);
}

static void a_password_is_renewed_and_its_address_stays(void **state)
{
    struct files f;

    (void)state;
    names.redis_auth = spam; /* any file will do */
    put(spam, "me:one\n");
    names.spam = NULL;
    open_all(&f);
    assert_string_equal(f.redis.password, "one");
    put(spam, "me:two\n");
    files_reload(&f, &names);
    assert_string_equal(f.redis.password, "two");
    assert_string_equal(f.redis.host, "redis.test");
    unlink(spam);
    files_reload(&f, &names);
    assert_string_equal(f.redis.password, "two");
    put(spam, "");
    files_drop(&f);
}

static void one_broken_file_keeps_no_other_from_being_read(void **state)
{
    struct files f;

    (void)state;
    open_all(&f);
    put(bots, "xy\n");
    put(spam, "second.test\n");
    files_reload(&f, &names);
    assert_true(words_in(f.bots, SLICE("the first robot")));
    assert_true(domains_have(f.spam, SLICE("second.test")));
    files_drop(&f);
}

static void who_holds_the_old_ones_reads_them_on(void **state)
{
    struct files f, worker;

    (void)state;
    open_all(&f);
    files_hold(&worker, &f);
    put(bots, "second robot\n");
    put(spam, "second.test\n");
    files_reload(&f, &names);
    assert_first(&worker);
    files_drop(&f);
    assert_first(&worker);
    files_drop(&worker);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        EACH(a_start_reads_them_all),
        EACH(a_list_may_be_built_in_or_none),
        EACH(a_start_says_which_file_is_wrong),
        EACH(a_longer_file_than_allowed_is_refused),
        EACH(what_is_whole_takes_the_old_ones_place),
        EACH(what_is_broken_changes_nothing),
        EACH(a_pipe_is_not_read_again),
        EACH(a_password_is_renewed_and_its_address_stays),
        EACH(one_broken_file_keeps_no_other_from_being_read),
        EACH(who_holds_the_old_ones_reads_them_on),
    };

    return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
