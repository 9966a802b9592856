/* site_list: sites and their numbers, the busiest first: what GET /sites answers. Pure.
 *
 * Names are added, made one each, and where there are more than SITES_LISTED_MAX the
 * busiest of those that are not closed are kept by how many are online; then their
 * numbers are taken in, and it is written. */
#ifndef HC_SITE_LIST_H
#define HC_SITE_LIST_H

#include "../proto/summary.h"

/* Minutes of a site's series, and of `last30`. */
#define SITE_MINUTES 30

struct site_row {
    char name[SITE_MAX];
    uint8_t name_n;
    bool told;       /* its numbers are there */
    bool closed;     /* it is not for everybody, and takes no place */
    uint64_t online; /* what it is ranked by; of a site that was told the total of: */
    struct online states;
    uint64_t current, views; /* of MINUTES_DEFAULT minutes */
    uint64_t last30;         /* visitors */
    ms_t at;                 /* of its last commit, 0: none that Redis knows */
    bool demo;               /* its visitors are invented */

    /* The visitors of each minute, the running one first, or of the site's window if that
     * is shorter; a summary has none above UINT32_MAX. */
    minute_t now;
    unsigned minutes;
    uint32_t series[SITE_MINUTES];
};

struct site_list {
    struct site_row *row;
    size_t n, cap;
    bool more; /* than SITES_LISTED_MAX */
};

/* All zero is an empty list. fini frees it, and leaves it empty. */
void site_list_fini(struct site_list *l);

/* Adds a name; what is no site id is ignored. */
void site_list_add(struct site_list *l, struct slice name);

/* Each name once. */
void site_list_unite(struct site_list *l);

/* Those that are not closed, by `online`, most first, then by name; the first
 * SITES_LISTED_MAX stay. A list of no more stays as it is. */
void site_list_cut(struct site_list *l);

/* Takes in the numbers of a site: of a summary of MINUTES_DEFAULT. */
void site_list_tell(struct site_row *row, const struct summary *s);

/* Writes the answer as it is at @as_of, ranked, without those that were not told. Returns
 * the sum of those online. */
uint64_t site_list_json(struct site_list *l, ms_t as_of, struct buf *out);

struct slice site_row_name(const struct site_row *row);

#endif
