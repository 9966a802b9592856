/* demo_mark: says in Redis that a site is a demo, so that every page that shows its
 * numbers can say so too. */
#ifndef HC_DEMO_MARK_H
#define HC_DEMO_MARK_H

#include "command.h"
#include "dial.h"
#include "../proto/slice.h"

/* Marks @site (its setting `demo`), and gives it goals. Refuses a site that has counted
 * something and is no demo: invented visitors must not get among real ones. Returns
 * EXIT_FINE, or another code after a sentence. */
enum command_exit demo_mark(const struct dial_opts *dial, struct slice site);

#endif
