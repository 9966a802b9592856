/* site_choice: what of a site is one of two words: badge, visibility and privacy; shown
 * and set. */
#ifndef HC_SITE_CHOICE_H
#define HC_SITE_CHOICE_H

#include "site_act.h"

struct site_choice;
extern const struct site_choice site_badge, site_visibility, site_privacy;

/* As site_act, of s->order's site. @on: the second word, which is not the default. */
enum command_exit site_choice_show(struct site *s, const struct site_choice *c);
enum command_exit site_choice_set(struct site *s, const struct site_choice *c, bool on);

#endif
