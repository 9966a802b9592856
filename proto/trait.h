/* trait: what views are told apart by besides their page: the host they came from, the
 * device, the browser, the country, the campaign and its term. How that lies in Redis, a
 * hash for each minute (key_traits), and how what was read of several becomes ranked
 * lists. Pure. */
#ifndef HC_TRAIT_H
#define HC_TRAIT_H

#include <stddef.h>
#include <stdint.h>
#include "slice.h"

enum trait_kind {
    TRAIT_REFERRER, /* r:HOST; "-" for the site's own pages */
    TRAIT_DEVICE,   /* d:NAME, of hit_device_name */
    TRAIT_BROWSER,  /* w:NAME, of hit_browser_name */
    TRAIT_COUNTRY,  /* g:CC */
    TRAIT_CAMPAIGN, /* c:NAME, utm_campaign */
    TRAIT_TERM,     /* k:WORDS, utm_term */
    TRAIT_GOAL,     /* a:NAME, reached by views and events alike */
    TRAIT_KINDS,
};

/* In place of a value beyond the bound; and how an answer calls views of the site's own
 * pages, and those of no referrer. No host has brackets like these; a campaign that is
 * named so is counted among the others. */
#define TRAIT_OTHER "(other)"
#define TRAIT_INTERNAL "(internal)"
#define TRAIT_DIRECT "(direct)"

/* "r:", "d:" and so on: what the field of such a value begins with. */
const char *trait_prefix(enum trait_kind kind);

/* Takes the name of a field apart. Returns whether it is one of these, with a value
 * of at least one byte. */
bool trait_field(struct slice field, enum trait_kind *kind, struct slice *value);

struct trait_count {
    struct slice name;
    uint64_t views;
    enum trait_kind kind;
};

/* Adds up entries of the same kind and name and puts them in this order. Returns how many
 * are left. */
size_t trait_merge(struct trait_count *t, size_t n);

/* Merges, and ranks: by kind, then most views
 * first, then by name. Of each kind the first ANSWER_TRAITS_MAX stay; those beyond, and
 * what stands for others already, become one last TRAIT_OTHER. Returns how many are left.
 */
size_t trait_rank(struct trait_count *t, size_t n);

#endif
