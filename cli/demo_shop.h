/* demo_shop: the small tea shop that the demo plays: its pages and where one goes from
 * them, who comes, from where, with what, and at which hour. Tables only.
 *
 * All of it is made up. Hosts end in .example (RFC 2606), except for search engines and
 * social networks, whose names tell a report what they are. */
#ifndef HC_DEMO_SHOP_H
#define HC_DEMO_SHOP_H

#include "chance.h"

#define SHOP_ORIGIN "https://tea.example"
#define SHOP_NAME "Leaf & Kettle"

/* What kind of page it is; to leave the shop is the last. */
enum shop_kind {
    SHOP_HOME,
    SHOP_CATEGORY,
    SHOP_PRODUCT,
    SHOP_SEARCH,
    SHOP_CART,
    SHOP_CHECKOUT,
    SHOP_THANKS,
    SHOP_BLOG,
    SHOP_POST,
    SHOP_LEAVE,
};
#define SHOP_KINDS SHOP_LEAVE

struct shop_page {
    enum shop_kind kind;
    uint16_t weight;   /* beside others of its kind */
    const char *path;  /* what stands behind SHOP_ORIGIN */
    const char *title; /* before the shop's name */
};

/* What people do on pages of one kind. */
struct shop_habit {
    double stay_ms;      /* on average, beyond the first three seconds */
    unsigned writes;     /* so many of a hundred type something */
    unsigned acts;       /* so many of a hundred do what `event` says */
    const char *event;   /* NULL: there is nothing to do */
    enum shop_kind then; /* where that leads, SHOP_LEAVE: nowhere in particular */
    uint16_t next[SHOP_KINDS + 1]; /* weights of where one goes otherwise */
};

/* How somebody came. */
struct shop_source {
    uint16_t weight;
    const char *referrer; /* NULL: unknown */
    const char *query;    /* of the address that was followed, "" for none */
    enum shop_kind lands;
};

struct shop_share {
    uint16_t weight;
    const char *text;
};

size_t shop_pages(void);
const struct shop_page *shop_page(size_t i);
const struct shop_habit *shop_habit(enum shop_kind kind);

/* A page of this kind, not @but if there is another one. */
size_t shop_pick_page(struct chance *c, enum shop_kind kind, size_t but);
enum shop_kind shop_pick_next(struct chance *c, enum shop_kind from);

const struct shop_source *shop_pick_source(struct chance *c);
const struct shop_source *shop_newsletter(void);
const char *shop_pick_agent(struct chance *c);   /* a User-Agent */
const char *shop_pick_country(struct chance *c); /* two capitals */

/* The newsletter goes out at this time of day, and brings people for so long. */
#define SHOP_NEWSLETTER_AT (INT64_C(10) * 60 * MS_PER_MINUTE)
#define SHOP_NEWSLETTER_MS (INT64_C(60) * MS_PER_MINUTE)
#define SHOP_NEWSLETTER_PERCENT 5 /* of the day's visitors come by it */

/* How many come per ms at the time of day @clock (ms since midnight), of @a_day in all:
 * by the hour, and by the newsletter. */
double shop_rate(ms_t clock, double a_day);
double shop_newsletter_rate(ms_t clock, double a_day);

#endif
