/* top_open: pages and feed of the site that is open in `headcount top`. Pure. */
#ifndef HC_TOP_OPEN_H
#define HC_TOP_OPEN_H

#include "../proto/summary.h"
#include "message.h"

struct top_page {
    char path[PATH_MAX_BYTES + 1];
    uint64_t visitors, online;
};

struct top_event {
    ms_t at;
    bool is_view, is_message;
    char name[EVENT_NAME_MAX + 1];
    char path[PATH_MAX_BYTES + 1]; /* of a message its text */
};

struct top_open {
    bool is_read;
    size_t npages;
    struct top_page page[MESSAGE_PAGES_MAX];
    size_t nevents;                     /* at most RECENT_MAX */
    size_t newest;                      /* where in the ring */
    struct top_event event[RECENT_MAX]; /* a ring */
};

/* Forgets everything: another site, or none. */
void top_open_clear(struct top_open *o);

/* Takes what was read, with the pages of MINUTES_DEFAULT. */
void top_open_read(struct top_open *o, const struct summary *s);

/* Takes a message: its pages, and its events on top of the feed. */
void top_open_message(struct top_open *o, const struct delta *d, const struct message *m);

/* Event @i, newest first; NULL at the end. */
const struct top_event *top_open_event(const struct top_open *o, size_t i);

#endif
