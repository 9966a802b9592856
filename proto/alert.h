/* alert: a bound that an operator has set on a number of a site, and what is told of it.
 * Pure.
 *
 * The rule is a setting, field `al:NAME` of hc:{S}:c:
 *
 *   above|below WHAT N BACK SECONDS
 *
 * An alert goes on when the number has been at N or beyond it for so many seconds, and
 * off when it is at BACK or within. How it stands is field NAME of hc:{S}:al, written
 * with each change:
 *
 *   on|off above|below WHAT N SINCE AT VALUE
 *
 * and the change is published on CHANNEL_ALERTS. */
#ifndef HC_ALERT_H
#define HC_ALERT_H

#include "json.h"
#include "limits.h"
#include "slice.h"
#include "units.h"

#define FIELD_ALERT "al:"

/* The minutes whose visitors and views alerts look at, or the window if that is shorter.
 */
#define ALERT_MINUTES 5

enum alert_what {
    ALERT_ONLINE,  /* visitors who are online */
    ALERT_CURRENT, /* visitors of those minutes */
    ALERT_VIEWS,   /* page views of the same minutes */
    ALERT_WHATS,
};

struct alert_rule {
    bool below;
    uint8_t what; /* enum alert_what */
    uint32_t limit, back;
    uint32_t hold; /* seconds */
};

/* As it was when it changed last. */
struct alert_state {
    bool on, below;
    uint8_t what;
    uint32_t limit;
    ms_t since;     /* the number went beyond the limit */
    ms_t at;        /* it changed, 0: never */
    uint64_t value; /* that the number had then */
};

/* One that is on. */
struct alert_on {
    struct slice name; /* borrowed */
    struct alert_state state;
};

#define ALERT_RULE_TEXT_MAX 64
#define ALERT_STATE_TEXT_MAX 128

/* 1 to SETTING_NAME_MAX of A-Z a-z 0-9 . _ - */
bool alert_name_valid(struct slice name);

const char *alert_what_name(uint8_t what);
bool alert_what_of(struct slice name, uint8_t *what);

/* Whether the numbers are within their bounds and BACK is on the inner side of N. */
bool alert_rule_valid(const struct alert_rule *r);

/* A tenth of the limit on its inner side, at least 1. */
uint32_t alert_back(bool below, uint32_t limit);

/* The text is NUL-terminated; a rule that was read is valid. */
void alert_rule_text(const struct alert_rule *r, char text[ALERT_RULE_TEXT_MAX]);
bool alert_rule_read(struct alert_rule *r, struct slice text);
void alert_state_text(const struct alert_state *s, char text[ALERT_STATE_TEXT_MAX]);
bool alert_state_read(struct alert_state *s, struct slice text);

/* Writes a list of those that are on, with its key; values are what the numbers are now,
 * by enum alert_what. */
void alert_list_json(struct json *j, const struct alert_on *on, size_t n,
                     const uint64_t value[ALERT_WHATS]);

/* The line that is published of a change. Appends to @out. */
void alert_json(struct buf *out, struct slice site, struct slice name,
                const struct alert_state *s);

#endif
