/* register: which sites an operator has added, and what is set of each that decides
 * whether its hits count: whose pages may send them, and whether it heeds DNT.
 *
 * Filled once and then read only, by any thread; a newer one replaces it as a whole. Who
 * uses one holds it. Pure. */
#ifndef HC_REGISTER_H
#define HC_REGISTER_H

#include "../site_map.h"
#include "admission.h"

struct site_register;
struct registered;

/* For up to @max sites; held once. @key: random. */
struct site_register *register_new(size_t max,
                                   const unsigned char key[SITE_MAP_KEY_BYTES]);

/* Adds a site of which nothing is set. NULL: it is no site id, is there already, or there
 * are @max. Valid as long as the register. */
struct registered *register_add(struct site_register *r, struct slice site);

/* What is set of it: lines, the first of them the setting `privacy`, empty if there is
 * none, the others an origin each, ORIGINS_MAX of them at most. Returns how many were
 * left out, because they are no origins or too many. To be called once for each site. */
size_t registered_set(struct registered *site, struct slice lines);

/* Its name; in the order of adding, for @i below register_sites. */
struct slice register_name(const struct site_register *r, size_t i);
struct registered *register_at(struct site_register *r, size_t i);
size_t register_sites(const struct site_register *r);

/* For one more user; the last one to drop it frees it. From any thread; NULL is none. */
struct site_register *register_hold(struct site_register *r);
void register_drop(struct site_register *r);

/* Whether @site counts what @from has sent: REFUSED_SITE, REFUSED_ORIGIN,
 * UNCOUNTED_OPTED_OUT or ADMITTED. @r: NULL when it was never read: all are ADMITTED.
 * @open: sites that were not added count too. @from: NULL for what no page has sent; who
 * has brought a token of the site (vouched) is no page of another either. */
enum admission register_judge(const struct site_register *r, bool open, struct slice site,
                              const struct beacon_sender *from);

#endif
