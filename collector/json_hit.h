/* json_hit: events as backend programs tell them, in JSON: one object, or an array of
 * such. Pure.
 *
 *   {"site":"shop","u":"https://shop.example/cart","event":"cart_add","ip":"192.0.2.7",
 *    "ua":"Mozilla/5.0 ..."}
 *
 *   site, i          the site, required
 *   u, url           the page
 *   event            its name; without one it is a view
 *   guid, user       the visitor's own id
 *   ip               the visitor's address
 *   ua, user_agent   and browser
 *   ref, referrer    where it came from
 *   title            the page's title
 *
 * Other members may be there, and one that is no text is as good as none. */
#ifndef HC_JSON_HIT_H
#define HC_JSON_HIT_H

#include "beacon.h"

struct json_hits {
    void *root; /* jansson's, to be freed */
    void *list; /* the array, NULL: one object */
    size_t n;
};

struct json_hit {
    struct beacon beacon;
    struct beacon_sender from; /* ip.n is 0 when none was given */
};

/* Reads @text. Returns 0, or -1 when it is neither an object nor an array; then there is
 * nothing to close. */
int json_hits_open(struct json_hits *h, struct slice text);

/* Fills @out with the @i-th, whose slices live until the list is closed. False when it is
 * no object, or its ip is no address. */
bool json_hits_get(const struct json_hits *h, size_t i, struct json_hit *out);

void json_hits_close(struct json_hits *h);

#endif
