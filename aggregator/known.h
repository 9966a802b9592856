/* known: which values of a site's record and totals lie in Redis as they were told last,
 * so that a commit names only those that are others.
 *
 * Only while every commit before it was confirmed: then commit.lua has seen that the
 * record is the one that we left, and that no totals are missing (TRY). */
#ifndef HC_KNOWN_H
#define HC_KNOWN_H

#include "command.h"

enum known_field {
    KNOWN_VIEWS,
    KNOWN_VISITS,
    KNOWN_JOINS,
    KNOWN_COUNTED,
    KNOWN_SINCE,
    KNOWN_PEAK,
    KNOWN_PEAK_AT,
    KNOWN_DAY,
    KNOWN_DAY_PEAK,
    KNOWN_DAY_PEAK_AT,
    KNOWN_LIFE,
    KNOWN_EVENT,
    KNOWN_TOTALS, /* so many fields have the totals; from here on the record's */
    KNOWN_CAPPED = KNOWN_TOTALS,
    KNOWN_AHEAD,
    KNOWN_WARM,
    KNOWN_FIELDS,
};

/* Zeroed memory knows nothing. */
struct known {
    bool record;      /* the latest commit was confirmed */
    bool totals;      /* and they were told once */
    bool totals_sent; /* the commit that is out has them */
    uint64_t value[KNOWN_FIELDS], sent[KNOWN_FIELDS]; /* of the record and of the totals
                        as they are, if known; and as the commit that is out has them */
};

/* A commit begins to be built. */
static inline void known_begin(struct known *k)
{
    k->record = k->totals_sent = false;
    memcpy(k->sent, k->value, sizeof k->sent);
}

/* Adds the field @name to the operation that is being built; with @brief only if Redis
 * has another value. */
static inline void known_put(struct known *k, enum known_field i, struct command *out,
                             const char *name, uint64_t v, bool brief)
{
    k->sent[i] = v;
    if (!brief || v != k->value[i])
        command_field(out, name, v);
}

/* The commit that was out was confirmed, or not. What was not told anew is due then. */
static inline void known_end(struct known *k, bool done)
{
    k->record = done;
    k->totals = done ? k->totals || k->totals_sent : k->totals && !k->totals_sent;
    if (done)
        memcpy(k->value, k->sent, sizeof k->value);
}

#endif
