/* alert_change: what is told of alerts (proto/alert.h), taken apart, and which of it is
 * news. Pure. */
#ifndef HC_ALERT_CHANGE_H
#define HC_ALERT_CHANGE_H

#include <stdint.h>
#include "../proto/alert.h"

struct alert_change {
    char site[SITE_MAX + 1], name[SETTING_NAME_MAX + 1]; /* valid both */
    struct alert_state state;
};

/* Takes a message of CHANNEL_ALERTS apart. Returns 0; -1 when it is none. */
int alert_change_parse(struct alert_change *c, struct slice text);

/* Takes a field of hc:{S}:al apart. Returns the same. */
int alert_change_read(struct alert_change *c, struct slice site, struct slice name,
                      struct slice state);

/* How alerts stand as far as it was heard, by site and name. Starts with all zero. */
struct alert_book {
    struct alert_entry {
        struct alert_change change;
        uint64_t read; /* the reading that found or missed it last */
        bool missed;
    } * entry;
    size_t n, cap;
    uint64_t reading; /* the present one */
    bool doubtful;    /* it missed some that the one before had found */
    uint64_t refused; /* changes of alerts that found no room: told, perhaps twice */
};

void alert_book_fini(struct alert_book *b);

/* Takes a change that was published. Returns whether it is news: later than what is
 * known, and not off once more. */
bool alert_book_hear(struct alert_book *b, const struct alert_change *c);

/* A reading of all states: begins it; takes what it found, which is news if it is later
 * than what is known, and of an alert that is not known if it is on; and at its end gives
 * out one by one those of @site that were on and are not there any more, which are off
 * then, at @now: if the reading before had missed them, too. For a Redis that has gone
 * back in time is told how alerts stand only a moment later. */
void alert_book_begin(struct alert_book *b);
bool alert_book_found(struct alert_book *b, const struct alert_change *c);
bool alert_book_missing(struct alert_book *b, struct slice site, ms_t now,
                        struct alert_change *c);

#endif
