/* badge_look: how a badge is to look, as its address says. Pure. */
#ifndef HC_BADGE_LOOK_H
#define HC_BADGE_LOOK_H

#include <stdint.h>
#include "../proto/limits.h"
#include "../proto/slice.h"

/* The colors of a badge that names none: when somebody is online, and when nobody is. */
#define BADGE_SOMEBODY 0x1a7f37u
#define BADGE_NOBODY 0x6e7781u

struct badge_look {
    bool is_plain;  /* style=plain: no ground of its own, for pages light and dark */
    bool is_bare;   /* shields=1: JSON without members of ours */
    bool has_color; /* else one that says whether anybody is there */
    uint32_t color; /* 0xrrggbb */
    uint8_t label_n;
    char label[EVENT_NAME_MAX];
};

/* Reads label, color, style and shields out of a query; of a repeated one the first
 * counts. Returns NULL, or the reason to refuse it: "bad_color", "bad_style". The label
 * is cut and cleaned like an event's name. */
const char *badge_look_parse(struct badge_look *look, struct slice query);

#endif
