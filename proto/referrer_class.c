/* referrer_class: a table of hosts, looked through from front to back; an answer has some
 * hundred names at most. What is not in it is a link, so that a mistake makes a search
 * engine a plain host and never the other way round. */
#include "referrer_class.h"

#include "trait.h"

/* A host is matched whole. A leading "." also takes its subdomains; mail and documents
 * of the same company are links, so most search engines go without. A trailing ".*"
 * takes one label ("de") or a country's two ("co.uk"). Rows without any "." are words
 * that people write into utm_source; the first label of a host is one, too. */
static const struct row {
    const char *host;
    enum referrer_class class;
} rows[] = {
    {"google.*", CLASS_SEARCH},
    {"images.google.*", CLASS_SEARCH},
    {"cse.google.*", CLASS_SEARCH},
    {".bing.com", CLASS_SEARCH},
    {".duckduckgo.com", CLASS_SEARCH},
    {"yahoo.*", CLASS_SEARCH},
    {".search.yahoo.*", CLASS_SEARCH},
    {".baidu.com", CLASS_SEARCH},
    {"yandex.*", CLASS_SEARCH},
    {"ya.ru", CLASS_SEARCH},
    {".ecosia.org", CLASS_SEARCH},
    {"search.brave.com", CLASS_SEARCH},
    {"brave", CLASS_SEARCH},
    {".qwant.com", CLASS_SEARCH},
    {".startpage.com", CLASS_SEARCH},
    {"kagi.com", CLASS_SEARCH},
    {"naver.com", CLASS_SEARCH},
    {".search.naver.com", CLASS_SEARCH},
    {"seznam.cz", CLASS_SEARCH},
    {"search.seznam.cz", CLASS_SEARCH},
    {"search.aol.com", CLASS_SEARCH},
    {"search.daum.net", CLASS_SEARCH},
    {".sogou.com", CLASS_SEARCH},
    {"so.com", CLASS_SEARCH},
    {"ask.com", CLASS_SEARCH},
    {"mojeek.com", CLASS_SEARCH},
    {"swisscows.com", CLASS_SEARCH},
    {"metager.*", CLASS_SEARCH},
    {"presearch.com", CLASS_SEARCH},
    {"perplexity.ai", CLASS_SEARCH},

    {".facebook.com", CLASS_SOCIAL},
    {"fb.me", CLASS_SOCIAL},
    {"fb", CLASS_SOCIAL},
    {".instagram.com", CLASS_SOCIAL},
    {"ig", CLASS_SOCIAL},
    {".threads.net", CLASS_SOCIAL},
    {".threads.com", CLASS_SOCIAL},
    {".whatsapp.com", CLASS_SOCIAL},
    {"wa.me", CLASS_SOCIAL},
    {"t.co", CLASS_SOCIAL},
    {".twitter.com", CLASS_SOCIAL},
    {".x.com", CLASS_SOCIAL},
    {"x", CLASS_SOCIAL},
    {".bsky.app", CLASS_SOCIAL},
    {"bluesky", CLASS_SOCIAL},
    {"mastodon.*", CLASS_SOCIAL},
    {"mstdn.*", CLASS_SOCIAL},
    {"mas.to", CLASS_SOCIAL},
    {"fosstodon.org", CLASS_SOCIAL},
    {"hachyderm.io", CLASS_SOCIAL},
    {"chaos.social", CLASS_SOCIAL},
    {"infosec.exchange", CLASS_SOCIAL},
    {"lemmy.*", CLASS_SOCIAL},
    {".reddit.com", CLASS_SOCIAL},
    {"redd.it", CLASS_SOCIAL},
    {"news.ycombinator.com", CLASS_SOCIAL},
    {"hackernews", CLASS_SOCIAL},
    {"lobste.rs", CLASS_SOCIAL},
    {".linkedin.com", CLASS_SOCIAL},
    {"lnkd.in", CLASS_SOCIAL},
    {".xing.com", CLASS_SOCIAL},
    {".pinterest.*", CLASS_SOCIAL},
    {"pin.it", CLASS_SOCIAL},
    {".youtube.com", CLASS_SOCIAL},
    {"youtu.be", CLASS_SOCIAL},
    {".tiktok.com", CLASS_SOCIAL},
    {".snapchat.com", CLASS_SOCIAL},
    {".tumblr.com", CLASS_SOCIAL},
    {".quora.com", CLASS_SOCIAL},
    {".vk.com", CLASS_SOCIAL},
    {"vk.ru", CLASS_SOCIAL},
    {".ok.ru", CLASS_SOCIAL},
    {".weibo.com", CLASS_SOCIAL},
    {".weibo.cn", CLASS_SOCIAL},
    {"t.me", CLASS_SOCIAL},
    {".telegram.org", CLASS_SOCIAL},
    {".telegram.me", CLASS_SOCIAL},
    {".discord.com", CLASS_SOCIAL},
    {".discordapp.com", CLASS_SOCIAL},
    {"discord.gg", CLASS_SOCIAL},
};

/* Words shorter than this stand for themselves alone: the first label of t.me and t.co
 * says nothing. */
#define WORD_MIN 3

static const char *dot_in(struct slice s)
{
    return s.n ? memchr(s.p, '.', s.n) : NULL;
}

static bool is_letters(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 'a' || s.p[i] > 'z')
            return false;
    return s.n > 1;
}

/* Whether @s is what stands behind a name that is registered in many countries: "de",
 * "com", or "co.uk", "com.tr". */
static bool is_suffix(struct slice s)
{
    const char *dot = dot_in(s);
    struct slice first, last;

    if (!dot)
        return is_letters(s);
    first = (struct slice){s.p, (size_t)(dot - s.p)};
    last = slice_skip(s, first.n + 1);
    return (slice_eq(first, SLICE("co")) || slice_eq(first, SLICE("com"))) &&
           last.n == 2 && is_letters(last);
}

static bool ends_with(struct slice s, struct slice end)
{
    return s.n >= end.n && slice_eq(slice_skip(s, s.n - end.n), end);
}

/* Whether @host is @name or, where @below, a subdomain of it. */
static bool is_at(struct slice host, struct slice name, bool below)
{
    if (host.n == name.n || !below)
        return slice_eq(host, name);
    return ends_with(host, name) && host.p[host.n - name.n - 1] == '.';
}

/* @host without its suffix, which may have one label or two, is @name. */
static bool is_in_a_country(struct slice host, struct slice name, bool below)
{
    for (size_t n = host.n; n-- > 0;) {
        struct slice before = {host.p, n};

        if (host.p[n] == '.' && is_suffix(slice_skip(host, n + 1)) &&
            is_at(before, name, below))
            return true;
    }
    return false;
}

static bool matches(struct slice host, const char *row)
{
    bool below = *row == '.';
    struct slice name = slice_of(row + below);
    const char *dot = dot_in(name);

    if (!dot_in(host)) /* a word */
        return slice_eq(host, name) ||
               (dot && host.n >= WORD_MIN && slice_starts(name, host) &&
                name.p + host.n == dot);
    if (!ends_with(name, SLICE(".*")))
        return is_at(host, name, below);
    name.n -= 2;
    return is_in_a_country(host, name, below);
}

enum referrer_class referrer_class(struct slice name)
{
    if (name.n == 0 || slice_eq(name, SLICE(TRAIT_DIRECT)))
        return CLASS_DIRECT;
    if (slice_eq(name, SLICE("-")) || slice_eq(name, SLICE(TRAIT_INTERNAL)))
        return CLASS_INTERNAL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (matches(name, rows[i].host))
            return rows[i].class;
    return CLASS_LINK;
}

const char *referrer_class_name(enum referrer_class class)
{
    static const char *const names[REFERRER_CLASSES] = {"direct", "internal", "search",
                                                        "social", "link"};

    return names[class];
}
