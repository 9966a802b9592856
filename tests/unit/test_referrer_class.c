/* The class of hosts and words that views come from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../proto/referrer_class.h"
#include "../../proto/trait.h"
#include "../guard.h"

static void expect(enum referrer_class class, const char *name)
{
    size_t n = strlen(name);
    struct slice s = {guard_copy(name, n), n};

    if (referrer_class(s) != class)
        fail_msg("%s is %s", name, referrer_class_name(referrer_class(s)));
}

static void search_engines_are_known_in_every_country(void **state)
{
    static const char *const hosts[] = {
        "google.com",
        "google.de",
        "google.co.uk",
        "google.com.br",
        "google.cat",
        "images.google.fr",
        "bing.com",
        "cn.bing.com",
        "duckduckgo.com",
        "yahoo.com",
        "search.yahoo.com",
        "de.search.yahoo.com",
        "search.yahoo.co.jp",
        "baidu.com",
        "m.baidu.com",
        "yandex.ru",
        "yandex.com.tr",
        "ya.ru",
        "ecosia.org",
        "search.brave.com",
        "qwant.com",
        "lite.qwant.com",
        "startpage.com",
        "kagi.com",
        "naver.com",
        "m.search.naver.com",
        "search.seznam.cz",
        "seznam.cz",
        "google",
        "bing",
        "duckduckgo",
    };

    (void)state;
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        expect(CLASS_SEARCH, hosts[i]);
}

static void social_places_are_known_by_all_their_names(void **state)
{
    static const char *const hosts[] = {
        "facebook.com",
        "l.facebook.com",
        "lm.facebook.com",
        "m.facebook.com",
        "instagram.com",
        "l.instagram.com",
        "t.co",
        "x.com",
        "mobile.x.com",
        "twitter.com",
        "reddit.com",
        "old.reddit.com",
        "linkedin.com",
        "lnkd.in",
        "pinterest.com",
        "pinterest.co.uk",
        "de.pinterest.com",
        "pinterest.at",
        "youtube.com",
        "m.youtube.com",
        "youtu.be",
        "tiktok.com",
        "mastodon.social",
        "mastodon.online",
        "bsky.app",
        "go.bsky.app",
        "threads.net",
        "l.threads.com",
        "news.ycombinator.com",
        "vk.com",
        "m.vk.com",
        "away.vk.com",
        "whatsapp.com",
        "web.whatsapp.com",
        "t.me",
        "web.telegram.org",
        "discord.com",
        "facebook",
        "fb",
        "x",
        "reddit",
    };

    (void)state;
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        expect(CLASS_SOCIAL, hosts[i]);
}

static void whoever_only_looks_like_them_is_a_link(void **state)
{
    static const char *const hosts[] = {
        "google.com.evil.example",
        "google.evil.com",
        "notgoogle.com",
        "google.",
        ".google.com",
        "google.c",
        "google.com.",
        "google.co.u",
        "google.net.uk",
        "mail.google.com",
        "docs.google.com",
        "mail.yahoo.com",
        "xbing.com",
        "bing.com.example",
        "x.com.example",
        "netflix.com",
        "box.com",
        "at.co",
        "ycombinator.com",
        "vk.community",
        "news.example",
        "mastodon.social.evil.example",
        "127.0.0.1",
        "[::1]",
        "localhost",
        "newsletter",
        "goo",
        "t",
        "google_ads",
        "google.1a",
        ".",
        "..",
        "(other)",
        "\xff\xfe",
    };

    (void)state;
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        expect(CLASS_LINK, hosts[i]);
    expect(CLASS_SEARCH, "google.co"); /* Colombia */
    expect(CLASS_SOCIAL, "mastodon");
}

static void no_referrer_is_direct_and_the_own_pages_are_internal(void **state)
{
    (void)state;
    expect(CLASS_DIRECT, "");
    expect(CLASS_DIRECT, TRAIT_DIRECT);
    expect(CLASS_INTERNAL, "-");
    expect(CLASS_INTERNAL, TRAIT_INTERNAL);
    expect(CLASS_LINK, TRAIT_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(search_engines_are_known_in_every_country),
        cmocka_unit_test(social_places_are_known_by_all_their_names),
        cmocka_unit_test(whoever_only_looks_like_them_is_a_link),
        cmocka_unit_test(no_referrer_is_direct_and_the_own_pages_are_internal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
