/* What a site, a path and a name look like after normalizing, whatever came. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "../../proto/hit.h"
#include "../../proto/limits.h"
#include "../../proto/utf8.h"
#include "../dice.h"
#include "../guard.h"

#define FFFD "\xef\xbf\xbd"

/* Text with its length, so that it may hold NUL. */
#define T(lit)                 \
    {                          \
        (lit), sizeof(lit) - 1 \
    }

struct pair {
    struct slice raw, want;
};

static struct slice guarded(struct slice s)
{
    return (struct slice){guard_copy(s.p, s.n), s.n};
}

/* Normalizes with input and output at guard pages, and again what came out. */
static void assert_normal(struct slice (*normalize)(struct slice, char *), size_t max,
                          struct pair p)
{
    static const char blank[PATH_MAX_BYTES];
    struct slice raw = guarded(p.raw);
    struct slice got = normalize(raw, guard_copy(blank, max));
    struct slice again = normalize(guarded(got), guard_copy(blank, max));

    if (!slice_eq(got, p.want))
        fail_msg("\"%.*s\" became \"%.*s\", not \"%.*s\"", (int)p.raw.n, p.raw.p,
                 (int)got.n, got.p, (int)p.want.n, p.want.p);
    assert_true(slice_eq(again, got));
}

static void a_site_is_up_to_64_safe_characters(void **state)
{
    static char text[SITE_MAX + 1];

    (void)state;
    for (unsigned b = 0; b < 256; b++) {
        char c = (char)b;
        bool safe = (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') ||
                    (b >= '0' && b <= '9') || b == '.' || b == '_' || b == '-';
        assert_int_equal(site_valid(guarded((struct slice){&c, 1})), safe && b != '.');
    }
    assert_false(site_valid(guarded(SLICE(".."))));
    assert_true(site_valid(guarded(SLICE("..."))));
    assert_true(site_valid(guarded(SLICE(".a"))));
    assert_true(site_valid(guarded(SLICE("--help"))));
    memset(text, 'x', sizeof text);
    assert_false(site_valid((struct slice){NULL, 0}));
    assert_true(site_valid(guarded((struct slice){text, SITE_MAX})));
    assert_false(site_valid(guarded((struct slice){text, SITE_MAX + 1})));
    for (size_t n = 1; n <= SITE_MAX; n++)
        for (size_t at = 0; at < n; at++) {
            text[at] = "/@:`[{^,"[at % 8];
            assert_false(site_valid(guarded((struct slice){text, n})));
            text[at] = 'x';
        }
}

static void a_path_keeps_only_what_names_the_page(void **state)
{
    static const struct pair row[] = {
        {T(""), T("/")},
        {T("/"), T("/")},
        {T("/a"), T("/a")},
        {T("a"), T("/a")},
        {T("/a/b.html"), T("/a/b.html")},
        {T("/a/"), T("/a/")},
        {T("/a?q=1#h"), T("/a")},
        {T("/a#h?q"), T("/a")},
        {T("?q"), T("/")},
        {T("#"), T("/")},
        {T("https://host/a?q"), T("/a")},
        {T("http://host:8080/a/b"), T("/a/b")},
        {T("HTTPS://Host/A"), T("/A")},
        {T("hTTp://u:p@host/"), T("/")},
        {T("https://host"), T("/")},
        {T("https://host?q=/x"), T("/")},
        {T("https://host#/x"), T("/")},
        {T("http://"), T("/")},
        {T("https://"), T("/")},
        {T("http:///a"), T("/a")},
        {T("http:/a"), T("/http:/a")},
        {T("http:"), T("/http:")},
        {T("ftp://host/a"), T("/ftp://host/a")},
        {T("//host/a"), T("//host/a")},
        {T("https://host//a"), T("//a")},
        {T("/https://host/a"), T("/https://host/a")},
        {T("/a//b/../c"), T("/a//b/../c")},
        {T("  /a  "), T("/a")},
        {T("\r\n https://host/a\t\n"), T("/a")},
        {T("/a b "), T("/a b")},
        {T("/a ?q"), T("/a")},
        {T("/ "), T("/")},
        {T("   "), T("/")},
        {T("/%41"), T("/%41")}, /* decoded text comes in; nothing is decoded twice */
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        assert_normal(path_normalize, PATH_MAX_BYTES, row[i]);
}

static void controls_go_and_broken_utf8_is_repaired(void **state)
{
    static const struct pair row[] = {
        {T("/a\0b"), T("/ab")},
        {T("/\x01\x1f\x7f!"), T("/!")},
        {T("/\xc2\x80\xc2\x9f\xc2\xa0"), T("/\xc2\xa0")}, /* C1, then NBSP */
        {T("/a \x01"), T("/a")},                          /* a space laid bare */
        {T("/\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"),
         T("/\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80")},
        {T("/\xff"), T("/" FFFD)},
        {T("/\x80"), T("/" FFFD)},
        {T("/\xc0\xaf"), T("/" FFFD FFFD)},                   /* overlong '/' */
        {T("/\xe0\x80\xaf"), T("/" FFFD FFFD FFFD)},          /* overlong '/' */
        {T("/\xf0\x80\x80\xaf"), T("/" FFFD FFFD FFFD FFFD)}, /* overlong '/' */
        {T("/\xed\xa0\x80"), T("/" FFFD FFFD FFFD)},          /* surrogate */
        {T("/\xed\x9f\xbf"), T("/\xed\x9f\xbf")},             /* U+D7FF */
        {T("/\xf4\x8f\xbf\xbf"), T("/\xf4\x8f\xbf\xbf")},     /* U+10FFFF */
        {T("/\xf4\x90\x80\x80"), T("/" FFFD FFFD FFFD FFFD)}, /* above it */
        {T("/\xe2\x82"), T("/" FFFD)},                        /* cut off */
        {T("/\xe2\x82z"), T("/" FFFD "z")},
        {T("/\xf0\x9f\x98z"), T("/" FFFD "z")},
        {T("/\xc3\xc3\xa4"), T("/" FFFD "\xc3\xa4")},
        {T("/\xef\xbf\xbd"), T("/" FFFD)},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        assert_normal(path_normalize, PATH_MAX_BYTES, row[i]);
}

static void a_name_is_cleaned_but_not_taken_for_a_path(void **state)
{
    static const struct pair row[] = {
        {T(""), T("")},
        {T("sign up"), T("sign up")},
        {T("  a  "), T("a")},
        {T("   "), T("")},
        {T("\xc2\x85 a"), T("a")},
        {T("https://host/a?b#c"), T("https://host/a?b#c")},
        {T("a\0\n\xff"), T("a" FFFD)},
        {T("\x01\x02"), T("")},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        assert_normal(name_normalize, EVENT_NAME_MAX, row[i]);
}

static void the_text_of_a_message_is_cleaned_like_a_name(void **state)
{
    static const struct pair row[] = {
        {T(""), T("")},
        {T("v2 is out: https://host/a?b#c"), T("v2 is out: https://host/a?b#c")},
        {T("  a\n"), T("a")},
        {T("a\0b\xff"), T("ab" FFFD)},
    };
    char longest[PATH_MAX_BYTES + 2];

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        assert_normal(text_normalize, PATH_MAX_BYTES, row[i]);
    memset(longest, 'x', sizeof longest);
    assert_normal(
        text_normalize, PATH_MAX_BYTES,
        (struct pair){{longest, PATH_MAX_BYTES + 1}, {longest, PATH_MAX_BYTES}});
    memcpy(longest + PATH_MAX_BYTES - 1, "\xc3\xa4", 2); /* does not fit whole */
    assert_normal(
        text_normalize, PATH_MAX_BYTES,
        (struct pair){{longest, PATH_MAX_BYTES + 1}, {longest, PATH_MAX_BYTES - 1}});
}

/* "/", @n times 'x', then @tail. */
static struct slice long_path(size_t n, struct slice tail)
{
    static char text[2 * PATH_MAX_BYTES];

    text[0] = '/';
    memset(text + 1, 'x', n);
    if (tail.n > 0)
        memcpy(text + 1 + n, tail.p, tail.n);
    return (struct slice){text, 1 + n + tail.n};
}

static void what_is_longer_is_cut_before_a_character(void **state)
{
    static const struct {
        struct slice tail;
        size_t left, kept; /* bytes left for the tail, bytes of it kept */
    } row[] = {
        {T("yy"), 1, 1},
        {T("y"), 1, 1},
        {T("yy"), 0, 0},
        {T("\xc3\xa4"), 2, 2},
        {T("\xc3\xa4"), 1, 0},
        {T("\xf0\x9f\x98\x80"), 3, 0},
        {T("\xf0\x9f\x98\x80"), 4, 4},
        {T("\xe2\x82\xacz"), 2, 0}, /* nothing after the one that does not fit */
        {T("\x01z"), 1, 1},
        {T(" z"), 1, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct slice raw = long_path(PATH_MAX_BYTES - 1 - row[i].left, row[i].tail);
        char *copy = malloc(raw.n);
        char *out = guard_copy(raw.p, PATH_MAX_BYTES);
        struct slice got;

        assert_non_null(copy);
        memcpy(copy, raw.p, raw.n);
        got = path_normalize((struct slice){copy, raw.n}, out);
        assert_int_equal(got.n, PATH_MAX_BYTES - row[i].left + row[i].kept);
        free(copy);
    }
    assert_normal(path_normalize, PATH_MAX_BYTES,
                  (struct pair){long_path(2 * PATH_MAX_BYTES - 1, (struct slice){0}),
                                {long_path(0, SLICE("")).p, PATH_MAX_BYTES}});
}

static bool is_clean(struct slice s)
{
    uint32_t code;

    while (s.n > 0)
        if (!utf8_next(&s, &code) || code < 0x20 || (code >= 0x7f && code < 0xa0))
            return false;
    return true;
}

static void random_bytes_become_clean_text_that_stays_as_it_is(void **state)
{
    static const char some[] = " /?#:\x01\x80\xbf\xc2\xe0\xed\xf0\xf4htps";
    struct dice d = {5};

    (void)state;
    for (int round = 0; round < 50000; round++) {
        char raw[700], once[PATH_MAX_BYTES], twice[PATH_MAX_BYTES];
        size_t n = dice_below(&d, dice_below(&d, 20) ? 20 : sizeof raw);
        struct slice a, b;

        dice_bytes(&d, raw, n);
        for (size_t i = 0; i < n && round % 2; i++)
            raw[i] = some[(uint8_t)raw[i] % (sizeof some - 1)];
        a = path_normalize(guarded((struct slice){raw, n}), once);
        b = path_normalize(a, twice);
        assert_true(a.n >= 1 && a.n <= PATH_MAX_BYTES && a.p[0] == '/' && is_clean(a));
        assert_true(slice_eq(a, b));
        a = name_normalize(guarded((struct slice){raw, n}), once);
        b = name_normalize(a, twice);
        assert_true(a.n <= EVENT_NAME_MAX && is_clean(a) && slice_eq(a, b));
        a = text_normalize(guarded((struct slice){raw, n}), once);
        b = text_normalize(a, twice);
        assert_true(a.n <= PATH_MAX_BYTES && is_clean(a) && slice_eq(a, b));
    }
}

static void kinds_and_states_have_names(void **state)
{
    static const char *const kind[] = {"pageview", "heartbeat", "leave",
                                       "event",    "message",   "reset",
                                       "join",     "query",     "?"};
    static const char *const mood[] = {"none",    "idle",       "reading",
                                       "writing", "background", "?"};
    static const char *const device[] = {"unknown", "desktop", "mobile",
                                         "tablet",  "other",   "?"};
    static const char *const browser[] = {"unknown",          "Chrome", "Safari",
                                          "Firefox",          "Edge",   "Opera",
                                          "Samsung Internet", "other",  "?"};

    (void)state;
    for (unsigned i = 0; i <= HIT_DEVICES; i++)
        assert_string_equal(hit_device_name(i), device[i]);
    for (unsigned i = 0; i <= HIT_BROWSERS; i++)
        assert_string_equal(hit_browser_name(i), browser[i]);
    for (unsigned i = 0; i <= HIT_KINDS; i++)
        assert_string_equal(hit_kind_name(i), kind[i]);
    for (unsigned i = 0; i <= HIT_STATES; i++)
        assert_string_equal(hit_state_name(i), mood[i]);
    assert_string_equal(hit_kind_name(UINT32_MAX), "?");
    assert_string_equal(hit_state_name(UINT32_MAX), "?");
}

static void a_referrer_is_a_host_or_an_address_in_brackets(void **state)
{
    static const struct pair row[] = {
        {T("https://www.Example.org:443/a?b"), T("example.org")},
        {T("  news.example/x"), T("news.example")},
        {T("http://[2001:DB8::1]:80/"), T("[2001:db8::1]")},
        {T("http://[::10.0; Win64; x64) AppleWebKit/537.36 li]:80"), T("")},
        {T("http://[:80/"), T("")},
        {T("http://]:80/"), T("")},
        {T("http://[]/"), T("")},
        {T("http://a:b:80/"), T("")},
        {T("http://a@b/"), T("")},
        {T("2001:db8::1"), T("")},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        assert_normal(host_normalize, REFERRER_MAX, row[i]);
}

/* ---- byte by byte, as the rules are written ---- */

static struct slice after_blank(struct slice s)
{
    while (s.n > 0 && (uint8_t)*s.p <= ' ')
        s = slice_skip(s, 1);
    return s;
}

static size_t scheme_slowly(struct slice s)
{
    if (s.n >= 7 && strncasecmp(s.p, "http://", 7) == 0)
        return 7;
    return s.n >= 8 && strncasecmp(s.p, "https://", 8) == 0 ? 8 : 0;
}

static size_t before_any(struct slice s, const char *marks)
{
    size_t n = 0;

    while (n < s.n && !(s.p[n] && strchr(marks, s.p[n])))
        n++;
    return n;
}

static bool is_host_slowly(struct slice s)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789._-";
    bool bracketed = s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']';

    for (size_t i = bracketed; i < s.n - bracketed; i++)
        if (!s.p[i] || !(strchr(safe, s.p[i]) || (bracketed && s.p[i] == ':')))
            return false;
    return true;
}

static struct slice host_slowly(struct slice raw, char *out)
{
    struct slice s = after_blank(raw);
    const char *bracket, *colon;

    s = slice_skip(s, scheme_slowly(s));
    s.n = before_any(s, "/?#");
    bracket = s.n ? memrchr(s.p, ']', s.n) : NULL;
    colon = s.n ? memrchr(s.p, ':', s.n) : NULL;
    if (colon && (!bracket || colon > bracket))
        s.n = (size_t)(colon - s.p);
    if (s.n > 4 && strncasecmp(s.p, "www.", 4) == 0)
        s = slice_skip(s, 4);
    if (s.n > REFERRER_MAX || !is_host_slowly(s))
        return (struct slice){0};
    for (size_t i = 0; i < s.n; i++)
        out[i] = (char)tolower((uint8_t)s.p[i]);
    return (struct slice){out, s.n};
}

/* Of ASCII. */
static struct slice path_slowly(struct slice raw, char *out)
{
    struct slice s = after_blank(raw);
    size_t n = 0, scheme;

    s.n = before_any(s, "?#");
    if ((scheme = scheme_slowly(s)) > 0) {
        s = slice_skip(s, scheme);
        s = slice_skip(s, before_any(s, "/"));
    }
    out[n++] = '/';
    for (size_t i = s.n > 0 && *s.p == '/'; i < s.n && n < PATH_MAX_BYTES; i++)
        if (s.p[i] >= ' ' && s.p[i] != 0x7f)
            out[n++] = s.p[i];
    while (out[n - 1] == ' ')
        n--;
    return (struct slice){out, n};
}

/* Texts of all lengths, most of them short, of bytes that mean something and of others.
 */
static struct slice dice_text(struct dice *d, char *out, size_t max)
{
    static const char *const parts[] = {
        "http://", "HTTPS://", "www.", "Www.", "[",         "]",   ":80",   "/", "?",
        "#",       " ",        "\x01", "\x7f", "host.test", "::1", "a_b-C", "%"};
    size_t n = 0, want = dice_below(d, dice_below(d, 4) ? 40 : max - 16);

    while (n < want) {
        const char *part = parts[dice_below(d, sizeof parts / sizeof *parts)];

        if (dice_below(d, 3) == 0)
            out[n++] = (char)('A' + dice_below(d, 58));
        else
            n = (size_t)(stpcpy(out + n, part) - out);
    }
    return guarded((struct slice){out, n});
}

static void hosts_and_paths_are_read_as_byte_by_byte(void **state)
{
    static char text[2 * PATH_MAX_BYTES], got[PATH_MAX_BYTES], want[PATH_MAX_BYTES];
    struct dice d = {17};

    (void)state;
    for (int round = 0; round < 50000; round++) {
        struct slice s = dice_text(&d, text, sizeof text);

        assert_int_equal(http_scheme(s), scheme_slowly(s));
        if (!slice_eq(host_normalize(s, got), host_slowly(s, want)))
            fail_msg("host of '%.*s'", (int)s.n, s.p);
        if (!slice_eq(path_normalize(s, got), path_slowly(s, want)))
            fail_msg("path of '%.*s'", (int)s.n, s.p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_site_is_up_to_64_safe_characters),
        cmocka_unit_test(a_referrer_is_a_host_or_an_address_in_brackets),
        cmocka_unit_test(a_path_keeps_only_what_names_the_page),
        cmocka_unit_test(controls_go_and_broken_utf8_is_repaired),
        cmocka_unit_test(a_name_is_cleaned_but_not_taken_for_a_path),
        cmocka_unit_test(the_text_of_a_message_is_cleaned_like_a_name),
        cmocka_unit_test(what_is_longer_is_cut_before_a_character),
        cmocka_unit_test(random_bytes_become_clean_text_that_stays_as_it_is),
        cmocka_unit_test(hosts_and_paths_are_read_as_byte_by_byte),
        cmocka_unit_test(kinds_and_states_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
