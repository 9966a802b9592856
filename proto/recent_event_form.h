/* recent_event_form: what the members of a recent event are called, by its kind; for who
 * writes one and who takes it apart. */
#ifndef HC_RECENT_EVENT_FORM_H
#define HC_RECENT_EVENT_FORM_H

#include <stdint.h>
#include "slice.h"

/* The members of a kind behind the three that all have; NULL: none. */
struct recent_form {
    uint8_t kind;
    const char *path, *name;
};

/* The form of a kind; of one that is no event's, that of a view. */
const struct recent_form *recent_form_of(uint8_t kind);

/* The form of a "type"; NULL: of none. */
const struct recent_form *recent_form_named(struct slice type);

#endif
