/* Tokens: what is one, whose it is, what it may do; and who has guessed too often. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "../../collector/guesses.h"
#include "../../collector/settings.h"
#include "../../collector/token.h"
#include "../guard.h"

#define TEXT "hc_AAAABBBBCCCCDDDDEEEEFFFFGGGGHHHHIIIIJJJJ-_9"

static struct slice guarded(const char *text)
{
    return (struct slice){guard_copy(text, strlen(text)), strlen(text)};
}

static struct token_hash hash_of(const char *text)
{
    struct token_hash h;

    crypto_generichash(h.b, sizeof h.b, (const uint8_t *)text, strlen(text), NULL, 0);
    return h;
}

/* The value of a field t:NAME. */
static struct slice value_of(const char *scope, const char *text)
{
    static char value[128];
    struct token_hash h = hash_of(text);
    int n = snprintf(value, sizeof value, "%s ", scope);

    sodium_bin2hex(value + n, sizeof value - (size_t)n, h.b, sizeof h.b);
    return guarded(value);
}

static void a_header_brings_the_hash_of_its_token(void **state)
{
    static const char *const rows[] = {"Bearer " TEXT, "bearer " TEXT, "BEARER   " TEXT};
    struct token_hash want = hash_of(TEXT), h;

    (void)state;
    assert_int_equal(strlen(TEXT), TOKEN_TEXT);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(token_of_header(guarded(rows[i]), &h), BEARER_TOKEN);
        assert_memory_equal(h.b, want.b, TOKEN_HASH);
    }
}

static void other_schemes_are_no_token_and_other_shapes_are_bad_ones(void **state)
{
    static const char *const none[] = {"", "Basic " TEXT, "Bearer" TEXT, TEXT,
                                       " Bearer x"};
    static const char *const bad[] = {
        "Bearer",
        "Bearer ",
        "Bearer  ",
        "Bearer hc_",
        "Bearer hc_short",
        "Bearer " TEXT "x",
        "Bearer " TEXT " x",
        "Bearer \t" TEXT,
        "Bearer hx_AAAABBBBCCCCDDDDEEEEFFFFGGGGHHHHIIIIJJJJ-_9",
        "Bearer hc_AAAABBBBCCCCDDDDEEEEFFFFGGGGHHHHIIIIJJJJ-+9",
        "Bearer hc_AAAABBBBCCCCDDDDEEEEFFFFGGGGHHHHIIIIJJJJ-=9"};
    struct token_hash h;

    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(token_of_header(guarded(none[i]), &h), BEARER_NONE);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(token_of_header(guarded(bad[i]), &h), BEARER_BAD);
}

static void a_setting_is_a_scope_and_a_hash(void **state)
{
    static const char *const refused[] = {
        "",
        "admin",
        "admin ",
        "admin 00",
        "admin  ",
        " ",
        "root 00",
        "Admin 0000000000000000000000000000000000000000000000000000000000000000",
        "admin 000000000000000000000000000000000000000000000000000000000000000",
        "admin 00000000000000000000000000000000000000000000000000000000000000000",
        "admin 000000000000000000000000000000000000000000000000000000000000000g",
        "admin  000000000000000000000000000000000000000000000000000000000000000"};
    struct token_hash want = hash_of(TEXT);
    struct token t;

    (void)state;
    assert_true(token_parse(&t, value_of("send", TEXT)));
    assert_int_equal(t.scope, SCOPE_SEND);
    assert_memory_equal(t.hash.b, want.b, TOKEN_HASH);
    assert_true(token_parse(&t, value_of("read", TEXT)));
    assert_int_equal(t.scope, SCOPE_READ);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_false(token_parse(&t, guarded(refused[i])));
}

static void the_scope_is_that_of_the_very_token(void **state)
{
    struct token_hash a = hash_of("a"), b = hash_of("b"), c = hash_of("c"), near = a;
    struct token tokens[] = {{SCOPE_READ, a}, {SCOPE_ADMIN, b}, {SCOPE_SEND, a}};

    (void)state;
    near.b[TOKEN_HASH - 1] ^= 1;
    assert_int_equal(token_scope(tokens, 3, &a), SCOPE_SEND);
    assert_int_equal(token_scope(tokens, 3, &b), SCOPE_ADMIN);
    assert_int_equal(token_scope(tokens, 3, &c), SCOPE_NONE);
    assert_int_equal(token_scope(tokens, 3, &near), SCOPE_NONE);
    assert_int_equal(token_scope(tokens, 0, &a), SCOPE_NONE);
    assert_true(SCOPE_READ < SCOPE_SEND && SCOPE_SEND < SCOPE_ADMIN);
}

static void settings_are_kept_for_a_while_and_only_their_own_sites(void **state)
{
    struct settings_cache *c = test_calloc(1, sizeof *c);
    struct settings *s = settings_begin(c, SLICE("shop"), 1000);
    struct token_hash h = hash_of(TEXT);

    (void)state;
    assert_true(settings_take(s, SLICE("badge"), SLICE("1")));
    assert_true(settings_take(s, SLICE("t:ops"), value_of("admin", TEXT)));
    assert_true(settings_take(s, SLICE("t:junk"), SLICE("admin")));
    assert_int_equal(s->ntokens, 1);
    assert_int_equal(token_scope(s->tokens, s->ntokens, &h), SCOPE_ADMIN);
    assert_ptr_equal(settings_find(c, SLICE("shop"), 1000 + SETTINGS_CACHE_MS - 1), s);
    assert_null(settings_find(c, SLICE("shop"), 1000 + SETTINGS_CACHE_MS));
    assert_null(settings_find(c, SLICE("sho"), 1000));
    assert_null(settings_find(c, SLICE("shops"), 1000));
    assert_ptr_equal(settings_begin(c, SLICE("shop"), 5000), s); /* its own place again */
    assert_int_equal(s->ntokens, 0);
    test_free(c);
}

static void settings_that_have_changed_are_let_go_of(void **state)
{
    struct settings_cache *c = test_calloc(1, sizeof *c);

    (void)state;
    settings_begin(c, SLICE("shop"), 1000);
    settings_begin(c, SLICE("blog"), 1000);
    settings_forget(c, SLICE("shop"));
    settings_forget(c, SLICE("blo"));
    assert_null(settings_find(c, SLICE("shop"), 1000));
    assert_non_null(settings_find(c, SLICE("blog"), 1000));
    test_free(c);
}

#define OTHER "hc_BAAABBBBCCCCDDDDEEEEFFFFGGGGHHHHIIIIJJJJ-_9"

static void a_site_is_read_by_all_or_by_those_who_have_a_token_of_it(void **state)
{
    static const struct {
        const char *read; /* NULL: not set */
        enum bearer bearer;
        const char *token;
        enum reader reader;
    } rows[] = {
        {NULL, BEARER_NONE, "", READER_OPEN},
        {NULL, BEARER_BAD, "", READER_OPEN},
        {NULL, BEARER_TOKEN, OTHER, READER_OPEN},
        {NULL, BEARER_TOKEN, TEXT, READER_GRANTED},
        {"public", BEARER_NONE, "", READER_OPEN},
        {"public", BEARER_TOKEN, OTHER, READER_OPEN},
        {"token", BEARER_NONE, "", READER_STRANGER},
        {"token", BEARER_BAD, "", READER_GUESSER},
        {"token", BEARER_TOKEN, OTHER, READER_GUESSER},
        {"token", BEARER_TOKEN, TEXT, READER_GRANTED},
        {"", BEARER_NONE, "",
         READER_STRANGER}, /* what is not understood is no more open */
        {"Public", BEARER_NONE, "", READER_STRANGER},
        {"tokens", BEARER_NONE, "", READER_STRANGER},
    };
    static const char *const scopes[] = {"read", "send", "admin"};
    struct settings_cache *c = test_calloc(1, sizeof *c);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t k = 0; k < sizeof scopes / sizeof *scopes; k++) {
            struct settings *s = settings_begin(c, SLICE("shop"), 0);
            struct token_hash h = hash_of(rows[i].token);

            if (rows[i].read)
                settings_take(s, SLICE("read"), slice_of(rows[i].read));
            settings_take(s, SLICE("t:x"), value_of(scopes[k], TEXT));
            if (settings_reader(s, rows[i].bearer, &h) != rows[i].reader)
                fail_msg("row %zu, scope %s", i, scopes[k]);
        }
    }
    test_free(c);
}

static void the_settings_read_longest_ago_make_room(void **state)
{
    struct settings_cache *c = test_calloc(1, sizeof *c);
    char name[16];

    (void)state;
    for (int i = 0; i <= SETTINGS_MAX; i++) {
        snprintf(name, sizeof name, "s%d", i);
        settings_begin(c, slice_of(name), 10 + i);
    }
    assert_null(settings_find(c, SLICE("s0"), 100));
    assert_non_null(settings_find(c, SLICE("s1"), 100));
    assert_non_null(settings_find(c, slice_of(name), 100));
    test_free(c);
}

static void a_site_has_so_many_tokens_and_no_more(void **state)
{
    struct settings_cache *c = test_calloc(1, sizeof *c);
    struct settings *s = settings_begin(c, SLICE("shop"), 0);

    (void)state;
    for (int i = 0; i < SITE_TOKENS_MAX; i++)
        assert_true(settings_take(s, SLICE("t:x"), value_of("read", TEXT)));
    assert_false(settings_take(s, SLICE("t:x"), value_of("read", TEXT)));
    assert_true(settings_take(s, SLICE("g:x"), SLICE("path /")));
    assert_int_equal(s->ntokens, SITE_TOKENS_MAX);
    test_free(c);
}

static struct ip ip_of(const char *text)
{
    struct ip ip;

    assert_int_equal(ip_parse(&ip, slice_of(text)), 0);
    return ip;
}

static void guess(struct guesses *g, const struct ip *ip, int n, mono_t now)
{
    for (int i = 0; i < n; i++)
        assert_false(guesses_add(g, ip, now));
}

static void ten_wrong_tokens_a_minute_are_all(void **state)
{
    static struct guesses g;
    struct ip one = ip_of("192.0.2.1"), other = ip_of("192.0.2.2");

    (void)state;
    guesses_init(&g, &(struct key){{1}});
    guess(&g, &one, TOKEN_GUESSES_MAX - 1, 1000);
    assert_int_equal(guesses_wait(&g, &one, 2000), 0);
    guess(&g, &one, 1, 2000);
    assert_int_equal(guesses_wait(&g, &one, 2000), TOKEN_GUESSES_MS - 1000);
    assert_int_equal(guesses_wait(&g, &other, 2000), 0);
    assert_int_equal(guesses_wait(&g, &one, 1000 + TOKEN_GUESSES_MS), 0);
    guess(&g, &one, 1, 1000 + TOKEN_GUESSES_MS); /* a new minute, from one */
    assert_int_equal(guesses_wait(&g, &one, 1001 + TOKEN_GUESSES_MS), 0);
}

static void a_network_of_ipv6_is_one_address(void **state)
{
    static struct guesses g;
    struct ip a = ip_of("2001:db8::1"), b = ip_of("2001:db8::ffff:2");
    struct ip c = ip_of("2001:db8:0:1::1");

    (void)state;
    guesses_init(&g, &(struct key){{1}});
    guess(&g, &a, TOKEN_GUESSES_MAX, 0);
    assert_true(guesses_wait(&g, &b, 0) > 0);
    assert_int_equal(guesses_wait(&g, &c, 0), 0);
}

/* As many addresses as there are places overfill some sets; nobody is refused for it. */
static void a_full_table_forgets_the_oldest_and_says_so(void **state)
{
    static struct guesses g;
    int forgotten = 0;

    (void)state;
    guesses_init(&g, &(struct key){{1}});
    for (unsigned i = 0; i < 2 * GUESSERS_MAX; i++) {
        struct ip ip = {.b = {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i},
                        .n = 4};

        assert_int_equal(guesses_wait(&g, &ip, i), 0);
        forgotten += guesses_add(&g, &ip, i);
    }
    assert_true(forgotten >= GUESSERS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_brings_the_hash_of_its_token),
        cmocka_unit_test(other_schemes_are_no_token_and_other_shapes_are_bad_ones),
        cmocka_unit_test(a_setting_is_a_scope_and_a_hash),
        cmocka_unit_test(the_scope_is_that_of_the_very_token),
        cmocka_unit_test(settings_are_kept_for_a_while_and_only_their_own_sites),
        cmocka_unit_test(settings_that_have_changed_are_let_go_of),
        cmocka_unit_test(a_site_is_read_by_all_or_by_those_who_have_a_token_of_it),
        cmocka_unit_test(the_settings_read_longest_ago_make_room),
        cmocka_unit_test(a_site_has_so_many_tokens_and_no_more),
        cmocka_unit_test(ten_wrong_tokens_a_minute_are_all),
        cmocka_unit_test(a_network_of_ipv6_is_one_address),
        cmocka_unit_test(a_full_table_forgets_the_oldest_and_says_so),
    };

    return cmocka_run_group_tests_name("token", tests, NULL, NULL);
}
