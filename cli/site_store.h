/* site_store: the settings of sites in Redis, read and changed.
 *
 * Every change is one command on one key, or a transaction that starts again when the key
 * changed meanwhile: two operators at once get what one after the other would. */
#ifndef HC_SITE_STORE_H
#define HC_SITE_STORE_H

#include <hiredis/hiredis.h>
#include "../proto/units.h"
#include "roster.h"
#include "setting.h"

struct site_store {
    redisContext *redis; /* the caller's */
    char why[512];       /* after STORE_FAILED */
};

enum store_result {
    STORE_DONE,
    STORE_SAME,   /* it was so already: there, or not there */
    STORE_FULL,   /* as many as there may be */
    STORE_FAILED, /* Redis did not do it: store->why says why */
};

/* Puts @site among those that an operator has named. */
enum store_result site_store_name(struct site_store *s, struct slice site);

/* Forgets the settings of @site, with @totals those too, and its name. STORE_SAME: there
 * was nothing. */
enum store_result site_store_forget(struct site_store *s, struct slice site, bool totals);

/* Puts @site among those that aggregators look at though nobody visits them; or takes it
 * out, unless an alert is set. STORE_SAME: it was so already. */
enum store_result site_store_alerted(struct site_store *s, struct slice site);
enum store_result site_store_no_alerts(struct site_store *s, struct slice site);

/* When the aggregator last committed @site, as far as hc:live knows; 0: not lately. */
enum store_result site_store_live(struct site_store *s, struct slice site, ms_t *at);

/* Adds a setting whose field begins with @prefix, of which there may be @max. STORE_SAME
 * when there is one of that name; it is left as it was. */
enum store_result site_store_add(struct site_store *s, struct slice site,
                                 const struct setting *new, const char *prefix,
                                 size_t max);

/* Takes one out; sets, or with NULL takes out, one that there is only one of. */
enum store_result site_store_rm(struct site_store *s, struct slice site,
                                const char *field);
enum store_result site_store_set(struct site_store *s, struct slice site,
                                 const char *field, const char *value);

/* Lets collectors know that @site was added or removed, or that who may read it or send
 * its beacons has changed. STORE_SAME: no collector was listening. */
enum store_result site_store_tell(struct site_store *s, struct slice site);

/* All settings of a site: HGETALL's reply, fields and values in turn, to be freed with
 * freeReplyObject; NULL: failed. */
redisReply *site_store_read(struct site_store *s, struct slice site);

/* The sites there are: named by an operator, or committed lately. */
struct site_index {
    struct roster roster;
    struct site_index_row {
        bool named, badge, closed, heeds;
        ms_t live; /* 0: not lately */
        size_t tokens, goals, origins;
    } * row; /* by the roster's numbers */
};

/* Reads them with their settings. Returns STORE_DONE, after which site_index_fini must
 * follow, or STORE_FAILED. */
enum store_result site_store_list(struct site_store *s, struct site_index *list);
void site_index_fini(struct site_index *list);

#endif
