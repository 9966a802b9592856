/* geo: the country of an address, by a database in the MaxMind DB format that an operator
 * has (--geoip).
 *
 * Opened once per process and read by all workers at the same time: the file is mapped,
 * and nothing is allocated or locked for a lookup. Optional when headcount is built:
 * without libmaxminddb geo_open always fails. */
#ifndef HC_GEO_H
#define HC_GEO_H

#include "client.h"

struct geo;

enum geo_verdict {
    GEO_KNOWN,
    GEO_UNKNOWN, /* the database has no country for the address */
    GEO_DAMAGED, /* what it has of the address cannot be read */
};

/* Opens @path, which must be a database that tells countries. Returns it, or NULL with
 * one sentence that names --geoip in @err. */
struct geo *geo_open(const char *path, char *err, size_t err_n);

/* One holder more; whoever opened it is the first. NULL: does nothing. Any thread. */
struct geo *geo_hold(struct geo *g);

/* One fewer; the last one closes. NULL: does nothing. Any thread. */
void geo_close(struct geo *g);

/* Writes two capitals (ISO 3166-1 alpha-2) to @country when it is GEO_KNOWN, else leaves
 * it as it is. @g may be NULL, which knows nothing, and @ip empty. */
enum geo_verdict geo_country(const struct geo *g, const struct ip *ip, char country[2]);

#endif
