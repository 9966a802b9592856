/* The curve of the day goes straight from hour to hour, so the area below it is the sum
 * of the hours: as many come in a day as were asked for. */
#include "demo_shop.h"

#include <assert.h>

#define LENGTH(table) (sizeof(table) / sizeof *(table))
#define MS_PER_HOUR (INT64_C(60) * MS_PER_MINUTE)
#define PICKS_MAX 32 /* entries of any table that is picked from */

static const struct shop_page pages[] = {
    {SHOP_HOME, 1, "/", "Fine tea, slowly"},
    {SHOP_CATEGORY, 5, "/tea/green", "Green tea"},
    {SHOP_CATEGORY, 4, "/tea/black", "Black tea"},
    {SHOP_CATEGORY, 3, "/tea/herbal", "Herbs and fruit"},
    {SHOP_CATEGORY, 3, "/teapots", "Teapots"},
    {SHOP_PRODUCT, 9, "/tea/green/sencha-uji", "Sencha Uji"},
    {SHOP_PRODUCT, 4, "/tea/green/gyokuro-yame", "Gyokuro Yame"},
    {SHOP_PRODUCT, 6, "/tea/black/assam-hattiali", "Assam Hattiali"},
    {SHOP_PRODUCT, 5, "/tea/black/earl-grey", "Earl Grey"},
    {SHOP_PRODUCT, 3, "/tea/herbal/mountain-mint", "Mountain mint"},
    {SHOP_PRODUCT, 4, "/teapots/cast-iron-800ml", "Cast iron pot, 800 ml"},
    {SHOP_PRODUCT, 3, "/teapots/glass-kettle", "Glass kettle"},
    {SHOP_PRODUCT, 2, "/teapots/travel-set", "Travel set"},
    {SHOP_SEARCH, 1, "/search", "Search"},
    {SHOP_CART, 1, "/cart", "Your cart"},
    {SHOP_CHECKOUT, 1, "/checkout", "Checkout"},
    {SHOP_THANKS, 1, "/thanks", "Thank you"},
    {SHOP_BLOG, 1, "/blog", "Notes on tea"},
    {SHOP_POST, 6, "/blog/how-hot-is-hot-water", "How hot is hot water?"},
    {SHOP_POST, 4, "/blog/first-flush", "What first flush means"},
    {SHOP_POST, 2, "/blog/a-week-in-uji", "A week in Uji"},
    {SHOP_POST, 2, "/blog/caring-for-iron", "Caring for cast iron"},
};

/* next: home, category, product, search, cart, checkout, thanks, blog, post, leave */
static const struct shop_habit habits[SHOP_KINDS] = {
    [SHOP_HOME] = {18e3, 8, 3, "signup", SHOP_LEAVE, {0, 44, 14, 9, 2, 0, 0, 7, 2, 22}},
    [SHOP_CATEGORY] = {22e3, 0, 0, NULL, SHOP_LEAVE, {4, 14, 56, 5, 2, 0, 0, 0, 1, 18}},
    [SHOP_PRODUCT] =
        {42e3, 12, 14, "add-to-cart", SHOP_CART, {3, 22, 26, 4, 3, 0, 0, 0, 4, 38}},
    [SHOP_SEARCH] =
        {20e3, 80, 80, "search", SHOP_PRODUCT, {4, 14, 8, 10, 0, 0, 0, 0, 4, 60}},
    [SHOP_CART] = {24e3, 12, 0, NULL, SHOP_LEAVE, {3, 14, 16, 1, 0, 44, 0, 0, 0, 22}},
    [SHOP_CHECKOUT] = {95e3, 92, 0, NULL, SHOP_LEAVE, {1, 1, 2, 0, 10, 0, 66, 0, 0, 20}},
    [SHOP_THANKS] =
        {15e3,
         0,
         12,
         "outbound parcels.example/track",
         SHOP_LEAVE,
         {8, 4, 0, 0, 0, 0, 0, 5, 3, 80}},
    [SHOP_BLOG] = {20e3, 0, 0, NULL, SHOP_LEAVE, {6, 6, 2, 1, 0, 0, 0, 0, 55, 30}},
    [SHOP_POST] =
        {110e3,
         12,
         7,
         "outbound teatime.example/uji",
         SHOP_LEAVE,
         {3, 8, 14, 2, 0, 0, 0, 8, 10, 55}},
};

static const struct shop_source sources[] = {
    {250, "https://www.google.com/", "", SHOP_PRODUCT},
    {60, "https://www.google.com/", "", SHOP_POST},
    {40, "https://www.bing.com/", "", SHOP_CATEGORY},
    {45, "https://duckduckgo.com/", "", SHOP_HOME},
    {190, NULL, "", SHOP_HOME},
    {60, NULL, "", SHOP_PRODUCT},
    {60, "https://www.instagram.com/", "", SHOP_PRODUCT},
    {25, "https://www.facebook.com/", "", SHOP_POST},
    {35, "https://www.reddit.com/r/tea/", "", SHOP_POST},
    {45, "https://teatime.example/where-to-buy", "", SHOP_HOME},
    {30, "https://kitchen-notes.example/brewing", "", SHOP_POST},
    {25, "https://gifts.example/for-tea-lovers", "", SHOP_PRODUCT},
    {40, "https://www.google.com/",
     "?utm_source=google&utm_medium=cpc&utm_campaign=tea-week&utm_term=green+tea",
     SHOP_CATEGORY},
    {25, "https://www.google.com/",
     "?utm_source=google&utm_medium=cpc&utm_campaign=tea-week&utm_term=cast+iron+teapot",
     SHOP_PRODUCT},
    {12, "https://www.bing.com/",
     "?utm_source=bing&utm_medium=cpc&utm_campaign=tea-week&utm_term=loose+leaf+tea",
     SHOP_CATEGORY},
    {38, "https://www.instagram.com/",
     "?utm_source=instagram&utm_medium=social&utm_campaign=brew-along", SHOP_POST},
};

static const struct shop_source newsletter = {
    1, NULL, "?utm_source=newsletter&utm_medium=email&utm_campaign=first-flush-is-here",
    SHOP_PRODUCT};

#define WEBKIT "AppleWebKit/537.36 (KHTML, like Gecko) "

static const struct shop_share agents[] = {
    {24, "Mozilla/5.0 (Windows NT 10.0; Win64; x64) " WEBKIT "Chrome/130.0.0.0 "
         "Safari/537.36"},
    {6, "Mozilla/5.0 (Windows NT 10.0; Win64; x64) " WEBKIT "Chrome/130.0.0.0 "
        "Safari/537.36 Edg/130.0.0.0"},
    {6, "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"},
    {9, "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, "
        "like Gecko) Version/18.0 Safari/605.1.15"},
    {24, "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
         "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"},
    {20, "Mozilla/5.0 (Linux; Android 10; K) " WEBKIT "Chrome/130.0.0.0 Mobile "
         "Safari/537.36"},
    {5, "Mozilla/5.0 (Linux; Android 10; K) " WEBKIT "SamsungBrowser/26.0 "
        "Chrome/122.0.0.0 Mobile Safari/537.36"},
    {6, "Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
        "Gecko) Version/18.0 Mobile/15E148 Safari/604.1"},
};

static const struct shop_share countries[] = {
    {280, "DE"}, {150, "US"}, {90, "GB"}, {80, "FR"}, {65, "NL"}, {60, "AT"},
    {50, "CH"},  {35, "PL"},  {30, "IT"}, {30, "ES"}, {25, "SE"}, {20, "DK"},
    {20, "JP"},  {20, "CA"},  {12, "BE"}, {10, "AU"}, {8, "CZ"},  {6, "BR"},
    {5, "IN"},   {4, "KR"},   {3, "ZA"},  {3, "NZ"},  {2, "MX"},  {2, "TR"},
};

/* Visitors by the hour, beginning at midnight: few at night, most in the evening. */
static const double hours[24] = {0.30, 0.16, 0.10, 0.07, 0.08, 0.16, 0.40, 0.75,
                                 1.05, 1.30, 1.45, 1.50, 1.60, 1.45, 1.35, 1.35,
                                 1.35, 1.40, 1.50, 1.75, 2.00, 1.80, 1.15, 0.65};

size_t shop_pages(void)
{
    return LENGTH(pages);
}

const struct shop_page *shop_page(size_t i)
{
    assert(i < LENGTH(pages));
    return &pages[i];
}

const struct shop_habit *shop_habit(enum shop_kind kind)
{
    assert(kind < SHOP_KINDS);
    return &habits[kind];
}

size_t shop_pick_page(struct chance *c, enum shop_kind kind, size_t but)
{
    uint16_t weight[LENGTH(pages)] = {0};
    unsigned all = 0;

    for (size_t i = 0; i < LENGTH(pages); i++)
        if (pages[i].kind == kind && i != but)
            all += weight[i] = pages[i].weight;
    return all > 0 ? chance_pick(c, weight, LENGTH(pages)) : but;
}

enum shop_kind shop_pick_next(struct chance *c, enum shop_kind from)
{
    return (enum shop_kind)chance_pick(c, shop_habit(from)->next, SHOP_KINDS + 1);
}

const struct shop_source *shop_pick_source(struct chance *c)
{
    uint16_t weight[LENGTH(sources)];

    for (size_t i = 0; i < LENGTH(sources); i++)
        weight[i] = sources[i].weight;
    return &sources[chance_pick(c, weight, LENGTH(sources))];
}

const struct shop_source *shop_newsletter(void)
{
    return &newsletter;
}

static const char *pick_share(struct chance *c, const struct shop_share *shares, size_t n)
{
    uint16_t weight[PICKS_MAX];

    assert(n <= PICKS_MAX);
    for (size_t i = 0; i < n; i++)
        weight[i] = shares[i].weight;
    return shares[chance_pick(c, weight, n)].text;
}

const char *shop_pick_agent(struct chance *c)
{
    return pick_share(c, agents, LENGTH(agents));
}

const char *shop_pick_country(struct chance *c)
{
    return pick_share(c, countries, LENGTH(countries));
}

double shop_rate(ms_t clock, double a_day)
{
    size_t hour = (size_t)(clock / MS_PER_HOUR) % 24;
    double part = (double)(clock % MS_PER_HOUR) / (double)MS_PER_HOUR, all = 0;

    for (size_t i = 0; i < 24; i++)
        all += hours[i];
    return a_day * (100 - SHOP_NEWSLETTER_PERCENT) / 100 / all / (double)MS_PER_HOUR *
           (hours[hour] * (1 - part) + hours[(hour + 1) % 24] * part);
}

/* Most come at once, and ever fewer until its time is over. */
double shop_newsletter_rate(ms_t clock, double a_day)
{
    double part = (double)(clock - SHOP_NEWSLETTER_AT) / (double)SHOP_NEWSLETTER_MS;

    if (part < 0 || part >= 1)
        return 0;
    return a_day * SHOP_NEWSLETTER_PERCENT / 100 / (double)SHOP_NEWSLETTER_MS * 2 *
           (1 - part);
}
