/* tally: what became of the lines of a replay. */
#ifndef HC_TALLY_H
#define HC_TALLY_H

#include "../proto/buf.h"
#include "../proto/json.h"
#include "answers.h"
#include "replay_line.h"

#define TALLY_STATUSES 600

struct tally {
    uint64_t lines; /* read: taken + all skipped */
    uint64_t skipped[REPLAY_SKIPS];
    uint64_t sent;                   /* given to a connection */
    uint64_t answered;               /* of those, by status: */
    uint64_t status[TALLY_STATUSES]; /* 100..599 */
    uint64_t refused;                /* answered with another verdict than "ok" */
    char reason[ANSWER_VERDICT_MAX]; /* of the first refused */
};

/* Start with all zero. */
void tally_line(struct tally *t, enum replay_skip why);
void tally_answer(struct tally *t, const struct answer *a);

/* Whether something was sent and all of it was answered 2xx. */
bool tally_is_good(const struct tally *t);

/* Appends the report, one line each, after @ms of work. */
void tally_text(const struct tally *t, mono_t ms, struct buf *out);
void tally_json(const struct tally *t, mono_t ms, struct buf *out);

/* The part of either that is of beacons, whatever they were made from: from "sent" on. */
void tally_text_sent(const struct tally *t, mono_t ms, struct buf *out);
void tally_json_sent(const struct tally *t, mono_t ms, struct json *j);

#endif
