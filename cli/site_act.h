/* site_act: one order of `headcount site`, carried out and answered. */
#ifndef HC_SITE_ACT_H
#define HC_SITE_ACT_H

#include "../proto/buf.h"
#include "command.h"
#include "dial.h"
#include "site_alert.h"
#include "site_order.h"
#include "site_store.h"

struct site_opts {
    struct dial_opts dial;
    const char *scope; /* NULL where not given */
    const char *path;
    const char *event;
    struct site_alert_opts alert;
    struct opt_list origins;
    bool data;
    bool json;
};

struct site {
    struct site_opts opts;
    struct site_order order;
    struct site_store store;
    struct setting setting; /* to be added; of an origin, to be removed, too */
    char token[TOKEN_TEXT_MAX];
    struct buf out;
};

/* Does what s->order says; s->store is connected, and everything else was checked. What
 * there is to print is in s->out; what went wrong was said. Returns EXIT_FINE, EXIT_NO or
 * EXIT_UNREACHABLE. */
enum command_exit site_act(struct site *s);

/* After site_act: s->out could not be printed. Undoes what is worth nothing without it, a
 * new token. Returns EXIT_NO or EXIT_UNREACHABLE. */
enum command_exit site_unsay(struct site *s);

/* Puts the sentence, or {"site":"shop","changed":true}, into s->out. */
enum command_exit site_tell(struct site *s, bool is_changed, const char *sentence);

/* Lets collectors know that something of the site has changed; says so if that fails. */
void site_tell_collectors(struct site *s);

/* Says s->store.why. Returns EXIT_UNREACHABLE. */
enum command_exit site_unreachable(const struct site *s);

#endif
