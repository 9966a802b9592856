/* stream_wish: what a client asks of its stream, in the query and in Last-Event-ID. Pure.
 */
#ifndef HC_STREAM_WISH_H
#define HC_STREAM_WISH_H

#include "../proto/units.h"
#include "damp.h"

struct stream_wish {
    bool resumes;  /* behind event `id` of the feed `life` */
    bool earliest; /* from the oldest event that is held */
    bool no_feed;  /* no events */
    bool granted;  /* it brought a token of the site; not of the query */
    bool joins;    /* it is a member whose JOIN was just sent: the first number is to
                      count it */
    struct damp damp;
    ms_t life;
    uint64_t id;
};

/* @damp: for what the query does not say; of a repeated parameter the first counts. The
 * header, when there is one, wins over ?last_event_id=; one that is no id of ours is
 * none. Returns 0, or -1 with what is wrong in @bad: a static string. */
int stream_wish_parse(struct stream_wish *w, struct slice query,
                      struct slice last_event_id, const struct damp *damp,
                      const char **bad);

#endif
