/* message: what is published on hc:SITE (proto/delta.h), taken apart, and its place in
 * the sequence. */
#ifndef HC_MESSAGE_H
#define HC_MESSAGE_H

#include <stdbool.h>
#include "sighting.h"

struct message {
    json_t *json; /* owns every text */
    uint64_t epoch, n;
    ms_t at;
    uint64_t visitors, views; /* of the longest window up to MESSAGE_WINDOW minutes */
    uint64_t new_views, new_events, new_visitors;
    bool tick; /* sent because the minute turned */
    const json_t *events;
};

#define MESSAGE_WINDOW 5

/* Takes @text apart. Returns 0, after which message_fini must follow; -1 when it is not
 * one JSON object with whole numbers e and n. Other members may be missing: they read as
 * 0. */
int message_parse(struct message *m, struct slice text);
void message_fini(struct message *m);

/* Event @i, oldest first. False at the end; what is no object is passed over with empty
 * members. */
bool message_event(const struct message *m, size_t i, struct sighting *e);

/* Where a reader stands. Start with all zero. */
struct sequence {
    bool started;
    uint64_t epoch, n;
};

enum sequence_step {
    SEQUENCE_FIRST,   /* nothing came before */
    SEQUENCE_NEXT,    /* n + 1 */
    SEQUENCE_GAP,     /* n jumped: *missing messages did not arrive */
    SEQUENCE_RESTART, /* a later epoch: an unknown number is missing */
    SEQUENCE_OLD,     /* not later than the one before */
};

/* Puts (@epoch, @n) behind what came before. SEQUENCE_OLD leaves @s as it was. */
enum sequence_step sequence_step(struct sequence *s, uint64_t epoch, uint64_t n,
                                 uint64_t *missing);

#endif
