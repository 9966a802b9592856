/* site_order: what `headcount site ...` is asked to do, read from its words.
 *
 *   list
 *   add SITE                         rm SITE
 *   origin SITE [list]               origin SITE add ORIGIN   origin SITE rm ORIGIN
 *   privacy SITE [off|heed]
 *   token SITE [list]                token SITE add NAME      token SITE rm NAME
 *   badge SITE [on|off]
 *   visibility SITE [public|token]
 *   goal SITE [list]                 goal SITE add NAME       goal SITE rm NAME
 *   alert SITE [list]                alert SITE add NAME      alert SITE rm NAME
 *
 * Pure; the options that belong to some of them are checked by whoever has them. */
#ifndef HC_SITE_ORDER_H
#define HC_SITE_ORDER_H

#include <stddef.h>
#include "../proto/slice.h"

enum site_verb {
    SITE_LIST,
    SITE_ADD,
    SITE_RM,
    TOKEN_LIST,
    TOKEN_ADD,
    TOKEN_RM,
    BADGE_SHOW,
    BADGE_ON,
    BADGE_OFF,
    VISIBILITY_SHOW,
    VISIBILITY_PUBLIC,
    VISIBILITY_TOKEN,
    GOAL_LIST,
    GOAL_ADD,
    GOAL_RM,
    ALERT_LIST,
    ALERT_ADD,
    ALERT_RM,
    ORIGIN_LIST,
    ORIGIN_ADD,
    ORIGIN_RM,
    PRIVACY_SHOW,
    PRIVACY_IGNORE,
    PRIVACY_OBEY,
};

struct site_order {
    enum site_verb verb;
    struct slice site; /* valid; empty for SITE_LIST */
    const char *name;  /* valid; of the token, goal or alert, or the origin, else NULL */
};

/* Reads @n words. Returns 0, or -1 with a sentence in @err. */
int site_order_read(struct site_order *o, char *const *words, int n, char *err,
                    size_t err_n);

#endif
