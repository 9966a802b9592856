/* referrer_class: what kind of place a view came from, told by its referrer's name as an
 * answer has it. Pure. */
#ifndef HC_REFERRER_CLASS_H
#define HC_REFERRER_CLASS_H

#include "slice.h"

enum referrer_class {
    CLASS_DIRECT,   /* no referrer: typed in, a bookmark, an app, or not told */
    CLASS_INTERNAL, /* the site's own pages */
    CLASS_SEARCH,   /* a search engine */
    CLASS_SOCIAL,   /* a social network, forum or messenger */
    CLASS_LINK,     /* any other host, and hosts beyond the bound */
    REFERRER_CLASSES
};

/* The class of @name: a host as host_normalize() leaves it ("google.de"), a word of
 * utm_source ("google"), "-" or TRAIT_INTERNAL, TRAIT_DIRECT or nothing, TRAIT_OTHER. */
enum referrer_class referrer_class(struct slice name);

/* "direct", "internal", "search", "social", "link". */
const char *referrer_class_name(enum referrer_class class);

#endif
