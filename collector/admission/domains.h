/* domains: whether a host is one of many, or under one of them.
 *
 * "spam.example" is found in "spam.example" and "a.spam.example", not in
 * "nospam.example". Made once, then read by any number of threads. Pure. */
#ifndef HC_DOMAINS_H
#define HC_DOMAINS_H

#include "../../proto/limits.h"
#include "../../proto/slice.h"

struct domains;

/* Makes them of @text, one a line as list.h has it; of an address its host counts.
 * Returns them with one holder, or NULL with one sentence in @err that begins with @name
 * and tells the line: no host, or one without a dot, or more than DOMAINS_MAX. Aborts
 * when out of memory. */
struct domains *domains_new(struct slice text, const char *name, char *err, size_t err_n);

/* One holder more, and one fewer: the last one frees. NULL: nothing. Any thread. */
struct domains *domains_hold(struct domains *d);
void domains_drop(struct domains *d);

/* Whether @host, as host_normalize() leaves one, is among them. NULL: it is not. */
bool domains_have(const struct domains *d, struct slice host);

/* How many there are, repeated ones too. */
size_t domains_count(const struct domains *d);

#endif
