/* load: reads one site back from Redis, after a restart or a takeover. Pure.
 *
 * The first call, claim.lua, puts our epoch on the site, after which nobody with a lower
 * one can write it, and answers what a site is but for its visitors: the counts of each
 * minute, the marks, the pages' ids, the feed. A small site's logs come with it. Those of
 * a larger one follow in pieces of LOAD_CHUNK_BYTES, newest minute first and each read
 * backwards (minute_log.h), so that a visitor's first record tells where it is. Then what
 * each row says of its visitors is counted anew from them, and the site is as it was in
 * the instant of its last commit, or a little ahead (a record more changes nothing). */
#ifndef HC_LOAD_H
#define HC_LOAD_H

#include <hiredis/hiredis.h>
#include "command.h"
#include "recount_renamings.h"
#include "store.h"

/* An error that concerns one site alone may pass; after so many it has not. */
#define LOAD_TRIES 3

/* Compiled in from claim.lua. */
extern const char claim_lua[];

enum load_step {
    LOAD_MORE,    /* call load_next */
    LOAD_DONE,    /* the site is as Redis had it; fold_parked, then store_loaded */
    LOAD_FENCED,  /* a later aggregator owns the site */
    LOAD_AHEAD,   /* Redis has rows of minutes that have not come yet, up to load->ahead:
                     set   the clock there, or begin anew without them (load_begin) */
    LOAD_RETRY,   /* not now: LOADING, BUSY and the like, or the connection broke */
    LOAD_REFUSED, /* after LOAD_TRIES, cannot be read (a key of another type): the site
                     begins anew, and its first commit replaces what is there; counted */
};

struct load {
    struct store *store;
    struct site *site; /* LOADING; NULL: unused */
    uint64_t epoch;
    ms_t now;             /* when it was begun */
    ms_t ahead;           /* after LOAD_AHEAD: the wall clock of its last commit */
    uint64_t fenced_by;   /* after LOAD_FENCED: its epoch, 0: unknown */
    struct online online; /* as of the site's last commit */
    bool drop_ahead;      /* rows that have not come yet are given up */
    bool claimed;         /* the rows hold what Redis says, */
    bool counting;        /* or what was found of their visitors so far */
    bool known;           /* Redis has a record of the site */
    bool doubtful;        /* something could not be read: it will be written anew */
    unsigned goals_bad; /* those that cannot be read are an operator's, and left alone */
    struct minute_count { /* as each row says: to be compared with what is found */
        uint32_t uniques, last, n;
    } row[WINDOW_MAX]; /* by age, 0 being the site's newest minute */
    unsigned age;      /* of the minute being read */
    uint32_t left;     /* records of it not yet read: those before this one */
    bool met;          /* any record: from there on renamings are numbered */
    uint64_t old;      /* of a pair that lies across two chunks, 0: none */
    struct renamings renamed;
    struct visitors gone; /* said goodbye last */
};

/* The minute of the row that is @age minutes old. */
static inline minute_t load_minute(const struct load *l, unsigned age)
{
    return l->site->now - age;
}

/* Begins to read @s, which store_take_load gave, under @epoch, at @now (the wall clock).
 * @l is unused or was fini'd. */
void load_begin(struct load *l, struct store *st, struct site *s, uint64_t epoch,
                ms_t now, bool drop_ahead);
void load_fini(struct load *l);

/* Builds the next command into @out: EVALSHA @claim_sha 1 META ..., then GETRANGEs. */
void load_next(struct load *l, struct slice claim_sha, struct command *out);

/* Takes its reply, NULL: the connection broke. NOSCRIPT is LOAD_RETRY too: the caller
 * sees to the script. After LOAD_RETRY the site is to be begun again from the start (it
 * is empty again, and what was parked is kept). */
enum load_step load_take(struct load *l, const redisReply *reply);

#endif
